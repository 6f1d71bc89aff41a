"""Trying an order: what the draft and the live version say of it, side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import page, staff_view
from returns_portal.backoffice.selectors.order_trial import (
    ReturnTried,
    find_order_to_try,
    return_to_try,
    try_order,
)
from returns_portal.backoffice.trial_words import trial_items
from returns_portal.core.errors import NotFound
from returns_portal.tenancy.permissions import Permission
from rma.policy.choices import reason_choices


@staff_view(permission=Permission.POLICY_EDIT)
def policy_try(request: HttpRequest) -> HttpResponse:
    """Try the order whose number was typed, or that of a return; nothing is written."""
    tried = _return_of(request)
    number = tried.order_number if tried else request.GET.get("number", "").strip()[:64]
    reason = tried.reason if tried else request.GET.get("reason", "")[:64]
    version = tried.version if tried else _number(request.GET.get("version", ""))
    order = find_order_to_try(number) if number else None
    versions = try_order(order, reason=reason, version=version) if order else []
    reasons = {key: words for one in versions for key, words in reason_choices(one.policy)}
    context = {
        "number": number,
        "reason": reason,
        "version": version,
        "tried": tried,
        "reasons": reasons.items(),
        "order": order,
        "versions": versions,
        "items": trial_items(order, versions) if order else [],
    }
    status = 422 if number and order is None else 200
    return page(request, "backoffice/policy_try.html", "policies", context, status=status)


def _return_of(request: HttpRequest) -> ReturnTried | None:
    number = request.GET.get("return", "")
    if not number:
        return None
    tried = return_to_try(number[:24])
    if tried is None:
        raise NotFound("This return does not exist.")
    return tried


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
