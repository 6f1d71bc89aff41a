"""What must always hold about returns, as queries that name the rows which break it."""

from __future__ import annotations

from django.db import connection

from returns_portal.core import scope
from returns_portal.core.invariants import register

_CHECKS = {
    # I10: what an order line counts as claimed is what its returns hold.
    "order line {} counts {} units as claimed, its returns hold {}": """
        SELECT line.id, line.claimed_quantity, coalesce(held.units, 0)
        FROM commerce_orderline line LEFT JOIN (
            SELECT order_line_id, sum(quantity - released_quantity) AS units
            FROM rma_returnline WHERE merchant_id = %(merchant)s GROUP BY 1
        ) held ON held.order_line_id = line.id
        WHERE line.merchant_id = %(merchant)s
        AND line.claimed_quantity <> coalesce(held.units, 0)
    """,
    # I11: no unit is received twice.
    "return line {} asks for {} units, {} were received": """
        SELECT line.id, line.quantity, sum(got.quantity)
        FROM rma_returnline line JOIN rma_receiptline got ON got.return_line_id = line.id
        WHERE line.merchant_id = %(merchant)s AND got.merchant_id = %(merchant)s
        AND got.status IN ('received', 'wrong_item')
        GROUP BY line.id, line.quantity HAVING sum(got.quantity) > line.quantity
    """,
    # I12: every unit that lies on the table is inspected, or waits to be, once.
    "receipt line {} holds {} units, {} are up for inspection": """
        SELECT got.id, got.quantity, count(unit.id)
        FROM rma_receiptline got LEFT JOIN rma_inspection unit
            ON unit.receipt_line_id = got.id AND unit.merchant_id = got.merchant_id
        WHERE got.merchant_id = %(merchant)s AND got.status <> 'short'
        GROUP BY got.id, got.quantity HAVING count(unit.id) <> got.quantity
    """,
    # I13: goods stand on hold exactly while they wait at the bench.
    "variant {} has {} units on hold, {} wait for inspection": """
        SELECT variant_id, coalesce(held.units, 0), coalesce(waiting.units, 0)
        FROM (
            SELECT variant_id, sum(quantity) AS units FROM inventory_stocklevel
            WHERE merchant_id = %(merchant)s AND bucket = 'on_hold' GROUP BY 1
        ) held FULL JOIN (
            SELECT variant_id, count(*) AS units FROM rma_inspection
            WHERE merchant_id = %(merchant)s AND status <> 'disposed' AND variant_id IS NOT NULL
            GROUP BY 1
        ) waiting USING (variant_id)
        WHERE coalesce(held.units, 0) <> coalesce(waiting.units, 0)
    """,
    # I14: at most one living parcel, and every sold label of the built-in carrier is in our books.
    "return {} has {} living parcels": """
        SELECT rma_id, count(*) FROM rma_shipment
        WHERE merchant_id = %(merchant)s AND status NOT IN ('void', 'failed')
        GROUP BY 1 HAVING count(*) > 1
    """,
    "the built-in carrier sold {} for {}, which no parcel knows": """
        SELECT sold.tracking_code, sold.reference FROM rma_builtinparcel sold
        WHERE sold.merchant_id = %(merchant)s AND NOT EXISTS (
            SELECT 1 FROM rma_shipment own
            WHERE own.merchant_id = sold.merchant_id AND own.tracking_code = sold.tracking_code
        ) AND NOT EXISTS (
            SELECT 1 FROM integrations_providercall pending
            WHERE pending.merchant_id = sold.merchant_id AND pending.kind = 'shipping.buy_label'
            AND pending.key = sold.operation_id
            AND pending.status IN ('planned', 'sending', 'unknown')
        )
    """,
    "return {} has {} parcels of the built-in carrier for one label": """
        SELECT own.rma_id, count(*) FROM rma_shipment own
        JOIN rma_builtinparcel sold
            ON sold.merchant_id = own.merchant_id
            AND starts_with(sold.operation_id, 'label:' || own.id)
        WHERE own.merchant_id = %(merchant)s GROUP BY own.id, own.rma_id HAVING count(*) > 1
    """,
    # I15: a replacement is released at most once per line, and shipped only after that.
    "exchange {} is {}, its reservation is {}": """
        SELECT swap.id, swap.status, coalesce(held.status, 'absent')
        FROM rma_exchange swap LEFT JOIN inventory_reservation held
            ON held.merchant_id = swap.merchant_id AND held.id = swap.reservation_id
        WHERE swap.merchant_id = %(merchant)s AND coalesce(held.status, 'absent') <> (
            CASE swap.status WHEN 'reserved' THEN 'held' WHEN 'cancelled' THEN 'cancelled'
            ELSE 'released' END
        )
    """,
    # I16: closed means that everything owed is settled and every unit has its place.
    "return {} is closed, but a {} is {}": """
        SELECT rma.number, owed.kind, owed.status FROM rma_return rma
        JOIN rma_resolution owed
            ON owed.merchant_id = rma.merchant_id AND owed.rma_id = rma.id
        WHERE rma.merchant_id = %(merchant)s AND rma.status = 'closed'
        AND owed.status NOT IN ('settled', 'cancelled')
    """,
    # I7 and I8: a settled refund is a refund that succeeded, and was asked for by an open return.
    "resolution {} is {}, its refund is {}": """
        SELECT owed.id, owed.status, money.status FROM rma_resolution owed
        JOIN refunds_refund money
            ON money.merchant_id = owed.merchant_id AND money.id = owed.refund_id
        WHERE owed.merchant_id = %(merchant)s AND NOT EXISTS (
            SELECT 1 FROM activity_delivery waiting JOIN activity_event event
                ON event.merchant_id = waiting.merchant_id AND event.id = waiting.event_id
            WHERE waiting.merchant_id = owed.merchant_id AND event.subject_id = money.id
            AND waiting.handler = 'rma.on_refund' AND waiting.status = 'waiting'
        ) AND (owed.status = 'settled') <> (money.status = 'succeeded')
    """,
    "return {} is {}, yet it owes a {}": """
        SELECT rma.number, rma.status, owed.kind FROM rma_return rma
        JOIN rma_resolution owed
            ON owed.merchant_id = rma.merchant_id AND owed.rma_id = rma.id
        WHERE rma.merchant_id = %(merchant)s AND owed.status <> 'cancelled'
        AND rma.status NOT IN ('open', 'closed')
    """,
}


def problems() -> list[str]:
    """Return one line per broken invariant of the merchant in scope; none means all is well."""
    merchant = {"merchant": scope.current_merchant_id()}
    found = []
    with connection.cursor() as cursor:
        for sentence, query in _CHECKS.items():
            cursor.execute(query, merchant)
            found += [sentence.format(*row) for row in cursor.fetchall()]
    return found


register("rma", problems)
