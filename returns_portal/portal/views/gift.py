"""Returning a gift: by its code instead of the order, for credit to whoever was given it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from returns_portal.commerce.gift_codes import gift_receiver, order_of_gift_code
from returns_portal.commerce.models import Order
from returns_portal.core.errors import DomainError
from returns_portal.portal.beginning import begin
from returns_portal.portal.forms.lookup import GiftForm
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.throttle import give_back, say_when, take_try
from rma.policy.live import live_policy


@shopper_page("GET", "HEAD", "POST")
def gift(request: HttpRequest) -> HttpResponse:
    """Take a gift code; one that opens nothing is answered the same, whatever is wrong with it."""
    if request.method != "POST":
        return page(request, "gift.html", {"form": GiftForm()})
    form = GiftForm(request.POST)
    if not form.is_valid():
        return page(request, "gift.html", {"form": form}, status=422)
    try:
        order = _find(request, form.cleaned_data["code"])
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return say_when(page(request, "gift.html", {"form": form}, status=refusal.status), refusal)
    if order is None:
        form.add_error(
            "code", _("Check the gift code, or ask whoever gave you the gift for a new one")
        )
        return page(request, "gift.html", {"form": form}, status=422)
    receiver = gift_receiver(name=form.cleaned_data["name"], email=form.cleaned_data["email"])
    return begin(request, order, receiver_id=receiver.pk)


def _find(request: HttpRequest, code: str) -> Order | None:
    taken = take_try(request, code)
    _version, policy = live_policy()
    order = order_of_gift_code(code)
    if order is None or not policy.gift_returns:
        return None
    give_back(taken)
    return order
