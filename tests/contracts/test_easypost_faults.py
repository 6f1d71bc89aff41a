"""EasyPost when things go wrong: one label, whatever gets lost on the way."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import BadSignature, Declined, Unavailable, Unknown
from rma.carriers import easypost as driver
from rma.carriers.base import LabelFormat, LabelRefund, TrackingStatus
from rma.carriers.easypost import EasyPostCarrier
from tests.contracts.carrier_cases import label_order
from tests.shared_data import shared_path
from tests.simulators.easypost import API_KEY, PDF, SECRET, EasyPostSimulator
from tests.simulators.server import Fault, closed_port


def test_prepare_sends_a_return_with_the_addresses_of_the_outbound_parcel(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    easypost_carrier.prepare(label_order())

    sent = easypost_sim.seen[-1].json()["shipment"]
    assert sent["is_return"] is True
    assert sent["to_address"]["name"] == "Maya Lindqvist"
    assert sent["from_address"]["company"] == "Northloom"
    assert sent["reference"] == "op-1"
    assert sent["parcel"]["weight"] == 42.3
    assert sent["options"]["label_format"] == "PDF"
    assert sent["options"]["print_custom_1"] == "R-7K4P-2M9X-WC"


def test_prepare_takes_the_cheapest_rate_of_the_wanted_service(
    easypost_carrier: EasyPostCarrier,
) -> None:
    cheapest = easypost_carrier.prepare(label_order())
    wanted = easypost_carrier.prepare(label_order(service="usps priority"))

    assert (cheapest.service, cheapest.cost) == ("GroundAdvantage", Money(820, "USD"))
    assert (wanted.service, wanted.cost) == ("Priority", Money(1101, "USD"))


def test_prepare_without_rates_tells_what_the_carrier_said(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    easypost_sim.prices = {}

    with pytest.raises(Declined, match="Parcel is too heavy") as refusal:
        easypost_carrier.prepare(label_order())

    assert refusal.value.code == "no_rates"


def test_prepare_in_another_currency_than_the_cap_is_declined(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    easypost_sim.currency = "CAD"

    with pytest.raises(Declined) as refusal:
        easypost_carrier.prepare(label_order())

    assert refusal.value.code == "no_rates"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", "after"),
        Fault("drop", "before"),
        Fault("status", "after", 500, {"error": {"code": "INTERNAL", "message": "x"}}),
        Fault("status", "before", 503, {"error": {"code": "DOWN", "message": "x"}}),
        Fault("status", "after", 502, "<html>"),
        Fault("status", "after", 400, {"error": "a text where an object is due"}),
        Fault("garbage", "after"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.when}-{fault.status}",
)
def test_lost_answer_is_unknown_and_the_shipment_ends_with_one_label(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier, fault: Fault
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    easypost_sim.fail_next(fault)

    with pytest.raises(Unknown):
        easypost_carrier.buy(order, prepared)
    found = easypost_carrier.find(order, prepared)
    assert (found is not None) is (fault.when == "after")
    label = easypost_carrier.buy(order, prepared)

    assert [one["tracking_code"] for one in easypost_sim.labels()] == [label.tracking_code]


def test_time_out_is_unknown(
    easypost_sim: EasyPostSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "TIMEOUT_SECONDS", 0.2)
    impatient = EasyPostCarrier({"api_key": API_KEY}, api_base=easypost_sim.api_base)
    order = label_order()
    prepared = impatient.prepare(order)
    easypost_sim.fail_next(Fault("hang", "after", seconds=0.8))

    with pytest.raises(Unknown):
        impatient.buy(order, prepared)

    assert len(easypost_sim.labels()) == 1


def test_lost_answer_of_prepare_is_unavailable_because_it_may_be_repeated(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    easypost_sim.fail_next(Fault("drop", "after"))

    with pytest.raises(Unavailable):
        easypost_carrier.prepare(label_order())

    assert easypost_carrier.prepare(label_order()).shipment_id
    assert easypost_sim.labels() == []


def test_the_library_never_retries_by_itself(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    easypost_sim.fail_next(Fault("drop", "before"))

    with pytest.raises(Unknown):
        easypost_carrier.buy(order, prepared)

    assert [one.path.rpartition("/")[2] for one in easypost_sim.seen].count("buy") == 1


def test_no_connection_is_unavailable() -> None:
    nobody = EasyPostCarrier({"api_key": "x"}, api_base=f"http://127.0.0.1:{closed_port()}/v2")

    with pytest.raises(Unavailable) as outcome:
        nobody.prepare(label_order())

    assert outcome.value.code == "no_connection"


def test_throttled_is_unavailable_with_the_wait_they_ask_for(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    body = {"error": {"code": "RATE_LIMITED", "message": "Slow down."}}
    easypost_sim.fail_next(Fault("status", "before", 429, body, {"Retry-After": "12"}))

    with pytest.raises(Unavailable) as outcome:
        easypost_carrier.prepare(label_order())

    assert (outcome.value.code, outcome.value.retry_after) == ("RATE_LIMITED", 12.0)


def test_expired_rate_asks_to_prepare_again(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    easypost_sim.shipments[prepared.shipment_id]["rates"] = []

    with pytest.raises(Declined) as refusal:
        easypost_carrier.buy(order, prepared)

    assert (refusal.value.code, refusal.value.retryable) == ("rate_expired", True)


@pytest.mark.parametrize(
    ("switch", "code"), [("no_balance", "payment_required"), ("revoked", "credentials_rejected")]
)
def test_what_the_merchant_can_mend_is_retryable(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier, switch: str, code: str
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    setattr(easypost_sim, switch, True)

    with pytest.raises((Declined, Unknown)) as refusal:
        easypost_carrier.buy(order, prepared)

    assert refusal.value.code == code
    assert easypost_sim.labels() == []


def test_label_still_being_made_is_unknown(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    easypost_sim.slow_label = True

    with pytest.raises(Unknown) as outcome:
        easypost_carrier.buy(order, prepared)

    assert outcome.value.code == "label_not_ready"


def test_cancel_asked_twice_says_where_it_stands(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    prepared = easypost_carrier.prepare(order)
    label = easypost_carrier.buy(order, prepared)
    assert easypost_carrier.cancel(label) is LabelRefund.SUBMITTED

    for word, status in (
        ("rejected", LabelRefund.REJECTED),
        ("not_applicable", LabelRefund.NOT_APPLICABLE),
        ("refunded", LabelRefund.REFUNDED),
        ("lost_in_the_post", LabelRefund.SUBMITTED),
    ):
        easypost_sim.shipments[prepared.shipment_id]["refund_status"] = word
        assert easypost_carrier.cancel(label) is status


def test_label_file_is_fetched_and_its_kind_checked(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_OUTBOUND = True
    order = label_order()
    label = easypost_carrier.buy(order, easypost_carrier.prepare(order))

    assert label.label_format is LabelFormat.PDF
    assert easypost_carrier.fetch_label(label.label_url or "") == PDF
    for content in (b"<html>", b"", b"GIF89a", b"%PDF-" + b"x" * 6_000_000):
        easypost_sim.label_file = content
        with pytest.raises(Declined) as refusal:
            easypost_carrier.fetch_label(label.label_url or "")
        assert refusal.value.code == "label_refused"


def test_label_file_on_a_private_address_is_refused(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_OUTBOUND = False

    with pytest.raises(Declined):
        easypost_carrier.fetch_label(f"{easypost_sim.address}/files/x.pdf")

    assert easypost_sim.seen == []


def test_webhook_brings_every_scan_in_order(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    label = easypost_carrier.buy(order, easypost_carrier.prepare(order))
    easypost_sim.scan(label.tracking_code, "in_transit")
    easypost_sim.move_clock(60)
    body = easypost_sim.scan(label.tracking_code, "return_to_sender", "return")

    (notice,) = easypost_carrier.parse_webhook(body, easypost_sim.sign(body))

    assert notice.about_parcel
    assert notice.tracking_code == label.tracking_code
    assert notice.provider_shipment_id == label.provider_shipment_id
    assert notice.status is TrackingStatus.RETURN_TO_SENDER
    assert [scan.status for scan in notice.scans] == [
        TrackingStatus.IN_TRANSIT,
        TrackingStatus.RETURN_TO_SENDER,
    ]
    assert notice.scans[0].location == "HOUSTON, TX, US"
    assert notice.live is False


def test_webhook_unknown_words_map_to_unknown_and_are_kept(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    order = label_order()
    label = easypost_carrier.buy(order, easypost_carrier.prepare(order))
    body = easypost_sim.scan(label.tracking_code, "teleported", "quantum")

    (notice,) = easypost_carrier.parse_webhook(body, easypost_sim.sign(body))

    assert notice.status is TrackingStatus.UNKNOWN
    assert (notice.scans[0].carrier_status, notice.scans[0].detail) == ("teleported", "quantum")


def test_webhook_about_something_else_is_not_about_a_parcel(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    body = easypost_sim.event("batch.updated", {"object": "Batch", "id": "batch_1"})

    (notice,) = easypost_carrier.parse_webhook(body, easypost_sim.sign(body))

    assert not notice.about_parcel


@pytest.mark.parametrize(
    "damage",
    [
        lambda body, headers: (body + b"\n", headers),
        lambda body, headers: (json.dumps(json.loads(body), indent=1).encode(), headers),
        lambda body, headers: (body, {}),
        lambda body, headers: (body, {"X-Hmac-Signature": ""}),
        lambda body, headers: (body, {"X-Hmac-Signature": "hmac-sha256-hex="}),
        lambda body, headers: (body, {"X-Hmac-Signature": "hmac-sha256-hex=é"}),
    ],
)
def test_webhook_damaged_or_unsigned_is_refused(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier, damage: object
) -> None:
    body = easypost_sim.event("tracker.updated", {"tracking_code": "1"})

    with pytest.raises(BadSignature):
        easypost_carrier.parse_webhook(*damage(body, easypost_sim.sign(body)))  # type: ignore[operator]


def test_webhook_of_another_secret_is_refused(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    body = easypost_sim.event("tracker.updated", {"tracking_code": "1"})

    with pytest.raises(BadSignature):
        easypost_carrier.parse_webhook(body, easypost_sim.sign(body, SECRET + "x"))


def test_recorded_signature_with_an_accent_in_the_secret_passes() -> None:
    vector = json.loads(shared_path("easypost/webhooks/hmac_vector.json").read_text())
    carrier = EasyPostCarrier({"api_key": "x", "webhook_secret": vector["secret"]})

    (notice,) = carrier.parse_webhook(vector["body"].encode(), vector["header"])

    assert notice.status is TrackingStatus.IN_TRANSIT
    assert notice.carrier == "FedEx"
    assert len(notice.scans) == 7
    assert notice.live is True


def test_track_starts_a_tracker_for_a_code_nobody_knows(
    easypost_sim: EasyPostSimulator, easypost_carrier: EasyPostCarrier
) -> None:
    assert easypost_carrier.track("1Z999", "UPS") == []
    easypost_sim.scan("1Z999", "delivered")

    assert [scan.status for scan in easypost_carrier.track("1Z999")] == [TrackingStatus.DELIVERED]
