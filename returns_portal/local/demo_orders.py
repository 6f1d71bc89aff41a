"""Orders of the demo merchant over the last ninety days, counted back from any moment.

The first ones are the stories the screens tell, Maya Lindqvist's NL-48213 among them; the rest is
drawn from a fixed seed, so that two demos look alike. Everything adds up like a real shop's orders.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from returns_portal.commerce.platforms.base import (
    PAYMENT_CAPTURED,
    CustomerRecord,
    DiscountRecord,
    FulfilmentRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
    ShippingRecord,
    TaxRecord,
)
from returns_portal.core.money import Money, share, total
from returns_portal.local.demo_catalogue import CURRENCY, FINAL_SALE, SOURCE, Article, articles
from returns_portal.local.demo_shoppers import Market, Shopper, more_shoppers, told_shoppers

FIRST_NUMBER = 48213
SEED = 48213
DAYS = 90
DRAWN = 100
FREE_SHIPPING_FROM = 50_000
GATEWAY = "builtin"


@dataclass(frozen=True, slots=True)
class Basket:
    """An order to be written: who, what, and how many days ago it was bought and delivered.

    ``items`` are (SKU, units). ``shipped`` and ``delivered`` are days ago, None when it has not
    happened. ``accident`` ends the payment's reference; the built-in gateway acts on it.
    """

    shopper: Shopper
    items: tuple[tuple[str, int], ...]
    placed: float
    shipped: float | None = None
    delivered: float | None = None
    code: str = ""
    percent: int = 0
    gift_card_minor: int = 0
    accident: str = ""
    cancelled: bool = False
    sent_lines: int | None = None
    number: int = 0


def orders(now: datetime) -> list[OrderRecord]:
    """Return the demo's orders, oldest first, as they stand at ``now``."""
    baskets = sorted([*_told(), *_drawn()], key=lambda each: -each.placed)
    shelf = articles()
    return [_order(each, now, shelf) for each in _numbered(baskets)]


def _numbered(baskets: Sequence[Basket]) -> list[Basket]:
    """Give rising numbers in order of purchase, with Maya's order at its known place."""
    story = next(place for place, each in enumerate(baskets) if each.number == FIRST_NUMBER)
    return [
        replace(
            each,
            number=FIRST_NUMBER
            + (place - story) * 7
            + (place * place % 5 if place != story else 0),
        )
        for place, each in enumerate(baskets)
    ]


def _told() -> list[Basket]:
    who = told_shoppers()

    def basket(name: str, delivered: float, *items: tuple[str, int], **more: Any) -> Basket:
        story = Basket(
            who[name], items, placed=delivered + 4, shipped=delivered + 2.6, delivered=delivered
        )
        return replace(story, **more)

    autumn: dict[str, Any] = {"code": "AUTUMN10", "percent": 10}
    return [
        basket("Maya Lindqvist", 13, ("MCS-OAT-S", 1), ("TR2-SLA-39", 1), ("RSJ-PIN-M", 1),
               ("ECM-CRE", 3), ("RBN-RUS", 1), number=FIRST_NUMBER, **autumn),
        basket("Maya Lindqvist", 62, ("FTE-NAV-S", 2), ("TSK-GRE-3941", 3)),
        basket("Tomás Ribeiro", 9, ("FDP-INK-L", 1)),
        basket("Aoife Byrne", 6, ("TR2-SLA-40", 1), **autumn),
        basket("Jean-Baptiste Marchand", 21, ("HBT-TAN-43", 1)),
        basket("Chiara Russo", 4, ("WCB-HEA", 1)),
        basket("Sofie Nygaard", 8, ("RSJ-SLA-S", 1), ("RSJ-SLA-M", 1), ("TKT-OLI-S", 1),
               ("TKT-OLI-M", 1), ("FTE-WHI-S", 2)),
        basket("Pieter de Vries", 11, ("ECS-STE", 1), ("ECM-CRE", 2)),
        basket("Ingrid Solberg", 32.2, ("RSJ-OCH-M", 1), **autumn),
        basket("Lukas Hoffmann", 17, ("DTP-MOS", 1), **autumn),
        basket("Emma Laurent", 12, ("RBN-RUS", 1), ("TSK-GRE-3638", 1)),
        basket("Matteo Conti", 5, ("MCS-CHA-L", 1), **autumn),
        basket("Hanna Virtanen", 26, ("PHL-BLA", 1)),
        basket("Daniel O’Connor", 10, ("FTE-WHI-L", 1), ("FTE-NAV-L", 1)),
        basket("Zofia Kowalska", 7, ("FDP-RUS-L", 1)),
        basket("Rasmus Holm", 15, ("TR2-BLA-43", 1), **autumn),
        basket("Camille Dubois", 24, ("RSJ-PIN-S", 1), **autumn),
        basket("Björn Åkesson", 28, ("HBT-TAN-42", 1), accident="-declined"),
        basket("Haruka Tanaka", 14, ("MCS-MOS-S", 1), ("TR2-SAN-38", 1)),
        basket("Noura Al-Sabah", 16, ("WCB-HEA", 2), ("ECM-CRE", 4)),
        basket("Grace Whitfield", 12, ("FDP-INK-M", 1), ("TSK-GRE-3941", 2), **autumn),
        # Paid half with a gift card, half by card: a refund goes back to both.
        basket("Aoife Byrne", 19, ("RSJ-SLA-M", 1), ("MCS-OAT-M", 1), gift_card_minor=15_000),
        # The bank takes its time, and one loses its answer: what a queue of refunds looks like.
        basket("Chiara Russo", 30, ("TKT-OLI-L", 1), accident="-pending"),
        basket("Lukas Hoffmann", 37, ("HBT-TAN-44", 1), accident="-lost"),
        # On its way, only partly sent, not sent at all, and called off.
        Basket(who["Hanna Virtanen"], (("MCS-CHA-M", 1),), placed=3, shipped=1.2),
        basket("Daniel O’Connor", 5, ("TR2-SLA-43", 1), ("TR2-SLA-44", 1), sent_lines=1),
        Basket(who["Camille Dubois"], (("DTP-MOS", 1),), placed=0.8),
        Basket(who["Rasmus Holm"], (("ECS-STE", 1),), placed=6, cancelled=True),
    ]  # fmt: skip


