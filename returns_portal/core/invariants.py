"""What must always be true, stated as queries: run by tests and by ``check_invariants``.

Each app registers one function at start-up; it runs in the scope of one merchant, inside a
transaction, and returns a sentence for each offending row.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from returns_portal.core.scope import merchant_scope

Check = Callable[[], list[str]]
_checks: dict[str, Check] = {}


def register(area: str, check: Check) -> None:
    """Make ``check`` part of every run under the name ``area``."""
    _checks[area] = check


def problems_of(merchant_id: UUID) -> list[str]:
    """Return every broken invariant of one merchant as ``area: sentence``."""
    found = []
    for area, check in sorted(_checks.items()):
        with merchant_scope(merchant_id), transaction.atomic():
            found += [f"{area}: {problem}" for problem in check()]
    return found
