"""Facts for policy tests: one delivered sweater, changed field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rma.policy.document import Policy, default_policy, parse_policy
from rma.policy.types import LineFacts, OrderFacts, RequestFacts, RequestLine

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)


def policy(version: int = 14, **changes: Any) -> Policy:
    """Return the default policy; ``window__days=10`` changes one value inside a section."""
    document = default_policy("EUR")
    for path, wanted in changes.items():
        section, _, name = path.partition("__")
        if name:
            document[section][name] = wanted
        else:
            document[section] = wanted
    return parse_policy(document, version=version)


def line(**changes: Any) -> LineFacts:
    facts: dict[str, Any] = {
        "key": "line-1",
        "title": "Merino Crew Sweater",
        "quantity_ordered": 1,
        "quantity_fulfilled": 1,
        "purchased_at": datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        "fulfilled_at": datetime(2026, 11, 3, 9, 0, tzinfo=UTC),
        "delivered_at": datetime(2026, 11, 6, 12, 0, tzinfo=UTC),
        "unit_paid_minor": 8550,
        **changes,
    }
    return LineFacts(**facts)


def order(*lines: LineFacts, **changes: Any) -> OrderFacts:
    facts: dict[str, Any] = {
        "key": "order-1",
        "number": "NL-48213",
        "currency": "EUR",
        "country": "IE",
        "time_zone": "Europe/Dublin",
        "now": NOW,
        "lines": lines or (line(),),
        **changes,
    }
    return OrderFacts(**facts)


def ask(**changes: Any) -> RequestLine:
    facts: dict[str, Any] = {
        "line_key": "line-1",
        "reason": "changed_mind",
        "quantity": 1,
        "resolution": "refund",
        **changes,
    }
    return RequestLine(**facts)


def request(*lines: RequestLine, channel: str = "portal") -> RequestFacts:
    return RequestFacts(lines or (ask(),), channel)
