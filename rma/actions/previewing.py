"""What settling a return now would pay: the calculation that preview and commit share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from returns_portal.commerce.models import Order
from returns_portal.core.money import Money
from rma.actions.opening import claimed_units
from rma.actions.overpaid import charged_already
from rma.goods import LineGoods
from rma.models import Return
from rma.policy.live import terms_of_return
from rma.quoting import NOTHING, Quote, QuoteLine, Settled, quote_return
from rma.selectors import label_cost_of
from rma.states import SENT, ResolutionKind

Kind = ResolutionKind


@dataclass(frozen=True, slots=True)
class Preview:
    """What settling the return now would pay, and what stands in the way of doing so.

    ``quote`` is None when nothing was accepted. ``missing`` counts units that did not come.
    ``units`` are what is settled now, by return line, of the outcomes in ``kinds``; what was
    settled before is not in it.
    """

    currency: str
    goods: tuple[LineGoods, ...]
    quote: Quote | None
    blocker: str
    units: Mapping[UUID, int]
    kinds: frozenset[str]

    @property
    def refund(self) -> Money:
        due = self.quote is not None and Kind.REFUND in self.kinds
        return self.quote.refund if self.quote and due else Money.zero(self.currency)

    @property
    def store_credit(self) -> Money:
        due = self.quote is not None and Kind.STORE_CREDIT in self.kinds
        return self.quote.store_credit if self.quote and due else Money.zero(self.currency)

    @property
    def bonus(self) -> Money:
        due = self.quote is not None and Kind.STORE_CREDIT in self.kinds
        return self.quote.bonus if self.quote and due else Money.zero(self.currency)

    @property
    def fee(self) -> Money:
        return self.quote.fee if self.quote else Money.zero(self.currency)

    @property
    def exchanged(self) -> int:
        return sum(self.units_of(kind) for kind in SENT)

    def units_of(self, kind: str) -> int:
        """Return how many units are settled now with an outcome of ``kind``."""
        return sum(self.units[one.line.pk] for one in self.goods if one.line.wanted == kind)

    @property
    def accepted(self) -> int:
        return sum(one.accepted for one in self.goods)

    @property
    def rejected(self) -> int:
        return sum(one.rejected for one in self.goods)

    @property
    def missing(self) -> int:
        return sum(one.missing for one in self.goods)

    @property
    def needs_person(self) -> bool:
        """Everything asked for came and was accepted: only then it is settled by itself."""
        return bool(self.rejected or self.missing)


@dataclass(frozen=True, slots=True)
class More:
    """Units of a settled return that are owed after all, by line, and those paid by line id."""

    due: Mapping[UUID, int]
    paid: Mapping[str, int]


def preview_of(
    rma: Return,
    goods: Sequence[LineGoods],
    order: Order,
    *,
    ahead: frozenset[str] | None = None,
    more: More | None = None,
) -> Preview:
    """Return what is due now by what was accepted; of the kinds ``ahead``, by what was approved.

    With ``more``, exactly these units by return line are due, beside those it says are paid.
    """
    policy, restocking = terms_of_return(rma)
    units, before = _units(goods, is_ahead=ahead is not None)
    if more is not None:
        units = {one.line.pk: more.due.get(one.line.pk, 0) for one in goods}
        before = {one.line.pk: more.paid.get(str(one.line.pk), 0) for one in goods}

    def line(one: LineGoods, quantity: int) -> QuoteLine:
        return QuoteLine(
            order_line_id=one.line.order_line_id,
            quantity=quantity,
            reason=one.line.reason,
            wanted=one.line.wanted,
            restocking_bp=restocking.get((str(one.line.order_line_id), one.line.reason)),
            replacement_minor=one.line.replacement_minor(quantity),
        )

    due = [line(one, units[one.line.pk]) for one in goods if units[one.line.pk]]
    settled = [line(one, before[one.line.pk]) for one in goods if before[one.line.pk]]
    quote = None
    if due:
        quote = quote_return(
            order,
            due,
            policy,
            method=rma.method,
            label_cost=label_cost_of(rma.pk) if policy.fee.label_cost else None,
            own_units=None if settled else claimed_units(one.line for one in goods),
            settled=Settled(tuple(settled), charged_already(rma)) if settled else NOTHING,
        )
    blocker = _blocker(rma, goods) if ahead is None else ""
    kinds = frozenset(Kind) if ahead is None else ahead
    return Preview(rma.currency, tuple(goods), quote, blocker, units, kinds)


def _units(
    goods: Sequence[LineGoods], *, is_ahead: bool
) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Return the units due and those settled before, by return line."""
    due = {one.line.pk: one.line.quantity if is_ahead else one.accepted for one in goods}
    settled = {one.line.pk: one.line.quantity if one.is_settled else 0 for one in goods}
    return {key: 0 if settled[key] else units for key, units in due.items()}, settled


def _blocker(rma: Return, goods: Sequence[LineGoods]) -> str:
    pending = sum(one.pending for one in goods)
    if pending:
        return f"{pending} units wait at the bench. Inspect them first."
    # Of what was paid ahead, it is enough to know that nothing more comes.
    sent = [one for one in goods if not one.is_kept]
    came = not sent or any(one.accepted or one.rejected for one in sent)
    if not came and not (rma.part_settled and not any(one.awaited for one in goods)):
        return "Nothing has been received yet. Receive the parcel first."
    return ""
