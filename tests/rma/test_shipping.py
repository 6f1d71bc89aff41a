"""Labels: made, refused, tried again, replaced, cancelled; and the carrier's news of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from returns_portal.activity.models import Event, StaffTask
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor, ActorKind
from returns_portal.core.clock import now, shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from returns_portal.core.invariants import problems_of
from returns_portal.integrations import inbox
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.models import InboundWebhook, ProviderAccount, ProviderCall
from returns_portal.integrations.outcomes import BadSignature
from returns_portal.tenancy.models import Merchant
from rma.actions.review import cancel_return
from rma.actions.shipping import (
    cancel_label,
    plan_label,
    retry_label,
    set_own_tracking,
    tracking_key,
    upload_label,
)
from rma.carriers import builtin_parcels
from rma.carriers.base import TrackingStatus
from rma.labels import open_label, slip_document, slip_pdf, store_label
from rma.locks import lock_return
from rma.models import Shipment, TrackingEvent
from rma.polling import poll_parcel, poll_tracking
from tests import flows
from tests.simulators.easypost import API_KEY, SECRET, EasyPostSimulator

CLERK = Actor(ActorKind.MEMBER, id="3", name="Cleo Clerk")
PDF = b"%PDF-1.4\n% a label\n%%EOF\n"

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def rma():
    return flows.approved(flows.order())


@pytest.fixture
def easypost(shop, settings):
    with EasyPostSimulator() as simulator:
        settings.EASYPOST_API_BASE = simulator.api_base
        settings.ALLOW_PRIVATE_OUTBOUND = True
        account = ProviderAccount.objects.get(role="carrier")
        account.provider = "easypost"
        account.credentials = {"api_key": API_KEY, "webhook_secret": SECRET}
        account.save()
        yield simulator


def only_shipment():
    return Shipment.objects.get()


def test_plan_label_buys_one_label_and_keeps_its_file(rma, media, shop):
    shipment = only_shipment()

    assert (shipment.status, rma.stage) == ("ready", "label")
    assert builtin_parcels.entries()[0].tracking_code == shipment.tracking_code
    assert shipment.cost_minor == 495
    assert shipment.provider_shipment_id.startswith("bsh_label:")
    file = open_label(shipment)
    assert file.content.startswith(b"%PDF-")
    assert file.content_type == "application/pdf"
    assert shipment.tracking_code not in shipment.label_path
    assert [path for path in media.rglob("*") if path.is_file()] == [media / shipment.label_path]
    assert Event.objects.get(kind="label.ready").about_id == rma.pk
    assert problems_of(shop.pk) == []


def test_plan_label_twice_keeps_the_living_parcel(rma):
    assert plan_label(lock_return(rma.pk), actor=SYSTEM) == only_shipment()


def test_plan_label_without_a_carrier_asks_a_person(shop):
    ProviderAccount.objects.filter(role="carrier").update(provider="manual")

    rma = flows.approved(flows.order())

    assert (only_shipment().status, rma.stage) == ("failed", "failed")
    assert StaffTask.objects.get().kind == "label_failed"
    with pytest.raises(Conflict), attempt():
        retry_label(rma.pk, actor=CLERK)


def test_refused_label_is_shown_and_can_be_tried_again(shop):
    good = shop.return_address
    Merchant.objects.filter(pk=shop.pk).update(return_address={"street1": "14 Drury Street"})
    rma = flows.approved(flows.order())
    shipment = only_shipment()
    assert (shipment.status, rma.stage) == ("failed", "failed")
    assert "lacks the city" in shipment.failure
    assert Event.objects.get(kind="label.failed").facts["reason"] == shipment.failure
    Merchant.objects.filter(pk=shop.pk).update(return_address=good)

    retry_label(rma.pk, actor=CLERK)
    flows.drain()

    assert only_shipment().status == "ready"
    assert flows.fresh(rma).stage == "label"
    assert StaffTask.objects.get().status == "done"
    assert sorted(ProviderCall.objects.values_list("status", flat=True)) == ["declined", "done"]
    assert len(builtin_parcels.entries()) == 1
    with pytest.raises(InvalidTransition), attempt():
        retry_label(rma.pk, actor=CLERK)


def test_cancel_return_after_the_label_gives_the_label_back(rma, shop):
    cancel_return(rma.pk, actor=SHOPPER)
    flows.drain()

    assert only_shipment().status == "void"
    assert builtin_parcels.entries()[0].status is TrackingStatus.CANCELLED
    assert ProviderCall.objects.get(kind="shipping.cancel_label").answer == {"refund": "refunded"}
    assert Event.objects.get(kind="label.cancelled").facts == {"bought": True}
    assert cancel_label(rma.pk, actor=SHOPPER) is None
    assert problems_of(shop.pk) == []


def test_cancel_return_before_the_label_is_bought_buys_none(shop):
    rma = flows.request(flows.order())

    cancel_return(rma.pk, actor=SHOPPER)
    flows.drain()

    assert builtin_parcels.entries() == []
    assert only_shipment().status == "void"
    assert ProviderCall.objects.get().status == "cancelled"
    assert problems_of(shop.pk) == []


def test_cancel_return_while_the_label_is_being_bought_gives_it_back(shop):
    rma = flows.request(flows.order())
    armed["label.bought"] = lambda: cancel_return(rma.pk, actor=SHOPPER)

    run_due_calls()
    armed.clear()
    flows.drain()

    assert only_shipment().status == "void"
    assert only_shipment().tracking_code == builtin_parcels.entries()[0].tracking_code
    assert builtin_parcels.entries()[0].status is TrackingStatus.CANCELLED
    assert flows.fresh(rma).stage == "cancelled"
    assert Event.objects.filter(kind="label.ready").count() == 0
    assert problems_of(shop.pk) == []


def test_cancelled_label_that_is_not_refunded_is_put_before_a_person(easypost):
    rma = flows.approved(flows.order())
    easypost.labels()[0]["refund_status"] = "rejected"

    cancel_return(rma.pk, actor=SHOPPER)
    flows.drain()

    task = StaffTask.objects.get(kind="label_not_refunded")
    assert (task.about_id, task.subject_id) == (rma.pk, only_shipment().pk)


def test_cancel_label_of_a_moving_parcel_changes_nothing(rma):
    flows.moved(rma)

    assert cancel_label(rma.pk, actor=CLERK) is None

    assert only_shipment().status == "in_transit"


def test_own_tracking_replaces_an_unused_label(rma, shop):
    shipment = set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="rr 12 ie")
    set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="rr 12 ie")
    flows.drain()

    assert (shipment.carrier_driver, shipment.status) == ("manual", "in_transit")
    assert shipment.tracking_key == "RR12IE"
    assert Shipment.objects.filter(status="void").count() == 1
    assert builtin_parcels.entries()[0].status is TrackingStatus.CANCELLED
    assert Event.objects.filter(kind="tracking.added").count() == 1
    assert flows.fresh(rma).stage == "transit"
    assert problems_of(shop.pk) == []


def test_own_tracking_of_nothing_is_refused(rma):
    with pytest.raises(InvalidInput), attempt():
        set_own_tracking(rma.pk, actor=SHOPPER, carrier="", tracking_code=" - ")

    assert Shipment.objects.count() == 1


def test_own_tracking_while_our_parcel_moves_is_a_conflict(rma):
    flows.moved(rma)

    with pytest.raises(Conflict), attempt():
        set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="RR1")


def test_own_tracking_of_a_cancelled_return_is_refused(rma):
    cancel_return(rma.pk, actor=SHOPPER)

    with pytest.raises(InvalidTransition), attempt():
        set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="RR1")


def test_upload_label_gives_the_shopper_the_merchants_own(rma):
    shipment = upload_label(
        rma.pk, actor=CLERK, content=PDF, carrier="DHL", tracking_code="00340434"
    )

    assert (shipment.carrier_driver, shipment.status) == ("manual", "ready")
    assert open_label(shipment).content == PDF
    assert Event.objects.filter(kind="label.ready").count() == 2


@pytest.mark.parametrize("content", [b"", b"<html>", b"%PDF-" + b"0" * (5 * 1024 * 1024)])
def test_upload_label_refuses_what_is_no_label(rma, content):
    with pytest.raises(InvalidInput) as refusal, attempt():
        upload_label(rma.pk, actor=CLERK, content=content, carrier="DHL", tracking_code="1")

    assert refusal.value.field == "label"
    assert Shipment.objects.count() == 1


def test_open_label_without_a_file_is_not_found(rma):
    with pytest.raises(NotFound):
        open_label(Shipment(label_path=""))
    with pytest.raises(NotFound):
        open_label(Shipment(label_path="labels/aa/gone.pdf"))


@pytest.mark.parametrize("name", ["../../../etc/passwd1234", "short"])
def test_store_label_takes_random_names_only(name):
    with pytest.raises(ValueError, match="neither"):
        store_label(PDF, name)


def test_label_file_that_is_no_label_is_left_to_a_person(easypost):
    easypost.label_file = b"<html>Sorry</html>"

    flows.approved(flows.order())

    assert (only_shipment().status, only_shipment().label_path) == ("ready", "")
    assert StaffTask.objects.get().kind == "label_file_missing"
    assert len(easypost.labels()) == 1


def test_expired_rate_is_prepared_again_once(easypost):
    flows.approved(flows.order(number="NL-9"))
    [sold] = easypost.labels()
    stale = {**sold, "id": "shp_stale", "postage_label": None, "tracking_code": None, "rates": []}
    easypost.shipments["shp_stale"] = stale
    rma = flows.request(flows.order())
    Shipment.objects.filter(rma=rma).update(
        provider_shipment_id="shp_stale",
        prepared={
            "shipment_id": "shp_stale",
            "rate_id": "rate_gone",
            "cost_minor": 820,
            "currency": "USD",
            "carrier": "USPS",
            "service": "GroundAdvantage",
        },
    )

    flows.drain()

    shipment = Shipment.objects.get(rma=rma)
    assert (shipment.status, flows.fresh(rma).stage) == ("ready", "label")
    assert [one["id"] for one in easypost.labels()] == [sold["id"], shipment.provider_shipment_id]


def test_webhook_moves_the_parcel_once_and_forged_ones_do_nothing(easypost):
    rma = flows.approved(flows.order())
    token = ProviderAccount.objects.get(role="carrier").webhook_token
    code = only_shipment().tracking_code
    body = easypost.scan(code, "in_transit")
    with pytest.raises(BadSignature), attempt():
        inbox.receive(token, body, easypost.sign(body, "another secret"))
    assert InboundWebhook.objects.count() == 0

    assert inbox.receive(token, body, easypost.sign(body))
    assert not inbox.receive(token, body, easypost.sign(body))
    flows.drain()

    assert only_shipment().status == "in_transit"
    assert flows.fresh(rma).stage == "transit"
    assert TrackingEvent.objects.count() == 1
    assert InboundWebhook.objects.get().status == "done"
    assert Event.objects.get(kind="parcel.in_transit").actor_name == "easypost"


def test_webhook_about_an_unknown_parcel_waits(easypost):
    flows.approved(flows.order())
    token = ProviderAccount.objects.get(role="carrier").webhook_token
    known = easypost.trackers[only_shipment().tracking_code]
    easypost.trackers["UNKNOWN1"] = known | {"tracking_code": "UNKNOWN1", "tracking_details": []}
    body = easypost.scan("UNKNOWN1", "delivered")

    inbox.receive(token, body, easypost.sign(body))
    flows.drain()

    waiting = InboundWebhook.objects.get()
    assert (waiting.status, waiting.due_at > now()) == ("received", True)
    assert TrackingEvent.objects.count() == 0


def test_webhook_about_no_parcel_is_ignored_with_the_reason(easypost):
    flows.approved(flows.order())
    token = ProviderAccount.objects.get(role="carrier").webhook_token
    body = easypost.event("refund.successful", {"object": "Refund", "id": "rfnd_1"})

    inbox.receive(token, body, easypost.sign(body))
    flows.drain()

    row = InboundWebhook.objects.get()
    assert (row.status, row.reason) == ("ignored", "moves no parcel")


def test_poll_finds_what_no_webhook_told_and_rests_between(easypost):
    rma = flows.approved(flows.order())
    easypost.scan(only_shipment().tracking_code, "delivered")
    before = len(easypost.seen)
    flows.drain()
    assert len(easypost.seen) == before

    with shifted(timedelta(hours=4)):
        flows.drain()

    assert only_shipment().status == "delivered"
    assert flows.fresh(rma).stage == "received"


def test_poll_survives_a_carrier_that_does_not_answer(easypost):
    flows.approved(flows.order())
    easypost.revoked = True

    assert poll_parcel(only_shipment().pk) is False

    assert only_shipment().status == "ready"
    assert only_shipment().polled_at is not None


def test_poll_leaves_own_parcels_alone(rma):
    set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="RR1")
    flows.drain()

    assert poll_tracking() == 0
    assert Shipment.objects.get(carrier_driver="manual").polled_at is None


@pytest.mark.parametrize(
    ("step", "status"),
    [("accept", "in_transit"), ("next", "in_transit"), ("deliver", "delivered"), ("lose", "lost")],
)
def test_demo_parcel_moves_and_the_product_hears_of_it(rma, shop, capsys, step, status):
    call_command("demo_parcel", rma.number, step, merchant=shop.slug)

    assert only_shipment().status == status
    assert only_shipment().tracking_code in capsys.readouterr().out


def test_demo_parcel_says_what_it_can_not_move(shop):
    with pytest.raises(CommandError, match="No merchant"):
        call_command("demo_parcel", "R-1", "accept", merchant="nobody")
    with pytest.raises(CommandError, match="neither a return nor a parcel"):
        call_command("demo_parcel", "R-1", "accept", merchant=shop.slug)
    own = flows.request(flows.order(), method="own")
    with pytest.raises(CommandError, match="no label"):
        call_command("demo_parcel", own.number, "accept", merchant=shop.slug)


def test_tracking_key_keeps_letters_and_digits():
    assert tracking_key(" 9400-1 abc é ") == "94001ABC"


def test_slip_names_goods_and_no_money(rma, shop):
    slip = slip_document(rma)

    assert (slip.rma_number, slip.order_number) == (rma.number, "NL-1001")
    assert slip.shopper == "Maya L., SE"
    assert [(item.name, item.quantity, item.outcome) for item in slip.items] == [
        ("Trail Runner 1", 1, "Refund")
    ]
    assert slip.warehouse[0] == "Northloom Returns"
    assert rma.token in slip.status_url


def test_slip_is_drawn_as_pdf(rma):
    assert slip_pdf(rma).startswith(b"%PDF-")
