"""Reading stored facts is worked out once per class; a plain reading is the witness."""

from __future__ import annotations

import json
import types
from copy import deepcopy
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from rma.policy.engine import evaluate, snapshot
from rma.policy.types import Claim, Decision, History, OrderFacts, RequestFacts, from_json
from tests.rma.policy.builders import ask, line, order, policy, request

REFUSED = (KeyError, TypeError, ValueError, AttributeError)
KINDS: dict[str, type[Any]] = {
    "order": OrderFacts,
    "request": RequestFacts,
    "decision": Decision,
}


def plain(hint: Any, stored: Any) -> Any:
    """Read ``stored`` as ``hint`` says, looking at everything each time."""
    if get_origin(hint) is types.UnionType:
        if stored is None:
            return None
        hint = next(arm for arm in get_args(hint) if arm is not type(None))
    if get_origin(hint) is tuple:
        return tuple(plain(get_args(hint)[0], entry) for entry in stored)
    if not isinstance(hint, type):
        return stored
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        if set(stored) - set(hints):
            raise KeyError(hint.__name__)
        return hint(**{name: plain(hints[name], entry) for name, entry in stored.items()})
    if issubclass(hint, StrEnum):
        return hint(stored)
    return hint.fromisoformat(stored) if issubclass(hint, date) else stored


def stored() -> dict[str, Any]:
    """Return a snapshot in which every kind of field has a value somewhere."""
    full = line(
        tags=("sale",), expected_on=date(2026, 11, 9), claims=(Claim("R-1", date(2026, 11, 7), 1),)
    )
    facts = order(
        full,
        line(key="line-2", delivered_at=None),
        now=datetime(2026, 11, 19, 10, tzinfo=UTC),
        gateways=("card",),
        history=History(3, 90, 1, 1, 0, 0, 0, 4, 1),
    )
    asked = request(ask(), ask(line_key="line-2", reason="faulty", photos=1))
    made = evaluate(facts, asked, policy())
    kept: dict[str, Any] = json.loads(json.dumps(snapshot(facts, asked, made)))
    return kept


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, entry in inner:
        found.append((*path, key))
        if isinstance(entry, dict | list):
            found += places(entry, (*path, key))
    return found


def changed(snapshot: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy with ``value`` at ``path``; without that place where ``value`` is KeyError."""
    copy = deepcopy(snapshot)
    inner: Any = copy
    for step in path[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


def reading(read: Any, kind: type[Any], told: Any) -> Any:
    """Return what is read, or that it is refused."""
    try:
        return read(kind, told)
    except REFUSED:
        return "refused"


def test_from_json_reads_what_a_plain_reading_reads() -> None:
    kept = stored()

    for name, kind in KINDS.items():
        assert from_json(kind, kept[name]) == plain(kind, kept[name])


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize(
    "value", [None, "", "x", 7, True, [], ["x"], [None], {}, {"x": 1}, KeyError], ids=str
)
def test_from_json_takes_and_refuses_what_a_plain_reading_does(name: str, value: Any) -> None:
    kind, told = KINDS[name], stored()[name]

    for path in places(told):
        broken = changed(told, path, value)
        assert reading(from_json, kind, broken) == reading(plain, kind, broken), path


@pytest.mark.parametrize("told", [None, [], ["x"], "x", 7])
def test_from_json_of_no_object_is_refused(told: Any) -> None:
    assert reading(from_json, OrderFacts, told) == "refused"
