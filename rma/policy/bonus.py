"""What a policy gives on top of store credit: a share of it and a sum, with a bound."""

from __future__ import annotations

from dataclasses import dataclass

from refunds.calculation import BonusRule
from rma.policy.reader import DocumentReader


@dataclass(frozen=True, slots=True)
class CreditBonus:
    """A share in basis points and a sum, together at most ``most_minor``, once per order.

    It is for credit that a shopper chooses instead of money, so never for a withdrawal by law.
    """

    share_bp: int = 0
    amount_minor: int = 0
    most_minor: int | None = None

    def rule(self) -> BonusRule | None:
        """Return the bonus as the calculation takes it; None where nothing is given."""
        if not (self.share_bp or self.amount_minor):
            return None
        return BonusRule(self.share_bp, self.amount_minor, self.most_minor)


NO_BONUS = CreditBonus()


def read_bonus(reader: DocumentReader) -> CreditBonus:
    """Read the section ``credit_bonus``; without one nothing is given."""
    path = "credit_bonus"
    if reader.at(path) is None:
        return NO_BONUS
    reader.keys(path, {"share_bp", "amount_minor"}, {"most_minor"})
    most = reader.at(f"{path}.most_minor")
    return CreditBonus(
        share_bp=reader.whole(
            f"{path}.share_bp", 0, 10_000, "a percentage as basis points (2500 is 25 %)"
        ),
        amount_minor=reader.minor(f"{path}.amount_minor"),
        most_minor=None if most is None else reader.minor(f"{path}.most_minor"),
    )
