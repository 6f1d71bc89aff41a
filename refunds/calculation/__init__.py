"""The refund calculation: pure functions and frozen values, no Django, no database.

:func:`quote` prices a return; :func:`as_prior` turns its answer into history for the next one.
"""

from __future__ import annotations

from refunds.calculation.breakdown import Breakdown, ChargeRefund, FeeCharged, LineRefund, Row
from refunds.calculation.exchange import Difference, exchange_difference
from refunds.calculation.model import (
    BonusRule,
    ChargeRequest,
    ChargeSnapshot,
    Deduction,
    FeeRule,
    LineSnapshot,
    OrderSnapshot,
    Parts,
    PriorPart,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    TaxAmount,
)
from refunds.calculation.quote import quote
from refunds.calculation.remaining import position

__all__ = [
    "BonusRule",
    "Breakdown",
    "ChargeRefund",
    "ChargeRequest",
    "ChargeSnapshot",
    "Deduction",
    "Difference",
    "FeeCharged",
    "FeeRule",
    "LineRefund",
    "LineSnapshot",
    "OrderSnapshot",
    "Parts",
    "PriorPart",
    "PriorRefund",
    "RefundPolicy",
    "ReturnLine",
    "ReturnRequest",
    "Row",
    "TaxAmount",
    "as_prior",
    "exchange_difference",
    "max_refundable",
    "quote",
]


def as_prior(breakdown: Breakdown, status: str = "settled") -> PriorRefund:
    """Return ``breakdown`` as the earlier refund it becomes once paid or on its way."""
    lines = [
        PriorPart(line.line_id, line.quantity, line.value, unit=line.unit)
        for line in breakdown.lines
    ]
    charges = [PriorPart(charge.charge_id, 0, charge.value) for charge in breakdown.charges]
    return PriorRefund(
        (*lines, *charges),
        kept_minor=breakdown.kept_minor,
        status=status,
        credited_minor=breakdown.credited_minor,
        bonus_minor=breakdown.bonus_minor,
    )


def max_refundable(order: OrderSnapshot, priors: tuple[PriorRefund, ...] = ()) -> int:
    """Return the most that can still be refunded on ``order``, in minor units."""
    return position(order, priors).max_refundable_minor
