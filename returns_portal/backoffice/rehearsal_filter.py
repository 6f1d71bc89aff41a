"""Which of the changed returns of a rehearsal to list; what makes no sense is ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from returns_portal.backoffice.rehearsal_words import FIELD_WORDS, VERDICTS
from rma.rehearsal.totals import flow

_MOVES = {
    flow(before, after): (before.value, after.value) for before, *_ in VERDICTS
    for after, *_ in VERDICTS if before != after
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangedFilter:
    """``move`` is the way from one verdict to another, ``what`` a part that differs; or empty."""

    move: str = ""
    what: str = ""

    @property
    def limits(self) -> dict[str, Any]:
        """The arguments for ``rma.rehearsal.selectors.changed_returns``."""
        return {"move": _MOVES.get(self.move), "what": self.what}

    @property
    def query(self) -> str:
        """The query string of it, with its question mark; empty where everything is listed."""
        chosen = {
            name: value for name, value in (("move", self.move), ("what", self.what)) if value
        }
        return f"?{urlencode(chosen)}" if chosen else ""


def changed_filter(query: QueryDict) -> ChangedFilter:
    """Read the filter of the list off a query string."""
    move, what = query.get("move", ""), query.get("what", "")
    return ChangedFilter(
        move=move if move in _MOVES else "", what=what if what in FIELD_WORDS else ""
    )
