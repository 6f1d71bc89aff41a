"""Say what a failure of an EasyPost request means for the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from returns_portal.core.http import never_connected
from returns_portal.integrations import answers
from returns_portal.integrations.outcomes import Declined, ProviderError, Unavailable, Unknown

if TYPE_CHECKING:
    from easypost.errors.general.easypost_error import EasyPostError


def outcome_of(error: EasyPostError, headers: Mapping[str, str]) -> ProviderError:
    """Map an EasyPost error by its cause and status."""
    status = getattr(error, "http_status", None)
    body = answers.mapping(getattr(error, "json_body", None), "error")
    raw: dict[str, Any] = {"http_status": status, "error": body}
    code = answers.text(body, "code") or "unreadable_answer"
    message = _sentence(body) or str(error)
    if status is None:
        if never_connected(error):
            return Unavailable("no_connection", "EasyPost could not be reached.", raw=raw)
        return Unknown("no_answer", "EasyPost did not answer.", raw=raw)
    if status == 429:
        return Unavailable(code, message, retry_after=_retry_after(headers), raw=raw)
    if status in (401, 403):
        return Declined("credentials_rejected", message, retryable=True, raw=raw)
    if status == 402:
        return Declined("payment_required", message, retryable=True, raw=raw)
    if 400 <= status < 500 and status not in (408, 409) and body:
        if "RATE" in code.upper() and "EXPIRED" in code.upper():
            return Declined("rate_expired", message, retryable=True, raw=raw)
        return Declined(code, message, field=_field(body), raw=raw)
    return Unknown(code, message, raw=raw)


def _field(body: dict[str, Any]) -> str | None:
    """Return the first named field; ``errors`` holds objects or, at times, plain texts."""
    for one in answers.items(body, "errors"):
        if name := answers.text(one, "field"):
            return name
    return None


def _sentence(body: dict[str, Any]) -> str:
    parts = [answers.text(body, "message")]
    for one in answers.items(body, "errors"):
        parts.append(one if isinstance(one, str) else answers.text(one, "message"))
    return " ".join(dict.fromkeys(part.rstrip(".") + "." for part in parts if part))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = answers.header(headers, "Retry-After")
    return float(value) if value.isascii() and value.isdigit() else None
