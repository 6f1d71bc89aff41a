"""The money side of an exchange: what one side owes the other after the swap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Difference:
    """What remains to be settled; ``minor`` is never negative, ``owed_by`` says by whom."""

    minor: int
    owed_by: Literal["shopper", "merchant", "nobody"]


def exchange_difference(
    *, returned_minor: int, replacement_minor: int, shipping_minor: int = 0, fee_minor: int = 0
) -> Difference:
    """Return the difference of an exchange; all amounts gross, in the same currency.

    ``returned_minor`` is the value given back before fees. A dearer replacement is owed by the
    shopper in full: the difference is never floored at zero.
    """
    balance = replacement_minor + shipping_minor + fee_minor - returned_minor
    if balance > 0:
        return Difference(balance, "shopper")
    if balance < 0:
        return Difference(-balance, "merchant")
    return Difference(0, "nobody")
