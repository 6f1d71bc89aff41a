"""What a rehearsal adds up to, as plain JSON: parts count for themselves and are merged.

Counts and amounts add, groups merge by name, lists of examples are cut short; so the order in
which workers finish makes no difference to any figure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rma.policy.types import Verdict
from rma.rehearsal.comparing import Rehearsed

Totals = dict[str, Any]

EXAMPLES = 20
GROUPS_KEPT = 50
GROUPS = ("products", "countries", "customer_groups", "reasons")


def flow(before: str, after: str) -> str:
    """Return the name under which returns going from one verdict to another are counted."""
    return f"{before}>{after}"


def empty() -> Totals:
    return {
        "returns": 0,
        "changed": 0,
        "unreadable": 0,
        "unreadable_numbers": [],
        "engine_errors": 0,
        "versions": {},
        "flows": {},
        "labels": {"before": 0, "after": 0},
        "money": {},
        **{name: {} for name in GROUPS},
    }


def count(returns: Iterable[Rehearsed], unreadable: Iterable[str] = ()) -> Totals:
    """Add up one part; ``unreadable`` are the numbers of returns that could not be read."""
    totals = empty()
    for one in returns:
        _count_one(totals, one)
    numbers = list(unreadable)
    totals["returns"] += len(numbers)
    totals["unreadable"] = len(numbers)
    totals["unreadable_numbers"] = sorted(numbers)[:EXAMPLES]
    return totals


def _count_one(totals: Totals, one: Rehearsed) -> None:
    totals["returns"] += 1
    totals["changed"] += bool(one.changed)
    totals["engine_errors"] += one.has_engine_error
    _raise(totals["versions"], str(one.version_before), 1)
    way = flow(one.before.verdict, one.after.verdict)
    _raise(totals["flows"], way, 1)
    if one.method == "label":
        totals["labels"]["before"] += one.before.verdict is Verdict.ALLOW
        totals["labels"]["after"] += one.after.verdict is Verdict.ALLOW
    money = totals["money"].setdefault(one.currency, _no_money())
    for side, outcome in (("before", one.before), ("after", one.after)):
        money[f"fees_{side}"] += outcome.charged_minor
        if outcome.verdict is Verdict.ALLOW:
            money[f"approved_{side}"] += one.worth_minor
    if one.direction:
        _raise(money["moved"], way, one.worth_minor)
        _count_groups(totals, one)


def _no_money() -> Totals:
    amounts = ("fees_before", "fees_after", "approved_before", "approved_after")
    return {**dict.fromkeys(amounts, 0), "moved": {}}


def _count_groups(totals: Totals, one: Rehearsed) -> None:
    side = "better" if one.direction > 0 else "worse"
    members = {
        "products": one.titles,
        "countries": (one.country,),
        "customer_groups": one.customer_groups,
        "reasons": one.reasons,
    }
    for name in GROUPS:
        for member in members[name]:
            _raise(totals[name].setdefault(member, {"better": 0, "worse": 0}), side, 1)


def _raise(counts: Totals, name: str, by: int) -> None:
    counts[name] = counts.get(name, 0) + by


def merge(first: Totals, second: Totals) -> Totals:
    """Return both together; neither is changed."""
    merged = dict(first)
    for name, value in second.items():
        known = merged.get(name)
        if known is None:
            merged[name] = value
        elif isinstance(value, dict):
            merged[name] = merge(known, value)
        elif isinstance(value, list):
            merged[name] = sorted([*known, *value])[:EXAMPLES]
        else:
            merged[name] = known + value
    return merged


def together(parts: Iterable[Totals]) -> Totals:
    """Merge all parts, with no more groups than anybody reads: those with the most changes."""
    totals = empty()
    for part in parts:
        totals = merge(totals, part)
    for name in GROUPS:
        kept = sorted(totals[name].items(), key=lambda group: (-sum(group[1].values()), group[0]))
        totals[f"{name}_left_out"] = max(len(kept) - GROUPS_KEPT, 0)
        totals[name] = dict(kept[:GROUPS_KEPT])
    return totals
