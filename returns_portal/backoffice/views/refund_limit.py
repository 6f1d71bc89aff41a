"""From which amount on a second person has to agree to a refund."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.actions.settings import change_merchant
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.settings import RefundLimitForm
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.permissions import Permission


def _show(
    request: HttpRequest,
    *,
    form: RefundLimitForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    merchant = request.merchant
    initial = RefundLimitForm.initial_of(merchant)
    context = {
        "form": form or RefundLimitForm(initial=initial, currency=merchant.currency),
        "currency": merchant.currency,
    }
    status = 422 if form else 200
    template = "backoffice/refund_limit.html"
    return page(request, template, "refund_limit", context, error=error, status=status)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_show)
def refund_limit(request: HttpRequest) -> HttpResponse:
    """Show and change the limit; refunds that wait already go on waiting."""
    if request.method != "POST":
        return _show(request)
    form = RefundLimitForm(request.POST, currency=request.merchant.currency)
    if not form.is_valid():
        return _show(request, form=form)
    change_merchant(form.changes(), actor=actor_of(request))
    return done(request, "Saved. It counts for refunds asked for from now on.", "refund_limit")
