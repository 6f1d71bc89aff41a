"""A later last day for one order: given with a reason, and taken back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, staff_view
from returns_portal.backoffice.forms.orders import GrantForm
from returns_portal.backoffice.views.orders import show_order
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.errors import DomainError
from returns_portal.core.words import dated
from returns_portal.tenancy.permissions import Permission
from rma.actions.windows import grant_window, withdraw_window
from rma.windows import grants_of


def _form(request: HttpRequest, order_id: UUID, *, afresh: bool = False) -> GrantForm:
    """Return the form as sent; ``afresh`` as if it had been shown what stands now."""
    order, grants = order_for_return(order_id), list(grants_of(order_id))
    sent = request.POST.copy()
    if afresh:
        sent["seen"] = GrantForm.seen_of(grants)
    return GrantForm(sent, order=order, grants=grants)


def _refused(request: HttpRequest, order_id: UUID, error: DomainError) -> HttpResponse:
    """Show the order with what was typed, and the refusal beside its field."""
    form = _form(request, order_id, afresh=True)
    if form.is_valid() and error.field in form.fields:
        form.add_error(error.field, error.message)
        return show_order(request, order_id, form=form)
    return show_order(request, order_id, form=form, error=error)


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["POST"], refused=_refused)
def grant(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Let an order, or one item of it, come back until a later day."""
    form = _form(request, order_id)
    if not form.is_valid():
        return show_order(request, order_id, form=form)
    said = form.cleaned_data
    granted = grant_window(
        order_id,
        until=said["until"],
        reason=said["reason"],
        line_id=said["order_line"],
        seen=said["seen"],
        operation_id=said["operation_id"],
        actor=actor_of(request),
    )
    return done(request, f"Open until {dated(granted.until)}.", "order", order_id=order_id)


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["POST"], refused=show_order)
def withdraw(request: HttpRequest, order_id: UUID, grant_id: UUID) -> HttpResponse:
    """Take a granted day back."""
    granted = withdraw_window(order_id, grant_id, actor=actor_of(request))
    text = f"{dated(granted.until)} is taken back."
    return done(request, text, "order", order_id=order_id)
