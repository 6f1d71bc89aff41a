"""A rehearsal in words and rows: what would change, for whom, and what to look out for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from returns_portal.backoffice.flow_figure import flow_figure
from returns_portal.backoffice.rule_names import named
from returns_portal.core.money import Money, format_money
from rma.models import Rehearsal, RehearsedReturn
from rma.policy.types import Verdict
from rma.rehearsal.totals import flow

MINUS = "\N{MINUS SIGN}"
# In the order of the drawing: verdict, word, tone of the badge, letter of the band.
VERDICTS = (
    (Verdict.ALLOW, gettext_lazy("Approved"), "success", "g"),
    (Verdict.REVIEW, gettext_lazy("Review"), "warning", "a"),
    (Verdict.REFUSE, gettext_lazy("Declined"), "danger", "r"),
)
VERDICT_WORDS = {verdict.value: (word, tone) for verdict, word, tone, _letter in VERDICTS}
FIELD_WORDS = {
    "verdict": gettext_lazy("Decision"),
    "line_verdict": gettext_lazy("Items"),
    "rule": gettext_lazy("Rule"),
    "fee": gettext_lazy("Fee"),
    "resolutions": gettext_lazy("Outcomes"),
    "photo": gettext_lazy("Photo"),
}
GROUP_WORDS = {
    "products": gettext_lazy("Products"),
    "countries": gettext_lazy("Countries"),
    "customer_groups": gettext_lazy("Customer groups"),
    "reasons": gettext_lazy("Reasons"),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """One measure of live against draft. ``tone`` of the change is success, danger or neutral."""

    label: str
    before: str
    after: str
    change: str
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Warned:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """How many returns fare better or worse, by product, country, customer group or reason."""

    title: str
    rows: list[tuple[str, int, int]]
    left_out: int


@dataclass(frozen=True, slots=True)
class Result:
    """A finished rehearsal as the pages show it."""

    rehearsal: Rehearsal
    name: str
    changed: str
    same: str
    sentence: str
    figure: SafeString
    caption: str
    effects: list[Effect]
    moves: list[tuple[str, str, str, str, str]]
    warnings: list[Warned]
    groups: list[Group]
    note: str
    seconds: int

    @property
    def is_empty(self) -> bool:
        return not self.rehearsal.totals["returns"]


def name_of(rehearsal: Rehearsal) -> str:
    """Return what was rehearsed: ``Draft v15``, or ``v14`` for the live version itself."""
    if rehearsal.is_draft:
        return _("Draft v%(number)s") % {"number": rehearsal.number}
    return f"v{rehearsal.number}"


def result_of(rehearsal: Rehearsal, reasons: dict[str, str]) -> Result:
    """Put a finished rehearsal into words; ``reasons`` are the policy's labels by key."""
    totals = rehearsal.totals
    flows = _flows(totals)
    counted = sum(flows.values())
    finished = rehearsal.finished_at or rehearsal.created_at
    return Result(
        rehearsal=rehearsal,
        name=name_of(rehearsal),
        changed=f"{totals['changed']:,}",
        same=_same(counted, totals["changed"]),
        sentence=_sentence(totals["changed"], counted),
        figure=flow_figure(flows, [(v.value, str(w), letter) for v, w, _tone, letter in VERDICTS]),
        caption=_caption(flows),
        effects=[*_counts(flows, totals), *_amounts(totals)],
        moves=_moves(flows, totals),
        warnings=_warnings(totals),
        groups=_groups(totals, reasons),
        note=_note(rehearsal),
        seconds=max(round((finished - rehearsal.created_at).total_seconds()), 1),
    )


def _flows(totals: dict[str, Any]) -> dict[tuple[str, str], int]:
    keys = [verdict.value for verdict, *_rest in VERDICTS]
    return {
        (before, after): totals["flows"].get(flow(before, after), 0)
        for before in keys
        for after in keys
    }


