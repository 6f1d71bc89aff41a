"""The shop that is measured: a merchant, its people, and model returns made by real actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction

from inventory.models import Location
from refunds.models import Refund, RefundAllocation
from returns_portal.activity.models import Event
from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.models import Fulfilment, Order, OrderLine, Payment
from returns_portal.commerce.platforms.base import (
    AddressRecord,
    CustomerRecord,
    FulfilmentRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
)
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.ids import new_token
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.local.bench.cloning import Part
from returns_portal.tenancy.api_tokens import new_token as new_api_token
from returns_portal.tenancy.models import ApiKey, Merchant, User
from returns_portal.tenancy.permissions import Permission
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.actions.requesting import RequestedLine, request_return
from rma.actions.setup import create_merchant
from rma.carriers import builtin_parcels
from rma.models import (
    Inspection,
    Receipt,
    ReceiptLine,
    Resolution,
    Return,
    ReturnLine,
    Shipment,
    TrackingEvent,
)
from rma.states import ReceiptLineStatus

SLUG = "bench"
# The order whose copies are used up by requests; the portal shows it itself.
POOL = "POOL"
EMAIL = "shopper@bench.example"
PRICE = 4500
# Above this the default policy asks a person.
PRICE_FOR_REVIEW = 30_000


@dataclass(frozen=True, slots=True)
class Model:
    """A model return at one stage. ``share`` of all copies are of it, spread over ``days``."""

    stage: str
    share: int
    days: int


MODELS = (
    Model("closed", 84, 730),
    Model("declined", 4, 730),
    Model("review", 3, 14),
    Model("label", 4, 21),
    Model("transit", 3, 21),
    Model("received", 2, 14),
)


def make_shop() -> dict[str, Any]:
    """Make merchant, owner, API key and session; return what a client needs to know."""
    merchant = create_merchant(
        slug=SLUG,
        name="Bench",
        owner_email="owner@bench.example",
        owner_name="Bench Owner",
        password=new_token(),
        demo=True,
        currency="EUR",
        country="IE",
        time_zone="Europe/Dublin",
        return_address={
            "name": "Bench Returns",
            "street1": "1 Test Street",
            "city": "Dublin",
            "zip": "D02 XY45",
            "country": "IE",
            "phone": "+35315550100",
        },
    )
    owner = User.objects.get(email="owner@bench.example")
    token = new_api_token(merchant.pk)
    with merchant_scope(merchant.pk), transaction.atomic():
        ApiKey.objects.create(
            name="bench",
            key_id=token.key_id,
            secret_hash=token.secret_hash,
            scopes=sorted(permission.value for permission in Permission),
            created_by=owner,
        )
    return {
        "merchant": str(merchant.pk),
        "key": str(token),
        "cookie": f"{settings.SESSION_COOKIE_NAME}={_session(owner)}",
    }


def _session(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def bench_merchant() -> Merchant:
    return Merchant.objects.get(slug=SLUG)


def place_order(number: str, *, price: int = PRICE, delivered_days_ago: int = 3) -> Order:
    """Mirror a paid and delivered order of one unit."""
    record = _record(number, Money(price, "EUR"), delivered_days_ago)
    with transaction.atomic():
        return upsert_order(record, actor=SYSTEM)[0]


def _record(number: str, paid: Money, delivered_days_ago: int) -> OrderRecord:
    delivered = now() - timedelta(days=delivered_days_ago)
    line = LineRecord(
        external_id=f"{number}-1",
        title="Trail Runner 2",
        variant_title="Slate / EU 39",
        sku="TR-2",
        barcode="5391524000017",
        product_external_id="P1",
        variant_external_id="V1",
        quantity=1,
        fulfilled_quantity=1,
        unit_price=paid,
        subtotal=paid,
        total=paid,
        weight_grams=780,
        delivered_at=delivered,
    )
    address = AddressRecord(
        name="Maya Lindqvist",
        line1="Storgatan 1",
        city="Stockholm",
        postcode="111 23",
        country="SE",
        phone="+46700000001",
    )
    return OrderRecord(
        source="csv",
        external_id=number,
        number=number,
        placed_at=delivered - timedelta(days=4),
        currency=paid.currency,
        shop_currency=paid.currency,
        total=paid,
        shop_total=paid,
        lines=(line,),
        prices_include_tax=True,
        email=EMAIL,
        customer=CustomerRecord(
            external_id="C1", email=EMAIL, first_name="Maya", last_name="Lindqvist"
        ),
        billing_address=address,
        shipping_address=address,
        payments=(
            PaymentRecord(
                external_id=f"{number}-p",
                gateway="builtin",
                status="captured",
                amount=paid,
                captured=paid,
                refunded=Money.zero(paid.currency),
                reference=f"pay-{number}",
                title="Visa ending 4242",
                paid_at=delivered - timedelta(days=4),
            ),
        ),
        fulfilments=(
            FulfilmentRecord(
                external_id=f"{number}-f",
                status="delivered",
                lines=((line.external_id, 1),),
                shipped_at=delivered - timedelta(days=2),
                delivered_at=delivered,
            ),
        ),
    )


def request(order_id: UUID, line_id: UUID, *, method: str = "label") -> Return:
    """Request a return of one unit, as a shopper."""
    with transaction.atomic():
        return request_return(
            order_id=order_id,
            lines=[
                RequestedLine(
                    order_line_id=line_id, quantity=1, reason="changed_mind", wanted="refund"
                )
            ],
            method=method,
            channel="portal",
            operation_id=new_token(),
            actor=SHOPPER,
        )


def receive(rma: Return, location_id: UUID) -> None:
    """Receive everything that was asked for."""
    with transaction.atomic():
        lines = list(rma.lines.all())
        units = [ReceivedUnits(one.pk, one.quantity, ReceiptLineStatus.RECEIVED) for one in lines]
        receive_parcel(
            rma.pk, location_id=location_id, units=units, operation_id=new_token(), actor=SYSTEM
        )


def inspect(rma: Return) -> None:
    """Accept every unit at the bench; the last one settles the return."""
    with transaction.atomic():
        units = list(Inspection.objects.filter(rma=rma).order_by("pk"))
    for unit in units:
        with transaction.atomic():
            inspect_unit(
                unit.pk,
                grade="A",
                disposition="restock",
                accepted=True,
                actor=SYSTEM,
                expected_version=unit.version,
            )


def default_location() -> UUID:
    with transaction.atomic():
        return Location.objects.values_list("pk", flat=True).get(is_default=True)


def drain() -> None:
    """Do what workers would do; must be called outside any merchant's scope."""
    call_command("drain", "--until-idle", verbosity=0, stdout=_Silent())


