"""A risk score part by part: which rule added what, and what it saw."""

from __future__ import annotations

from rma.policy.risk import KEY
from rma.policy.rule_words import saw_words
from rma.policy.tailoring import own_rule_key
from rma.policy.types import Decision


def score_parts(decision: Decision) -> list[str]:
    """Return the parts of the score a decision recorded: ``Often, 40 points. Returns before: 6``.

    Said from what each rule kept, so it reads the same however often the shopper returns later.
    """
    rules = {one.key: one.facts for one in decision.rules_spoken}
    parts = []
    for key, points in rules.get(KEY, {}).get("parts", ()):
        kept = rules.get(own_rule_key(key), {})
        points_words = "1 point" if points == 1 else f"{points} points"
        saw = saw_words(kept.get("saw", {}), decision.currency)
        parts.append(f"{kept.get('name', key)}, {points_words}{f'. {saw}' if saw else ''}")
    return parts
