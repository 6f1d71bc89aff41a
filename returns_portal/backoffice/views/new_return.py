"""A return for a shopper who phoned: find the order, then the same engine as the portal."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.backoffice.base import actor_of, may, page, staff_view
from returns_portal.backoffice.forms.new_return import LineForm, NewReturnForm, line_forms
from returns_portal.backoffice.selectors.eligibility import offers_of
from returns_portal.commerce.models import Order, Variant
from returns_portal.commerce.selectors import order_for_return, search_orders
from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.ids import new_token
from returns_portal.tenancy.permissions import Permission
from rma.actions.requesting import request_return
from rma.models import Return
from rma.policy.document import Policy
from rma.policy.live import live_policy

CREATE = Permission.RETURNS_CREATE


@staff_view(permission=CREATE)
def new_return(request: HttpRequest) -> HttpResponse:
    """Find the order of the shopper on the phone."""
    text = request.GET.get("q", "").strip()[:120]
    found = list(search_orders(text).defer("shipping_address")[:20]) if text else []
    context = {"q": text, "orders": found}
    return page(request, "backoffice/new_return.html", "returns", context)


def _forms(
    request: HttpRequest, order: Order, policy: Policy
) -> tuple[NewReturnForm, list[LineForm]]:
    posted = request.POST or None
    views = offers_of(order, policy)
    products = [view.line.variant.product_id for view in views if view.line.variant is not None]
    variants = list(Variant.objects.filter(product_id__in=products).order_by("title", "pk"))
    form = NewReturnForm(
        posted,
        policy=policy,
        may_override=may(request, Permission.RETURNS_DECIDE),
        initial={"operation_id": new_token()},
    )
    return form, line_forms(posted, views, policy, variants)


def _show(
    request: HttpRequest,
    order_id: UUID,
    *,
    error: DomainError | None = None,
    preview: Return | None = None,
    **_: object,
) -> HttpResponse:
    order = order_for_return(order_id)
    form, lines = _forms(request, order, live_policy()[1])
    context = {"order": order, "form": form, "lines": lines, "preview": preview}
    bad = form.is_bound and (not form.is_valid() or any(line.errors for line in lines))
    status = 422 if bad else 200
    template = "backoffice/new_return_lines.html"
    return page(request, template, "returns", context, error=error, status=status)


@staff_view(permission=CREATE, methods=["GET", "POST"], refused=_show)
def new_return_lines(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Choose the units, see what the policy says and what it is worth, and start the return."""
    if request.method != "POST":
        return _show(request, order_id)
    form, lines = _forms(request, order_for_return(order_id), live_policy()[1])
    if not form.is_valid() or any(line.errors for line in lines):
        return _show(request, order_id)
    if request.POST.get("preview"):
        return _show(request, order_id, preview=_preview(request, order_id, form, lines))
    rma = _request(request, order_id, form, lines)
    words = {
        "open": "approved",
        "requested": "waiting for review",
        "declined": "declined by policy",
    }
    messages.success(request, f"{rma.number} is {words.get(rma.status, rma.status)}.")
    return HttpResponseRedirect(reverse("return_detail", args=[rma.number]))


def _request(
    request: HttpRequest, order_id: UUID, form: NewReturnForm, lines: list[LineForm]
) -> Return:
    requested = [line.requested for line in lines if line.requested is not None]
    if not requested:
        raise InvalidInput("Choose at least one item.", field="lines")
    return request_return(
        order_id=order_id,
        lines=requested,
        method=form.cleaned_data["method"],
        channel=Return.Channel.STAFF,
        operation_id=form.cleaned_data["operation_id"],
        actor=actor_of(request),
        override_reason=form.cleaned_data.get("override_reason", ""),
    )


def _preview(
    request: HttpRequest, order_id: UUID, form: NewReturnForm, lines: list[LineForm]
) -> Return:
    """Start the return and take it back: what is shown is exactly what would happen."""
    with attempt():
        rma = _request(request, order_id, form, lines)
        transaction.set_rollback(True)
    return rma
