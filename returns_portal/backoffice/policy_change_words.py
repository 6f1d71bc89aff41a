"""The difference between two versions of a policy in words: what each said, and what it says now.

Every difference is told. Where nobody wrote a sentence for a setting, it is named by its path, so a
part of the document that came later is never passed over in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from returns_portal.backoffice.policy_sayings import saying_of
from returns_portal.backoffice.policy_sides import Side
from rma.policy.changes import Change, How, changes
from rma.policy.schema import arranged

NOT_THERE = "Not there"


@dataclass(frozen=True, slots=True)
class Told:
    """One difference in words. ``about`` names the reason or rule, if it is about one."""

    about: str
    was: str
    now: str
    how: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    icon: str
    told: list[Told]


_SECTIONS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("Who can return, and until when", "calendar",
     frozenset({"window", "final_sale", "excluded"})),
    ("Reasons and what they allow", "tag", frozenset({"reasons"})),
    ("Own rules", "sliders", frozenset({"rules"})),
    ("When a person checks first", "eye", frozenset({"approval", "risk"})),
    ("The legal right of withdrawal", "shield", frozenset({"withdrawal"})),
    ("Fees and time", "card", frozenset(
        {"currency", "fee", "shipping_back", "refund_days", "send_within_days",
         "answer_within_days", "methods", "processing", "remind_before_days"})),
)  # fmt: skip
_OTHER = ("Everything else", "settings")


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Section]:
    """Return what ``after`` says otherwise than ``before``, by section; empty for the same."""
    old, new = Side(arranged(before)), Side(arranged(after))
    found = list(_whole_conditions(changes(old.document, new.document), old, new))
    sections = [
        Section(title, icon, [_told(one, old, new) for one in found if one.path[0] in parts])
        for title, icon, parts in _SECTIONS
    ]
    known = frozenset().union(*(parts for _, _, parts in _SECTIONS))
    others = [_told(one, old, new) for one in found if one.path[0] not in known]
    return [section for section in (*sections, Section(*_OTHER, others)) if section.told]


def _whole_conditions(found: list[Change], old: Side, new: Side) -> Iterator[Change]:
    """Tell a condition as a whole, once: its parts mean nothing alone."""
    seen: set[tuple[str, ...]] = set()
    for change in found:
        path = change.path[:3]
        if path[0] != "rules" or path[2:] != ("when",):
            yield change
        elif path not in seen:
            seen.add(path)
            yield Change(path, How.CHANGED, old.at(path), new.at(path))


def _told(change: Change, old: Side, new: Side) -> Told:
    side = old if change.how is How.REMOVED else new
    about = side.about(change.path) if len(change.path) > 1 else ""
    if change.how is How.MOVED:
        was, now = _order(change, old), _order(change, new)
    else:
        was = NOT_THERE if change.how is How.ADDED else _say(change.path, change.was, old)
        now = NOT_THERE if change.how is How.REMOVED else _say(change.path, change.now, new)
    if was == now:
        # A sentence that hides the difference would be worse than a bare value.
        was, now = _bare(change.path, change.was), _bare(change.path, change.now)
    return Told(about, was, now, change.how.value)


def _order(change: Change, side: Side) -> str:
    keys = side.keys_at(change.path)
    return "In this order: " + ", ".join(side.name_of((*change.path, key)) for key in keys)


def _say(path: tuple[str, ...], value: Any, side: Side) -> str:
    saying = saying_of(path)
    return _bare(path, value) if saying is None else saying(path, value, side)


def _bare(path: tuple[str, ...], value: Any) -> str:
    name = " › ".join(step.replace("_", " ") for step in path)
    return f"{name}: {json.dumps(value, ensure_ascii=False)}"
