"""What must always hold about stock, as queries that name the rows which break it."""

from __future__ import annotations

from django.db import connection

from returns_portal.core import scope
from returns_portal.core.invariants import register

# The sum of movements in and out of each bucket, beside the stored level.
_LEVELS = """
WITH flows AS (
    SELECT variant_id, location_id, to_bucket AS bucket, quantity AS units
    FROM inventory_stockmovement WHERE merchant_id = %(merchant)s AND to_bucket IS NOT NULL
    UNION ALL
    SELECT variant_id, location_id, from_bucket, -quantity
    FROM inventory_stockmovement WHERE merchant_id = %(merchant)s AND from_bucket IS NOT NULL
), sums AS (
    SELECT variant_id, location_id, bucket, sum(units) AS units FROM flows GROUP BY 1, 2, 3
), levels AS (
    SELECT variant_id, location_id, bucket, quantity
    FROM inventory_stocklevel WHERE merchant_id = %(merchant)s
)
SELECT variant_id, location_id, bucket, coalesce(levels.quantity, 0), coalesce(sums.units, 0)
FROM levels FULL JOIN sums USING (variant_id, location_id, bucket)
WHERE coalesce(levels.quantity, 0) <> coalesce(sums.units, 0)
"""

# What stands in "reserved" is what reservations hold that are neither cancelled nor shipped.
_RESERVED = """
WITH held AS (
    SELECT r.variant_id, r.location_id, sum(r.quantity) AS units
    FROM inventory_reservation r
    WHERE r.merchant_id = %(merchant)s AND r.status <> 'cancelled' AND NOT EXISTS (
        SELECT 1 FROM inventory_stockmovement m
        WHERE m.merchant_id = r.merchant_id AND m.key = 'reservation:' || r.id || ':shipped'
    )
    GROUP BY 1, 2
), levels AS (
    SELECT variant_id, location_id, quantity
    FROM inventory_stocklevel WHERE merchant_id = %(merchant)s AND bucket = 'reserved'
)
SELECT variant_id, location_id, coalesce(levels.quantity, 0), coalesce(held.units, 0)
FROM levels FULL JOIN held USING (variant_id, location_id)
WHERE coalesce(levels.quantity, 0) <> coalesce(held.units, 0)
"""


def problems() -> list[str]:
    """Return one line per broken invariant of the merchant in scope; none means all is well."""
    merchant = {"merchant": scope.current_merchant_id()}
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, merchant)
        found += [
            f"stock level of variant {variant} at {location} in {bucket} is {level}, "
            f"its movements sum to {units}"
            for variant, location, bucket, level, units in cursor.fetchall()
        ]
        cursor.execute(_RESERVED, merchant)
        found += [
            f"variant {variant} at {location} has {level} units in reserved, "
            f"reservations hold {units}"
            for variant, location, level, units in cursor.fetchall()
        ]
    return found


register("inventory", problems)
