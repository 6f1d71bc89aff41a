"""Decisions as they were stored, decided once more: the proof that every one can be explained.

A return keeps the facts it was judged on and the version of the policy, so the engine has to come
to the same decision at any later time. Reads in pages, so that memory stays flat over any history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from returns_portal.core.errors import InvalidInput
from rma.models import Return
from rma.policy.changes import Change, How, changes
from rma.policy.engine import replay
from rma.policy.live import policy_of
from rma.policy.types import Decision, from_json, to_json

PAGE = 500
# Which engine decided is noted with a decision, and is no part of it. What the shopper was told is
# in the shopper's language and the shop's own words of that day; the rules, answers and facts that
# it is made from are all compared.
_NOTED = ("engine_version", "sentence")


@dataclass(frozen=True, slots=True)
class Replayed:
    """One return decided again; without ``differences`` it is what was stored."""

    number: str
    differences: tuple[Change, ...]


def replayed_returns(page: int = PAGE) -> Iterator[list[Replayed]]:
    """Decide every return of the merchant in scope again, page by page, in the order of their ids.

    Each page is read in a transaction of its own: this may run beside a shop that is busy.
    """
    last = None
    while True:
        with transaction.atomic():
            rows = Return.objects.order_by("pk").only(
                "number", "facts", "decision", "policy_version_id"
            )
            rows = list((rows.filter(pk__gt=last) if last else rows)[:page])
            done = [Replayed(rma.number, tuple(_differences(rma))) for rma in rows]
        if not rows:
            return
        yield done
        last = rows[-1].pk


def _differences(rma: Return) -> list[Change]:
    try:
        policy = policy_of(rma.policy_version_id)
        stored, again = _plain(rma.decision), to_json(replay(rma.facts, policy))
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        # What was stored has lost a part or holds one that nothing reads: it proves nothing.
        return [Change((), How.CHANGED, was=None, now=f"{type(error).__name__}: {error}")]
    return changes(_bare(stored), _bare(again))


def _bare(value: Any) -> Any:
    """Return a decision without what is only noted with it."""
    if isinstance(value, dict):
        return {key: _bare(entry) for key, entry in value.items() if key not in _NOTED}
    return [_bare(entry) for entry in value] if isinstance(value, list) else value


def _plain(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a stored decision with the fields that came later at their defaults."""
    plain: dict[str, Any] = to_json(from_json(Decision, stored))
    return plain
