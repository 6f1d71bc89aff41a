"""EasyPost's own answers, as recorded, through the adapter; then every way they may change."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from rma.carriers import easypost_shapes as shapes
from rma.carriers.base import LabelFormat, LabelRefund, TrackingScan, TrackingStatus
from rma.carriers.easypost import EasyPostCarrier
from rma.carriers.labels import label_format_of
from tests.contracts.carrier_cases import label_order
from tests.contracts.recordings import damaged, exchanges, payload
from tests.shared_data import shared_files, shared_path, skip_loudly
from tests.simulators.easypost import EasyPostSimulator
from tests.simulators.server import Answer, Seen, Simulator

EVERYWHERE = "easypost/recordings/*/*.json"


class Replay(Simulator):
    """Answer every request with the next recorded answer; the last one stays."""

    def __init__(self, *script: tuple[int, Any]) -> None:
        super().__init__()
        self.script = list(script)

    def answer(self, request: Seen) -> Answer:
        status, body = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return Answer(status, body)


def shipments() -> list[dict[str, Any]]:
    """Return every recorded shipment."""
    found = [
        one.body
        for one in exchanges(EVERYWHERE)
        if isinstance(one.body, dict) and str(one.body.get("id", "")).startswith("shp_")
    ]
    found += [payload(path) for path in shared_files("easypost/docs_responses/shipments-*.json")]
    found = [one for one in found if isinstance(one, dict) and "postage_label" in one]
    if not found:
        skip_loudly("no recorded EasyPost shipments on this machine")
    return found


def trackers() -> list[dict[str, Any]]:
    """Return every recorded tracker."""
    found = [
        one.body
        for one in exchanges(EVERYWHERE)
        if isinstance(one.body, dict) and one.body.get("object") == "Tracker"
    ]
    if not found:
        skip_loudly("no recorded EasyPost trackers on this machine")
    return found


def test_the_documented_return_is_prepared_and_its_label_read() -> None:
    created = payload(shared_path("easypost/docs_responses/returns-create.json"))
    bought = payload(shared_path("easypost/docs_responses/shipments-buy.json"))
    order = label_order(cost_cap=None)
    with Replay((201, created), (200, bought)) as server:
        carrier = EasyPostCarrier({"api_key": "x"}, api_base=f"{server.address}/v2")
        prepared = carrier.prepare(order)
        label = carrier.buy(order, prepared)

    assert prepared.shipment_id == created["id"]
    assert (prepared.carrier, prepared.service) == ("USPS", "GroundAdvantage")
    assert prepared.cost == Money(820, "USD")
    assert label.tracking_code == "9434600208303109842228"
    assert label.cost == Money(820, "USD")
    assert label.label_format is LabelFormat.PNG
    assert label.label_url == bought["postage_label"]["label_url"]
    assert label.tracking_url == bought["tracker"]["public_url"]


def test_every_recorded_shipment_is_understood() -> None:
    with_label = 0
    for shipment in shipments():
        label = shapes.label(shipment)
        assert (label is not None) is bool(shipment["postage_label"])
        if label:
            with_label += 1
            assert label.tracking_code == shipment["tracking_code"]
            assert label.cost is not None
            assert label.carrier
            assert label.label_url or label_format_of(label.label_pdf or b"") is label.label_format
        if shipment.get("rates"):
            assert shapes.prepared(shipment, label_order(cost_cap=None)).cost is not None
        assert shapes.refund_status(shipment) in LabelRefund
    assert with_label >= 10


def test_every_recorded_tracker_is_understood() -> None:
    seen = set()
    for tracker in trackers():
        scans = shapes.scans(tracker)
        assert len(scans) == len(tracker["tracking_details"])
        for scan in scans:
            assert scan.occurred_at is not None
            assert scan.status.value == scan.carrier_status
            seen.add(scan.status)
    assert TrackingStatus.PRE_TRANSIT in seen


def test_every_status_of_the_enumeration_is_known() -> None:
    words = json.loads(shared_path("easypost/enums.json").read_text())

    assert set(words["tracker.status"]) == {one.value for one in TrackingStatus}
    assert set(words["shipment.refund_status"]) == {one.value for one in LabelRefund}


def test_every_recorded_error_has_an_outcome_and_its_field() -> None:
    errors = [one for one in exchanges(EVERYWHERE) if one.status >= 400]
    if not errors:
        skip_loudly("no recorded EasyPost errors on this machine")
    fields = set()
    for error in errors:
        with Replay((error.status, error.body)) as server:
            carrier = EasyPostCarrier({"api_key": "x"}, api_base=f"{server.address}/v2")
            with pytest.raises(Declined) as outcome:
                carrier.prepare(label_order())
        assert outcome.value.code == error.body["error"]["code"]
        assert error.body["error"]["message"].rstrip(".") in outcome.value.message
        fields.add(outcome.value.field)
    assert {"address", "shipment", None} <= fields


def test_damaged_shipments_never_raise_anything_but_an_outcome() -> None:
    shipment = next(one for one in shipments() if one["postage_label"] and one["rates"])
    shipment["rates"] = shipment["rates"][:2]
    order = label_order()
    tried = 0
    for body in damaged(shipment):
        shapes.label(body)
        assert shapes.refund_status(body) in LabelRefund
        with suppress(Declined, Unavailable):
            assert shapes.prepared(body, order).cost is not None
        tried += 1
    assert tried > 1000


def test_damaged_trackers_never_raise() -> None:
    tracker = max(trackers(), key=lambda one: len(one["tracking_details"]))
    for body in damaged(tracker):
        assert all(isinstance(scan, TrackingScan) for scan in shapes.scans(body))


def test_damaged_errors_never_raise_anything_but_an_outcome() -> None:
    recorded = {
        "error": {
            "code": "ADDRESS.VERIFY.FAILURE",
            "message": "Unable to verify address.",
            "errors": [{"field": "street1", "message": "House number is missing"}, "a text"],
        }
    }
    with Replay((422, recorded)) as server:
        carrier = EasyPostCarrier({"api_key": "x"}, api_base=f"{server.address}/v2")
        for body in [*damaged(recorded), [], "text", 7, None]:
            server.script = [(422, body)]
            with pytest.raises((Declined, Unavailable)):
                carrier.prepare(label_order())


def test_damaged_answers_to_buy_are_unknown_or_read() -> None:
    order = label_order()
    with Replay((200, {})) as server:
        carrier = EasyPostCarrier({"api_key": "x"}, api_base=f"{server.address}/v2")
        prepared = shapes.prepared(shipments()[0], label_order(cost_cap=None))
        for body in ({}, [], "text", 7, None, {"id": 7}, {"postage_label": []}):
            server.script = [(200, body)]
            with pytest.raises(Unknown):
                carrier.buy(order, prepared)


@pytest.mark.parametrize(
    "path",
    [one for one in shared_files("easypost/webhooks/*.json") if one.name != "hmac_vector.json"],
    ids=lambda path: path.name,
)
def test_recorded_webhooks_and_their_damaged_copies_never_raise(path: Any) -> None:
    simulator = EasyPostSimulator()
    carrier = EasyPostCarrier({"api_key": "x", "webhook_secret": "s"})
    recorded = payload(path)
    events = recorded if isinstance(recorded, list) else [recorded]
    for event in events:
        for one in [event, *damaged(event)]:
            if not isinstance(one, dict):
                continue
            body = json.dumps(one).encode()
            (notice,) = carrier.parse_webhook(body, simulator.sign(body, "s"))
            assert notice.status in TrackingStatus


def test_the_recorded_tracking_webhook_tells_where_the_parcel_is() -> None:
    recorded = payload(shared_path("easypost/webhooks/tracking-webhook.json"))
    simulator = EasyPostSimulator()
    carrier = EasyPostCarrier({"api_key": "x", "webhook_secret": "s"})
    body = json.dumps(recorded).encode()

    (notice,) = carrier.parse_webhook(body, simulator.sign(body, "s"))

    assert notice.about_parcel
    assert notice.tracking_code == recorded["result"]["tracking_code"]
    assert len(notice.scans) == len(recorded["result"]["tracking_details"])
