"""A Stripe that keeps its own books: refunds, idempotency keys, disputes, signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from tests.simulators.server import Answer, Seen, Simulator

KEY_SECONDS = 24 * 3600
SECRET = "whsec_simulator_secret"
API_KEY = "sk_test_simulator"
ANYTHING = "*"


@dataclass
class Payment:
    """A captured payment at Stripe."""

    charge: str
    intent: str
    amount: int
    currency: str
    disputed: bool = False
    refunded: int = 0


@dataclass
class Stored:
    """What Stripe keeps under an idempotency key."""

    fingerprint: str
    made_at: float
    answer: Answer | None = None


class StripeSimulator(Simulator):
    """Implements refunds (create, read, list) with the rules of API v1 keys."""

    def __init__(self) -> None:
        super().__init__()
        self.payments: dict[str, Payment] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.next_status = "succeeded"
        self.revoked = False
        self._keys: dict[str, Stored] = {}

    def add_payment(self, amount: int, currency: str = "eur", **facts: Any) -> Payment:
        """Capture a payment; it can be refunded by its charge or its intent."""
        name = secrets.token_hex(8)
        payment = Payment(f"ch_{name}", f"pi_{name}", amount, currency, **facts)
        self.payments[payment.charge] = self.payments[payment.intent] = payment
        return payment

    def refunds_of(self, payment: Payment) -> list[dict[str, Any]]:
        return [one for one in self.refunds.values() if one["charge"] == payment.charge]

    def store_500(self, key: str) -> None:
        """Keep a failure under a key, used or not: it is replayed for as long as the key lives."""
        stored = self._keys.setdefault(key, Stored(ANYTHING, self.clock()))
        stored.answer = Answer(500, _error("api_error", "Something went wrong."))

    def settle(self, refund_id: str, status: str, failure_reason: str | None = None) -> None:
        """Let the bank decide later, also after a success."""
        refund = self.refunds[refund_id]
        if status in ("failed", "canceled") and refund["status"] not in ("failed", "canceled"):
            self.payments[refund["charge"]].refunded -= refund["amount"]
        refund["status"] = status
        if failure_reason:
            refund["failure_reason"] = failure_reason
            refund["failure_balance_transaction"] = "txn_" + secrets.token_hex(8)

    def event(self, event_type: str, subject: dict[str, Any], **facts: Any) -> bytes:
        """Return an event's body, byte for byte as it would be sent."""
        body = {
            "id": f"evt_{secrets.token_hex(8)}",
            "object": "event",
            "api_version": "2026-07-01",
            "created": int(self.clock()),
            "data": {"object": subject},
            "livemode": False,
            "type": event_type,
            **facts,
        }
        return json.dumps(body, indent=2).encode()

    def sign(self, body: bytes, *secret_texts: str, at: float | None = None) -> dict[str, str]:
        """Return the headers of a webhook, with one v1 signature per secret."""
        stamp = str(int(self.clock() if at is None else at))
        signatures = [
            hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
            for secret in secret_texts or (SECRET,)
        ]
        return {
            "Stripe-Signature": ",".join([f"t={stamp}", *(f"v1={one}" for one in signatures)]),
            "Content-Type": "application/json",
        }

    def answer(self, request: Seen) -> Answer:
        if self.revoked or request.headers.get("authorization") != f"Bearer {API_KEY}":
            return Answer(401, _error("invalid_request_error", "Invalid API Key provided."))
        if request.method == "POST" and request.path == "/v1/refunds":
            return self._with_key(request)
        if request.method == "GET" and request.path == "/v1/refunds":
            return self._list(request.query)
        if request.method == "GET" and request.path.startswith("/v1/refunds/"):
            refund = self.refunds.get(request.path.rpartition("/")[2])
            if refund:
                return Answer(200, refund)
        missing = _error("invalid_request_error", "No such object.", code="resource_missing")
        return Answer(404, missing)

    def _with_key(self, request: Seen) -> Answer:
        key = request.headers.get("idempotency-key", "")
        account = request.headers.get("stripe-account", "")
        fingerprint = f"{account}:{request.body.decode()}"
        with self.lock:
            stored = self._keys.get(key)
            if stored and self.clock() - stored.made_at > KEY_SECONDS:
                stored = None
            if stored is None:
                stored = self._keys[key] = Stored(fingerprint, self.clock())
            elif stored.fingerprint not in (fingerprint, ANYTHING):
                message = "Keys can only be used with the same parameters they were first used with"
                return Answer(400, _error("idempotency_error", message))
            elif stored.answer is None:
                message = "There is another in-progress request using this key."
                return Answer(
                    409, _error("idempotency_error", message, code="idempotency_key_in_use")
                )
            else:
                replay = {**stored.answer.headers, "Idempotent-Replayed": "true"}
                return Answer(stored.answer.status, stored.answer.body, replay)
        answer = self._create(request.form())
        answer.headers["Stripe-Should-Retry"] = "false"
        with self.lock:
            stored.answer = answer
        return answer

    def _create(self, form: dict[str, str]) -> Answer:
        with self.lock:
            payment = self.payments.get(form.get("charge") or form.get("payment_intent") or "")
            if payment is None:
                missing = _error(
                    "invalid_request_error", "No such charge.", code="resource_missing"
                )
                return Answer(404, missing)
            left = payment.amount - payment.refunded
            amount = int(form.get("amount") or left)
            if payment.disputed:
                return _refusal("Charge has been charged back.", code="charge_disputed")
            if left == 0:
                message = f"Charge {payment.charge} has already been refunded."
                return _refusal(message, code="charge_already_refunded")
            if amount > left:
                message = (
                    f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
                )
                return _refusal(message, param="amount")
            payment.refunded += amount
            refund = {
                "id": f"re_{secrets.token_hex(8)}",
                "object": "refund",
                "amount": amount,
                "charge": payment.charge,
                "created": int(self.clock()),
                "currency": payment.currency,
                "metadata": {
                    name[len("metadata[") : -1]: value
                    for name, value in form.items()
                    if name.startswith("metadata[")
                },
                "payment_intent": payment.intent,
                "reason": form.get("reason"),
                "status": self.next_status,
            }
            self.refunds[refund["id"]] = refund
            return Answer(200, refund)

    def _list(self, query: dict[str, str]) -> Answer:
        named = query.get("charge") or query.get("payment_intent")
        found = [
            refund
            for refund in reversed(self.refunds.values())
            if named in (None, refund["charge"], refund["payment_intent"])
        ]
        after = query.get("starting_after")
        if after:
            places = [place for place, one in enumerate(found) if one["id"] == after]
            found = found[places[0] + 1 :] if places else []
        limit = int(query.get("limit", 10))
        page = {"object": "list", "data": found[:limit], "has_more": len(found) > limit}
        return Answer(200, {**page, "url": "/v1/refunds"})


def _error(kind: str, message: str, **facts: Any) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **facts}}


def _refusal(message: str, **facts: Any) -> Answer:
    return Answer(400, _error("invalid_request_error", message, **facts))
