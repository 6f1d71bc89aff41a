"""What a call to somebody else's system can end in, besides an answer.

Every provider exception is mapped to one of the first three. The difference decides whether the
same operation may be sent again: after *Declined* it certainly did not happen, after *Unavailable*
it was certainly not sent, after *Unknown* only reading the provider can tell.
"""

from __future__ import annotations


class ProviderError(Exception):
    """The root of the outcomes; callers catch the subclasses."""

    def __init__(self, code: str, message: str, *, raw: dict[str, object] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw = raw or {}


class Declined(ProviderError):
    """The provider certainly said no and nothing happened.

    ``retryable`` means the same request can succeed once somebody has mended the cause (an account
    reconnected, a balance topped up), then under a *new* key: some providers replay a stored
    refusal. ``field`` names the input to correct where the provider names one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        field: str | None = None,
        raw: dict[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, raw=raw)
        self.retryable = retryable
        self.field = field


class Unavailable(ProviderError):
    """The request was certainly not carried out: never sent, throttled, or a failed read.

    Send it again under the *same* key, after ``retry_after`` seconds where the provider names them.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        raw: dict[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, raw=raw)
        self.retry_after = retry_after


class Unknown(ProviderError):
    """The request may have been carried out: time-out, reset connection, 5xx, unreadable answer.

    Never make a new key for it; read the provider.
    """


class BadSignature(Exception):
    """A webhook is forged, altered, too old or too far in the future. HTTP 401."""
