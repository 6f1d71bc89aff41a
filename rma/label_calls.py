"""Buying and cancelling labels at the carrier, one provider call each.

Carriers have no idempotency key. What stands in for it is the shipment the carrier prepared: its
id is stored, in a transaction of its own, before anything is bought, and every doubt is settled by
reading that shipment.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.db import durable
from returns_portal.core.errors import NotFound
from returns_portal.core.money import Money
from returns_portal.integrations.calls import Answer, Operation
from returns_portal.integrations.models import ProviderCall
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from rma.actions import shipping
from rma.carriers.base import (
    Carrier,
    Label,
    LabelOrder,
    LabelRefund,
    Parcel,
    PreparedShipment,
)
from rma.carriers.labels import label_format_of
from rma.carriers.registry import build
from rma.labels import address_of, return_address, store_label
from rma.models import ReturnLine, Shipment
from rma.states import ShipmentStatus

# What a parcel is taken to weigh where the shop knows no weights.
_DEFAULT_GRAMS = 500
_RATE_EXPIRED = "rate_expired"


@dataclass(frozen=True, slots=True)
class LabelJob:
    """A purchase as the driver needs it, read in one short transaction."""

    shipment_id: UUID
    status: str
    carrier: Carrier
    order: LabelOrder
    prepared: PreparedShipment | None


class BuyLabel(Operation):
    """Buy the label of a shipment that is pending."""

    kind = shipping.BUY

    def send(self, call: ProviderCall) -> Answer:
        job = read_job(call)
        if job.status != ShipmentStatus.PENDING:
            raise Declined("no_longer_wanted", "The label was cancelled before it was bought.")
        prepared = job.prepared or _prepare(job)
        try:
            label = job.carrier.buy(job.order, prepared)
        except Declined as refusal:
            if refusal.code != _RATE_EXPIRED:
                raise
            label = job.carrier.buy(job.order, _prepare(job, replacing=prepared.shipment_id))
        return _answer(job, label, call)

    def find(self, call: ProviderCall) -> Answer | None:
        try:
            job = read_job(call)
            label = job.carrier.find(job.order, job.prepared) if job.prepared else None
        except Declined as refusal:
            # Not being allowed to look says nothing about what was bought.
            raise Unknown(refusal.code, refusal.message) from refusal
        return _answer(job, label, call) if label else None

    def apply_done(self, call: ProviderCall, answer: Answer) -> None:
        shipping.label_bought(call.subject_id, answer)

    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        shipping.label_refused(call.subject_id, message)


class CancelLabel(Operation):
    """Ask for the price of an unused label back. Asking again tells where it stands."""

    kind = shipping.CANCEL

    def send(self, call: ProviderCall) -> Answer:
        carrier, label = _read_label(call)
        return {"refund": carrier.cancel(label).value}

    def find(self, call: ProviderCall) -> Answer | None:
        """Leave it to ``send``, which changes nothing when repeated."""
        return None

    def apply_done(self, call: ProviderCall, answer: Answer) -> None:
        if answer["refund"] == LabelRefund.REJECTED:
            _ask_person(call, "The carrier refuses to give the price back.")

    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        _ask_person(call, message)


def read_job(call: ProviderCall) -> LabelJob:
    """Read what a purchase needs: carrier, addresses, weight, what is prepared already."""
    with transaction.atomic():
        shipment = Shipment.objects.select_related("rma__order", "account", "merchant").get(
            pk=call.subject_id
        )
        lines = ReturnLine.objects.filter(rma_id=shipment.rma_id)
        grams = lines.aggregate(n=Sum(F("quantity") * F("order_line__weight_grams")))["n"]
        merchant, order = shipment.merchant, shipment.rma.order
        credentials = shipment.account.credentials if shipment.account else {}
        receiver = return_address(merchant)
        # Where a gift was sent may be the buyer's home, which its receiver need not know.
        given = {**receiver, "name": shipment.rma.shopper_name} if shipment.rma.is_gift else None
    return LabelJob(
        shipment_id=shipment.pk,
        status=shipment.status,
        carrier=build(shipment.carrier_driver, credentials),
        order=LabelOrder(
            operation_id=call.key,
            sender=address_of(given or order.shipping_address),
            receiver=address_of(receiver, company=merchant.name),
            parcel=Parcel(weight_grams=grams or _DEFAULT_GRAMS),
            reference=shipment.rma.number,
        ),
        prepared=prepared_of(shipment),
    )


def prepared_of(shipment: Shipment) -> PreparedShipment | None:
    """Return what :func:`keep_prepared` stored, or None."""
    kept = shipment.prepared
    if not kept:
        return None
    cost = None if kept["cost_minor"] is None else Money(kept["cost_minor"], kept["currency"])
    return PreparedShipment(
        shipment_id=kept["shipment_id"],
        rate_id=kept["rate_id"],
        cost=cost,
        carrier=kept["carrier"],
        service=kept["service"],
    )


def keep_prepared(shipment_id: UUID, prepared: PreparedShipment, *, replacing: str = "") -> bool:
    """Store durably what the carrier prepared; False when something else stands there already.

    ``replacing`` is the carrier's id of a prepared shipment that certainly was not bought.
    """
    cost = prepared.cost
    with durable():
        changed = Shipment.objects.filter(
            pk=shipment_id, status=ShipmentStatus.PENDING, provider_shipment_id=replacing
        ).update(
            provider_shipment_id=prepared.shipment_id,
            prepared={
                "shipment_id": prepared.shipment_id,
                "rate_id": prepared.rate_id,
                "cost_minor": cost.minor if cost else None,
                "currency": cost.currency if cost else "",
                "carrier": prepared.carrier,
                "service": prepared.service,
            },
        )
    return bool(changed)


def _prepare(job: LabelJob, *, replacing: str = "") -> PreparedShipment:
    prepared = job.carrier.prepare(job.order)
    crashpoint("label.prepared")
    if not keep_prepared(job.shipment_id, prepared, replacing=replacing):
        raise Declined("no_longer_wanted", "The label was cancelled before it was bought.")
    crashpoint("label.kept")
    return prepared


def _answer(job: LabelJob, label: Label, call: ProviderCall) -> Answer:
    """Return the bought label as JSON, its file stored. The label stays ours whatever its file.

    A file that can not be had now leaves the call in doubt, to be found again; one that is no label
    at all is left to a person.
    """
    crashpoint("label.bought")
    content = label.label_pdf
    if content is None and label.label_url:
        try:
            content = job.carrier.fetch_label(label.label_url)
        except Unavailable as absent:
            raise Unknown(absent.code, absent.message) from absent
        except Declined:
            content = None
    usable = content is not None and label_format_of(content) is not None
    return {
        "shipment_id": label.provider_shipment_id,
        "tracking_code": label.tracking_code,
        "carrier": label.carrier,
        "service": label.service,
        "cost_minor": label.cost.minor if label.cost else None,
        "currency": label.cost.currency if label.cost else "",
        "tracking_url": label.tracking_url or "",
        "label_path": store_label(content, str(call.params["file"])) if usable and content else "",
    }


def _read_label(call: ProviderCall) -> tuple[Carrier, Label]:
    with transaction.atomic():
        shipment = Shipment.objects.select_related("account").get(pk=call.subject_id)
        credentials = shipment.account.credentials if shipment.account else {}
    if not shipment.tracking_code:
        raise NotFound("This parcel has no label to cancel.")
    return build(shipment.carrier_driver, credentials), Label(
        tracking_code=shipment.tracking_code,
        carrier=shipment.carrier,
        service=shipment.service,
        cost=None,
        provider_shipment_id=shipment.provider_shipment_id,
    )


def _ask_person(call: ProviderCall, message: str) -> None:
    open_task(
        kind="label_not_refunded",
        key=f"label_refund:{call.subject_id}",
        subject_kind="shipment",
        subject_id=call.subject_id,
        about_id=call.about_id,
        title="A cancelled label was not refunded",
        detail=f"{message} Ask the carrier, or book the price as lost.",
    )
