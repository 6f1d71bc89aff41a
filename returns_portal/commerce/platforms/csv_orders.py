"""Build one order from the rows the CSV reader grouped."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from returns_portal.commerce.platforms.base import (
    PAYMENT_CAPTURED,
    AddressRecord,
    CustomerRecord,
    DiscountRecord,
    FulfilmentRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
    ShippingRecord,
    TaxRecord,
)
from returns_portal.commerce.platforms.reading import (
    MAX_ID,
    MAX_NUMBER,
    MAX_SKU,
    FieldError,
    Node,
    parse_currency,
    parse_moment,
)
from returns_portal.commerce.platforms.sums import spread_discount
from returns_portal.core.money import Money

_YES = {"yes", "true", "1"}
_NO = {"", "no", "false", "0"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_order(order: Node, rows: list[Node]) -> OrderRecord:
    """Read one order. ``order`` holds its columns, ``rows`` one line each."""
    currency = parse_currency(order.required_text("currency"), "currency")
    inclusive = _flag(order, "prices_include_tax")
    lines = tuple(_line(row, position, currency, inclusive) for position, row in enumerate(rows, 1))
    _refuse_twins(lines)
    zero = Money.zero(currency)
    discounts = tuple(each for line in lines for each in line.discounts)
    reduction = order.money("order_discount", currency, default=zero)
    if reduction.minor < 0:
        raise FieldError("order_discount", "Write the discount as a positive amount.")
    if reduction:
        spread = DiscountRecord(
            kind="order", amount=reduction, code=order.text("discount_code", limit=200)
        )
        lines = spread_discount(lines, spread, "order_discount")
        discounts = (*discounts, spread)
    placed_at = _moment(order, "placed_at")
    if placed_at is None:
        raise FieldError("placed_at", "Missing. The return window needs the order's date.")
    number = order.required_text("order_number", limit=MAX_NUMBER)
    cancelled_at = _moment(order, "cancelled_at")
    read = OrderRecord(
        source="csv",
        external_id=order.text("order_id", limit=MAX_ID) or number,
        number=number,
        placed_at=placed_at,
        cancelled_at=cancelled_at,
        status="cancelled" if cancelled_at else "open",
        currency=currency,
        shop_currency=currency,
        total=zero,
        shop_total=zero,
        prices_include_tax=inclusive,
        email=order.text("email", limit=254),
        phone=order.text("phone", limit=40),
        customer=_customer(order),
        billing_address=_address(order, "bill"),
        shipping_address=_address(order, "ship"),
        lines=lines,
        shipping=_shipping(order, currency, inclusive),
        discounts=discounts,
        payments=_payments(rows, currency, number),
        fulfilments=_fulfilments(rows, lines),
        tags=_words(order, "order_tags"),
        locale=order.text("locale", limit=20),
        note=order.text("note", limit=5_000),
        fulfilment_status=_fulfilment_status(lines),
    )
    whole = order.money("order_total", currency, default=read.parts_total)
    if whole != read.parts_total:
        raise FieldError(
            "order_total",
            f"{whole} is stated, but lines, shipping and tax add up to {read.parts_total}.",
        )
    return replace(read, total=whole, shop_total=whole)


def _flag(node: Node, key: str) -> bool:
    word = node.text(key, limit=10).lower()
    if word not in _YES | _NO:
        raise FieldError(node.at(key), f"{word!r} is neither yes nor no.")
    return word in _YES


def _moment(node: Node, key: str) -> datetime | None:
    """Read a time with its zone, or a plain date, which is taken as midnight UTC."""
    text = node.text(key, limit=40)
    if not text:
        return None
    return parse_moment(text, node.at(key), naive_is_utc=bool(_DATE.fullmatch(text)))


def _words(node: Node, key: str) -> tuple[str, ...]:
    words = (word.strip() for word in node.text(key).split(";"))
    return tuple(dict.fromkeys(word for word in words if word))


def _refuse_twins(lines: tuple[LineRecord, ...]) -> None:
    keys = [line.external_id for line in lines]
    twin = next((key for key in keys if keys.count(key) > 1), None)
    if twin is not None:
        raise FieldError("line_id", f"{twin} appears twice in the order.")


def _line(row: Node, position: int, currency: str, inclusive: bool) -> LineRecord:
    zero = Money.zero(currency)
    quantity = row.whole("quantity")
    if quantity == 0:
        raise FieldError("quantity", "0 units. Leave the row out.")
    unit_price = row.money("unit_price", currency)
    reduction = row.money("line_discount", currency, default=zero)
    subtotal = unit_price * quantity
    if subtotal < zero:
        raise FieldError("unit_price", "Negative. Write a reduction as line_discount.")
    if not zero <= reduction <= subtotal:
        raise FieldError("line_discount", f"Not between 0 and the line's {subtotal}.")
    tax = row.money("tax_amount", currency, default=zero)
    if tax < zero or (inclusive and tax > subtotal - reduction):
        raise FieldError("tax_amount", "Negative, or more than the line it is part of.")
    taxes = TaxRecord(
        title=row.text("tax_title", limit=200) or "Tax",
        amount=tax,
        inclusive=inclusive,
        rate=_rate(row),
    )
    delivered_at = _moment(row, "delivered_at")
    sent = row.whole("fulfilled_quantity", default=quantity if delivered_at else 0)
    if sent > quantity:
        raise FieldError("fulfilled_quantity", f"{sent} sent, but only {quantity} ordered.")
    return LineRecord(
        external_id=row.text("line_id", limit=MAX_ID) or str(position),
        title=row.required_text("title", limit=500),
        variant_title=row.text("variant_title", limit=300),
        product_type=row.text("product_type", limit=120),
        quantity=quantity,
        unit_price=unit_price,
        subtotal=subtotal,
        total=subtotal - reduction,
        shop_total=subtotal - reduction,
        fulfilled_quantity=sent,
        delivered_at=delivered_at,
        discounts=(DiscountRecord(kind="line", amount=reduction),) if reduction else (),
        taxes=(taxes,) if tax else (),
        product_external_id=row.text("product_id", limit=MAX_ID),
        variant_external_id=row.text("variant_id", limit=MAX_ID) or row.text("sku", limit=MAX_SKU),
        sku=row.text("sku", limit=MAX_SKU),
        barcode=row.text("barcode", limit=MAX_ID),
        image_url=row.text("image_url", limit=2_000),
        weight_grams=row.whole("weight_grams", default=0, most=10_000_000) or None,
        tags=_words(row, "tags"),
        is_gift_card=_flag(row, "gift_card"),
    )


def _rate(row: Node) -> str:
    rate = row.text("tax_rate", limit=20)
    if rate and not re.fullmatch(r"[0-9](\.[0-9]{1,6})?", rate):
        raise FieldError("tax_rate", "Write the rate as a fraction such as 0.19.")
    return rate


def _customer(order: Node) -> CustomerRecord:
    return CustomerRecord(
        external_id=order.text("customer_id", limit=MAX_ID),
        email=order.text("email", limit=254),
        phone=order.text("phone", limit=40),
        first_name=order.text("first_name", limit=200),
        last_name=order.text("last_name", limit=200),
        locale=order.text("locale", limit=20),
        groups=_words(order, "customer_groups") or None,
    )


def _address(order: Node, side: str) -> AddressRecord:
    country = order.text(f"{side}_country", limit=2).upper()
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        raise FieldError(f"{side}_country", "Write the country as two letters such as DE.")
    return AddressRecord(
        name=order.text(f"{side}_name", limit=400),
        company=order.text(f"{side}_company", limit=200),
        line1=order.text(f"{side}_line1", limit=300),
        line2=order.text(f"{side}_line2", limit=300),
        city=order.text(f"{side}_city", limit=200),
        region=order.text(f"{side}_region", limit=100),
        postcode=order.text(f"{side}_postcode", limit=20),
        country=country,
        phone=order.text(f"{side}_phone", limit=40),
    )


def _shipping(order: Node, currency: str, inclusive: bool) -> tuple[ShippingRecord, ...]:
    zero = Money.zero(currency)
    amount = order.money("shipping_amount", currency, default=zero)
    tax = order.money("shipping_tax", currency, default=zero)
    if amount < zero or tax < zero:
        raise FieldError("shipping_amount", "Shipping and its tax are never negative.")
    if not amount and not tax:
        return ()
    taxes = (TaxRecord(title="Tax", amount=tax, inclusive=inclusive),) if tax else ()
    title = order.text("shipping_title", limit=300) or "Shipping"
    return (ShippingRecord(external_id="1", title=title, price=amount, total=amount, taxes=taxes),)


def _payments(rows: list[Node], currency: str, number: str) -> tuple[PaymentRecord, ...]:
    """Read each row's payment; the same gateway and reference on more rows is one payment."""
    found: dict[tuple[str, str], PaymentRecord] = {}
    zero = Money.zero(currency)
    for row in rows:
        gateway = row.text("payment_gateway", limit=60)
        if not gateway:
            continue
        reference = row.text("payment_reference", limit=120)
        amount = row.money("payment_amount", currency)
        refunded = row.money("payment_refunded", currency, default=zero)
        if amount < zero or not zero <= refunded <= amount:
            raise FieldError("payment_refunded", f"Not between 0 and the payment's {amount}.")
        payment = PaymentRecord(
            external_id=reference or f"order-{number}-{gateway}",
            gateway=gateway,
            status=PAYMENT_CAPTURED,
            amount=amount,
            captured=amount,
            refunded=refunded,
            reference=reference,
            paid_at=_moment(row, "payment_paid_at"),
            fingerprint=row.text("payment_fingerprint", limit=200),
        )
        if found.setdefault((gateway, reference), payment) != payment:
            raise FieldError("payment_reference", "One payment is given with two amounts.")
    return tuple(found.values())


