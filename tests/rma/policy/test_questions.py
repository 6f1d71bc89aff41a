"""What a reason asks further: read, asked, checked, shown."""

from __future__ import annotations

from typing import Any

import pytest

from returns_portal.core.errors import InvalidInput
from rma.policy.document import Policy, default_policy, parse_policy
from rma.policy.engine import evaluate, replay, snapshot
from rma.policy.questions import answer_words
from rma.policy.types import Decision, from_json
from tests.rma.policy.builders import ask, line, order, request

FIT: dict[str, Any] = {
    "key": "fit",
    "labels": {"en": "How does it fit?", "de": "Wie sitzt es?"},
    "required": True,
    "options": [
        {"key": "tight", "labels": {"en": "Too tight", "de": "Zu eng"}},
        {"key": "short", "labels": {"en": "Too short"}},
    ],
}
WHERE: dict[str, Any] = {"key": "where", "labels": {"en": "Where?"}, "required": False}
SHOES: dict[str, Any] = {
    "key": "width", "labels": {"en": "Is it the width?"}, "required": True,
    "product_types": ["Shoes", "Boots"],
}  # fmt: skip


def document(*questions: dict[str, Any]) -> dict[str, Any]:
    found = default_policy("EUR")
    found["reasons"][0]["questions"] = list(questions)
    return found


def asking(*questions: dict[str, Any]) -> Policy:
    return parse_policy(document(*questions), version=3)


def decide(
    rules: Policy, answers: dict[str, str], channel: str = "portal", **facts: Any
) -> Decision:
    wish = ask(reason="too_small", answers=answers)
    return evaluate(order(line(**facts)), request(wish, channel=channel), rules)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({"fit": "tight"}, "allow"),
        ({"fit": "tight", "where": "At the shoulders"}, "allow"),
        ({}, "refuse"),
        ({"fit": ""}, "refuse"),
        ({"fit": "loose"}, "refuse"),
        ({"where": "At the shoulders"}, "refuse"),
        ({"fit": "tight", "where": "x" * 501}, "refuse"),
        ({"fit": "tight", "colour": "red"}, "allow"),
    ],
)
def test_portal_needs_the_answers_a_reason_needs(answers: dict[str, str], verdict: str) -> None:
    decided = decide(asking(FIT, WHERE), answers)

    assert decided.verdict == verdict
    if verdict == "refuse" and "fit" not in answers:
        assert decided.lines[0].sentence == "Answer for Merino Crew Sweater: How does it fit?"
        assert decided.lines[0].rule_key == "answers"


@pytest.mark.parametrize("channel", ["staff", "api"])
def test_elsewhere_a_person_asks(channel: str) -> None:
    decided = decide(asking(FIT), {}, channel)

    assert decided.verdict == "review"
    assert decided.headline is not None
    assert decided.headline.staff == "Not answered: How does it fit?"


def test_question_for_some_product_types_is_asked_of_these_only() -> None:
    rules = asking(SHOES)

    assert decide(rules, {}, product_type="Shirts").verdict == "allow"
    assert decide(rules, {}, product_type="boots").verdict == "refuse"


def test_reason_without_questions_says_nothing_of_answers() -> None:
    decided = decide(asking(), {"fit": "tight"})

    assert not [one for one in decided.rules_spoken if one.key == "answers"]


def test_stored_answers_replay_the_same() -> None:
    rules = asking(FIT, WHERE)
    facts, asked = order(), request(ask(reason="too_small", answers={"fit": "short"}))
    decided = evaluate(facts, asked, rules)

    stored = snapshot(facts, asked, decided)

    assert stored["request"]["lines"][0]["answers"] == {"fit": "short"}
    assert replay(stored, rules) == decided == from_json(Decision, stored["decision"])


def test_answers_in_words_in_the_language_asked_for() -> None:
    reason = asking(FIT, WHERE).reason("too_small")
    told = {"where": "At the hem", "fit": "tight", "gone": "x"}

    assert answer_words(reason, told) == [
        ("How does it fit?", "Too tight"), ("Where?", "At the hem"),
    ]  # fmt: skip
    assert answer_words(reason, told, "de")[0] == ("Wie sitzt es?", "Zu eng")
    assert answer_words(None, told) == []


@pytest.mark.parametrize(
    ("question", "path", "words"),
    [
        ({**FIT, "key": "a b"}, "reasons.0.questions.0.key", "letters, digits"),
        ({**FIT, "labels": {}}, "reasons.0.questions.0.labels", "per language"),
        ({**FIT, "required": "yes"}, "reasons.0.questions.0.required", "true or false"),
        ({**FIT, "options": [FIT["options"][0]]}, "reasons.0.questions.0.options", "2 to 20"),
        ({**FIT, "options": [FIT["options"][0]] * 2}, "reasons.0.questions.0.options.1.key",
         "used twice"),
        ({**FIT, "options": [{"key": "a"}, {"key": "b"}]},
         "reasons.0.questions.0.options.0.labels", "missing"),
        ({**FIT, "product_types": "shoes"}, "reasons.0.questions.0.product_types", "list of words"),
        ({**FIT, "colour": 1}, "reasons.0.questions.0.colour", "no such setting"),
    ],
)  # fmt: skip
def test_mistakes_in_questions_are_named_by_path(
    question: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_policy(document(question))

    errors = {error["path"]: error["message"] for error in refusal.value.facts["errors"]}
    assert path in errors, errors
    assert words in errors[path]


def test_more_questions_than_a_shopper_would_answer_are_refused() -> None:
    nine = [{**WHERE, "key": f"q{n}"} for n in range(9)]

    with pytest.raises(InvalidInput, match="up to 8 questions"):
        parse_policy(document(*nine))
