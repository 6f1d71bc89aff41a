"""The windows kept for the lines of one order, as the engine's facts read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from returns_portal.commerce.models import OrderLine
from rma.models import PromisedWindow
from rma.policy.types import from_json
from rma.policy.windows import Promised


@dataclass(frozen=True, slots=True)
class LineWindows:
    """What was promised for each line of an order, by the line's id."""

    promised: Mapping[UUID, Promised] = field(default_factory=dict)


NOTHING_KEPT = LineWindows()


def windows_read(lines: Sequence[Any]) -> LineWindows:
    """Return the windows of lines that were read with ``promised_terms`` beside them; no query."""
    told = {line.pk: line.promised_terms for line in lines if line.promised_terms is not None}
    return LineWindows({pk: _promised(terms) for pk, terms in told.items()})


def windows_of(lines: Sequence[OrderLine]) -> LineWindows:
    """Return the windows of ``lines``. One statement."""
    rows = PromisedWindow.objects.filter(order_line__in=[line.pk for line in lines])
    kept = rows.values_list("order_line_id", "terms")
    return LineWindows({line_id: _promised(terms) for line_id, terms in kept})


def _promised(terms: Any) -> Promised:
    # A raw statement gives JSON as its text.
    return from_json(Promised, json.loads(terms) if isinstance(terms, str) else terms)
