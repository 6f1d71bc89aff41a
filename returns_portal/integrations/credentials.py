"""Read single entries out of a provider account's opened credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from returns_portal.integrations.outcomes import Declined


def required(credentials: Mapping[str, object], name: str, provider: str) -> str:
    """Return a text entry. Raises Declined (retryable once entered) where it is missing."""
    value = credentials.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Declined(
            "credentials_missing",
            f"The {provider} account has no {name}. Enter it in the settings.",
            retryable=True,
            field=name,
        )
    return value.strip()


def optional(credentials: Mapping[str, object], name: str) -> str | None:
    """Return a text entry, or None where it is absent or blank."""
    value = credentials.get(name)
    return value.strip() or None if isinstance(value, str) else None


def secrets(credentials: Mapping[str, object], name: str) -> list[str]:
    """Return one secret or several: while a secret is being changed, both count."""
    value = credentials.get(name)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Sequence):
        return []
    return [one for one in values if isinstance(one, str) and one]
