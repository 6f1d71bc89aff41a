"""Trying an order: what the draft and the live version say of it, side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import page, staff_view
from returns_portal.backoffice.selectors.order_trial import find_order_to_try, try_order
from returns_portal.backoffice.trial_words import trial_items
from returns_portal.tenancy.permissions import Permission
from rma.policy.choices import reason_choices


@staff_view(permission=Permission.POLICY_EDIT)
def policy_try(request: HttpRequest) -> HttpResponse:
    """Try the order whose number was typed; nothing is written."""
    number = request.GET.get("number", "").strip()[:64]
    reason = request.GET.get("reason", "")[:64]
    order = find_order_to_try(number) if number else None
    versions = try_order(order, reason=reason) if order else []
    reasons = {key: words for one in versions for key, words in reason_choices(one.policy)}
    context = {
        "number": number,
        "reason": reason,
        "reasons": reasons.items(),
        "order": order,
        "versions": versions,
        "items": trial_items(order, versions) if order else [],
    }
    status = 422 if number and order is None else 200
    return page(request, "backoffice/policy_try.html", "policies", context, status=status)
