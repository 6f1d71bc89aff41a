"""Bring the mirror of an order up to what its shop says, once, however often it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.catalogue import variants_of
from returns_portal.commerce.keys import email_index
from returns_portal.commerce.mirroring import (
    completed_line,
    content_hash,
    customer_columns,
    customer_groups,
    line_columns,
    order_columns,
    payment_columns,
)
from returns_portal.commerce.models import (
    Customer,
    Fulfilment,
    Order,
    OrderLine,
    Payment,
    Variant,
)
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction


class Upserted(StrEnum):
    """What an upsert did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def upsert_order(record: OrderRecord, *, actor: Actor, source: str = "") -> tuple[Order, Upserted]:
    """Create or update the mirror of one order, known by source and external id.

    The same content again changes nothing and records nothing; so does a record older than the
    mirror, because shops repeat and reorder their messages. Lines that returns have named keep
    their units: never fewer than were claimed, and a line the shop dropped is marked, not deleted.
    """
    source = source or record.source
    with action_transaction():
        order = _locked(source, record.external_id)
        if order is not None:
            if _is_old(record, order):
                return order, Upserted.UNCHANGED
            return _update(order, record, actor)
        made = Order(
            source=source,
            external_id=record.external_id,
            customer=_customer(source, record),
            **order_columns(record),
        )
        # Two imports of one order at once: the second waits here and then finds the first's row.
        Order.objects.bulk_create([made], ignore_conflicts=True)
        order = _locked(source, record.external_id)
        if order is None:
            raise LookupError(f"order {record.external_id} vanished inside its own transaction")
        if order.pk != made.pk:
            return _update(order, record, actor)
        _mirror_parts(order, record)
        _record(EventKind.ORDER_IMPORTED, order, record, actor)
        return order, Upserted.CREATED


def _locked(source: str, external_id: str) -> Order | None:
    rows = Order.objects.select_for_update(of=("self",))
    return rows.filter(source=source, external_id=external_id).first()


def _is_old(record: OrderRecord, order: Order) -> bool:
    known, told = order.source_updated_at, record.updated_at
    if known and told and told < known:
        return True
    if order.customer_groups is None and customer_groups(record) is not None:
        return False
    return bytes(order.content_hash) == content_hash(record)


def _update(order: Order, record: OrderRecord, actor: Actor) -> tuple[Order, Upserted]:
    if _is_old(record, order):
        return order, Upserted.UNCHANGED
    columns = {"customer": _customer(order.source, record), **order_columns(record)}
    if order.customer_groups is not None:
        # A shop tells them as they are now, with whatever else changed. Rules go by the purchase.
        del columns["customer_groups"]
    for name, value in columns.items():
        setattr(order, name, value)
    order.save(update_fields=list(columns))
    _mirror_parts(order, record)
    _record(EventKind.ORDER_UPDATED, order, record, actor)
    return order, Upserted.UPDATED


def _record(kind: EventKind, order: Order, record: OrderRecord, actor: Actor) -> None:
    record_event(
        kind,
        subject_kind="order",
        subject_id=order.pk,
        about_id=order.pk,
        actor=actor,
        number=order.number,
        source=order.source,
        lines=len(record.lines),
        total_minor=order.total_minor,
        currency=order.currency,
        warnings=list(record.warnings),
    )


def _customer(source: str, record: OrderRecord) -> Customer | None:
    """Keep the shopper: by the shop's id, a guest by their e-mail, nobody without either."""
    key = record.customer.external_id
    email = record.email or record.customer.email
    if not key and email:
        key = f"guest-{email_index(email).hex()}"
    if not key:
        return None
    columns = customer_columns(record)
    Customer.objects.bulk_create(
        [Customer(source=source, external_id=key, **columns)],
        update_conflicts=True,
        unique_fields=["merchant", "source", "external_id"],
        update_fields=list(columns),
    )
    # The row that stayed may be an earlier one, with its own id.
    return Customer.objects.get(source=source, external_id=key)


def _mirror_parts(order: Order, record: OrderRecord) -> None:
    _mirror_lines(order, record, variants_of(record))
    _mirror_payments(order, record)
    _mirror_fulfilments(order, record)


