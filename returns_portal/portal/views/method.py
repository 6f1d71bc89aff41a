"""How it is sent back; check and confirm."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from returns_portal.commerce.models import Variant
from returns_portal.core.actor import SHOPPER
from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from returns_portal.portal.basket import Basket, read_basket
from returns_portal.portal.pages import page, shopper_page, steps
from returns_portal.portal.proof import proven_draft, shopper_of
from returns_portal.portal.showing import money
from returns_portal.portal.showing.confirming import (
    method_choices,
    money_words,
    next_words,
    parcel_words,
    sum_lines,
    sum_rows,
)
from rma.actions.changing import change_return
from rma.actions.drafts import save_answers
from rma.actions.requesting import request_return
from rma.drafts import requested_lines
from rma.models import Return

# Refusals that another choice in the third step makes good.
_ABOUT_WISHES = ("resolution", "replacement_missing", "replacement_dearer")


@shopper_page("GET", "HEAD", "POST")
def method(request: HttpRequest, token: str) -> HttpResponse:
    """Choose how to send it back, see everything once more, confirm."""
    draft = proven_draft(request, token)
    if draft.return_token:
        return _to_return(draft.return_token)
    basket = read_basket(request.merchant, draft)
    if not basket.answers or not all(one.wanted for one in basket.answers):
        return _unless_made(request, token) or HttpResponseRedirect(
            reverse("resolution", kwargs={"token": token})
        )
    if request.method != "POST":
        return _show(request, basket, draft.content.get("method", ""))
    chosen = _way(basket, request.POST.get("method", ""))
    if chosen not in basket.policy.methods:
        errors = [{"text": _("Choose how you send it back"), "href": "#methods"}]
        return _show(request, basket, "", errors, status=422)
    if request.POST.get("seen", _seen(basket)) != _seen(basket):
        words = _("Something changed since you opened this page. Check it and confirm again")
        return _unless_made(request, token) or _show(
            request, basket, chosen, [{"text": words, "href": "#sum"}], status=409
        )
    try:
        rma = _confirm(basket, chosen)
    except DomainError as refusal:
        return _refuse(request, basket, chosen, refusal)
    return _to_return(rma.token)


def _way(basket: Basket, sent: str) -> str:
    """Return how the parcel was said to go; where nothing is sent there is nothing to choose."""
    return basket.policy.methods[0] if basket.nothing_is_sent else sent


def _to_return(token: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("status", kwargs={"token": token}))


def _unless_made(request: HttpRequest, token: str) -> HttpResponse | None:
    """Lead to the return if another tab made it since this one looked: it took the units."""
    made = proven_draft(request, token).return_token
    return _to_return(made) if made else None


@shopper_page("POST")
def method_quote(request: HttpRequest, token: str) -> HttpResponse:
    """Return the money for the way of sending that is looked at."""
    basket = read_basket(request.merchant, proven_draft(request, token))
    return render(
        request, "portal/_method_quote.html", _priced(basket, request.POST.get("method", ""))
    )


def _confirm(basket: Basket, chosen: str) -> Return:
    """Ask for the return, once: the draft's operation id finds an earlier answer again."""
    draft = basket.draft
    lines = requested_lines(basket.answers, basket.photos)
    with attempt():
        save_answers(draft.pk, actor=SHOPPER, method=chosen)
        if basket.changed is not None:
            return change_return(
                basket.changed.rma.pk,
                lines=lines,
                method=chosen,
                revision=draft.revision,
                operation_id=draft.operation_id,
                actor=shopper_of(basket.changed.rma),
            )
        return request_return(
            order_id=basket.order.pk,
            lines=lines,
            method=chosen,
            channel=Return.Channel.PORTAL,
            operation_id=draft.operation_id,
            actor=SHOPPER,
            locale=get_language() or "",
            receiver=draft.receiver,
        )


def _refuse(
    request: HttpRequest, basket: Basket, chosen: str, refusal: DomainError
) -> HttpResponse:
    """Lead back to where the answer can be changed."""
    known = {"token": basket.draft.token}
    if refusal.code == "sold_out":
        gone = str(refusal.facts.get("variant"))
        lines = [one for one in basket.answers if str(one.exchange_variant_id) == gone]
        query = f"?sold_out={lines[0].order_line_id.hex}" if lines else ""
        return HttpResponseRedirect(reverse("resolution", kwargs=known) + query)
    page_name = "resolution" if refusal.code in _ABOUT_WISHES else "items"
    errors = [{"text": refusal.message, "href": reverse(page_name, kwargs=known)}]
    return _show(request, basket, chosen, errors, status=refusal.status)


def _show(
    request: HttpRequest,
    basket: Basket,
    chosen: str,
    errors: list[dict[str, str]] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        **_priced(basket, chosen),
        "basket": basket,
        "steps": steps(4, basket.draft.token, is_gift=basket.is_gift),
        "errors": errors or [],
        "methods": [] if basket.nothing_is_sent else method_choices(basket, chosen),
        "next": next_words(basket),
        "money_comes": money_words(basket),
        "seen": _seen(basket),
    }
    return page(request, "method.html", context, status=status)


def _priced(basket: Basket, chosen: str) -> dict[str, Any]:
    """Return what depends on the way it is sent: the money, and the words about it."""
    way = chosen if chosen in basket.policy.methods else basket.method
    variants = _variants(basket)
    quote = basket.price(basket.answers, way)
    return {
        "lede": parcel_words(basket, quote, way),
        "lines": sum_lines(basket, variants),
        "rows": sum_rows(basket, quote),
        "bar": money.bar(basket, basket.answers, quote, variants),
    }


def _variants(basket: Basket) -> dict[UUID, Variant | None]:
    """Return the replacement picked for each item."""
    return {
        one.order_line_id: basket.picked.get(one.exchange_variant_id)
        for one in basket.answers
        if one.exchange_variant_id
    }


def _seen(basket: Basket) -> str:
    """Return a fingerprint of what the page shows, to notice that it changed before confirming."""
    quotes = [basket.price(basket.answers, way) for way in basket.policy.methods]
    shown = [
        [str(one.order_line_id), one.quantity, one.reason, one.wanted, str(one.exchange_variant_id)]
        for one in basket.answers
    ]
    totals = [
        [quote.refund.minor, quote.credit.minor, quote.fee.minor, quote.due.minor]
        for quote in quotes
        if quote
    ]
    return hashlib.sha256(json.dumps([shown, totals]).encode()).hexdigest()[:32]
