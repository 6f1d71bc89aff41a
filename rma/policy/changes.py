"""What differs between two documents, value by value: pure, for any JSON.

Entries of a list that have a ``key`` of their own are matched by it, wherever they stand; other
lists are one value. So a reason that moved is told as moved, and not as eight changed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class How(StrEnum):
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``path`` names keyed entries by their key; ``was`` or ``now`` is None where
    there is nothing; for a moved list both are the keys in their order."""

    path: tuple[str, ...]
    how: How
    was: Any = None
    now: Any = None


def changes(before: Any, after: Any) -> list[Change]:
    """Return every difference, in the order of ``before`` and then of what is new.

    Empty exactly where both are the same JSON: ``true`` is not 1, and 1 is not 1.0.
    """
    return list(_between((), before, after))


def _between(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _entries(path, before, after)
        return
    old, new = _keyed(before), _keyed(after)
    # No list at all is told like an empty one, so that each entry of the other is named.
    if before is None and new:
        old = {}
    if after is None and old:
        new = {}
    if old is not None and new is not None and (old or new):
        yield from _entries(path, old, new)
        kept = [key for key in old if key in new]
        order = [key for key in new if key in old]
        if kept != order:
            yield Change(path, How.MOVED, list(old), list(new))
    elif not same(before, after):
        yield Change(path, How.CHANGED, before, after)


def _entries(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        place = (*path, key)
        if key not in after and not _keyed(before[key]):
            yield Change(place, How.REMOVED, was=before[key])
        elif key not in before and not _keyed(after[key]):
            yield Change(place, How.ADDED, now=after[key])
        else:
            yield from _between(place, before.get(key), after.get(key))


def _keyed(value: Any) -> dict[str, Any] | None:
    """Return the entries of a list by their keys; None unless each has one of its own."""
    if not isinstance(value, list | tuple):
        return None
    found: dict[str, Any] = {}
    for entry in value:
        key = entry.get("key") if isinstance(entry, Mapping) else None
        if not isinstance(key, str) or key in found:
            return None
        found[key] = entry
    return found


def same(one: Any, other: Any) -> bool:
    """Say whether two values are the same JSON."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
