"""An EasyPost that keeps its own books: shipments, one label each, trackers, signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from datetime import UTC, datetime
from typing import Any

from tests.simulators.server import Answer, Seen, Simulator

SECRET = "whsec_sécret"
API_KEY = "EZTK_simulator"
PDF = b"%PDF-1.4\n% a label\n%%EOF\n"


class EasyPostSimulator(Simulator):
    """Implements shipments (create, buy, read, refund), trackers and label files."""

    def __init__(self) -> None:
        super().__init__()
        self.shipments: dict[str, dict[str, Any]] = {}
        self.trackers: dict[str, dict[str, Any]] = {}
        self.prices = {"GroundAdvantage": "8.20", "Priority": "11.01", "Express": "51.20"}
        self.currency = "USD"
        self.label_file = PDF
        self.no_balance = False
        self.revoked = False
        self.slow_label = False

    @property
    def api_base(self) -> str:
        return f"{self.address}/v2"

    def labels(self) -> list[dict[str, Any]]:
        """Return every shipment that a label was sold for: the witness statement."""
        return [one for one in self.shipments.values() if one["postage_label"]]

    def scan(self, tracking_code: str, status: str, detail: str = "status_update") -> bytes:
        """Let the carrier see a parcel and return the webhook body that follows."""
        tracker = self.trackers[tracking_code]
        tracker["status"], tracker["status_detail"] = status, detail
        tracker["tracking_details"].append(
            {
                "object": "TrackingDetail",
                "message": detail.replace("_", " "),
                "status": status,
                "status_detail": detail,
                "datetime": _stamp(self.clock()),
                "source": tracker["carrier"],
                "tracking_location": {"city": "HOUSTON", "state": "TX", "country": "US"},
            }
        )
        return self.event("tracker.updated", tracker)

    def event(self, description: str, result: dict[str, Any], mode: str = "test") -> bytes:
        """Return an event's body, byte for byte as it would be sent."""
        event = {
            "id": f"evt_{secrets.token_hex(8)}",
            "object": "Event",
            "description": description,
            "mode": mode,
            "created_at": _stamp(self.clock()),
            "result": result,
        }
        return json.dumps(event).encode()

    def sign(self, body: bytes, secret: str = SECRET) -> dict[str, str]:
        """Return the headers of a webhook."""
        key = unicodedata.normalize("NFKD", secret).encode()
        digest = hmac.new(key, body, hashlib.sha256).hexdigest()
        return {"X-Hmac-Signature": f"hmac-sha256-hex={digest}"}

    def changes(self, request: Seen) -> bool:
        return request.path.endswith("/buy") or request.path == "/v2/shipments"

    def answer(self, request: Seen) -> Answer:
        if request.path.startswith("/files/"):
            return Answer(200, None, raw=self.label_file, content_type="application/pdf")
        if self.revoked or request.headers.get("authorization") != f"Bearer {API_KEY}":
            return _error(401, "UNAUTHORIZED", "This api key is no longer active.")
        parts = request.path.removeprefix("/v2/").split("/")
        if request.method == "POST" and parts == ["shipments"]:
            return self._create(request.json().get("shipment", {}))
        if parts[0] == "shipments" and len(parts) > 1:
            return self._shipment(request, parts)
        if request.method == "GET" and parts == ["trackers"]:
            tracker = self.trackers.get(request.query.get("tracking_code", ""))
            return Answer(200, {"trackers": [tracker] if tracker else [], "has_more": False})
        if request.method == "POST" and parts == ["trackers"]:
            return Answer(200, self._tracker(request.json()["tracker"]["tracking_code"], "USPS"))
        return _error(404, "NOT_FOUND", "The requested resource could not be found.")

    def _create(self, fields: dict[str, Any]) -> Answer:
        for side in ("to_address", "from_address"):
            if not fields.get(side, {}).get("street1"):
                faults = [{"field": f"{side}.street1", "message": "House number is missing"}]
                return _error(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.", faults)
        shipment_id = f"shp_{secrets.token_hex(16)}"
        rates = [
            {
                "id": f"rate_{secrets.token_hex(16)}",
                "object": "Rate",
                "carrier": "USPS",
                "service": service,
                "rate": price,
                "currency": self.currency,
                "shipment_id": shipment_id,
            }
            for service, price in self.prices.items()
        ]
        shipment = {
            **fields,
            "id": shipment_id,
            "object": "Shipment",
            "mode": "test",
            "status": "unknown",
            "rates": rates,
            "messages": [] if rates else [_carrier_message()],
            "postage_label": None,
            "selected_rate": None,
            "tracking_code": None,
            "tracker": None,
            "refund_status": None,
        }
        with self.lock:
            self.shipments[shipment_id] = shipment
        return Answer(201, shipment)

    def _shipment(self, request: Seen, parts: list[str]) -> Answer:
        with self.lock:
            shipment = self.shipments.get(parts[1])
            if shipment is None:
                return _error(404, "NOT_FOUND", "The requested resource could not be found.")
            if request.method == "GET" and len(parts) == 2:
                return Answer(200, shipment)
            if request.method == "POST" and parts[2:] == ["buy"]:
                return self._buy(shipment, request.json())
            if request.method == "POST" and parts[2:] == ["refund"]:
                return self._refund(shipment)
        return _error(404, "NOT_FOUND", "The requested resource could not be found.")

    def _buy(self, shipment: dict[str, Any], fields: dict[str, Any]) -> Answer:
        if shipment["postage_label"]:
            return _error(
                422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment."
            )
        if self.no_balance:
            return _error(402, "PAYMENT_REQUIRED", "Insufficient funds.")
        wanted = fields.get("rate", {}).get("id")
        rate = next((one for one in shipment["rates"] if one["id"] == wanted), None)
        if rate is None:
            return _error(422, "SHIPMENT.RATE.EXPIRED", "The rate is no longer available.")
        if self.slow_label:
            return Answer(200, shipment)
        code = f"9400{secrets.randbelow(10**18):018d}"
        shipment["selected_rate"] = rate
        shipment["tracking_code"] = code
        shipment["tracker"] = self._tracker(code, rate["carrier"], shipment["id"])
        shipment["postage_label"] = {
            "object": "PostageLabel",
            "label_file_type": "application/pdf",
            "label_url": f"{self.address}/files/{code}.pdf",
            "label_pdf_url": None,
            "label_zpl_url": None,
        }
        return Answer(200, shipment)

    def _refund(self, shipment: dict[str, Any]) -> Answer:
        if not shipment["postage_label"] or shipment["refund_status"]:
            return _error(422, "SHIPMENT.REFUND.UNAVAILABLE", "Refund is not available.")
        shipment["refund_status"] = "submitted"
        return Answer(200, shipment)

    def _tracker(self, code: str, carrier: str, shipment_id: str | None = None) -> dict[str, Any]:
        return self.trackers.setdefault(
            code,
            {
                "id": f"trk_{secrets.token_hex(16)}",
                "object": "Tracker",
                "mode": "test",
                "tracking_code": code,
                "status": "unknown",
                "status_detail": "unknown",
                "carrier": carrier,
                "shipment_id": shipment_id,
                "tracking_details": [],
                "public_url": f"https://track.easypost.com/{code}",
            },
        )


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _carrier_message() -> dict[str, str]:
    return {"carrier": "USPS", "type": "rate_error", "message": "Parcel is too heavy"}


def _error(status: int, code: str, message: str, errors: list[Any] | None = None) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message, "errors": errors or []}})
