"""Withdrawing from a contract: state it, confirm it, keep the receipt (CRD, Article 11a).

Apart from returns on purpose: no reason is asked and nothing is offered. Until number and e-mail
prove an order, every answer is the same whether it exists or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import find_order_for_shopper, order_for_return
from returns_portal.core.actor import SHOPPER
from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from returns_portal.core.ids import new_token
from returns_portal.portal.forms.withdrawal import SOME, DescribedForm, ItemsForm, StatementForm
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.showing.withdrawal import statement_of
from returns_portal.portal.throttle import give_back, take_try
from rma.actions.withdrawing import Statement, declare_withdrawal
from rma.withdrawals import (
    answers_of,
    declared_before,
    refund_by,
    withdrawal_by_token,
    withdrawal_pdf,
)

STATE, ITEMS, CONFIRM = "state", "items", "confirm"


@dataclass(frozen=True, slots=True)
class _Told:
    """What has been sent so far. ``items`` is the form for some items, None for the whole order."""

    form: StatementForm
    step: str
    order: Order | None
    lines: list[OrderLine]
    items: ItemsForm | DescribedForm | None


@shopper_page("GET", "HEAD", "POST")
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take the statement in its steps; the last one declares it."""
    form = StatementForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, form, status=422 if form.is_bound else 200)
    before = _sent_before(request, form)
    if before:
        return HttpResponseRedirect(reverse("withdrawn", kwargs={"token": before}))
    try:
        told = _read(request, form)
        if told.items is not None and (told.step == STATE or not told.items.is_valid()):
            return _show_items(request, told)
        if told.step != CONFIRM:
            return _show_check(request, told)
        token = _declare(request, told)
    except DomainError as refusal:
        return _refuse(request, form, refusal)
    return HttpResponseRedirect(reverse("withdrawn", kwargs={"token": token}))


@shopper_page("GET", "HEAD")
def withdrawn(request: HttpRequest, token: str) -> HttpResponse:
    """Show the receipt: the statement with its date and time, and what becomes of it."""
    withdrawal = withdrawal_by_token(token)
    context = {
        "withdrawal": withdrawal,
        "rma": withdrawal.rma,
        "answers": answers_of(withdrawal),
        "refund_by": refund_by(withdrawal),
    }
    return page(request, "withdrawn.html", context)


@shopper_page("GET", "HEAD")
def paper(request: HttpRequest, token: str) -> HttpResponse:
    """Download the receipt."""
    withdrawal = withdrawal_by_token(token)
    response = HttpResponse(withdrawal_pdf(withdrawal), content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="withdrawal.pdf"'
    return response


def _sent_before(request: HttpRequest, form: StatementForm) -> str:
    """Return the receipt's token if this very page was sent before, else nothing.

    Its items are in a return by now, so the rest of it could not be read again.
    """
    given, operation_id = form.cleaned_data, request.POST.get("operation_id", "")
    if request.POST.get("step") != CONFIRM or not operation_id:
        return ""
    return declared_before(operation_id, email=given["email"], order_number=given["order"])


def _read(request: HttpRequest, form: StatementForm) -> _Told:
    """Read which step was sent and with which items; the order is looked up only for that."""
    sent = request.POST
    step = sent.get("step", STATE)
    step = step if step in (ITEMS, CONFIRM) else STATE
    some = form.cleaned_data["scope"] == SOME
    in_words = some and "described" in sent
    order = None
    if step == CONFIRM or (some and not in_words):
        order = _find(request, form.cleaned_data)
    lines = list(order_for_return(order.pk).lines.all()) if order is not None and some else []
    items: ItemsForm | DescribedForm | None = None
    if some:
        bound = None if step == STATE else sent
        items = ItemsForm(bound, lines=lines)
        if in_words or not items.lines:
            items = DescribedForm(bound)
    return _Told(form, step, order, lines, items)


def _find(request: HttpRequest, given: dict[str, Any]) -> Order | None:
    taken = take_try(request, given["order"])
    found = find_order_for_shopper(given["order"], given["email"])
    if found is not None:
        give_back(taken)
    return found


def _statement(request: HttpRequest, told: _Told) -> Statement:
    given, items = told.form.cleaned_data, told.items
    if isinstance(items, ItemsForm):
        return statement_of(request.merchant, given, lines=told.lines, units=items.units())
    described = items.cleaned_data["described"] if items is not None else ""
    return statement_of(request.merchant, given, described=described)


def _declare(request: HttpRequest, told: _Told) -> str:
    with attempt():
        withdrawal = declare_withdrawal(
            _statement(request, told),
            merchant=request.merchant,
            order_id=told.order.pk if told.order is not None else None,
            operation_id=request.POST.get("operation_id", ""),
            actor=SHOPPER,
            locale=get_language() or "",
        )
    return str(withdrawal.token)


def _refuse(request: HttpRequest, form: StatementForm, refusal: DomainError) -> HttpResponse:
    form.add_error(None, refusal.message)
    response = _show(request, form, status=refusal.status)
    if "seconds" in refusal.facts:
        response["Retry-After"] = str(refusal.facts["seconds"])
    return response


def _show(request: HttpRequest, form: StatementForm, *, status: int = 200) -> HttpResponse:
    return page(request, "withdraw.html", {"form": form}, status=status)


def _show_items(request: HttpRequest, told: _Told) -> HttpResponse:
    items = told.items
    context = {
        "form": items,
        "rows": items.rows() if isinstance(items, ItemsForm) else [],
        "hidden": _hidden(told.form),
    }
    refused = items is not None and items.is_bound
    return page(request, "withdraw_items.html", context, status=422 if refused else 200)


def _show_check(request: HttpRequest, told: _Told) -> HttpResponse:
    """Show the statement as it will be kept, with the one button that declares it."""
    hidden = [
        *_hidden(told.form),
        *(_hidden(told.items) if told.items is not None else []),
        ("operation_id", new_token()),
    ]
    context = {"statement": _statement(request, told).text, "hidden": hidden}
    return page(request, "withdraw_check.html", context)


def _hidden(form: StatementForm | ItemsForm | DescribedForm) -> list[tuple[str, str]]:
    """Return a form's fields as they were sent, for the next step to send again."""
    return [(name, form.data[name]) for name in form.fields if form.data.get(name)]
