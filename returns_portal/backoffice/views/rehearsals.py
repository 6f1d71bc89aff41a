"""Rehearsals: what a draft would have decided, as numbers, as a list, and return by return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.backoffice.base import actor_of, done, once, page, staff_view
from returns_portal.backoffice.decisions_apart import differences, side
from returns_portal.backoffice.forms.rehearsals import RehearsalForm
from returns_portal.backoffice.paging import keyset
from returns_portal.backoffice.rehearsal_filter import ChangedFilter, changed_filter
from returns_portal.backoffice.rehearsal_words import (
    FIELD_WORDS,
    ChangedRow,
    changed_row,
    name_of,
    result_of,
)
from returns_portal.backoffice.rule_names import rule_names
from returns_portal.core.csvio import Cell, csv_response
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.ids import new_token
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.permissions import Permission
from rma.actions.rehearsing import cancel_rehearsal, start_rehearsal
from rma.models import PolicyVersion, Rehearsal
from rma.policy.engine import replay
from rma.policy.live import policy_of
from rma.policy.types import Decision, from_json
from rma.rehearsal.selectors import (
    changed_return,
    changed_returns,
    earlier_results,
    is_stale,
    last_result,
    latest_rehearsal,
    policy_rehearsed,
    rehearsal_of,
)

ORDER = ("-requested_at", "-id")
# Changed returns named beside the figures; the whole list has a page of its own.
FEW = 4
_CSV_PAGE = 500
_COLUMNS = (
    "return", "requested_at", "items", "reason", "before", "after", "rule_before", "rule_after",
    "differs", "currency", "fee_before", "fee_after", "worth",
)  # fmt: skip


def _versions() -> dict[str, PolicyVersion]:
    rows = PolicyVersion.objects.filter(
        status__in=[PolicyVersion.Status.LIVE, PolicyVersion.Status.DRAFT]
    )
    return {row.status: row for row in rows}


def rehearsal_card(
    versions: Mapping[str, PolicyVersion], form: RehearsalForm | None = None
) -> dict[str, Any]:
    """Return what ``rehearsals/_card.html`` shows: the form, the newest run, the last result.

    While one runs the result before it stays to be seen.
    """
    latest = latest_rehearsal()
    ended = latest is None or latest.status == Rehearsal.Status.DONE
    return {**_form(form), **_state(latest, latest if ended else last_result(), versions)}


def _form(form: RehearsalForm | None = None) -> dict[str, Any]:
    return {"rehearsal_form": form or RehearsalForm(), "rehearsal_operation": new_token()}


def _own_state(found: Rehearsal) -> dict[str, Any]:
    """Return how far one rehearsal is, and its own result if it has one."""
    shown = found if found.status == Rehearsal.Status.DONE else None
    return _state(found, shown, _versions())


def _state(
    found: Rehearsal | None, shown: Rehearsal | None, versions: Mapping[str, PolicyVersion]
) -> dict[str, Any]:
    """Return the progress of ``found`` and the result ``shown``."""
    return {
        "run": found,
        "run_name": name_of(found) if found else "",
        "percent": found.done * 100 // found.total if found and found.total else 0,
        "result": result_of(shown, _labels(shown)) if shown else None,
        "stale": shown is not None and is_stale(shown, versions),
        "few": _few(shown) if shown else [],
    }


def _few(shown: Rehearsal) -> list[ChangedRow]:
    names = _names(shown)
    return [changed_row(row, names) for row in changed_returns(shown).order_by(*ORDER)[:FEW]]


def _names(found: Rehearsal) -> dict[str, str]:
    """Return the names of own rules: as the draft has them, else as the version before."""
    live = policy_of(found.live_version_id) if found.live_version_id else None
    try:
        return rule_names(policy_rehearsed(found.pk), live)
    except InvalidInput:
        return rule_names(live)


def _labels(rehearsal: Rehearsal) -> dict[str, str]:
    try:
        policy = policy_rehearsed(rehearsal.pk)
    except InvalidInput:
        return {}
    return {reason.key: reason.full_label() for reason in policy.reasons}


def _list(
    request: HttpRequest,
    *,
    form: RehearsalForm | None = None,
    error: DomainError | None = None,
    **_kwargs: object,
) -> HttpResponse:
    earlier = keyset(earlier_results(), request, order=("-created_at", "-id"))
    context = {
        **rehearsal_card(_versions(), form),
        "slice": earlier,
        "earlier": [(one, name_of(one)) for one in earlier.rows],
    }
    status = 422 if form else 200
    template = "backoffice/rehearsals/list.html"
    return page(request, template, "policies", context, error=error, status=status)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_list)
def rehearsals(request: HttpRequest) -> HttpResponse:
    """Show what was rehearsed so far, or start a rehearsal."""
    if request.method != "POST":
        return _list(request)
    form = RehearsalForm(request.POST)
    if not form.is_valid():
        return _list(request, form=form)
    once(request)
    started = start_rehearsal(form.cleaned_data["days"], actor_of(request))
    return HttpResponseRedirect(reverse("rehearsal", args=[started.pk]))


@staff_view(permission=Permission.POLICY_EDIT)
def rehearsal(request: HttpRequest, rehearsal_id: UUID) -> HttpResponse:
    """Show one rehearsal: how far it is, or its figures and the returns that would change."""
    found = rehearsal_of(rehearsal_id)
    wanted, names = changed_filter(request.GET), _names(found)
    rows = keyset(changed_returns(found, **wanted.limits), request, order=ORDER)
    state = _own_state(found)
    context = {
        **_form(),
        **state,
        "slice": rows,
        "changed": [changed_row(row, names) for row in rows.rows],
        "filter": wanted,
        "filter_moves": state["result"].moves if state["result"] else [],
        "filter_fields": FIELD_WORDS.items(),
        "is_whole_page": True,
    }
    return page(request, "backoffice/rehearsals/rehearsal.html", "policies", context)


@staff_view(permission=Permission.POLICY_EDIT)
def rehearsal_state(request: HttpRequest, rehearsal_id: UUID) -> HttpResponse:
    """Return the part of a page that changes while a rehearsal runs.

    With ``?card`` it is the card beside the policy: it goes on to a rehearsal that replaced this
    one, and the result before stays to be seen.
    """
    found = rehearsal_of(rehearsal_id)
    is_card = "card" in request.GET
    context = rehearsal_card(_versions()) if is_card else _own_state(found)
    context["is_whole_page"] = not is_card
    response = render(request, "backoffice/rehearsals/_state.html", context)
    if context["run"] is None or not context["run"].is_active:
        response["X-Poll"] = "stop"
    return response


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"])
def rehearsal_cancel(request: HttpRequest, rehearsal_id: UUID) -> HttpResponse:
    """Stop a rehearsal."""
    ended = cancel_rehearsal(rehearsal_id, actor=actor_of(request))
    if ended.status != Rehearsal.Status.CANCELLED:
        return HttpResponseRedirect(reverse("rehearsal", args=[ended.pk]))
    return done(request, _("The rehearsal is cancelled. Nothing was changed."), "policies")


@staff_view(permission=Permission.POLICY_EDIT)
def rehearsal_file(request: HttpRequest, rehearsal_id: UUID) -> HttpResponseBase:
    """Send the changed returns, all or what a filter leaves, as a CSV file."""
    found = rehearsal_of(rehearsal_id)
    rows = _csv_rows(request.merchant.pk, found, changed_filter(request.GET))
    return csv_response(f"rehearsal-v{found.number}-{found.days}-days.csv", _COLUMNS, rows)


def _csv_rows(
    merchant_id: UUID, found: Rehearsal, wanted: ChangedFilter
) -> Iterator[Sequence[Cell]]:
    """Yield the file's rows in the order in which they were made; drawn after the request."""
    after: UUID | None = None
    while True:
        with merchant_scope(merchant_id), transaction.atomic():
            rows = changed_returns(found, **wanted.limits).order_by("pk")
            chunk = list((rows.filter(pk__gt=after) if after else rows)[:_CSV_PAGE])
        for row in chunk:
            money = (row.fee_before_minor, row.fee_after_minor, row.worth_minor)
            yield (
                row.rma.number,
                row.requested_at,
                row.title,
                row.reason,
                row.verdict_before,
                row.verdict_after,
                row.rule_before,
                row.rule_after,
                " ".join(row.changed),
                row.currency,
                *(Money(minor, row.currency).decimal_text() for minor in money),
            )
        if len(chunk) < _CSV_PAGE:
            return
        after = chunk[-1].pk


@staff_view(permission=Permission.POLICY_EDIT)
def rehearsed_return(request: HttpRequest, rehearsal_id: UUID, row_id: UUID) -> HttpResponse:
    """Show both decisions on one return beside each other."""
    found = rehearsal_of(rehearsal_id)
    row = changed_return(found, row_id)
    lines = list(row.rma.lines.select_related("order_line").order_by("position"))
    before = from_json(Decision, row.rma.decision)
    policy = policy_rehearsed(found.pk)
    after, names = (
        replay(row.rma.facts, policy),
        rule_names(policy, policy_of(row.rma.policy_version_id)),
    )
    then = f"v{before.policy_version}"
    context = {
        "run": found,
        "run_name": name_of(found),
        "row": row,
        "sides": [
            side(_("Decided then, under %(version)s") % {"version": then}, before, lines),
            side(name_of(found), after, lines),
        ],
        "differences": differences(before, after, lines, names),
    }
    return page(request, "backoffice/rehearsals/return.html", "policies", context)
