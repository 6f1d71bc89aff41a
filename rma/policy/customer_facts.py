"""Facts about the shopper: what they did before, and who shares a phone or an address with them.

All of it within one merchant, by blind indexes. They are signals: a rule may add risk points or ask
a person, and whoever reads the decision sees what each of them said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rma.policy.fact import Basis, Fact, Kind, Needs, Scope, known, share_of

Read = Callable[[Any], Any]


def customer_facts() -> Iterator[Fact]:
    """Yield the facts about the shopper in the order the editor lists them."""
    yield Fact(
        "customer.groups", "Customer groups", Kind.WORDS, Scope.ORDER, Basis.PURCHASE,
        lambda s: known(s.order.customer_groups),
    )  # fmt: skip
    yield from _of("history", Needs.HISTORY, _HISTORY)
    yield from _of("conduct", Needs.CONDUCT, _CONDUCT)
    yield from _of("linked", Needs.LINKS, _LINKED)


def _of(part: str, needs: Needs, facts: tuple[tuple[str, str, Kind, Read], ...]) -> Iterator[Fact]:
    """Yield facts that are read from one part of the order's facts, where that was looked up."""

    def reading(read: Read) -> Read:
        def from_order(subject: Any) -> Any:
            found = getattr(subject.order, part)
            return None if found is None else read(found)

        return from_order

    for key, label, kind, read in facts:
        yield Fact(f"customer.{key}", label, kind, Scope.ORDER, Basis.REQUEST, reading(read), needs)


_HISTORY: tuple[tuple[str, str, Kind, Read], ...] = (
    ("is_allowed", "On the allow list", Kind.FLAG, lambda h: h.mark == "allow"),
    ("is_blocked", "On the block list", Kind.FLAG, lambda h: h.mark == "block"),
    ("orders", "Orders placed", Kind.NUMBER, lambda h: h.orders),
    ("is_new", "First order", Kind.FLAG, lambda h: h.orders <= 1),
    ("days_known", "Days since the first order", Kind.DAYS, lambda h: h.days_known),
    ("returns", "Returns before", Kind.NUMBER, lambda h: h.returns),
    ("returns_90", "Returns in the last 90 days", Kind.NUMBER, lambda h: h.returns_90),
    ("declined", "Returns declined before", Kind.NUMBER, lambda h: h.declined),
    ("not_accepted", "Units not accepted at inspection", Kind.NUMBER, lambda h: h.not_accepted),
    ("missing", "Units missing or wrong in parcels", Kind.NUMBER, lambda h: h.missing),
    ("units_bought", "Units bought ever", Kind.NUMBER, lambda h: h.units_bought),
    ("units_returned", "Units returned ever", Kind.NUMBER, lambda h: h.units_returned),
    ("unit_return_rate", "Share of units returned", Kind.SHARE,
     lambda h: share_of(h.units_returned, h.units_bought)),
)  # fmt: skip
_CONDUCT: tuple[tuple[str, str, Kind, Read], ...] = (
    ("returns_30", "Returns in the last 30 days", Kind.NUMBER, lambda c: c.returns_30),
    ("return_rate", "Return rate by units, from 5 bought on", Kind.SHARE, lambda c: c.return_bp),
    ("value_return_rate", "Return rate by value, from 5 bought on", Kind.SHARE,
     lambda c: c.value_return_bp),
    ("claims", "Faults reported before", Kind.NUMBER, lambda c: c.claims),
    ("claims_unproven", "Faults reported without a photo", Kind.NUMBER,
     lambda c: c.claims_unproven),
)  # fmt: skip
_LINKED: tuple[tuple[str, str, Kind, Read], ...] = (
    ("linked", "Other shoppers linked to them", Kind.NUMBER, lambda k: k.shoppers),
    ("linked_by", "What links them", Kind.WORDS, lambda k: frozenset(k.by)),
    ("linked_returns", "Returns of linked shoppers", Kind.NUMBER, lambda k: k.returns),
    ("linked_returns_90", "Returns of linked shoppers in the last 90 days", Kind.NUMBER,
     lambda k: k.returns_90),
    ("linked_blocked", "A linked shopper is on the block list", Kind.FLAG, lambda k: k.blocked),
)  # fmt: skip
