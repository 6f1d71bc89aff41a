"""Without an order number: a link by e-mail, and the orders that it opens."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.commerce.selectors import orders_of_shopper
from returns_portal.core.actor import SHOPPER
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.portal.beginning import begin
from returns_portal.portal.forms.lookup import LinkForm
from returns_portal.portal.language import language_for
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.proof import proven_shopper, remember_shopper
from returns_portal.portal.showing.orders import shown_orders
from returns_portal.portal.throttle import say_when, take_link_try
from rma.actions.links import LinkSpent, ask_for_link, link_opens, open_link


@shopper_page("GET", "HEAD", "POST")
def link(request: HttpRequest) -> HttpResponse:
    """Ask for a link by e-mail. The answer is the same whether an order has the address or not."""
    if request.method != "POST":
        context = {"form": LinkForm(), "is_sent": "sent" in request.GET}
        return page(request, "link.html", context)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return page(request, "link.html", {"form": form}, status=422)
    try:
        take_link_try(request, form.cleaned_data["email"])
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return say_when(page(request, "link.html", {"form": form}, status=refusal.status), refusal)
    ask_for_link(form.cleaned_data["email"], locale=language_for(request), actor=SHOPPER)
    return HttpResponseRedirect(f"{reverse('link')}?sent")


@shopper_page("GET", "HEAD", "POST")
def opened_link(request: HttpRequest, token: str) -> HttpResponse:
    """Open a mailed link by a button, as mail programs follow links by themselves to look at them.

    Once opened it is spent, and this browser may see the shopper's orders.
    """
    if request.method != "POST":
        opens = link_opens(token)
        return page(request, "open_link.html", {"opens": opens}, status=200 if opens else 410)
    try:
        found = open_link(token, actor=SHOPPER)
    except LinkSpent as spent:
        return page(request, "open_link.html", {"opens": False}, status=spent.status)
    onward = HttpResponseRedirect(reverse("my_orders"))
    return remember_shopper(request, onward, bytes(found.email_index))


@shopper_page("GET", "HEAD")
def my_orders(request: HttpRequest) -> HttpResponse:
    """List the orders of the last 13 months with what can be done with each."""
    found = orders_of_shopper(proven_shopper(request))
    return page(request, "orders.html", {"orders": shown_orders(found)})


@shopper_page("POST")
def start(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Start a return of one of the shopper's orders."""
    order = orders_of_shopper(proven_shopper(request)).filter(pk=order_id).first()
    if order is None:
        raise NotFound("This order isn’t in your list any more. Find your order again.")
    return begin(request, order)
