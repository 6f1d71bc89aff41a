"""Which reason changed by more than chance would explain. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.metrics import ReasonShare

# The 1 % point of the chi-square distribution with one degree of freedom.
_CRITICAL = 6.635
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason whose share of the returned items rose; units now and in the period before."""

    reason: str
    now: int
    before: int

    @property
    def percent(self) -> int | None:
        return round((self.now - self.before) * 100 / self.before) if self.before else None


def strongest_rise(shares: Sequence[ReasonShare]) -> Finding | None:
    """Return the reason that rose most clearly, or None when all may be chance.

    A share must have risen, by a chi-square test at 1 %, on at least 20 units now. The test is made
    stricter by the number of reasons looked at, or one of many would always stand out.
    """
    now = sum(share.count for share in shares)
    before = sum(share.previous or 0 for share in shares)
    if not now or not before:
        return None
    best: tuple[float, Finding] | None = None
    for share in shares:
        was = share.previous or 0
        if share.count < _FEWEST or share.count * before <= was * now:
            continue
        score = chi_square(share.count, now - share.count, was, before - was)
        if score > _critical(len(shares)) and (best is None or score > best[0]):
            best = score, Finding(share.reason, share.count, was)
    return best[1] if best else None


def chi_square(a: int, b: int, c: int, d: int) -> float:
    """Return Pearson's chi-square of the table ``a b / c d``; zero for an empty row or column."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    return (a + b + c + d) * (a * d - b * c) ** 2 / margins if margins else 0.0


def _critical(tests: int) -> float:
    """Grow the bound with the number of tests: the quantile rises by about twice the logarithm."""
    return _CRITICAL + 2 * math.log(max(tests, 1))