def _drawn() -> list[Basket]:
    draw = random.Random(SEED)
    shoppers = more_shoppers()
    shelf = sorted(articles())
    # Shoes and jackets sell most; the shop's picture of itself should show it.
    weights = [3 if sku.startswith(("TR2", "RSJ", "MCS")) else 1 for sku in shelf]
    baskets = []
    for _ in range(DRAWN):
        placed = DAYS * draw.random() ** 1.3 + 0.3
        travelled = draw.uniform(2.2, 6.5)
        shipped = placed - draw.uniform(0.6, 1.8)
        has_code = draw.random() < 0.25
        chosen = dict.fromkeys(draw.choices(shelf, weights, k=draw.choice((1, 1, 2, 2, 3, 4))))
        baskets.append(
            Basket(
                shopper=draw.choice(shoppers),
                items=tuple((sku, draw.choice((1, 1, 1, 2))) for sku in chosen),
                placed=placed,
                shipped=shipped if shipped > 0 else None,
                delivered=placed - travelled if placed > travelled else None,
                code="AUTUMN10" if has_code else "",
                percent=10 if has_code else 0,
            )
        )
    return baskets


def _order(basket: Basket, now: datetime, shelf: dict[str, Article]) -> OrderRecord:
    shopper, market = basket.shopper, basket.shopper.market
    placed_at = _moment(now, basket.placed)
    lines = tuple(_line(sku, units, basket, now, shelf) for sku, units in basket.items)
    goods = total([line.total for line in lines], market.currency)
    taken_off = [each.amount for line in lines for each in line.discounts if each.code]
    reduction = total(taken_off, market.currency)
    number = f"NL-{basket.number}"
    order = OrderRecord(
        source=SOURCE,
        external_id=str(basket.number),
        number=number,
        placed_at=placed_at,
        updated_at=max(at for at in (placed_at, _ago(now, basket.delivered)) if at),
        cancelled_at=_ago(now, basket.placed - 0.2) if basket.cancelled else None,
        status="cancelled" if basket.cancelled else "open",
        currency=market.currency,
        shop_currency=CURRENCY,
        total=goods,
        shop_total=Money.zero(CURRENCY),
        prices_include_tax=not market.exclusive,
        email=shopper.email,
        customer=CustomerRecord(
            external_id=f"c-{shopper.email}",
            email=shopper.email,
            first_name=shopper.first_name,
            last_name=shopper.last_name,
            locale=market.locale,
            groups=shopper.groups,
        ),
        shipping_address=shopper.address,
        billing_address=shopper.address,
        lines=lines,
        shipping=_shipping(goods, market),
        discounts=(DiscountRecord(kind="order", amount=reduction, code=basket.code),)
        if reduction
        else (),
        fulfilments=_parcels(basket, lines, now),
        locale=market.locale,
    )
    order = replace(order, total=order.parts_total)
    in_euro = share(order.total.minor, 1_000, market.rate)
    return replace(
        order,
        shop_total=order.total if market.currency == CURRENCY else Money(in_euro, CURRENCY),
        payments=() if basket.cancelled else _payments(order, basket),
    )


def _moment(now: datetime, days: float) -> datetime:
    """Return the moment so many days before ``now``, to the minute."""
    return (now - timedelta(days=days)).replace(second=0, microsecond=0)


