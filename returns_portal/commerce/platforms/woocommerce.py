"""Read WooCommerce orders (REST v3).

WooCommerce states line totals without tax always, even in shops whose prices include it, and rounds
the tax of each line for display: the order's own tax total is the exact one. Times without ``_gmt``
have no zone and are not trusted. Gift cards are taken off the order total; here they are a payment.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from returns_portal.commerce.platforms.base import (
    AddressRecord,
    CustomerRecord,
    DiscountRecord,
    FeeRecord,
    LineRecord,
    OrderRecord,
    RecordError,
    ShippingRecord,
    TaxRecord,
)
from returns_portal.commerce.platforms.envelopes import read_orders
from returns_portal.commerce.platforms.reading import (
    MAX_ID,
    MAX_NUMBER,
    MAX_SKU,
    FieldError,
    Node,
    clean_text,
    parse_currency,
    parse_money,
)
from returns_portal.commerce.platforms.sums import warn_of_difference
from returns_portal.commerce.platforms.woocommerce_payments import (
    gift_cards_total,
    read_fulfilments,
    read_payments,
)
from returns_portal.core.money import Money, allocate, share, total

SOURCE = "woocommerce"
_NOT_ORDERS = {"draft", "auto-draft", "checkout-draft", "trash"}
_CANCELLED = {"cancelled", "failed"}
_TAGS = re.compile(r"<[^>]{0,200}>")


def parse(
    source: IO[Any] | dict[str, Any] | list[Any], *, file: str = "-"
) -> Iterator[OrderRecord | RecordError]:
    """Read every order in a stream or document; see ``base.Reader``."""
    return read_orders(source, file=file, recognise=_is_order, read_order=_read_order)


def _is_order(content: dict[str, Any], key: str) -> bool:
    if "line_items" not in content:
        return False
    return ("total" in content and "currency" in content) or "order_key" in content


def _read_order(order: Node) -> OrderRecord:
    status = order.text("status", limit=40)
    if status in _NOT_ORDERS:
        raise FieldError("status", f"The order is still a {status}. Import it once placed.")
    currency = parse_currency(order.required_text("currency"), "currency")
    placed_at = moment(order, "date_created")
    if placed_at is None:
        raise FieldError("date_created_gmt", "Missing. The return window needs the order's date.")
    paid_total = order.money("total", currency) + gift_cards_total(order, currency)
    inclusive = order.flag("prices_include_tax")
    labels = _tax_labels(order)
    lines = _lines(order, currency, inclusive, labels)
    completed_at = moment(order, "date_completed")
    if status == "completed" or completed_at:
        lines = tuple(replace(line, fulfilled_quantity=line.quantity) for line in lines)
    billing = order.child("billing")
    read = OrderRecord(
        source=SOURCE,
        external_id=order.required_text("id", limit=MAX_ID),
        number=order.text("number", limit=MAX_NUMBER) or order.required_text("id", limit=MAX_ID),
        placed_at=placed_at,
        updated_at=moment(order, "date_modified"),
        cancelled_at=moment(order, "date_modified") if status in _CANCELLED else None,
        currency=currency,
        shop_currency=currency,
        total=paid_total,
        shop_total=paid_total,
        prices_include_tax=inclusive,
        status="cancelled" if status in _CANCELLED else "open",
        financial_status=status,
        fulfilment_status="fulfilled" if lines[0].fulfilled_quantity else "",
        email=billing.text("email", limit=254),
        phone=billing.text("phone", limit=40),
        customer=_customer(order, billing),
        billing_address=_address(billing),
        shipping_address=_address(order.child("shipping")),
        lines=lines,
        shipping=_shipping(order, currency, inclusive, labels),
        discounts=_discounts(order, currency, inclusive),
        fees=_fees(order, currency, inclusive, labels),
        payments=read_payments(order, currency, moment(order, "date_paid")),
        fulfilments=read_fulfilments(order, lines, completed_at),
        note=order.text("customer_note", limit=5_000),
    )
    return warn_of_difference(read, "total")


def moment(order: Node, key: str) -> Any:
    """Read a time by its ``_gmt`` twin; the plain field only where it states its own zone."""
    if f"{key}_gmt" in order.content:
        return order.moment(f"{key}_gmt", naive_is_utc=True)
    if not order.has(key):
        return None
    try:
        return order.moment(key)
    except FieldError:
        raise FieldError(
            f"{key}_gmt", f"Missing. {key} has no time zone, so it cannot be used."
        ) from None


def _plain(text: str) -> str:
    return clean_text(html.unescape(_TAGS.sub("", text)))


def _customer(order: Node, billing: Node) -> CustomerRecord:
    number = order.text("customer_id", limit=MAX_ID)
    return CustomerRecord(
        external_id="" if number == "0" else number,
        email=billing.text("email", limit=254),
        phone=billing.text("phone", limit=40),
        first_name=billing.text("first_name", limit=200),
        last_name=billing.text("last_name", limit=200),
    )


def _address(address: Node) -> AddressRecord:
    names = (address.text("first_name", limit=200), address.text("last_name", limit=200))
    return AddressRecord(
        name=" ".join(names).strip(),
        company=address.text("company", limit=200),
        line1=address.text("address_1", limit=300),
        line2=address.text("address_2", limit=300),
        city=address.text("city", limit=200),
        region=address.text("state", limit=100),
        postcode=address.text("postcode", limit=20),
        country=address.text("country", limit=2).upper(),
        phone=address.text("phone", limit=40),
    )


def _tax_labels(order: Node) -> dict[str, tuple[str, str]]:
    """Map a tax rate's id to its label and its rate as a fraction."""
    labels = {}
    for entry in order.items("tax_lines"):
        percent = entry.text("rate_percent", limit=20)
        label = entry.text("label", limit=200) or entry.text("rate_code", limit=200)
        labels[entry.text("rate_id")] = (label, _fraction(percent))
    return labels