def _mirror_lines(order: Order, record: OrderRecord, variants: Mapping[str, Variant]) -> None:
    known = {
        line.external_id: line
        for line in OrderLine.objects.select_for_update().filter(order=order).order_by("pk")
    }
    shipped = _shipped_at(record)
    made, changed = [], []
    names: list[str] = []
    for position, told in enumerate(record.lines):
        columns: dict[str, Any] = {
            **completed_line(line_columns(told, position), variants.get(told.external_id)),
            "shipped_at": shipped.get(told.external_id),
        }
        names = list(columns)
        line = known.pop(told.external_id, None)
        if line is None:
            made.append(OrderLine(order=order, external_id=told.external_id, **columns))
        else:
            _apply(line, columns)
            changed.append(line)
    for line in known.values():
        line.is_removed = True
        line.fulfilled_quantity = line.claimed_quantity
        changed.append(line)
    OrderLine.objects.bulk_create(made)
    if changed:
        OrderLine.objects.bulk_update(changed, names)


def _apply(line: OrderLine, columns: dict[str, Any]) -> None:
    """Take the shop's word, except that units in returns stay counted.

    A quantity below what returns have claimed comes with amounts for that smaller quantity. They
    would misprice the units on their way back, so the line keeps the ones it was sold at.
    """
    if columns["quantity"] < line.claimed_quantity:
        columns = {"fulfilled_quantity": columns["fulfilled_quantity"], "is_removed": False}
    for name, value in columns.items():
        setattr(line, name, value)
    line.fulfilled_quantity = max(line.fulfilled_quantity, line.claimed_quantity)


def _shipped_at(record: OrderRecord) -> dict[str, datetime]:
    """Return when each line's last parcel left."""
    left: dict[str, datetime] = {}
    for parcel in record.fulfilments:
        for key, _ in parcel.lines:
            if parcel.shipped_at:
                left[key] = max(left.get(key, parcel.shipped_at), parcel.shipped_at)
    return left


def _mirror_payments(order: Order, record: OrderRecord) -> None:
    """Mirror the captured payments. One the shop no longer names keeps only what we refunded.

    What the shop refunded may include refunds of ours that it heard about, so together with ours
    it is held to the capture.
    """
    known = {
        payment.external_id: payment
        for payment in Payment.objects.select_for_update().filter(order=order).order_by("pk")
    }
    made, changed = [], []
    names: list[str] = []
    for told in record.payments:
        if told.captured.minor <= 0:
            continue
        columns = {**payment_columns(told), "is_test": record.is_test}
        names = list(columns)
        payment = known.pop(told.external_id, None)
        if payment is None:
            payment = Payment(order=order, external_id=told.external_id)
            made.append(payment)
        else:
            changed.append(payment)
        for name, value in columns.items():
            setattr(payment, name, value)
        payment.amount_minor = max(payment.amount_minor, payment.refunded_minor)
        left = payment.amount_minor - payment.refunded_minor
        payment.refunded_elsewhere_minor = min(told.refunded.minor, left)
    for payment in known.values():
        payment.amount_minor = payment.refunded_minor
        payment.refunded_elsewhere_minor = 0
        changed.append(payment)
    Payment.objects.bulk_create(made)
    if changed:
        names = names or ["amount_minor"]
        Payment.objects.bulk_update(changed, [*names, "refunded_elsewhere_minor"])


def _mirror_fulfilments(order: Order, record: OrderRecord) -> None:
    parcels = [
        Fulfilment(
            order=order,
            external_id=parcel.external_id,
            status=parcel.status[:24],
            shipped_at=parcel.shipped_at,
            delivered_at=parcel.delivered_at,
            carrier=parcel.carrier,
            tracking_code=parcel.tracking_number,
            lines=[{"line": key, "quantity": units} for key, units in parcel.lines],
        )
        for parcel in record.fulfilments
    ]
    if parcels:
        Fulfilment.objects.bulk_create(
            parcels,
            update_conflicts=True,
            unique_fields=["merchant", "order", "external_id"],
            update_fields=[
                "status", "shipped_at", "delivered_at", "carrier", "tracking_code", "lines",
            ],
        )  # fmt: skip