def _same(counted: int, changed: int) -> str:
    same = counted - changed
    # Rounded down, so that nothing reads as "all" that is not.
    share = same * 100 // counted if counted else 100
    return _("%(same)s stay the same (%(share)s%%)") % {"same": f"{same:,}", "share": share}


def _sentence(changed: int, counted: int) -> str:
    return ngettext(
        "%(changed)s of %(counted)s decision would change.",
        "%(changed)s of %(counted)s decisions would change.",
        counted,
    ) % {"changed": f"{changed:,}", "counted": f"{counted:,}"}


def _sides(flows: dict[tuple[str, str], int], verdict: str) -> tuple[int, int]:
    before = sum(count for (was, _after), count in flows.items() if was == verdict)
    after = sum(count for (_before, will), count in flows.items() if will == verdict)
    return before, after


def _caption(flows: dict[tuple[str, str], int]) -> str:
    sides = [_sides(flows, verdict.value) for verdict, *_rest in VERDICTS]
    names = ("approved", "review", "declined")
    live = {name: f"{before:,}" for name, (before, _after) in zip(names, sides, strict=True)}
    draft = {name: f"{after:,}" for name, (_before, after) in zip(names, sides, strict=True)}
    return " ".join(
        (
            _("Live: %(approved)s approved, %(review)s to review, %(declined)s declined.") % live,
            _("Draft: %(approved)s approved, %(review)s to review, %(declined)s declined.") % draft,
        )
    )


def _counts(flows: dict[tuple[str, str], int], totals: dict[str, Any]) -> list[Effect]:
    labels = totals["labels"]
    return [
        _count(_("Approved at once"), *_sides(flows, Verdict.ALLOW), more_is="success"),
        _count(_("Sent to review"), *_sides(flows, Verdict.REVIEW), more_is="danger"),
        _count(_("Declined"), *_sides(flows, Verdict.REFUSE), more_is="neutral"),
        _count(_("Labels at once"), labels["before"], labels["after"], more_is="neutral"),
    ]


_OPPOSITE = {"success": "danger", "danger": "success", "neutral": "neutral"}


def _count(label: str, before: int, after: int, *, more_is: str) -> Effect:
    step = after - before
    tone = more_is if step > 0 else _OPPOSITE[more_is] if step < 0 else "neutral"
    return Effect(label, f"{before:,}", f"{after:,}", _signed(f"{abs(step):,}", step), tone)


def _signed(text: str, step: int) -> str:
    return f"+{text}" if step > 0 else f"{MINUS}{text}" if step < 0 else "0"


def _amounts(totals: dict[str, Any]) -> list[Effect]:
    """Return approved value and fees, once for each currency in which there are any."""
    rows = []
    for currency, money in sorted(totals["money"].items()):
        kinds = ((_("Refunds"), "approved", "danger"), (_("Return fees"), "fees", "neutral"))
        sides = [(money[f"{kind}_before"], money[f"{kind}_after"]) for _label, kind, _tone in kinds]
        if not any(map(any, sides)):
            continue
        for (label, _kind, more_is), (before, after) in zip(kinds, sides, strict=True):
            rows.append(_amount(label, before, after, currency, more_is))
    return rows


def _amount(label: str, before: int, after: int, currency: str, more_is: str) -> Effect:
    step = after - before
    tone = more_is if step > 0 else _OPPOSITE[more_is] if step < 0 else "neutral"
    changed = _signed(format_money(Money(abs(step), currency)), step)
    was, will = (format_money(Money(minor, currency)) for minor in (before, after))
    return Effect(label, was, will, changed, tone)


def _moves(
    flows: dict[tuple[str, str], int], totals: dict[str, Any]
) -> list[tuple[str, str, str, str, str]]:
    """Return the ways that returns take: key, from, to, how many, what they were worth."""
    rows = []
    for (before, after), count in flows.items():
        if before != after and count:
            worth = [
                format_money(Money(money["moved"][flow(before, after)], currency))
                for currency, money in sorted(totals["money"].items())
                if flow(before, after) in money["moved"]
            ]
            was, will = (str(VERDICT_WORDS[verdict][0]) for verdict in (before, after))
            rows.append((flow(before, after), was, will, f"{count:,}", " + ".join(worth)))
    return rows


