"""Differences between two documents: all of them and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rma.policy.changes import Change, How, changes, same
from rma.policy.document import default_policy
from tests.rma.policy.documents import documents

KEYED = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from("abcd"), "n": st.integers(0, 2)}), max_size=4
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner) | KEYED
    ),
    max_leaves=8,
)


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(JSON, JSON)
def test_changes_are_none_exactly_where_both_are_the_same(before: Any, after: Any) -> None:
    equal = as_text(before) == as_text(after)

    assert (changes(before, after) == []) is equal
    assert same(before, after) is equal


@given(documents(), documents())
def test_every_leaf_that_differs_is_named(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = {change.path for change in changes(before, after)}
    old, new = dict(leaves((), before)), dict(leaves((), after))

    for path in old.keys() | new.keys():
        if as_text(old.get(path, ())) != as_text(new.get(path, ())):
            around = any(path[:length] in found for length in range(len(path) + 1))
            # Where a list was null or empty, its entries are named and not the list.
            assert around or any(one[: len(path)] == path for one in found), path


def leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every single value by path; entries with a key stand under their key."""
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from leaves((*path, key), entry)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for place, entry in enumerate(value):
            yield from leaves((*path, entry.get("key", str(place))), entry)
    else:
        yield path, value


def test_changes_of_a_value_an_entry_and_an_order() -> None:
    before = default_policy("EUR")
    after = copy.deepcopy(before)
    after["window"]["days"] = 45
    first, second, _third, *others = after["reasons"]
    first["labels"]["de"] = "Zu klein"
    second["fault"] = True
    gift = {**second, "key": "gift"}
    after["reasons"] = [second, first, *others, gift]

    assert changes(before, after) == [
        Change(("window", "days"), How.CHANGED, 30, 45),
        Change(("reasons", "too_small", "labels", "de"), How.ADDED, now="Zu klein"),
        Change(("reasons", "too_large", "fault"), How.CHANGED, False, True),
        Change(("reasons", "changed_mind"), How.REMOVED, was=before["reasons"][2]),
        Change(("reasons", "gift"), How.ADDED, now=gift),
        Change(
            ("reasons",), How.MOVED,
            [reason["key"] for reason in before["reasons"]],
            [reason["key"] for reason in after["reasons"]],
        ),
    ]  # fmt: skip


def test_changes_of_a_list_whose_entries_share_a_key_are_one_change() -> None:
    twice, once = [{"key": "a"}, {"key": "a"}], [{"key": "a"}]

    assert changes({"rules": twice}, {"rules": once}) == [
        Change(("rules",), How.CHANGED, twice, once)
    ]
