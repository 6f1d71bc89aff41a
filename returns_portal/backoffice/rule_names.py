"""The names of rules where a decision knows them by their keys."""

from __future__ import annotations

from collections.abc import Mapping

from returns_portal.backoffice.rule_chips import rules_of
from rma.policy.model import Policy
from rma.policy.tailoring import key_of_own_rule


def rule_names(*policies: Policy | None) -> dict[str, str]:
    """Return the names of the own rules by key; of two policies the first that has one counts."""
    return {rule.key: rule.name for one in reversed(policies) for rule in rules_of(one)}


def named(spoken: str, names: Mapping[str, str]) -> str:
    """Return the name of a rule that spoke: the merchant's for an own one, else the setting's."""
    key = key_of_own_rule(spoken)
    if key is None:
        return spoken.replace("_", " ")
    return names.get(key, key.replace("_", " "))
