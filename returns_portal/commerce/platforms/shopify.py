"""Read Shopify orders: the Admin REST and webhook shape, and GraphQL answers translated to it.

Shopify writes each amount twice, in the shop's currency and in the one the shopper paid in; refunds
go out in the latter, so that one is read. Numeric ids above 2^53 arrive rounded from some senders;
the GraphQL id beside them is text and is trusted first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from returns_portal.commerce.platforms import shopify_graphql
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
    parse_currency,
)
from returns_portal.commerce.platforms.shopify_fulfilment import read_fulfilments, with_units
from returns_portal.commerce.platforms.shopify_payments import read_payments
from returns_portal.commerce.platforms.shopify_values import Purse, external_id
from returns_portal.commerce.platforms.sums import spread_discount, spread_tax, warn_of_difference
from returns_portal.core.money import Money, total

SOURCE = "shopify"
_FINAL_SALE_NAMES = {"final sale", "final-sale", "_final_sale", "final_sale"}
_TOTALS = ("total_price", "total_price_set", "current_total_price", "current_total_price_set")


def parse(
    source: IO[Any] | dict[str, Any] | list[Any], *, file: str = "-"
) -> Iterator[OrderRecord | RecordError]:
    """Read every order in a stream or document; see ``base.Reader``."""
    return read_orders(source, file=file, recognise=_is_order, read_order=_read_order)


def _is_order(content: dict[str, Any], key: str) -> bool:
    if shopify_graphql.is_order(content):
        return True
    if key == "draft_order" or "line_items" not in content:
        return False
    return any(name in content for name in _TOTALS) or "financial_status" in content


def _read_order(raw: Node) -> OrderRecord:
    order = shopify_graphql.to_rest(raw) if shopify_graphql.is_order(raw.content) else raw
    purse = _purse(order)
    number = order.text("name", limit=MAX_NUMBER) or order.required_text(
        "order_number", limit=MAX_NUMBER
    )
    total_price = purse.read(order, "total_price")
    placed_at = order.moment("processed_at") or order.moment("created_at")
    if placed_at is None:
        raise FieldError("created_at", "Missing. The return window needs the order's date.")
    inclusive = order.flag("taxes_included")
    fulfilments = read_fulfilments(order)
    customer = _customer(order)
    read = OrderRecord(
        source=SOURCE,
        external_id=external_id(order),
        number=number,
        placed_at=placed_at,
        updated_at=order.moment("updated_at"),
        cancelled_at=order.moment("cancelled_at"),
        currency=purse.currency,
        shop_currency=purse.shop_currency,
        total=total_price,
        shop_total=purse.read_shop(order, "total_price"),
        prices_include_tax=inclusive,
        financial_status=order.text("financial_status").lower(),
        fulfilment_status=order.text("fulfillment_status").lower(),
        status="cancelled" if order.has("cancelled_at") else "open",
        email=order.text("email", limit=254) or order.text("contact_email", limit=254),
        phone=order.text("phone", limit=40),
        customer=customer,
        billing_address=read_address(order.child("billing_address")),
        shipping_address=read_address(order.child("shipping_address")),
        lines=with_units(_lines(order, purse, inclusive), order, fulfilments),
        shipping=_shipping(order, purse, inclusive),
        fees=_fees(order, purse),
        payments=read_payments(order, purse, total_price),
        fulfilments=fulfilments,
        tags=order.words("tags"),
        locale=order.text("customer_locale", limit=20) or customer.locale,
        note=order.text("note", limit=5_000),
        is_test=order.flag("test"),
    )
    return warn_of_difference(_with_order_level(read, order, purse), "total_price")


def _purse(order: Node) -> Purse:
    total_set = order.child("total_price_set")
    shop = (
        total_set.child("shop_money").text("currency_code")
        or order.text("currency")
        or order.required_text("currency")
    )
    shop = parse_currency(shop, "currency")
    paid = total_set.child("presentment_money").text("currency_code")
    paid = paid or order.text("presentment_currency") or shop
    return Purse(parse_currency(paid, "presentment_currency"), shop)


def _customer(order: Node) -> CustomerRecord:
    customer = order.child("customer")
    if not customer.content:
        return CustomerRecord()
    return CustomerRecord(
        external_id=external_id(customer),
        email=customer.text("email", limit=254),
        phone=customer.text("phone", limit=40),
        first_name=customer.text("first_name", limit=200),
        last_name=customer.text("last_name", limit=200),
        locale=customer.text("locale", limit=20),
        groups=customer.words("tags") if customer.has("tags") else None,
    )


def read_address(address: Node) -> AddressRecord:
    """Read a REST address; an absent one is empty."""
    names = (address.text("first_name", limit=200), address.text("last_name", limit=200))
    return AddressRecord(
        name=address.text("name", limit=400) or " ".join(names).strip(),
        company=address.text("company", limit=200),
        line1=address.text("address1", limit=300),
        line2=address.text("address2", limit=300),
        city=address.text("city", limit=200),
        region=address.text("province_code", limit=100) or address.text("province", limit=100),
        postcode=address.text("zip", limit=20),
        country=address.text("country_code", limit=2).upper(),
        phone=address.text("phone", limit=40),
    )


def _lines(order: Node, purse: Purse, inclusive: bool) -> tuple[LineRecord, ...]:
    items = order.items("line_items")
    if not items:
        raise FieldError("line_items", "Empty. An order needs at least one line.")
    seen: set[str] = set()
    lines = []
    for item in items:
        line = _line(item, purse, inclusive)
        if line.external_id in seen:
            raise FieldError(item.at("id"), f"{line.external_id} appears twice in the order.")
        seen.add(line.external_id)
        lines.append(line)
    return tuple(lines)


def _line(item: Node, purse: Purse, inclusive: bool) -> LineRecord:
    quantity = item.whole("quantity")
    if quantity == 0:
        raise FieldError(item.at("quantity"), "0 units. Leave the line out.")
    unit_price = purse.read(item, "price")
    discounts = _line_discounts(item, purse)
    subtotal = unit_price * quantity
    line_total = subtotal - total([each.amount for each in discounts], purse.currency)
    if line_total.minor < 0:
        raise FieldError(item.at("discount_allocations"), "The discounts exceed the line.")
    shop_unit = purse.read_shop(item, "price")
    product = item.child("product")
    tags = (*item.words("tags"), *product.words("tags"), *_property_tags(item))
    return LineRecord(
        external_id=external_id(item),
        title=item.text("title") or item.required_text("name", limit=500),
        variant_title=item.text("variant_title", limit=300),
        quantity=quantity,
        unit_price=unit_price,
        subtotal=subtotal,
        total=line_total,
        shop_total=shop_unit * quantity if purse.is_foreign else line_total,
        discounts=discounts,
        taxes=_taxes(item, purse, inclusive),
        product_external_id=item.text("product_id", limit=MAX_ID),
        variant_external_id=item.text("variant_id", limit=MAX_ID),
        sku=item.text("sku", limit=MAX_SKU),
        barcode=item.text("barcode", limit=MAX_ID),
        product_type=product.text("product_type", limit=120),
        image_url=_image(item),
        weight_grams=item.whole("grams", default=0) or None,
        tags=tuple(dict.fromkeys(tags)),
        is_gift_card=item.flag("gift_card"),
        requires_shipping=item.flag("requires_shipping") if item.has("requires_shipping") else True,
    )


def _image(item: Node) -> str:
    if isinstance(item.content.get("image"), dict):
        return item.child("image").text("src", limit=2_000)
    return item.text("image_url", limit=2_000)


def _property_tags(item: Node) -> tuple[str, ...]:
    """Read a final-sale mark from the line's properties, where storefront themes put it."""
    for entry in (
        item.items("properties") if isinstance(item.content.get("properties"), list) else []
    ):
        if entry.text("name").lower() in _FINAL_SALE_NAMES and entry.text("value").lower() != "no":
            return ("final-sale",)
    return ()


