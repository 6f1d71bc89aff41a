"""Turn amounts into Stripe's units and back.

Stripe counts some currencies with another number of places than ISO 4217: a few that have lost
their cents are still sent with two, and MGA, which has a fifth, is sent whole. Three-decimal
amounts must end in 0.
"""

from __future__ import annotations

from returns_portal.core.money import Money, exponent
from returns_portal.integrations.outcomes import Declined

_PLACES = {"ISK": 2, "UGX": 2, "MGA": 0}
_LAST_DIGIT_ZERO = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount: Money) -> int:
    """Return the amount as Stripe's integer. Raises Declined for what Stripe cannot express."""
    up, down = _factors(amount.currency)
    units, rest = divmod(amount.minor * up, down)
    if rest or units <= 0 or (amount.currency in _LAST_DIGIT_ZERO and units % 10):
        raise Declined(
            "amount_not_possible",
            f"Stripe cannot refund {amount}. Round the amount and try again.",
            field="amount",
        )
    return units


def from_stripe(units: int, currency: str) -> Money:
    """Return Stripe's integer as money. Raises InvalidInput for an unknown currency."""
    up, down = _factors(currency)
    return Money(units * down // up, currency)


def _factors(currency: str) -> tuple[int, int]:
    """Return what to multiply and then divide our minor units by; one of them is 1."""
    ours = exponent(currency)
    theirs = _PLACES.get(currency, ours)
    return int(10 ** max(theirs - ours, 0)), int(10 ** max(ours - theirs, 0))
