"""Read how a WooCommerce order was paid, refunded and sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from returns_portal.commerce.platforms.base import (
    PAYMENT_CAPTURED,
    PAYMENT_FAILED,
    PAYMENT_PENDING,
    FulfilmentRecord,
    LineRecord,
    PaymentRecord,
)
from returns_portal.commerce.platforms.reading import (
    MAX_ID,
    FieldError,
    Node,
)
from returns_portal.core.money import Money, total

_TRACKING_KEY = "_wc_shipment_tracking_items"
# What a gateway calls the card or account that paid; the same one again has the same name.
_CARD_KEYS = ("_stripe_source_id", "_payment_method_id")
# Gateways that write their charge beside the order rather than in transaction_id.
_REFERENCE_KEYS = ("_charge_id", "_intent_id", "_stripe_intent_id", "_paypal_transaction_id")


def gift_cards_total(order: Node, currency: str) -> Money:
    """Add up the gift cards that paid a part; WooCommerce takes them off the order total."""
    cards = [card.money("amount", currency) for card in order.items("gift_cards")]
    return total(cards, currency)


def read_payments(
    order: Node, currency: str, paid_at: datetime | None
) -> tuple[PaymentRecord, ...]:
    """Return the gateway's payment and one more per gift card.

    Refunds are booked on the gateway's payment, which is where WooCommerce sends them.
    """
    zero = Money.zero(currency)
    amount = order.money("total", currency)
    back = [-entry.money("total", currency) for entry in order.items("refunds")]
    # What was given back must have been taken: orders completed by hand carry no paid date.
    status = PAYMENT_CAPTURED if paid_at or any(back) else PAYMENT_PENDING
    if status == PAYMENT_PENDING and order.text("status") == "failed":
        status = PAYMENT_FAILED
    if total(back, currency) > amount:
        raise FieldError("refunds", f"More was refunded than the {amount} the order cost.")
    gateway = order.text("payment_method", limit=60)
    found = []
    if gateway or amount:
        reference = _reference(order)
        found.append(
            PaymentRecord(
                external_id=reference or f"order-{order.text('id', limit=64)}",
                gateway=gateway or "unknown",
                status=status,
                amount=amount,
                captured=amount if status == PAYMENT_CAPTURED else zero,
                refunded=total(back, currency),
                reference=reference,
                title=order.text("payment_method_title", limit=200),
                paid_at=paid_at,
                fingerprint=_first_kept(order, _CARD_KEYS),
            )
        )
    for card in order.items("gift_cards"):
        value = card.money("amount", currency)
        found.append(
            PaymentRecord(
                external_id=f"gift-card-{card.required_text('id', limit=64)}",
                gateway="gift_card",
                status=status,
                amount=value,
                captured=value if status == PAYMENT_CAPTURED else zero,
                refunded=zero,
                title="Gift card",
                paid_at=paid_at,
            )
        )
    return tuple(found)


def _reference(order: Node) -> str:
    stated = order.text("transaction_id", limit=120)
    return stated or _first_kept(order, _REFERENCE_KEYS)


def _first_kept(order: Node, keys: tuple[str, ...]) -> str:
    """Return the first of ``keys`` that the order's meta data holds as text."""
    kept = {entry.text("key"): entry for entry in order.items("meta_data")}
    for key in keys:
        if key in kept and isinstance(kept[key].content.get("value"), str):
            return kept[key].text("value", limit=120)
    return ""


def read_fulfilments(
    order: Node, lines: tuple[LineRecord, ...], completed_at: datetime | None
) -> tuple[FulfilmentRecord, ...]:
    """Return one parcel for a completed order. WooCommerce itself knows no delivery date."""
    units = tuple((line.external_id, line.fulfilled_quantity) for line in lines)
    if not any(count for _, count in units):
        return ()
    tracking = _tracking(order)
    return (
        FulfilmentRecord(
            external_id=f"order-{order.text('id', limit=64)}",
            status="success",
            lines=units,
            shipped_at=_shipped_at(tracking) or completed_at,
            carrier=tracking.text("tracking_provider", limit=60),
            tracking_number=tracking.text("tracking_number", limit=MAX_ID),
            tracking_url=tracking.text("custom_tracking_link", limit=2_000),
        ),
    )


def _tracking(order: Node) -> Node:
    """Return the first entry of the shipment tracking extension, or an empty one."""
    for entry in order.items("meta_data"):
        kept: Any = entry.content.get("value")
        if entry.text("key") == _TRACKING_KEY and isinstance(kept, list) and kept:
            return Node(kept[0] if isinstance(kept[0], dict) else {}, entry.at("value[0]"))
    return Node({}, "meta_data")


def _shipped_at(tracking: Node) -> datetime | None:
    seconds = tracking.text("date_shipped", limit=20)
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