def _ago(now: datetime, days: float | None) -> datetime | None:
    return None if days is None else _moment(now, days)


def _line(
    sku: str, units: int, basket: Basket, now: datetime, shelf: dict[str, Article]
) -> LineRecord:
    article, market = shelf[sku], basket.shopper.market
    position = [key for key, _ in basket.items].index(sku)
    was_sent = basket.shipped is not None and position < (basket.sent_lines or len(basket.items))
    unit = _price(article.design.price, market)
    subtotal = unit * units
    final_sale = FINAL_SALE in article.design.tags
    discounts = _reductions(subtotal, basket, final_sale)
    paid = subtotal - total([each.amount for each in discounts], market.currency)
    return LineRecord(
        external_id=f"{position + 1}",
        title=article.design.title,
        variant_title=article.record.title,
        product_type=article.design.kind,
        product_external_id=article.design.code,
        variant_external_id=sku,
        sku=sku,
        barcode=article.record.barcode,
        image_url=article.record.image_url,
        weight_grams=article.record.weight_grams,
        tags=article.design.tags,
        quantity=units,
        unit_price=unit,
        subtotal=subtotal,
        total=paid,
        discounts=discounts,
        taxes=_taxes(paid, market),
        fulfilled_quantity=units if was_sent else 0,
        delivered_at=_ago(now, basket.delivered) if was_sent else None,
    )


def _price(cents: int, market: Market) -> Money:
    """Return the price in the market's money, rounded to what a shop there would print."""
    if market.currency == CURRENCY:
        return Money(cents, CURRENCY)
    minor = share(cents, market.rate, 1_000 * market.step) * market.step
    return Money(minor, market.currency)


def _reductions(subtotal: Money, basket: Basket, final_sale: bool) -> tuple[DiscountRecord, ...]:
    """Return half off for a final sale; else the code's part, as codes do not add to a sale."""
    if final_sale:
        half = Money(share(subtotal.minor, 1, 2), subtotal.currency)
        return (DiscountRecord(kind="line", amount=half, title="Final sale"),)
    if not basket.percent:
        return ()
    amount = Money(share(subtotal.minor, basket.percent, 100), subtotal.currency)
    return (DiscountRecord(kind="order", amount=amount, code=basket.code),)


def _taxes(paid: Money, market: Market) -> tuple[TaxRecord, ...]:
    whole = 1_000_000 if market.exclusive else 1_000_000 + sum(ppm for _, ppm in market.taxes)
    found = [
        TaxRecord(
            title=title,
            amount=Money(share(paid.minor, ppm, whole), paid.currency),
            inclusive=not market.exclusive,
            rate=f"0.{ppm:06d}".rstrip("0"),
        )
        for title, ppm in market.taxes
    ]
    return tuple(each for each in found if each.amount)


def _shipping(goods: Money, market: Market) -> tuple[ShippingRecord, ...]:
    price = _price(market.shipping, market)
    free_from = _price(FREE_SHIPPING_FROM, market)
    charged = price if goods < free_from else Money.zero(price.currency)
    return (
        ShippingRecord(
            external_id="1",
            title="Standard",
            code="standard",
            price=price,
            total=charged,
            taxes=_taxes(charged, market),
        ),
    )


def _payments(order: OrderRecord, basket: Basket) -> tuple[PaymentRecord, ...]:
    zero = Money.zero(order.currency)
    card = order.total
    found = []
    if basket.gift_card_minor:
        given = Money(basket.gift_card_minor, order.currency)
        card = order.total - given
        found.append(
            PaymentRecord(
                external_id=f"gift-{basket.number}",
                gateway="gift_card",
                status=PAYMENT_CAPTURED,
                amount=given,
                captured=given,
                refunded=zero,
                reference=f"gift_{basket.number}",
                title="Gift card",
                paid_at=order.placed_at,
            )
        )
    found.append(
        PaymentRecord(
            external_id=f"pay-{basket.number}",
            gateway=GATEWAY,
            status=PAYMENT_CAPTURED,
            amount=card,
            captured=card,
            refunded=zero,
            reference=f"pay_{basket.number}{basket.accident}",
            title=f"Visa ending {basket.shopper.card}",
            paid_at=order.placed_at,
        )
    )
    return tuple(found)


def _parcels(
    basket: Basket, lines: tuple[LineRecord, ...], now: datetime
) -> tuple[FulfilmentRecord, ...]:
    sent = tuple((line.external_id, line.quantity) for line in lines if line.fulfilled_quantity)
    if not sent:
        return ()
    return (
        FulfilmentRecord(
            external_id=f"parcel-{basket.number}",
            status="success",
            lines=sent,
            shipped_at=_ago(now, basket.shipped),
            delivered_at=_ago(now, basket.delivered),
            carrier="An Post",
            tracking_number=f"CE{basket.number:09d}IE",
        ),
    )
