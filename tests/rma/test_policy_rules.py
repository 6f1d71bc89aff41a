"""Changing one rule of the draft: exact documents, one event each, and nobody's work mixed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from rma.actions import policy_rules as actions
from rma.actions.policy import publish_policy, save_draft
from rma.actions.policy_rules import document_digest
from rma.actions.policy_starting import start_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from rma.policy.starters import starters
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.usefixtures("scoped")

FIRST = rule(when("item.price", "over", 100), do("review"), key="first")
SECOND = rule(None, do("set_window", 14), key="second")
THIRD = rule(None, do("tag", ["x"]), key="third")
ENTRY = {"name": "Shoes, wide", "on": True, "when": None, "then": [do("decline")]}


def document(*rules: dict[str, Any]) -> dict[str, Any]:
    return default_policy("EUR") | ({"rules": list(rules)} if rules else {})


def live(*rules: dict[str, Any]) -> str:
    """Publish a policy with ``rules`` and return the digest of what is shown."""
    save_draft(document(*rules), actor=SYSTEM)
    publish_policy(actor=SYSTEM)
    return document_digest(document(*rules))


def draft() -> dict[str, Any] | None:
    found = PolicyVersion.objects.filter(status="draft").first()
    return found and found.document


def events() -> int:
    return Event.objects.filter(kind="settings.changed", facts__what="policy_draft").count()


def refused(kind: type[DomainError], act: Callable[[], object]) -> DomainError:
    """Return the error of ``act``, after which nothing is written."""
    before = (draft(), events())
    with pytest.raises(kind) as caught, attempt():
        act()
    assert (draft(), events()) == before
    return caught.value


def test_add_rule_starts_the_draft_from_the_live_version() -> None:
    seen = live(FIRST)

    key = actions.add_rule(ENTRY, seen=seen, actor=SYSTEM)

    assert key == "shoes_wide"
    assert draft() == document(FIRST, {"key": "shoes_wide", **ENTRY})
    assert PolicyVersion.objects.get(status="live").document == document(FIRST)
    assert events() == 2


def test_add_rule_to_a_policy_without_rules() -> None:
    actions.add_rule(ENTRY, seen=live(), actor=SYSTEM)

    assert draft() == document({"key": "shoes_wide", **ENTRY})


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("First", "first_2"), ("靴", "rule"), ("x" * 120, "x" * 36),
        ("No! Really?", "no_really"), ("__", "rule"),
    ],
)  # fmt: skip
def test_key_of_a_new_rule_is_made_from_its_name(name: str, key: str) -> None:
    assert actions.add_rule({**ENTRY, "name": name}, seen=live(FIRST), actor=SYSTEM) == key


def test_add_rule_sent_twice_adds_one() -> None:
    seen = live(FIRST)
    actions.add_rule(ENTRY, seen=seen, actor=SYSTEM)
    before = (draft(), events())

    assert actions.add_rule(ENTRY, seen=seen, actor=SYSTEM) == "shoes_wide"
    assert (draft(), events()) == before


def test_change_rule_keeps_key_and_place() -> None:
    actions.change_rule("first", ENTRY, seen=live(FIRST, SECOND), actor=SYSTEM)

    assert draft() == document({"key": "first", **ENTRY}, SECOND)
    assert events() == 2


def test_change_rule_that_changes_nothing_starts_no_draft() -> None:
    entry = {name: part for name, part in FIRST.items() if name != "key"}
    actions.change_rule("first", entry, seen=live(FIRST), actor=SYSTEM)

    assert (draft(), events()) == (None, 1)


@pytest.mark.parametrize(
    ("key", "position", "order", "moved"),
    [
        ("first", 2, "second first third", (1, 2)),
        ("first", 99, "second third first", (1, 3)),
        ("third", 1, "third first second", (3, 1)),
        ("third", 0, "third first second", (3, 1)),
    ],
)
def test_move_rule(key: str, position: int, order: str, moved: tuple[int, int]) -> None:
    seen = live(FIRST, SECOND, THIRD)

    assert actions.move_rule(key, position, seen=seen, actor=SYSTEM) == moved

    found = draft()
    assert found is not None
    assert [one["key"] for one in found["rules"]] == order.split()
    assert sorted(one["key"] for one in found["rules"]) == ["first", "second", "third"]
    assert events() == 2


def test_move_rule_to_where_it_stands_changes_nothing() -> None:
    assert actions.move_rule("first", 1, seen=live(FIRST, SECOND), actor=SYSTEM) == (1, 1)
    assert (draft(), events()) == (None, 1)


def test_switch_rule_off_and_on() -> None:
    seen = live(FIRST, SECOND)
    actions.switch_rule("second", on=False, seen=seen, actor=SYSTEM)
    off = draft()
    assert off == document(FIRST, {**SECOND, "on": False})

    actions.switch_rule("second", on=True, seen=document_digest(off), actor=SYSTEM)

    assert draft() == document(FIRST, SECOND)


def test_duplicate_rule_stands_after_it_switched_off() -> None:
    key = actions.duplicate_rule("first", seen=live(FIRST, SECOND), actor=SYSTEM)

    copy = {**FIRST, "key": "first_copy", "name": "First copy", "on": False}
    assert key == "first_copy"
    assert draft() == document(FIRST, copy, SECOND)


def test_delete_rule_and_the_last_one() -> None:
    actions.delete_rule("first", seen=live(FIRST, SECOND), actor=SYSTEM)
    left = draft()
    assert left == document(SECOND)

    actions.delete_rule("second", seen=document_digest(left), actor=SYSTEM)

    assert draft() == document()


CHANGES: dict[str, Callable[[str], object]] = {
    "add": lambda seen: actions.add_rule(ENTRY, seen=seen, actor=SYSTEM),
    "change": lambda seen: actions.change_rule("first", ENTRY, seen=seen, actor=SYSTEM),
    "move": lambda seen: actions.move_rule("first", 2, seen=seen, actor=SYSTEM),
    "switch": lambda seen: actions.switch_rule("first", on=False, seen=seen, actor=SYSTEM),
    "duplicate": lambda seen: actions.duplicate_rule("first", seen=seen, actor=SYSTEM),
    "delete": lambda seen: actions.delete_rule("first", seen=seen, actor=SYSTEM),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_change_of_what_somebody_else_changed_is_refused(change: Callable[[str], object]) -> None:
    seen = live(FIRST, SECOND)
    save_draft(document(FIRST, SECOND, THIRD), actor=SYSTEM)

    error = refused(Conflict, lambda: change(seen))

    assert error.message.startswith("Somebody else changed the draft.")


@pytest.mark.parametrize("name", ["move", "switch", "duplicate", "delete"])
def test_change_of_a_rule_that_is_not_there_is_not_found(name: str) -> None:
    seen = live(SECOND)

    refused(NotFound, lambda: CHANGES[name](seen))
    refused(NotFound, lambda: CHANGES[name](""))
    # Who saw it has to be told that it is gone.
    refused(Conflict, lambda: CHANGES[name]("another"))


def test_change_of_a_rule_that_was_deleted_says_so() -> None:
    seen = live(SECOND)

    assert refused(Conflict, lambda: CHANGES["change"](seen)).code == "rule_gone"


def test_rule_that_makes_no_sense_is_refused_by_path() -> None:
    seen = live(FIRST)
    entry = {**ENTRY, "then": [do("set_window", -1)]}

    error = refused(InvalidInput, lambda: actions.add_rule(entry, seen=seen, actor=SYSTEM))

    assert error.field == "rules.1.then.0.value"


def test_rule_without_a_policy_is_refused() -> None:
    error = refused(Conflict, lambda: actions.add_rule(ENTRY, seen="", actor=SYSTEM))

    assert error.code == "no_policy"


def test_start_draft_asks_before_it_replaces_one() -> None:
    live(FIRST)
    one, other = (starter.document("EUR") for starter in starters()[:2])
    start_draft(one, actor=SYSTEM)
    assert draft() == one

    assert refused(Conflict, lambda: start_draft(other, actor=SYSTEM)).code == "draft_exists"
    refused(Conflict, lambda: start_draft(other, replacing="stale", actor=SYSTEM))
    start_draft(other, replacing=document_digest(one), actor=SYSTEM)

    assert draft() == other
    assert PolicyVersion.objects.get(status="live").document == document(FIRST)


def test_start_draft_sent_twice_is_one() -> None:
    one = starters()[0].document("EUR")
    start_draft(one, actor=SYSTEM)
    start_draft(one, actor=SYSTEM)

    assert (draft(), events()) == (one, 1)
