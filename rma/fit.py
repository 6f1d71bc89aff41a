"""Which size others kept after one did not fit: counted as replacements leave, read by product.

A page reads the counts of one product by their unique index, and never the returns behind them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from returns_portal.core import scope
from returns_portal.core.ids import new_id
from rma.models import Exchange, KeptSize

TOO_SMALL, TOO_LARGE = "too_small", "too_large"
REASONS = (TOO_SMALL, TOO_LARGE)
# Fewer exchanges than these say nothing about a size, and might say something about a person.
FEWEST = 5

_COUNT = """
INSERT INTO rma_keptsize (id, merchant_id, variant_id, reason, kept_id, exchanges)
VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (merchant_id, variant_id, reason, kept_id)
DO UPDATE SET exchanges = rma_keptsize.exchanges + 1
"""


@dataclass(frozen=True, slots=True)
class Fit:
    """Of ``asked`` who found ``size`` too small or too large, ``kept`` kept ``other``."""

    size: str
    other: str
    kept: int
    asked: int


def count_kept(exchange: Exchange) -> None:
    """Count a replacement that leaves now, if it is another size of what did not fit.

    ``exchange`` has its variant, and its line with the order line's variant. Called once for each.
    """
    line, own = exchange.return_line, exchange.return_line.order_line.variant
    if line.reason not in REASONS or own is None or own.pk == exchange.variant_id:
        return
    if own.product_id != exchange.variant.product_id:
        return
    with connection.cursor() as cursor:
        merchant_id = scope.current_merchant_id()
        cursor.execute(_COUNT, [new_id(), merchant_id, own.pk, line.reason, exchange.variant_id])


def kept_sizes(variant_ids: Iterable[UUID]) -> list[KeptSize]:
    """Return the counts of these variants. One statement."""
    return list(KeptSize.objects.filter(variant_id__in=list(variant_ids), reason__in=REASONS))


def best_fit(
    counts: Iterable[KeptSize], sizes: dict[UUID, str], size: str, reason: str
) -> Fit | None:
    """Return what most kept who found ``size`` wrong in this way; None below ``FEWEST``.

    ``sizes`` names the size of every variant of the product, whatever its colour.
    """
    kept: Counter[str] = Counter()
    for one in counts:
        other = sizes.get(one.kept_id, "")
        if one.reason == reason and sizes.get(one.variant_id) == size and other not in ("", size):
            kept[other] += one.exchanges
    asked = kept.total()
    if asked < FEWEST:
        return None
    # The first by name of those that equally many kept, so that a page says one thing.
    other, most = min(kept.items(), key=lambda pair: (-pair[1], pair[0]))
    return Fit(size, other, most, asked)
