"""Another product in place of an item: search the shop, look at one, choose it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.core.actor import SHOPPER
from returns_portal.core.errors import NotFound
from returns_portal.portal.basket import read_basket
from returns_portal.portal.forms.products import PickForm, SearchForm
from returns_portal.portal.pages import page, shopper_page, steps
from returns_portal.portal.products import Shelf, shelves
from returns_portal.portal.proof import proven_draft
from returns_portal.portal.showing.products import offer_words, shelf_words
from rma.actions.drafts import save_answers
from rma.states import ResolutionKind


@shopper_page("GET", "HEAD", "POST")
def products(request: HttpRequest, token: str, line_id: UUID) -> HttpResponse:
    """Search for what an item may become; choosing goes back to the third step."""
    draft = proven_draft(request, token)
    if draft.return_token:
        return HttpResponseRedirect(reverse("status", kwargs={"token": draft.return_token}))
    shelf = shelves(read_basket(request.merchant, draft)).get(line_id)
    if shelf is None:
        raise NotFound(_("This item can’t be exchanged for another product. Choose again."))
    if request.method == "POST":
        return _choose(request, shelf)
    product_id = PickForm.product_of(request.GET)
    return _look(request, shelf, product_id) if product_id else _list(request, shelf)


def _list(request: HttpRequest, shelf: Shelf) -> HttpResponse:
    form = SearchForm(request.GET)
    number = form.page
    found, more = shelf.page(form.words, number)
    context = {
        **_about(shelf),
        "form": form,
        "offers": [offer_words(one) for one in found],
        "previous": number - 1,
        "next": number + 1 if more else 0,
    }
    return page(request, "products.html", context, status=200 if form.is_valid() else 422)


def _look(
    request: HttpRequest, shelf: Shelf, product_id: UUID, form: PickForm | None = None
) -> HttpResponse:
    offered = shelf.product(product_id)
    if offered is None:
        raise NotFound(_("This product is sold out or gone. Go back and choose another."))
    shown = form or PickForm()
    context = {**_about(shelf), "offer": offer_words(offered, shown.chosen), "form": shown}
    return page(request, "product.html", context, status=422 if form else 200)


def _choose(request: HttpRequest, shelf: Shelf) -> HttpResponse:
    form = PickForm(request.POST)
    priced = shelf.variant(form.cleaned_data["variant"]) if form.is_valid() else None
    if priced is None:
        product_id = PickForm.product_of(request.POST)
        if form.is_valid():
            form.add_error("variant", _("Sold out a moment ago. Choose another."))
        if product_id is None:
            raise NotFound(_("This product is sold out or gone. Go back and choose another."))
        return _look(request, shelf, product_id, form)
    wish = replace(
        shelf.answer, wanted=ResolutionKind.EXCHANGE, exchange_variant_id=priced.variant.pk
    )
    answers = {one.order_line_id: one for one in shelf.basket.answers}
    save_answers(shelf.basket.draft.pk, actor=SHOPPER, lines={**answers, wish.order_line_id: wish})
    back = reverse("resolution", kwargs={"token": shelf.basket.draft.token})
    return HttpResponseRedirect(f"{back}#item-{wish.order_line_id.hex}")


def _about(shelf: Shelf) -> dict[str, object]:
    known = {"token": shelf.basket.draft.token}
    line = shelf.basket.line(shelf.answer.order_line_id)
    return {
        "line": line,
        "lede": shelf_words(shelf),
        "steps": steps(3, known["token"]),
        "back_url": reverse("resolution", kwargs=known),
        "list_url": reverse("products", kwargs={**known, "line_id": line.pk}),
    }
