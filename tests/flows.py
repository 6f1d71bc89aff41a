"""Drive a return to any stage, through the same actions that the product uses.

Every function works in the scope of the current merchant and opens its own transactions, so that
it serves tests with and without a surrounding one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.core.management import call_command
from django.db import transaction

from inventory.actions import set_sellable
from inventory.models import Location
from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.platforms.base import (
    AddressRecord,
    CustomerRecord,
    FulfilmentRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
    ShippingRecord,
)
from returns_portal.core import scope
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.money import Money, total
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.actions.requesting import RequestedLine, request_return
from rma.actions.review import approve_return
from rma.actions.setup import set_up
from rma.actions.withdrawing import Statement, declare_withdrawal
from rma.carriers import builtin_parcels
from rma.models import Inspection, Return, Shipment, Withdrawal
from rma.states import KEPT, ReceiptLineStatus, ReturnStatus

PRICE = 4500


def open_for_business(merchant: Merchant) -> Merchant:
    """Give a merchant its location, live policy and the built-in gateway and carrier."""
    with merchant_scope(merchant.pk), transaction.atomic():
        set_up(merchant, demo=True)
    return merchant


def order_record(
    number: str = "NL-1001",
    *,
    prices: Sequence[int] = (PRICE,),
    quantity: int = 1,
    currency: str = "EUR",
    delivered_days_ago: int = 3,
    email: str = "maya@example.com",
    gateway: str = "builtin",
    reference: str = "",
    shipping: int = 0,
    country: str = "SE",
) -> OrderRecord:
    """Return a paid and delivered order with one line for each of ``prices`` (minor units).

    ``shipping`` is what its delivery cost, none by default.
    """
    delivered = now() - timedelta(days=delivered_days_ago)
    lines = tuple(
        LineRecord(
            external_id=f"{number}-{place}",
            title=f"Trail Runner {place}",
            variant_title="Slate / EU 39",
            sku=f"TR-{place}",
            barcode=f"539152400{place:04d}",
            product_external_id=f"P{place}",
            variant_external_id=f"V{place}",
            quantity=quantity,
            fulfilled_quantity=quantity,
            unit_price=Money(price, currency),
            subtotal=Money(price * quantity, currency),
            total=Money(price * quantity, currency),
            weight_grams=780,
            delivered_at=delivered,
        )
        for place, price in enumerate(prices, start=1)
    )
    paid = total([line.total for line in lines], currency) + Money(shipping, currency)
    charge = ShippingRecord(
        external_id=f"{number}-s",
        title="Standard",
        price=Money(shipping, currency),
        total=Money(shipping, currency),
    )
    address = AddressRecord(
        name="Maya Lindqvist",
        line1="Storgatan 1",
        city="Stockholm",
        postcode="111 23",
        country=country,
        phone="+46700000001",
    )
    return OrderRecord(
        source="csv",
        external_id=number,
        number=number,
        placed_at=delivered - timedelta(days=4),
        currency=currency,
        shop_currency=currency,
        total=paid,
        shop_total=paid,
        lines=lines,
        prices_include_tax=True,
        email=email,
        customer=CustomerRecord(
            external_id=f"C-{email}", email=email, first_name="Maya", last_name="Lindqvist"
        ),
        billing_address=address,
        shipping_address=address,
        shipping=(charge,) if shipping else (),
        payments=(
            PaymentRecord(
                external_id=f"{number}-p",
                gateway=gateway,
                status="captured",
                amount=paid,
                captured=paid,
                refunded=Money.zero(currency),
                reference=reference or f"pay-{number}",
                title="Visa ending 4242",
                paid_at=delivered - timedelta(days=4),
            ),
        ),
        fulfilments=(
            FulfilmentRecord(
                external_id=f"{number}-f",
                status="delivered",
                lines=tuple((line.external_id, quantity) for line in lines),
                shipped_at=delivered - timedelta(days=2),
                delivered_at=delivered,
            ),
        ),
    )


def order(record: OrderRecord | None = None, **options: object) -> Order:
    """Mirror an order and return it."""
    told = record or order_record(**options)  # type: ignore[arg-type]
    with transaction.atomic():
        return upsert_order(told, actor=SYSTEM)[0]


def lines_of(placed: Order) -> list[OrderLine]:
    with transaction.atomic():
        return list(OrderLine.objects.filter(order=placed).order_by("position"))


def wish(
    line: OrderLine,
    *,
    quantity: int = 1,
    reason: str = "changed_mind",
    wanted: str = "refund",
    variant_id: UUID | None = None,
) -> RequestedLine:
    """Return one requested line."""
    return RequestedLine(
        order_line_id=line.pk,
        quantity=quantity,
        reason=reason,
        wanted=wanted,
        exchange_variant_id=variant_id,
    )


def request(
    placed: Order,
    *wishes: RequestedLine,
    actor: Actor = SHOPPER,
    channel: str = "portal",
    method: str = "label",
    operation_id: str = "",
) -> Return:
    """Request a return of the first line, or of ``wishes``."""
    asked = list(wishes) or [wish(lines_of(placed)[0])]
    with transaction.atomic():
        return request_return(
            order_id=placed.pk,
            lines=asked,
            method=method,
            channel=channel,
            operation_id=operation_id or new_token(),
            actor=actor,
        )


def withdrawn(
    placed: Order,
    *,
    units: Mapping[UUID, int] | None = None,
    described: str = "",
    known: bool = True,
    operation_id: str = "",
) -> Withdrawal:
    """Declare that ``placed`` is withdrawn: all of it, or ``units`` by order line.

    Where the order is not ``known``, number and e-mail proved nothing.
    """
    items = f" of these items: {described or sorted((units or {}).values())}"
    with transaction.atomic():
        return declare_withdrawal(
            Statement(
                name="Maya Lindqvist",
                email="maya@example.com",
                order_number=placed.number,
                text=f"I withdraw from order {placed.number}{items if units or described else ''}.",
                units=units,
                described=described,
            ),
            merchant=placed.merchant,
            order_id=placed.pk if known else None,
            operation_id=operation_id or new_token(),
            actor=SHOPPER,
            locale="en",
        )


def approved(placed: Order, *wishes: RequestedLine, method: str = "label") -> Return:
    """Request a return, have it approved where policy did not, and let the label be made."""
    rma = request(placed, *wishes, method=method)
    if rma.status == ReturnStatus.REQUESTED:
        with transaction.atomic():
            approve_return(rma.pk, actor=SYSTEM)
    drain()
    return fresh(rma)


def moved(rma: Return, steps: int = 1) -> Return:
    """Let the built-in carrier move the parcel ``steps`` scans on, and take the scans up."""
    with transaction.atomic():
        code = Shipment.objects.get(rma=rma).tracking_code
    for _ in range(steps):
        builtin_parcels.advance(code)
    drain()
    return fresh(rma)


def received(rma: Return, operation_id: str = "") -> Return:
    """Receive every unit of the return that is sent, at the default location."""
    with transaction.atomic():
        lines = list(rma.lines.exclude(wanted__in=KEPT).order_by("position"))
        place = Location.objects.get(is_default=True)
        receive_parcel(
            rma.pk,
            location_id=place.pk,
            units=[
                ReceivedUnits(line.pk, line.quantity, ReceiptLineStatus.RECEIVED) for line in lines
            ],
            operation_id=operation_id or new_token(),
            actor=SYSTEM,
        )
    return fresh(rma)


def inspected(rma: Return, *, grade: str = "A", disposition: str = "restock") -> Return:
    """Accept every waiting unit at the bench."""
    with transaction.atomic():
        units = list(Inspection.objects.filter(rma=rma, status="pending").order_by("pk"))
    for unit in units:
        with transaction.atomic():
            inspect_unit(
                unit.pk,
                grade=grade,
                disposition=disposition,
                accepted=True,
                actor=SYSTEM,
                expected_version=unit.version,
            )
    return fresh(rma)


def refunded(placed: Order, *wishes: RequestedLine) -> Return:
    """Take a return all the way: approved, received, inspected, money sent."""
    rma = inspected(received(approved(placed, *wishes)))
    drain()
    return fresh(rma)


def stock(line: OrderLine, units: int) -> None:
    """Put sellable units of a line's variant at the default location."""
    with transaction.atomic():
        place = Location.objects.get(is_default=True)
        set_sellable(location_id=place.pk, counts={line.variant_id: units}, actor=SYSTEM)


def fresh(rma: Return) -> Return:
    with transaction.atomic():
        return Return.objects.get(pk=rma.pk)


def drain() -> None:
    """Do everything that workers would do now; they begin outside any merchant's scope."""
    token = scope._current.set(scope.NOBODY)
    try:
        call_command("drain", "--until-idle", verbosity=0, stdout=_Silent())
    finally:
        scope._current.reset(token)


class _Silent:
    """Takes what the command prints."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None


def renumbered(record: OrderRecord, number: str) -> OrderRecord:
    """Return the same order under another number and id."""
    return replace(record, number=number, external_id=f"{number}-{new_id()}")
