"""Refund payments through Stripe's own library.

Every request carries our key and our timeouts, and the library never retries by itself: a retry is
a decision of the caller, who knows whether the outcome of the last attempt is known.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings

from refunds.providers.base import (
    Capabilities,
    NoticeKind,
    ProviderNotice,
    RefundAnswer,
    RefundOrder,
    RefundProvider,
    RefundStatus,
)
from refunds.providers.stripe_errors import outcome_of
from refunds.providers.stripe_money import from_stripe, to_stripe
from returns_portal.core import clock
from returns_portal.core.errors import InvalidInput
from returns_portal.integrations import answers
from returns_portal.integrations.credentials import optional, required, secrets
from returns_portal.integrations.outcomes import (
    BadSignature,
    Declined,
    ProviderError,
    Unavailable,
    Unknown,
)

if TYPE_CHECKING:
    from stripe import HTTPClient, StripeClient

CONNECT_SECONDS = 5
READ_SECONDS = 30
TOLERANCE = timedelta(seconds=300)
# Stripe may forget a key after 24 hours; the margin covers an attempt that is under way.
KEY_LIFETIME = timedelta(hours=20)
PAGE = 100
_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
# These refusals are also what Stripe says when this very operation was carried out under a key
# that has since been forgotten, so the payment's refunds are read before they are believed.
_MAYBE_OURS = frozenset({"charge_already_refunded", "amount_refused"})
_ABOUT_REFUND = ("refund.", "charge.refund.")


class StripeRefunds(RefundProvider):
    """Credentials: ``api_key``, ``webhook_secret`` (one or several), ``stripe_account``."""

    name: ClassVar[str] = "stripe"
    label: ClassVar[str] = "Stripe"
    capabilities: ClassVar[Capabilities] = Capabilities(
        partial=True, idempotent=True, webhook=True, key_lifetime=KEY_LIFETIME
    )

    def __init__(
        self,
        credentials: Mapping[str, object],
        api_base: str | None = None,
        http_client: HTTPClient | None = None,
    ) -> None:
        self._api_key = required(credentials, "api_key", self.label)
        self._account = optional(credentials, "stripe_account")
        self._webhook_secrets = secrets(credentials, "webhook_secret")
        self._api_base = (api_base or settings.STRIPE_API_BASE).rstrip("/")
        self._http_client = http_client
        self._client: StripeClient | None = None

    def send(self, order: RefundOrder, *, key: str) -> RefundAnswer:
        """Create the refund; a retry under the same key is answered with the first result."""
        params = _create_params(order)
        try:
            refund = self._call("create", params, {"idempotency_key": key})
        except Declined as refusal:
            if refusal.code not in _MAYBE_OURS:
                raise
            return self._ours_after_all(order, key, refusal)
        return _answer(refund, Unknown)

    def find(self, order: RefundOrder, *, key: str) -> RefundAnswer | None:
        """Page through the payment's refunds for this operation's id in the metadata."""
        params: dict[str, Any] = {**_payment_param(order.payment_reference), "limit": PAGE}
        while True:
            page = self._read("list", params)
            refunds = answers.items(page, "data")
            for refund in refunds:
                if answers.text(refund, "metadata", "operation_id") == order.operation_id:
                    return _answer(refund, Unavailable)
            last = answers.text(refunds[-1], "id") if refunds else None
            if answers.dig(page, "has_more") is not True or last is None:
                return None
            params["starting_after"] = last

    def read(self, provider_refund_id: str) -> RefundAnswer:
        return _answer(self._read("retrieve", provider_refund_id), Unavailable)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[ProviderNotice]:
        """Check signature, clock skew both ways and the account; then read what it hints at."""
        _verify(body, answers.header(headers, "Stripe-Signature"), self._webhook_secrets)
        event = answers.parse_object(body)
        if answers.text(event, "account") != self._account:
            raise BadSignature("The event belongs to another Stripe account.")
        return [_notice(event)]

    def _ours_after_all(self, order: RefundOrder, key: str, refusal: Declined) -> RefundAnswer:
        try:
            found = self.find(order, key=key)
        except ProviderError as error:
            raise Unknown(refusal.code, refusal.message, raw=refusal.raw) from error
        if found is None:
            raise refusal
        return found

    def _read(self, operation: str, *arguments: object) -> dict[str, Any]:
        """Call something without effect: what would be Unknown can simply be asked again."""
        try:
            return self._call(operation, *arguments)
        except Unknown as error:
            raise Unavailable(error.code, error.message, raw=error.raw) from error

    def _call(self, operation: str, *arguments: object) -> dict[str, Any]:
        import stripe

        method = getattr(self._connected().v1.refunds, operation)
        try:
            answer = method(*arguments)
        except stripe.StripeError as error:
            raise outcome_of(error) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # The library stumbles over bodies that are not shaped as it expects.
            raise Unknown("unreadable_answer", "Stripe's answer can not be read.") from error
        if not isinstance(answer, stripe.StripeObject):
            raise Unknown("unreadable_answer", "Stripe's answer is no object.")
        return answer.to_dict()

    def _connected(self) -> StripeClient:
        import requests
        import stripe

        if self._client is None:
            # It logs every request's address at info level; ours say what matters, without ids.
            logging.getLogger("stripe").setLevel(logging.WARNING)
            session = requests.Session()
            session.max_redirects = 0
            self._client = stripe.StripeClient(
                self._api_key,
                stripe_account=self._account,
                base_addresses={"api": self._api_base},
                max_network_retries=0,
                http_client=self._http_client
                or stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS), session=session),
            )
        return self._client


def _create_params(order: RefundOrder) -> dict[str, Any]:
    reason = order.reason if order.reason in _REASONS else "requested_by_customer"
    return {
        **_payment_param(order.payment_reference),
        "amount": to_stripe(order.amount),
        "reason": reason,
        "metadata": {
            **{name[:40]: value[:500] for name, value in order.metadata.items()},
            "operation_id": order.operation_id,
        },
    }


def _payment_param(reference: str) -> dict[str, str]:
    # Charges are named ch_ or py_; only payment intents have a name of their own.
    return {"payment_intent" if reference.startswith("pi_") else "charge": reference}


def _answer(refund: object, when_unreadable: type[Unknown] | type[Unavailable]) -> RefundAnswer:
    refund_id = answers.text(refund, "id")
    currency = answers.text(refund, "currency")
    amount = answers.dig(refund, "amount")
    raw = answers.mapping(refund)
    unreadable = when_unreadable(
        "unreadable_answer", "Stripe's answer lacks an id, amount or currency.", raw=raw
    )
    if refund_id is None or currency is None or type(amount) is not int:
        raise unreadable
    try:
        refunded = from_stripe(amount, currency.upper())
    except InvalidInput as error:
        raise unreadable from error
    return RefundAnswer(
        provider_refund_id=refund_id,
        status=_status(refund) or RefundStatus.PENDING,
        amount=refunded,
        failure_reason=answers.text(refund, "failure_reason"),
        operation_id=answers.text(refund, "metadata", "operation_id"),
        payment_reference=_name(refund, "payment_intent") or _name(refund, "charge"),
        raw=raw,
    )


def _status(refund: object) -> RefundStatus | None:
    """Return the status, or None for one we do not know: it stays open and is read again."""
    return answers.choice(RefundStatus, answers.text(refund, "status"))


def _name(source: object, field: str) -> str | None:
    """Return the id of a reference that may have been expanded into an object."""
    return answers.text(source, field) or answers.text(source, field, "id")


def _verify(body: bytes, header: str, known_secrets: list[str]) -> None:
    parts = [part.partition("=") for part in header.split(",")]
    stamp = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("The Stripe-Signature header holds no time.")
    if abs(clock.now().timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSignature("The webhook was signed too long ago or in the future.")
    signed = stamp.encode() + b"." + body
    for secret in known_secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(expected.encode(), value.encode()) for value in given):
            return
    raise BadSignature("No Stripe signature matches.")


def _notice(event: dict[str, Any]) -> ProviderNotice:
    event_type = answers.text(event, "type") or ""
    subject = answers.mapping(event, "data", "object")
    kind = NoticeKind.OTHER
    if event_type.startswith(_ABOUT_REFUND):
        kind = NoticeKind.REFUND
    elif event_type.startswith("charge.dispute."):
        kind = NoticeKind.DISPUTE
    elif event_type == "charge.refunded":
        kind = NoticeKind.PAYMENT
    refund_id = answers.text(subject, "id") if kind is NoticeKind.REFUND else None
    charge = answers.text(subject, "id") if kind is NoticeKind.PAYMENT else _name(subject, "charge")
    payment_names = (_name(subject, "payment_intent"), charge)
    return ProviderNotice(
        event_id=answers.text(event, "id") or "",
        event_type=event_type,
        kind=kind,
        provider_refund_id=refund_id,
        payment_references=tuple(name for name in payment_names if name),
        operation_id=answers.text(subject, "metadata", "operation_id"),
        status=_status(subject) if kind is NoticeKind.REFUND else None,
        occurred_at=answers.instant(answers.dig(event, "created")),
        live=answers.dig(event, "livemode") is not False,
        raw=event,
    )