def _fulfilments(rows: list[Node], lines: tuple[LineRecord, ...]) -> tuple[FulfilmentRecord, ...]:
    """Group the sent lines into parcels by their tracking number and dates."""
    parcels: dict[tuple[str, ...], list[int]] = {}
    for position, (row, line) in enumerate(zip(rows, lines, strict=True)):
        if line.fulfilled_quantity:
            names = ("tracking_number", "carrier", "shipped_at", "delivered_at")
            parcels.setdefault(tuple(row.text(name) for name in names), []).append(position)
    found = []
    for number, positions in enumerate(parcels.values(), start=1):
        row = rows[positions[0]]
        found.append(
            FulfilmentRecord(
                external_id=row.text("tracking_number", limit=MAX_ID) or f"parcel-{number}",
                status="success",
                lines=tuple(
                    (lines[each].external_id, lines[each].fulfilled_quantity) for each in positions
                ),
                shipped_at=_moment(row, "shipped_at"),
                delivered_at=_moment(row, "delivered_at"),
                carrier=row.text("carrier", limit=60),
                tracking_number=row.text("tracking_number", limit=MAX_ID),
                tracking_url=row.text("tracking_url", limit=2_000),
            )
        )
    return tuple(found)


def _fulfilment_status(lines: tuple[LineRecord, ...]) -> str:
    sent = sum(line.fulfilled_quantity for line in lines)
    if not sent:
        return ""
    return "fulfilled" if sent == sum(line.quantity for line in lines) else "partial"
