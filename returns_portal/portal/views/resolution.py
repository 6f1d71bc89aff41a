"""What the shopper gets for each item, with the money."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.core.actor import SHOPPER
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.portal.basket import Basket, read_basket
from returns_portal.portal.forms.resolution import OTHER, WishForm
from returns_portal.portal.pages import page, shopper_page, steps
from returns_portal.portal.proof import proven_draft
from returns_portal.portal.replacements import replacements
from returns_portal.portal.showing import money
from returns_portal.portal.showing.choices import wish_cards, wish_forms
from rma.actions.drafts import save_answers


@shopper_page("GET", "HEAD", "POST")
def resolution(request: HttpRequest, token: str) -> HttpResponse:
    """Choose refund, credit or exchange for each item."""
    draft = proven_draft(request, token)
    if draft.return_token:
        return HttpResponseRedirect(reverse("status", kwargs={"token": draft.return_token}))
    basket = read_basket(request.merchant, draft)
    if not basket.answers:
        return HttpResponseRedirect(reverse("items", kwargs={"token": token}))
    offered = replacements(basket)
    if request.method != "POST":
        notice = _("Sold out a moment ago. Choose another or take a refund")
        sold_out = request.GET.get("sold_out", "")
        return _show(request, basket, wish_forms(basket, offered), {sold_out: notice})
    forms = wish_forms(basket, offered, request.POST)
    if "choose" in request.POST:
        return _to_products(basket, forms, request.POST["choose"])
    if any(not form.is_valid() for form in forms):
        return _show(request, basket, forms, status=422)
    wishes = {form.line.pk: form.wish() for form in forms}
    save_answers(draft.pk, actor=SHOPPER, lines=wishes)
    return HttpResponseRedirect(reverse("method", kwargs={"token": token}))


def _to_products(basket: Basket, forms: list[WishForm], key: str) -> HttpResponse:
    """Keep what is chosen so far and lead to the products one item may become."""
    line = next((form.line for form in forms if form.line.pk.hex == key), None)
    if line is None:
        raise NotFound(_("This item is not in the order. Choose one that is."))
    save_answers(
        basket.draft.pk, actor=SHOPPER, lines={form.line.pk: form.kept() for form in forms}
    )
    known = {"token": basket.draft.token, "line_id": line.pk}
    return HttpResponseRedirect(reverse("products", kwargs=known))


@shopper_page("POST")
def quote(request: HttpRequest, token: str) -> HttpResponse:
    """Return the money and the replacements for the choices made so far."""
    basket = read_basket(request.merchant, proven_draft(request, token))
    forms = wish_forms(basket, replacements(basket), request.POST)
    context = {"cards": wish_cards(basket, forms, strict=True), **priced(basket, forms)}
    return render(request, "portal/_quote.html", context)


def priced(basket: Basket, forms: list[WishForm]) -> dict[str, Any]:
    """Return rows and bar for what is chosen; a sum that cannot be worked out says why instead."""
    answers = [form.wish() for form in forms]
    chosen = {form.line.pk: form.variant for form in forms}
    try:
        quoted = basket.price(answers)
    except DomainError as refusal:
        rows = [{"kind": "note", "label": refusal.message}]
        return {"rows": rows, "bar": money.bar(basket, answers, None, chosen)}
    return {
        "rows": money.rows_of(basket, answers, quoted, chosen),
        "bar": money.bar(basket, answers, quoted, chosen),
    }


def _show(
    request: HttpRequest,
    basket: Basket,
    forms: list[WishForm],
    notices: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "basket": basket,
        "cards": wish_cards(basket, forms, notices),
        "steps": steps(3, basket.draft.token, is_gift=basket.is_gift),
        "errors": _errors(forms) if status != 200 else [],
        # Enter goes on, and not to the first button in the form.
        "may_choose": any(OTHER in form.choices for form in forms),
        **priced(basket, forms),
    }
    return page(request, "resolution.html", context, status=status)


def _errors(forms: list[WishForm]) -> list[dict[str, str]]:
    anchors = {"wanted": "choices"}
    return [
        {"text": str(words), "href": f"#{form.prefix}-{anchors.get(field, field)}"}
        for form in forms
        for field, all_words in form.errors.items()
        for words in all_words
    ]
