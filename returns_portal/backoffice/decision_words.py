"""A stored decision as staff read it: on the card of a return, and rule by rule in its trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from returns_portal.backoffice.risk_words import score_parts
from rma.models import ReturnLine
from rma.policy.effects import effect_kind
from rma.policy.risk import KEY as RISK
from rma.policy.rule_words import listed, saw_words, value_words
from rma.policy.types import Decision, Result, RuleSpoken

_TONES = {
    Result.REFUSE: "danger",
    Result.REVIEW: "warning",
    Result.PASS: "success",
    Result.NOTE: "neutral",
}
_ORDER = {Result.REFUSE: 0, Result.REVIEW: 1, Result.NOTE: 2, Result.PASS: 3}
# Passed rules worth a line of their own; the others are named together.
_TELLING = ("window", "withdrawal", "photo", "value_limit", "processing", "fee", "quantity")


def findings(decision: Decision, lines: Sequence[ReturnLine]) -> list[dict[str, Any]]:
    """Return the rules that spoke as the trace shows them: what stopped first, then what passed.

    The same sentence about several items is said once; what passed without news is one line.
    """
    titles = {str(line.order_line_id): line.order_line.title for line in lines}
    said: dict[tuple[str, str, str], list[str]] = {}
    quiet: dict[str, None] = {}
    parts = score_parts(decision)
    for spoken in sorted(decision.rules_spoken, key=lambda one: _ORDER[one.result]):
        tells = spoken.key in _TELLING or (spoken.key == RISK and parts)
        if spoken.result is Result.PASS and not tells:
            quiet[spoken.key.replace("_", " ")] = None
            continue
        key = (spoken.key, spoken.result.value, spoken.staff or spoken.sentence)
        said.setdefault(key, []).append(titles.get(spoken.line or "", ""))
    rows = [
        {
            "tone": _TONES[Result(result)],
            "text": text,
            "notes": parts if rule == RISK else _joined(about),
            "source": rule.replace("_", " "),
        }
        for (rule, result, text), about in said.items()
    ]
    if quiet:
        text = f"{len(quiet)} more checks passed" if len(quiet) > 1 else "One more check passed"
        rows.append({"tone": "success", "text": text, "notes": _joined(quiet), "source": ""})
    return rows


def _joined(words: Iterable[str]) -> list[str]:
    """Return words as one note, each once; no note for none."""
    said = dict.fromkeys(word for word in words if word)
    return [", ".join(said)] if said else []


def trace_rows(decision: Decision, lines: Sequence[ReturnLine]) -> list[dict[str, Any]]:
    """Return every rule with the facts it used, as they were then, in words."""
    titles = {str(line.order_line_id): line.order_line.title for line in lines}
    return [
        {
            "rule": spoken.key.replace("_", " "),
            "about": titles.get(spoken.line or "", "The whole request"),
            "tone": _TONES[spoken.result],
            "result": spoken.result.value,
            "staff": spoken.staff,
            "sentence": spoken.sentence,
            "facts": list(_facts(spoken, decision)),
        }
        for spoken in decision.rules_spoken
    ]


def _facts(spoken: RuleSpoken, decision: Decision) -> Iterator[str]:
    """Yield the facts one rule used, each in words; one that says nothing is left out."""
    facts: Mapping[str, Any] = spoken.facts
    if spoken.key == RISK:
        yield from score_parts(decision)
        facts = {name: value for name, value in facts.items() if name != "parts"}
    for name, value in facts.items():
        words = _told(name, value, decision.currency)
        if words:
            label = name.removesuffix("_minor").replace("_", " ")
            yield words if name == "saw" else f"{label}: {words}"


def _told(name: str, value: Any, currency: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith("_minor"):
        return value_words("money", value, currency)
    if name == "saw":
        return saw_words(value, currency)
    if name == "did":
        return listed([_effect(key) for key in value], "and")
    if isinstance(value, Mapping):
        return "; ".join(f"{_effect(str(key))} by {one}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return listed([str(one) for one in value], "and")
    return "not known" if value is None else str(value)


def _effect(key: str) -> str:
    kind = effect_kind(key)
    return kind.label if kind is not None else key.replace("_", " ")
