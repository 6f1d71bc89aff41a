"""The errors the product raises on purpose, and nothing else.

Each carries a stable ``code`` for programs, a ``message`` that tells a person what to do next, and,
where one field caused it, that field's name. Faces map them to HTML or problem+json in one place.
"""

from __future__ import annotations


class DomainError(Exception):
    """Refuse a request for a reason a person can act on. HTTP 422 unless a subclass differs."""

    status = 422
    default_code = "refused"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        facts: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field
        self.facts = facts or {}


class InvalidInput(DomainError):
    """Say which field is wrong and how to mend it. HTTP 400."""

    status = 400
    default_code = "invalid_input"


class NotAllowed(DomainError):
    """The actor lacks the permission. HTTP 403."""

    status = 403
    default_code = "not_allowed"


class NotFound(DomainError):
    """The object does not exist for this merchant; foreign rows look just the same. HTTP 404."""

    status = 404
    default_code = "not_found"


class Conflict(DomainError):
    """Somebody else was first, or the object moved on. HTTP 409."""

    status = 409
    default_code = "conflict"


class InvalidTransition(Conflict):
    """The object's present state does not lead to the requested one."""

    default_code = "invalid_transition"


class TryLater(DomainError):
    """Something we need is away for a moment; nothing was changed. HTTP 503."""

    status = 503
    default_code = "try_later"


class PolicyRefused(DomainError):
    """The merchant's policy says no; ``message`` holds the rule and the date in plain words."""

    default_code = "policy_refused"


class ScopeError(RuntimeError):
    """A tenant query ran without a merchant in scope, or for another one: a programming error."""
