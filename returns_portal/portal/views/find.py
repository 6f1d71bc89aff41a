"""The first page: prove that you know the order."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.commerce.deep_links import order_of_deep_link
from returns_portal.commerce.models import Order
from returns_portal.commerce.selectors import find_order_for_shopper
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.portal.beginning import begin
from returns_portal.portal.forms.lookup import LookupForm
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.proof import proven_draft
from returns_portal.portal.showing.glance import at_a_glance
from returns_portal.portal.throttle import give_back, missed_often, say_when, take_try
from rma.policy.live import live_gifts
from rma.selectors import returns_of_order


@shopper_page("GET", "HEAD", "POST")
def find(request: HttpRequest) -> HttpResponse:
    """Find an order to start a return of it; a signed link skips the looking."""
    if request.method != "POST" and "t" in request.GET:
        return _follow(request, request.GET["t"])
    return _look_up(request, "find.html", "items")


@shopper_page("GET", "HEAD", "POST")
def track(request: HttpRequest) -> HttpResponse:
    """Find an order to see its returns."""
    return _look_up(request, "track.html", "returns")


@shopper_page("GET", "HEAD")
def returns(request: HttpRequest, token: str) -> HttpResponse:
    """List the returns of a found order; a single one opens at once."""
    draft = proven_draft(request, token)
    if draft.receiver_id is not None:
        raise NotFound(_("Your returns are behind the links in your e-mails."))
    found = returns_of_order(draft.order_id)
    if len(found) == 1:
        return HttpResponseRedirect(reverse("status", kwargs={"token": found[0].token}))
    return page(request, "returns.html", {"returns": found, "draft": draft})


def _look_up(request: HttpRequest, template: str, onward: str) -> HttpResponse:
    if request.method != "POST":
        form = LookupForm(initial={"order": request.GET.get("order", "")[:60]})
        return _show(request, template, form)
    form = LookupForm(request.POST)
    if not form.is_valid():
        return _show(request, template, form, status=422)
    try:
        order = _find(request, **form.cleaned_data)
    except DomainError as refusal:
        return _refuse(request, template, form, refusal)
    if order is None:
        form.add_error(
            "order", _("Check the order number, and the e-mail, phone number or postcode")
        )
        return _show(request, template, form, status=422, title=_("We can’t find that order"))
    return begin(request, order, onward)


def _follow(request: HttpRequest, signed: str) -> HttpResponse:
    order = order_of_deep_link(signed)
    if order is not None:
        return begin(request, order)
    return _show(request, "find.html", LookupForm(), status=422, is_link_off=True)


def _find(request: HttpRequest, *, order: str, who: str) -> Order | None:
    taken = take_try(request, order)
    found = find_order_for_shopper(order, who)
    if found is not None:
        give_back(taken)
    return found


def _refuse(
    request: HttpRequest, template: str, form: LookupForm, refusal: DomainError
) -> HttpResponse:
    form.add_error(None, refusal.message)
    return say_when(_show(request, template, form, status=refusal.status), refusal)


def _show(
    request: HttpRequest,
    template: str,
    form: LookupForm,
    *,
    status: int = 200,
    title: str = "",
    is_link_off: bool = False,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "error_title": title, "is_link_off": is_link_off}
    if template == "find.html":
        context["takes_gifts"] = live_gifts()
        context["glance"] = at_a_glance(request.merchant)
        context["offer_link"] = missed_often(request)
    return page(request, template, context, status=status)