def _warnings(totals: dict[str, Any]) -> list[Warned]:
    found = []
    later = totals["not_accepted_later"]
    if later["count"]:
        title = ngettext(
            "%(count)s return would be approved at once",
            "%(count)s returns would be approved at once",
            later["count"],
        ) % {"count": f"{later['count']:,}"}
        worth = " + ".join(
            format_money(Money(minor, currency))
            for currency, minor in sorted(later["worth_minor"].items())
        )
        text = _("though inspection did not accept what came back, worth %(worth)s.")
        found.append(Warned(title, text % {"worth": worth}))
    if totals["engine_errors"]:
        title = ngettext(
            "In %(count)s return a rule could not be worked out.",
            "In %(count)s returns a rule could not be worked out.",
            totals["engine_errors"],
        ) % {"count": f"{totals['engine_errors']:,}"}
        found.append(Warned(title, _("They would go to a person.")))
    if totals["unreadable"]:
        found.append(_unreadable(totals))
    return found


def _unreadable(totals: dict[str, Any]) -> Warned:
    count, numbers = totals["unreadable"], totals["unreadable_numbers"]
    title = ngettext(
        "%(count)s return is not in these figures.",
        "%(count)s returns are not in these figures.",
        count,
    ) % {"count": f"{count:,}"}
    listed = ", ".join(numbers)
    if count > len(numbers):
        more = {"numbers": listed, "count": f"{count - len(numbers):,}"}
        listed = _("%(numbers)s and %(count)s more") % more
    text = _("Facts that this policy asks for were not kept with them: %(numbers)s.")
    return Warned(title, text % {"numbers": listed})


def _groups(totals: dict[str, Any], reasons: dict[str, str]) -> list[Group]:
    return [
        Group(
            str(title),
            [
                (reasons.get(key, key) if name == "reasons" else key or _("Not known"), *sides)
                for key, sides in (
                    (key, (found["better"], found["worse"])) for key, found in totals[name].items()
                )
            ],
            totals[f"{name}_left_out"],
        )
        for name, title in GROUP_WORDS.items()
        # Rehearsals of earlier days did not count by every group.
        if totals.get(name)
    ]


def _note(rehearsal: Rehearsal) -> str:
    """Say what "live" means where some were decided under other versions."""
    versions = rehearsal.totals["versions"]
    live = str(rehearsal.live_version.number) if rehearsal.live_version else ""
    other = sum(count for version, count in versions.items() if version != live)
    base = _("“Live” is what was decided at the time.")
    if not other:
        return base
    under = ngettext(
        "%(count)s return was decided under another version than %(live)s.",
        "%(count)s returns were decided under other versions than %(live)s.",
        other,
    ) % {"count": f"{other:,}", "live": f"v{live}"}
    return f"{base} {under}"


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A changed return as the lists show it: words and tones of both verdicts."""

    row: RehearsedReturn
    before: tuple[str, str]
    after: tuple[str, str]
    rule: str
    fee: Money | None
    worth: Money
    what: str


def changed_row(row: RehearsedReturn, names: Mapping[str, str]) -> ChangedRow:
    """Return what the lists show of ``row``; ``names`` are those of own rules by key."""
    fee = row.fee_after_minor - row.fee_before_minor
    return ChangedRow(
        row=row,
        before=_verdict(row.verdict_before),
        after=_verdict(row.verdict_after),
        rule=named(row.rule_after or row.rule_before, names),
        fee=Money(fee, row.currency) if fee else None,
        worth=Money(row.worth_minor, row.currency),
        what=", ".join(str(FIELD_WORDS[name]) for name in row.changed if name in FIELD_WORDS),
    )


def _verdict(key: str) -> tuple[str, str]:
    word, tone = VERDICT_WORDS[key]
    return str(word), tone
