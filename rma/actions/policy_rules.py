"""Changing one rule of the draft at a time; the draft starts from the live version.

Each change says which document it was made on, as :func:`document_digest` of what was shown: when
somebody else changed it meanwhile the change is refused, not mixed in. A change that is there
already, as when a form is sent twice, is no change and no event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, NotFound
from rma.actions.policy import Status, having, keep_draft, lock_versions
from rma.models import PolicyVersion
from rma.policy.document import parse_policy

Rules = list[dict[str, Any]]
LONGEST_KEY = 40
LONGEST_NAME = 120


class Moved(NamedTuple):
    """Where a rule stood and where it stands, counted from 1."""

    before: int
    after: int


def document_digest(document: Mapping[str, Any]) -> str:
    """Return a short text that differs for every other document."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def add_rule(entry: Mapping[str, Any], *, seen: str, actor: Actor) -> str:
    """Put a rule after all others and return its key, which is made from its name.

    Raises Conflict when the document is not the one ``seen``, InvalidInput with every mistake by
    path.
    """

    def added(rules: Rules) -> Rules:
        if any(_without_key(rule) == entry for rule in rules):
            return rules
        return [*rules, {"key": _free_key(str(entry["name"]), rules), **entry}]

    after = _rules_of(_change(added, seen=seen, actor=actor))
    return next(str(rule["key"]) for rule in after if _without_key(rule) == entry)


def change_rule(key: str, entry: Mapping[str, Any], *, seen: str, actor: Actor) -> None:
    """Replace a rule, which keeps its key and its place.

    Raises Conflict when the document is not the one ``seen`` or the rule is gone, InvalidInput with
    every mistake by path.
    """

    def changed(rules: Rules) -> Rules:
        if all(rule["key"] != key for rule in rules):
            raise Conflict(
                "Somebody else deleted this rule. Save again to add it as a new one.",
                code="rule_gone",
            )
        return [{"key": key, **entry} if rule["key"] == key else rule for rule in rules]

    _change(changed, seen=seen, actor=actor)


def switch_rule(key: str, *, on: bool, seen: str, actor: Actor) -> None:
    """Switch a rule on or off. Raises Conflict (see :func:`add_rule`) and NotFound."""

    def switched(rules: Rules) -> Rules:
        place = _place(rules, key)
        return [*rules[:place], {**rules[place], "on": on}, *rules[place + 1 :]]

    _change(switched, seen=seen, actor=actor)


def move_rule(key: str, position: int, *, seen: str, actor: Actor) -> Moved:
    """Move a rule to ``position``, counted from 1, or to the end where there are fewer.

    Raises Conflict (see :func:`add_rule`) and NotFound.
    """
    places = []

    def moved(rules: Rules) -> Rules:
        before = _place(rules, key)
        after = min(max(position, 1), len(rules)) - 1
        places.append(Moved(before + 1, after + 1))
        left = [*rules[:before], *rules[before + 1 :]]
        return [*left[:after], rules[before], *left[after:]]

    _change(moved, seen=seen, actor=actor)
    return places[0]


def duplicate_rule(key: str, *, seen: str, actor: Actor) -> str:
    """Put a copy after a rule, switched off so that nothing happens twice; return the copy's key.

    Raises Conflict (see :func:`add_rule`) and NotFound.
    """
    keys = []

    def doubled(rules: Rules) -> Rules:
        place = _place(rules, key)
        name = f"{rules[place]['name'][: LONGEST_NAME - 5]} copy"
        keys.append(_free_key(name, rules))
        copy = {**rules[place], "key": keys[0], "name": name, "on": False}
        return [*rules[: place + 1], copy, *rules[place + 1 :]]

    _change(doubled, seen=seen, actor=actor)
    return keys[0]


def delete_rule(key: str, *, seen: str, actor: Actor) -> None:
    """Take a rule away. Raises Conflict (see :func:`add_rule`) and NotFound."""

    def left(rules: Rules) -> Rules:
        place = _place(rules, key)
        return [*rules[:place], *rules[place + 1 :]]

    _change(left, seen=seen, actor=actor)


def _change(change: Callable[[Rules], Rules], *, seen: str, actor: Actor) -> PolicyVersion:
    """Apply ``change`` to the rules of the draft, else of the live version, and keep the draft."""
    with action_transaction():
        versions = lock_versions()
        base = having(versions, Status.DRAFT) or having(versions, Status.LIVE)
        if base is None:
            raise Conflict("There is no policy yet. Write one, then add rules.", code="no_policy")
        is_as_seen = document_digest(base.document) == seen
        before = _rules_of(base)
        try:
            after = change(before)
        except NotFound:
            # Who has seen nothing is told nothing of what may have been there.
            if is_as_seen or not seen:
                raise
            raise changed_meanwhile() from None
        if after == before:
            return base
        if not is_as_seen:
            raise changed_meanwhile()
        document = {name: part for name, part in base.document.items() if name != "rules"}
        document |= {"rules": after} if after else {}
        parse_policy(document)
        return keep_draft(versions, document, actor=actor)


def changed_meanwhile() -> Conflict:
    """Return the refusal of a change to a draft that is no longer the one that was shown."""
    return Conflict(
        "Somebody else changed the draft. Look at it as it is now, then try again.",
        code="draft_changed",
    )


def _rules_of(version: PolicyVersion) -> Rules:
    return list(version.document.get("rules") or [])


def _without_key(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in rule.items() if name != "key"}


def _place(rules: Rules, key: str) -> int:
    for place, rule in enumerate(rules):
        if rule["key"] == key:
            return place
    raise NotFound("This rule does not exist.")


def _free_key(name: str, rules: Rules) -> str:
    """Return a key made from ``name`` that no rule has; ``rule`` where no letter is left of it."""
    letters = "".join(
        letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower()
    )
    stem = "_".join(letters.split())[: LONGEST_KEY - 4].rstrip("_") or "rule"
    taken = {rule["key"] for rule in rules}
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}_{number}", number + 1
    return key