class _Silent:
    """Takes what the command prints."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None


def make_models(merchant: Merchant) -> dict[str, Return]:
    """Bring one return to each stage of MODELS, through the actions that people use."""
    made: dict[str, Return] = {}
    with merchant_scope(merchant.pk):
        for model in MODELS:
            order = place_order(
                f"M-{model.stage}",
                price=PRICE_FOR_REVIEW if model.stage == "review" else PRICE,
                delivered_days_ago=60 if model.stage == "declined" else 3,
            )
            made[model.stage] = request(order.pk, first_line(order.pk))
    drain()
    with merchant_scope(merchant.pk):
        location_id = default_location()
        for stage in ("transit", "received", "closed"):
            _scan(made[stage], times=2 if stage == "transit" else 4)
    drain()
    with merchant_scope(merchant.pk):
        for stage in ("received", "closed"):
            receive(made[stage], location_id)
        inspect(made["closed"])
    drain()
    return made


def first_line(order_id: UUID) -> UUID:
    with transaction.atomic():
        return OrderLine.objects.filter(order_id=order_id).values_list("pk", flat=True)[0]


def _scan(rma: Return, times: int) -> None:
    with transaction.atomic():
        code = Shipment.objects.values_list("tracking_code", flat=True).get(rma=rma)
    for _ in range(times):
        builtin_parcels.advance(code)


def order_parts(order_id: UUID) -> list[Part]:
    """Return the rows of an order, in the scope of its merchant."""
    with transaction.atomic():
        return [
            Part(Order, [order_id]),
            *(_part(model, order_id=order_id) for model in (OrderLine, Payment, Fulfilment)),
        ]


def return_parts(rma: Return) -> list[Part]:
    """Return the rows of a return with its order: all that its pages and reports read."""
    with transaction.atomic():
        return [
            *order_parts(rma.order_id),
            Part(Return, [rma.pk]),
            *(
                _part(model, rma_id=rma.pk)
                for model in (ReturnLine, Shipment, Receipt, Inspection, Resolution)
            ),
            _part(TrackingEvent, shipment__rma_id=rma.pk),
            _part(ReceiptLine, receipt__rma_id=rma.pk),
            _part(Refund, about_id=rma.pk),
            _part(RefundAllocation, refund__about_id=rma.pk),
            # The milestones alone; scans and stock would be most of the bulk.
            _part(Event, about_id=rma.pk, kind__startswith="return."),
        ]


def _part(model: Any, **where: UUID | str) -> Part:
    return Part(model, list(model.objects.filter(**where).values_list("pk", flat=True)))
