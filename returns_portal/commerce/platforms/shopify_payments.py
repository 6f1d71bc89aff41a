"""Read Shopify's payments: from transactions where they are sent, else from the order's state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from returns_portal.commerce.platforms.base import (
    PAYMENT_AUTHORIZED,
    PAYMENT_CAPTURED,
    PAYMENT_FAILED,
    PAYMENT_PENDING,
    PAYMENT_VOIDED,
    PaymentRecord,
)
from returns_portal.commerce.platforms.reading import FieldError, Node, clean_text
from returns_portal.commerce.platforms.shopify_values import Purse, external_id, gid_tail
from returns_portal.core.money import Money, total

_TAKING = {"sale", "capture"}
_STATUS_WITHOUT_TRANSACTIONS = {
    "paid": PAYMENT_CAPTURED,
    "partially_paid": PAYMENT_CAPTURED,
    "partially_refunded": PAYMENT_CAPTURED,
    "refunded": PAYMENT_CAPTURED,
    "authorized": PAYMENT_AUTHORIZED,
    "voided": PAYMENT_VOIDED,
    "expired": PAYMENT_VOIDED,
}


def read_payments(order: Node, purse: Purse, order_total: Money) -> tuple[PaymentRecord, ...]:
    """Return one record per transaction that took or holds money.

    The webhook shape carries no transactions: then the order's state stands for one payment.
    """
    transactions = order.items("transactions")
    if not transactions:
        return _sound(_from_state(order, purse, order_total))
    refunds = [each for each in transactions if _kind(each) == "refund" and _succeeded(each)]
    voided = {_parent(each) for each in transactions if _kind(each) == "void" and _succeeded(each)}
    captured = {_parent(each) for each in transactions if _kind(each) == "capture"}
    found = []
    for each in transactions:
        key = external_id(each)
        if _kind(each) in _TAKING:
            status = PAYMENT_CAPTURED if _succeeded(each) else _unfinished(each)
        elif _kind(each) == "authorization" and key not in captured:
            status = PAYMENT_AUTHORIZED if _succeeded(each) else _unfinished(each)
            status = PAYMENT_VOIDED if key in voided else status
        else:
            continue
        found.append(_payment(each, key, status, purse))
    return _sound(_with_refunds(found, refunds, purse))


def _sound(payments: tuple[PaymentRecord, ...]) -> tuple[PaymentRecord, ...]:
    for each in payments:
        if each.refunded > each.captured:
            raise FieldError(
                "refunds", f"{each.refunded} was refunded, but only {each.captured} was taken."
            )
    return payments


def _payment(each: Node, key: str, status: str, purse: Purse) -> PaymentRecord:
    amount = _amount(each, purse)
    zero = Money.zero(purse.currency)
    return PaymentRecord(
        external_id=key,
        gateway=each.text("gateway", limit=60) or "unknown",
        status=status,
        amount=amount,
        captured=amount if status == PAYMENT_CAPTURED else zero,
        refunded=zero,
        reference=each.text("authorization", limit=120) or each.text("payment_id", limit=120),
        paid_at=each.moment("processed_at") or each.moment("created_at"),
        fingerprint=_fingerprint(each.content.get("receipt"))[:200],
    )


def _fingerprint(receipt: Any, depth: int = 0) -> str:
    """Return the card's fingerprint where the gateway's answer, kept as the receipt, has one."""
    if isinstance(receipt, list) and receipt:
        return _fingerprint(receipt[0], depth + 1)
    if not isinstance(receipt, dict) or depth > 5:
        return ""
    card = receipt.get("card")
    found = card.get("fingerprint") if isinstance(card, dict) else ""
    inner = ("payment_method_details", "latest_charge", "charges", "data")
    parts = (_fingerprint(receipt.get(name), depth + 1) for name in inner if name in receipt)
    return clean_text(found) if isinstance(found, str) and found else next(filter(None, parts), "")


def _with_refunds(
    payments: list[PaymentRecord], refunds: list[Node], purse: Purse
) -> tuple[PaymentRecord, ...]:
    """Put each refund on its parent payment, else on the first of its gateway."""
    given = [Money.zero(purse.currency)] * len(payments)
    for refund in refunds:
        parent, gateway = _parent(refund), refund.text("gateway")
        places = [i for i, each in enumerate(payments) if each.external_id == parent]
        places = places or [i for i, each in enumerate(payments) if each.gateway == gateway]
        if not places:
            raise FieldError(refund.at("parent_id"), "The refunded payment is not in the order.")
        given[places[0]] += _amount(refund, purse)
    return tuple(
        replace(each, refunded=refunded) for each, refunded in zip(payments, given, strict=True)
    )


def _amount(each: Node, purse: Purse) -> Money:
    if each.has("amount_set") or not purse.is_foreign:
        return purse.read(each, "amount")
    # A REST transaction has one amount and says which currency it is in.
    stated = each.text("currency").upper()
    if stated != purse.currency:
        raise FieldError(
            each.at("currency"), f"Expected {purse.currency}, found {stated or 'none'}."
        )
    return each.money("amount", purse.currency)


def _from_state(order: Node, purse: Purse, order_total: Money) -> tuple[PaymentRecord, ...]:
    names = order.content.get("payment_gateway_names")
    names = [str(name)[:100] for name in names] if isinstance(names, list) else []
    gateways = names or [name for name in [order.text("gateway", limit=60)] if name]
    status = _STATUS_WITHOUT_TRANSACTIONS.get(
        order.text("financial_status").lower(), PAYMENT_PENDING
    )
    if not gateways and status != PAYMENT_CAPTURED:
        return ()
    zero = Money.zero(purse.currency)
    outstanding = zero
    if status == PAYMENT_CAPTURED and order.text("financial_status").lower() == "partially_paid":
        outstanding = purse.read(order, "total_outstanding", default=zero)
    return (
        PaymentRecord(
            external_id=f"order-{external_id(order)}",
            # Two tenders without transactions cannot be told apart, so no gateway is claimed.
            gateway=gateways[0] if len(gateways) == 1 else "several" if gateways else "unknown",
            status=status,
            amount=order_total,
            captured=order_total - outstanding if status == PAYMENT_CAPTURED else zero,
            refunded=_refunded_by_refunds(order, purse),
            title=", ".join(gateways)[:200],
            paid_at=order.moment("processed_at") or order.moment("created_at"),
        ),
    )


def _refunded_by_refunds(order: Node, purse: Purse) -> Money:
    amounts = [
        _amount(each, purse)
        for refund in order.items("refunds")
        for each in refund.items("transactions")
        if _kind(each) == "refund" and _succeeded(each)
    ]
    return total(amounts, purse.currency)


def _kind(each: Node) -> str:
    return each.text("kind").lower()


def _succeeded(each: Node) -> bool:
    return each.text("status").lower() in ("success", "")


def _unfinished(each: Node) -> str:
    return PAYMENT_PENDING if each.text("status").lower() == "pending" else PAYMENT_FAILED


def _parent(each: Node) -> str:
    parent = each.text("parent_id")
    return gid_tail(parent) or parent