def _fraction(percent: str) -> str:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", percent):
        return ""
    whole, _, tail = percent.partition(".")
    digits = f"{whole.zfill(3)}{tail}"
    return f"{int(digits[: -2 - len(tail)])}.{digits[-2 - len(tail) :]}".rstrip("0").rstrip(".")


def _lines(
    order: Node, currency: str, inclusive: bool, labels: dict[str, tuple[str, str]]
) -> tuple[LineRecord, ...]:
    items = order.items("line_items")
    if not items:
        raise FieldError("line_items", "Empty. An order needs at least one line.")
    taxes = _line_taxes(order, items, currency)
    lines = [
        _line(item, currency, inclusive, tax, labels)
        for item, tax in zip(items, taxes, strict=True)
    ]
    keys = [line.external_id for line in lines]
    if len(set(keys)) != len(keys):
        raise FieldError("line_items", "Two lines share one id.")
    return tuple(lines)


def _line_taxes(order: Node, items: list[Node], currency: str) -> list[Money]:
    """Return each line's tax so that they add up to the order's ``cart_tax``, exactly.

    A shop that rounds tax once per order shows each line rounded by itself; the unrounded parts
    then say who bears the odd cent.
    """
    zero = Money.zero(currency)
    shown = [item.money("total_tax", currency, default=zero) for item in items]
    whole = order.money("cart_tax", currency, default=total(shown, currency))
    fees = [fee.money("total_tax", currency, default=zero) for fee in order.items("fee_lines")]
    goods = whole - total(fees, currency)
    odd = goods - total(shown, currency)
    weights = [sum(_unrounded(item).values()) for item in items]
    # More than one cent per line is no rounding; the contradiction is left for the warning.
    if not odd or abs(odd.minor) > len(items) or not sum(weights) or goods.minor < 0:
        return shown
    return [Money(minor, currency) for minor in allocate(goods.minor, weights)]


def _unrounded(item: Node) -> dict[str, int]:
    """Return the line's tax per rate id in millionths of the currency."""
    parts = {}
    for entry in item.items("taxes"):
        text = entry.text("total", limit=30)
        if not text:
            continue
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,20})?", text):
            raise FieldError(entry.at("total"), f"{text!r} is no amount. Write it like 1.125.")
        whole, _, tail = text.partition(".")
        parts[entry.text("id")] = int(whole) * 1_000_000 + int(tail[:6].ljust(6, "0"))
    return parts


def _tax_records(
    item: Node, tax: Money, inclusive: bool, labels: dict[str, tuple[str, str]]
) -> tuple[TaxRecord, ...]:
    if not tax:
        return ()
    parts = _unrounded(item)
    if not sum(parts.values()):
        return (TaxRecord(title="Tax", amount=tax, inclusive=inclusive),)
    shares = allocate(tax.minor, list(parts.values()))
    records = []
    for rate_id, minor in zip(parts, shares, strict=True):
        title, rate = labels.get(rate_id, ("Tax", ""))
        if minor:
            amount = Money(minor, tax.currency)
            records.append(TaxRecord(title=title, amount=amount, inclusive=inclusive, rate=rate))
    return tuple(records)


