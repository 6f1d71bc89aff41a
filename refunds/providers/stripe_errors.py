"""Say what a failure of a Stripe request means for the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from returns_portal.core.http import never_connected
from returns_portal.integrations import answers
from returns_portal.integrations.outcomes import Declined, ProviderError, Unavailable, Unknown

if TYPE_CHECKING:
    from stripe import StripeError

# What the merchant or time can mend; afterwards the same refund can succeed.
_MENDABLE = frozenset({"balance_insufficient", "insufficient_funds", "account_invalid"})


def outcome_of(error: StripeError) -> ProviderError:
    """Map a Stripe error by its cause, status, ``Stripe-Should-Retry`` header and code.

    The status class alone decides nothing: 429 may be a lock, 409 may be another attempt of ours
    that is still running, and a stored 500 comes back for ever.
    """
    status = error.http_status
    body = answers.mapping(error.json_body, "error")
    raw = _evidence(error, body)
    message = answers.text(body, "message") or error.user_message or type(error).__name__
    code = answers.text(body, "code") or _nameless(body)
    if status is None:
        if never_connected(error):
            return Unavailable("no_connection", "Stripe could not be reached.", raw=raw)
        return Unknown("no_answer", "Stripe did not answer.", raw=raw)
    if status == 429 or code == "lock_timeout":
        return Unavailable(code, message, retry_after=_retry_after(error), raw=raw)
    if answers.text(body, "type") == "idempotency_error" or status == 409:
        return Unknown(code, message, raw=raw)
    if status in (401, 403):
        return Declined("credentials_rejected", message, retryable=True, raw=raw)
    if 400 <= status < 500 and body:
        if _header(error, "stripe-should-retry") == "true":
            return Unavailable(code, message, retry_after=_retry_after(error), raw=raw)
        field = answers.text(body, "param")
        return Declined(code, message, retryable=code in _MENDABLE, field=field, raw=raw)
    return Unknown(code, message, raw=raw)


def _nameless(body: dict[str, Any]) -> str:
    # An over-refund has no code, only a sentence with formatted money, which is never parsed.
    if answers.text(body, "param") == "amount":
        return "amount_refused"
    return answers.text(body, "type") or "unreadable_answer"


def _header(error: StripeError, name: str) -> str:
    return answers.header(error.headers or {}, name)


def _retry_after(error: StripeError) -> float | None:
    value = _header(error, "retry-after")
    return float(value) if value.isascii() and value.isdigit() else None


def _evidence(error: StripeError, body: dict[str, Any]) -> dict[str, Any]:
    return {"http_status": error.http_status, "request_id": error.request_id, "error": body}