def _line_discounts(item: Node, purse: Purse) -> tuple[DiscountRecord, ...]:
    allocations = item.items("discount_allocations")
    found = [
        DiscountRecord(kind="line", amount=purse.read(each, "amount"), code=each.text("code"))
        for each in allocations
    ]
    if not allocations and item.has("total_discount"):
        found = [DiscountRecord(kind="line", amount=purse.read(item, "total_discount"))]
    return tuple(each for each in found if each.amount)


def _taxes(item: Node, purse: Purse, inclusive: bool) -> tuple[TaxRecord, ...]:
    found = [
        TaxRecord(
            title=each.text("title", limit=200),
            amount=purse.read(each, "price"),
            inclusive=inclusive,
            rate=each.text("rate", limit=20),
        )
        for each in item.items("tax_lines")
    ]
    return tuple(each for each in found if each.amount)


def _shipping(order: Node, purse: Purse, inclusive: bool) -> tuple[ShippingRecord, ...]:
    charges = []
    for position, item in enumerate(order.items("shipping_lines"), start=1):
        price = purse.read(item, "price")
        allocated = [purse.read(each, "amount") for each in item.items("discount_allocations")]
        after = price - total(allocated, purse.currency)
        if not allocated and (item.has("discounted_price_set") or item.has("discounted_price")):
            after = purse.read(item, "discounted_price")
        charges.append(
            ShippingRecord(
                external_id=external_id(item, default=str(position)),
                title=item.text("title", limit=300),
                code=item.text("code", limit=200),
                price=price,
                total=after,
                taxes=_taxes(item, purse, inclusive),
            )
        )
    return tuple(charges)