def _line(
    item: Node, currency: str, inclusive: bool, tax: Money, labels: dict[str, tuple[str, str]]
) -> LineRecord:
    quantity = item.whole("quantity")
    if quantity == 0:
        raise FieldError(item.at("quantity"), "0 units. Leave the line out.")
    net = item.money("total", currency)
    subtotal = item.money("subtotal", currency, default=net)
    zero = Money.zero(currency)
    if inclusive:
        net_tax = tax
        subtotal += (
            item.money("subtotal_tax", currency, default=zero) if subtotal != net else net_tax
        )
        net += net_tax
    if net.minor < 0 or subtotal < net:
        raise FieldError(item.at("total"), f"{net} is not between 0 and the subtotal {subtotal}.")
    title, variant = _titles(item)
    discount = subtotal - net
    variation = item.text("variation_id", limit=MAX_ID)
    product = item.text("product_id", limit=MAX_ID)
    return LineRecord(
        external_id=item.required_text("id", limit=MAX_ID),
        title=title,
        variant_title=variant,
        quantity=quantity,
        unit_price=Money(share(subtotal.minor, 1, quantity), currency),
        subtotal=subtotal,
        total=net,
        shop_total=net,
        discounts=(DiscountRecord(kind="line", amount=discount),) if discount else (),
        taxes=_tax_records(item, tax, inclusive, labels),
        product_external_id="" if product == "0" else product,
        variant_external_id=variation if variation not in ("", "0") else product,
        sku=item.text("sku", limit=MAX_SKU),
        barcode=item.text("global_unique_id", limit=MAX_ID),
        image_url=item.child("image").text("src", limit=2_000),
        tags=_meta_tags(item),
        is_gift_card=any(
            e.text("key").startswith("wc_gc_giftcard") for e in item.items("meta_data")
        ),
    )


def _titles(item: Node) -> tuple[str, str]:
    name = _plain(item.required_text("name", limit=1_000))
    parent = _plain(item.text("parent_name", limit=1_000))
    if parent and name.startswith(parent):
        return parent, name[len(parent) :].lstrip(" -–—:")
    if item.text("variation_id") not in ("", "0"):
        for dash in (" – ", " - "):
            if dash in name:
                title, variant = name.rsplit(dash, 1)
                return title, variant
    return name, ""


def _meta_tags(item: Node) -> tuple[str, ...]:
    for entry in item.items("meta_data"):
        name = entry.text("key").strip("_").replace("-", "_").replace(" ", "_").lower()
        if name == "final_sale" and str(entry.content.get("value")).lower() not in ("no", "0", ""):
            return ("final-sale",)
    return ()


def _shipping(
    order: Node, currency: str, inclusive: bool, labels: dict[str, tuple[str, str]]
) -> tuple[ShippingRecord, ...]:
    charges = []
    for item in order.items("shipping_lines"):
        tax = item.money("total_tax", currency, default=Money.zero(currency))
        price = item.money("total", currency)
        price = price + tax if inclusive else price
        charges.append(
            ShippingRecord(
                external_id=item.required_text("id", limit=MAX_ID),
                title=_plain(item.text("method_title", limit=300)),
                code=item.text("method_id", limit=200),
                price=price,
                total=price,
                taxes=_tax_records(item, tax, inclusive, labels),
            )
        )
    return tuple(charges)


def _fees(
    order: Node, currency: str, inclusive: bool, labels: dict[str, tuple[str, str]]
) -> tuple[FeeRecord, ...]:
    """Read fees with their sign: shops book discounts as negative fees."""
    fees = []
    for item in order.items("fee_lines"):
        tax = item.money("total_tax", currency, default=Money.zero(currency))
        amount = item.money("total", currency)
        fees.append(
            FeeRecord(
                external_id=item.required_text("id", limit=MAX_ID),
                title=_plain(item.text("name", limit=300)),
                total=amount + tax if inclusive else amount,
                taxes=_tax_records(item, tax, inclusive, labels) if tax.minor > 0 else (),
            )
        )
    return tuple(fees)


def _discounts(order: Node, currency: str, inclusive: bool) -> tuple[DiscountRecord, ...]:
    found = []
    for item in order.items("coupon_lines"):
        content = item.content.get("discount", "0")
        amount = parse_money(content or "0", currency, item.at("discount"))
        if inclusive:
            amount += item.money("discount_tax", currency, default=Money.zero(currency))
        code = clean_text(item.text("code", limit=200))
        found.append(DiscountRecord(kind="order", amount=amount, code=code))
    return tuple(each for each in found if each.amount)
