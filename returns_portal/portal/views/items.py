"""Which items come back, how many, and why; with photos where the reason asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.core.actor import SHOPPER
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.portal.basket import Basket, read_basket
from returns_portal.portal.forms.items import ItemForm
from returns_portal.portal.pages import page, shopper_page, steps
from returns_portal.portal.proof import proven_draft
from returns_portal.portal.showing.items import (
    delivered_words,
    heading,
    item_cards,
    item_forms,
    standing_answers,
    summary,
)
from returns_portal.portal.showing.photos import draft_photo
from rma.actions.drafts import save_answers
from rma.drafts import Answer, answers_of
from rma.evidence import remove_draft_photo, store_photo
from rma.models import Photo, ReturnDraft
from rma.selectors import returns_of_order

PHOTOS_PER_ITEM = 5


@shopper_page("GET", "HEAD", "POST")
def items(request: HttpRequest, token: str) -> HttpResponse:
    """Choose items and reasons."""
    draft = proven_draft(request, token)
    if draft.return_token:
        return HttpResponseRedirect(reverse("status", kwargs={"token": draft.return_token}))
    basket = read_basket(request.merchant, draft)
    if request.method != "POST":
        forms = item_forms(basket, answers=basket.answers)
        _ask_photos(basket, forms, basket.answers)
        return _show(request, basket, forms)
    forms = _checked(request, basket)
    chosen = [form for form in forms if form.is_chosen]
    if not chosen or any(not form.is_valid() for form in forms):
        return _show(request, basket, forms, status=422)
    save_answers(draft.pk, actor=SHOPPER, lines=_answers(draft, chosen))
    return HttpResponseRedirect(reverse("resolution", kwargs={"token": token}))


@shopper_page("POST")
def items_summary(request: HttpRequest, token: str) -> HttpResponse:
    """Return card and bar for the present selection, as far as it makes sense."""
    basket = read_basket(request.merchant, proven_draft(request, token))
    forms = item_forms(basket, request.POST)
    priced = [
        Answer(form.line.pk, form.cleaned_data["quantity"], form.cleaned_data.get("reason", ""))
        for form in forms
        if (form.is_valid() or "quantity" not in form.errors) and form.is_chosen
    ]
    return render(request, "portal/_items_summary.html", {"summary": summary(basket, priced)})


@shopper_page("POST")
def photos(request: HttpRequest, token: str, line_id: UUID) -> HttpResponse:
    """Take one photo for one item; answers with its tile, or with the words of what is wrong."""
    draft = proven_draft(request, token)
    basket = read_basket(request.merchant, draft)
    line = next((one for one in basket.lines if one.pk == line_id), None)
    upload = request.FILES.get("file")
    if line is None:
        raise NotFound(_("This item is not in the order. Reload the page."))
    if upload is None:
        raise InvalidInput(_("Choose a photo first."), field="file")
    photo = _keep(draft, line_id, upload, len(basket.photos.get(line_id, ())))
    number = len(basket.photos.get(line_id, ())) + 1
    return render(request, "components/file.html", draft_photo(token, photo, number, line.title))


@shopper_page("POST")
def remove_photo(request: HttpRequest, token: str, photo_id: UUID) -> HttpResponse:
    """Take a photo back; without JavaScript the answers typed meanwhile are kept too."""
    draft = proven_draft(request, token)
    remove_draft_photo(photo_id, draft=draft)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    forms = item_forms(read_basket(request.merchant, draft), request.POST)
    whole = [form for form in forms if form.is_valid() and form.is_chosen]
    save_answers(draft.pk, actor=SHOPPER, lines=answers_of(draft) | _answers(draft, whole))
    return HttpResponseRedirect(reverse("items", kwargs={"token": token}))


def _answers(draft: ReturnDraft, forms: list[ItemForm]) -> dict[UUID, Answer]:
    before = answers_of(draft)
    return {form.line.pk: form.answer(before.get(form.line.pk)) for form in forms}


def _checked(request: HttpRequest, basket: Basket) -> list[ItemForm]:
    """Check every card and keep the photos that came with the form itself."""
    forms = item_forms(basket, request.POST)
    for form in forms:
        form.full_clean()
        kept = basket.photos.setdefault(form.line.pk, [])
        for upload in request.FILES.getlist(f"{form.prefix}-photos") if form.is_chosen else ():
            try:
                kept.append(_keep(basket.draft, form.line.pk, upload, len(kept)))
            except DomainError as refusal:
                form.add_error(None, refusal.message)
        form.photo_count = basket.photo_count(form.line.pk)
    whole = [form for form in forms if form.is_valid() and form.is_chosen]
    _ask_photos(basket, forms, _answers(basket.draft, whole).values())
    for form in forms:
        if form.is_chosen and form.needs_photo():
            form.add_error(None, form.photos_wanted())
    return forms


def _ask_photos(basket: Basket, forms: list[ItemForm], answers: Iterable[Answer]) -> None:
    """Let every form need photos where the risk score of ``answers`` asks for them."""
    if basket.asks_photos(answers):
        for form in forms:
            form.ask_photos()


def _keep(draft: ReturnDraft, line_id: UUID, upload: Any, kept: int) -> Photo:
    if kept >= PHOTOS_PER_ITEM:
        raise Conflict(
            _("%(n)d photos an item are enough. Remove one first.") % {"n": PHOTOS_PER_ITEM}
        )
    with attempt():
        return store_photo(upload, draft=draft, draft_line_id=line_id, actor=SHOPPER)


def _show(
    request: HttpRequest, basket: Basket, forms: list[ItemForm], *, status: int = 200
) -> HttpResponse:
    cards, closed = item_cards(basket, forms, request.GET.get("fault", ""))
    chosen = [
        form for form in forms if form.is_bound and form.is_chosen and "quantity" not in form.errors
    ]
    answers = standing_answers(basket, forms)
    if status != 200:
        answers = [
            Answer(one.line.pk, one.cleaned_data["quantity"], one.cleaned_data.get("reason", ""))
            for one in chosen
        ]
    context = {
        "basket": basket,
        "cards": cards,
        "closed": closed,
        "steps": steps(2, basket.draft.token, is_gift=basket.is_gift),
        "fee_waived": _fee_waived(basket),
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "heading": heading(basket, cards),
        "summary": summary(basket, answers),
        "errors": _errors(forms) if status != 200 else [],
        "returns": [] if basket.is_gift else returns_of_order(basket.order.pk),
        "until": max(
            (card.offer.until for card in cards if card.offer.until is not None), default=None
        ),
        "delivered": delivered_words(basket),
    }
    return page(request, "items.html", context, status=status)


def _errors(forms: list[ItemForm]) -> list[dict[str, str]]:
    if not any(form.is_chosen for form in forms):
        first = forms[0].line.pk.hex if forms else ""
        return [{"text": _("Choose at least one item"), "href": f"#item-{first}-chosen"}]
    names = {"__all__": "photos"}
    return [
        {"text": str(words), "href": f"#{form.prefix}-{names.get(field, field)}"}
        for form in forms
        for field, all_words in form.errors.items()
        for words in all_words
    ]


def _fee_waived(basket: Basket) -> bool:
    fee = basket.policy.fee
    return bool(fee.amount_for(basket.order.country)) and fee.waived_for_fault