def _fees(order: Node, purse: Purse) -> tuple[FeeRecord, ...]:
    """Read tips, duties and additional charges, which stand outside lines and shipping."""
    zero = Money.zero(purse.currency)
    named = (
        ("tip", "Tip", "total_tip_received"),
        ("duties", "Duties", "original_total_duties"),
        ("additional", "Additional fees", "original_total_additional_fees"),
    )
    found = [
        FeeRecord(external_id=key, title=title, total=purse.read(order, field, default=zero))
        for key, title, field in named
    ]
    return tuple(fee for fee in found if fee.total)


def _with_order_level(read: OrderRecord, order: Node, purse: Purse) -> OrderRecord:
    """Lay tax and discount that Shopify gives only for the whole order on its lines."""
    if not read.tax_total and purse.read(order, "total_tax", default=Money.zero(purse.currency)):
        taxes = _taxes(order, purse, read.prices_include_tax) or (
            TaxRecord(
                title="Tax",
                amount=purse.read(order, "total_tax"),
                inclusive=read.prices_include_tax,
            ),
        )
        read = replace(read, lines=spread_tax(read.lines, taxes, "total_tax"))
    code = _discount_code(order)
    read = replace(read, discounts=_applied(read, code))
    left = purse.read(order, "total_discounts", default=Money.zero(purse.currency))
    left = left - read.discount_total
    # Some senders allocate every discount to its lines, older ones only state the sum. What was
    # not allocated is spread when the order's own total confirms it, or nothing was allocated.
    if left.minor > 0 and (read.difference == -left or not read.discount_total):
        spread = DiscountRecord(kind="order", amount=left, code=code)
        read = replace(
            read,
            lines=spread_discount(read.lines, spread, "total_discounts"),
            discounts=(*read.discounts, spread),
        )
    return read


def _applied(read: OrderRecord, code: str) -> tuple[DiscountRecord, ...]:
    """Return the discounts already taken off lines and shipping, one entry of each kind."""
    zero = Money.zero(read.currency)
    on_lines = total([each.subtotal - each.total for each in read.lines], read.currency)
    on_shipping = total([each.price - each.total for each in read.shipping], read.currency)
    entries = (
        DiscountRecord(kind="line", amount=on_lines, code=code),
        DiscountRecord(kind="shipping", amount=on_shipping, code=code),
    )
    return tuple(entry for entry in entries if entry.amount > zero)


def _discount_code(order: Node) -> str:
    for entry in order.items("discount_codes"):
        if entry.text("code", limit=200):
            return entry.text("code", limit=200)
    return ""
