"""What each line of a return brings of its quote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from returns_portal.core.money import allocate
from rma.quoting import Quote


class PricedLine(Protocol):
    """What a share is worked out by: a line asked for, or one of a return."""

    @property
    def order_line_id(self) -> UUID: ...

    @property
    def wanted(self) -> str: ...

    @property
    def quantity(self) -> int: ...


def line_shares(lines: Sequence[PricedLine], quote: Quote | None) -> list[int]:
    """Return each line's part of the quote; two reasons for one order line share it by units."""
    shares = [0] * len(lines)
    if quote is None:
        return shares
    together: dict[tuple[UUID, str], list[int]] = {}
    for index, line in enumerate(lines):
        together.setdefault((line.order_line_id, line.wanted), []).append(index)
    for (line_id, wanted), places in together.items():
        parts = allocate(
            quote.share_of(line_id, wanted), [lines[place].quantity for place in places]
        )
        for place, part in zip(places, parts, strict=True):
            shares[place] = part
    return shares
