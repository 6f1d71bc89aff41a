"""What is given on top of store credit, for taking credit instead of money."""

from __future__ import annotations

from collections.abc import Iterable

from refunds.calculation.model import BonusRule, PriorRefund
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import share

_WHOLE_BP = 10_000


def bonus_on(rule: BonusRule, credited_minor: int) -> int:
    """Return what ``rule`` gives on ``credited_minor`` of one order altogether."""
    if min(rule.share_bp, rule.fixed_minor, rule.most_minor or 0) < 0:
        raise InvalidInput("The bonus must not be negative.", code="bad_bonus")
    if credited_minor <= 0:
        return 0
    whole = rule.fixed_minor + share(credited_minor, rule.share_bp, _WHOLE_BP)
    return whole if rule.most_minor is None else min(whole, rule.most_minor)


def bonus_now(rule: BonusRule, priors: Iterable[PriorRefund], credited_minor: int) -> int:
    """Return the bonus on ``credited_minor`` more: what all of it earns, less what was given.

    So returns in parts never earn more or less than one return of the same goods, to the cent, and
    the fixed sum and the bound count once per order.
    """
    counted = [prior for prior in priors if prior.counts]
    before = sum(prior.credited_minor for prior in counted)
    given = sum(prior.bonus_minor for prior in counted)
    return max(0, bonus_on(rule, before + credited_minor) - given) if credited_minor > 0 else 0
