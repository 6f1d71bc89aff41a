"""Questions as lines: what is written comes back, keys and other languages stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.backoffice.question_lines import as_lines, from_lines
from rma.policy.document import default_policy, parse_policy

WORDS = st.text("abcdefgh ÄÖ?!,", min_size=1, max_size=30).map(str.strip).filter(bool)
LABELS = st.builds(lambda en, de: {"en": en, "de": de}, WORDS, WORDS)


@st.composite
def questions(draw: Any) -> list[dict[str, Any]]:
    labels = draw(st.lists(LABELS, max_size=4, unique_by=lambda one: one["en"]))
    made = []
    for place, label in enumerate(labels):
        one: dict[str, Any] = {"key": f"q{place}", "labels": label, "required": draw(st.booleans())}
        options = draw(st.lists(LABELS, max_size=4, unique_by=lambda one: one["en"]))
        if len(options) > 1:
            one["options"] = [{"key": f"o{n}", "labels": name} for n, name in enumerate(options)]
        if draw(st.booleans()):
            one["product_types"] = draw(st.lists(st.sampled_from(["Shoes", "Hats"]), min_size=1,
                                                 unique=True))  # fmt: skip
        made.append(one)
    return made


@given(questions())
def test_questions_survive_being_shown_and_saved(asked: list[dict[str, Any]]) -> None:
    assert from_lines(as_lines(asked), asked) == asked


def test_new_lines_become_questions_the_policy_reads() -> None:
    text = "[Shoes, Boots] How does it fit? | Too tight; Too tight!; Zu lang *\n\nWhat happened?\n"

    asked = from_lines(text, [])

    assert asked == [
        {
            "key": "how_does_it_fit", "labels": {"en": "How does it fit?"}, "required": True,
            "options": [
                {"key": "too_tight", "labels": {"en": "Too tight"}},
                {"key": "too_tight_2", "labels": {"en": "Too tight!"}},
                {"key": "zu_lang", "labels": {"en": "Zu lang"}},
            ],
            "product_types": ["Shoes", "Boots"],
        },
        {"key": "what_happened", "labels": {"en": "What happened?"}, "required": False},
    ]  # fmt: skip
    document = default_policy("EUR")
    document["reasons"][0]["questions"] = asked
    assert [one.key for one in parse_policy(document).reasons[0].questions] == [
        "how_does_it_fit", "what_happened",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "key"), [("???", "question"), ("Größe", "gr_e"), ("大", "question")]
)
def test_keys_are_made_of_what_is_left_of_the_words(words: str, key: str) -> None:
    assert from_lines(words, [])[0]["key"] == key
