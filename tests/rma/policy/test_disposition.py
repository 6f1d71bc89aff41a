from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.money import Money
from rma.policy.disposition import CHECKS, Disposition, Grade, suggest
from rma.policy.document import default_policy, parse_policy

POLICY = parse_policy(default_policy("EUR"))
FAULTY = POLICY.reason("faulty")
CHANGED_MIND = POLICY.reason("changed_mind")
LATE = POLICY.reason("arrived_late")
EUR = "EUR"


@pytest.mark.parametrize(
    ("grade", "reason", "checklist", "minor", "disposition", "why"),
    [
        ("A", CHANGED_MIND, {}, 11700, "restock", "Like new. This brings back most of its value"),
        ("B", CHANGED_MIND, {"works": True}, 11700, "restock", "Opened, no marks. This brings"),
        ("A", LATE, {}, 11700, "restock", "Like new. This brings"),
        ("A", None, {}, 11700, "restock", "Like new. This brings"),
        ("A", FAULTY, {}, 11700, "repair", "Faulty, so it can't be sold as it is"),
        ("A", FAULTY, {"works": True}, 11700, "restock", "Like new. This brings"),
        ("B", CHANGED_MIND, {"works": False}, 11700, "repair", "Faulty, so it can't be sold"),
        ("B", CHANGED_MIND, {"complete": False}, 11700, "repair", "Parts are missing"),
        ("D", CHANGED_MIND, {}, 11700, "repair", "Damaged. Too damaged to sell"),
        ("D", CHANGED_MIND, {}, 2000, "recycle", "Damaged. Too damaged to sell"),
        ("C", CHANGED_MIND, {}, 2000, "restock", "Worn or marked. This brings"),
        ("C", CHANGED_MIND, {}, 90000, "repair", "Worn or marked. This brings"),
        ("A", CHANGED_MIND, {"clean": False}, 11700, "recycle", "Not clean enough to sell again"),
        ("A", CHANGED_MIND, {"safe": False}, 11700, "dispose", "Not safe to handle or ship"),
        ("D", FAULTY, {}, 0, "recycle", "Faulty"),
    ],
)
def test_suggest_known_units_go_where_they_should(
    grade: str,
    reason: object,
    checklist: dict[str, bool],
    minor: int,
    disposition: str,
    why: str,
) -> None:
    suggestion = suggest(Grade(grade), reason, checklist, Money(minor, EUR))  # type: ignore[arg-type]

    assert suggestion.disposition == disposition
    assert why in suggestion.why


units = st.tuples(
    st.sampled_from(Grade),
    st.sampled_from([None, *POLICY.reasons]),
    st.dictionaries(st.sampled_from([*CHECKS, "unheard_of"]), st.booleans()),
    st.integers(0, 10**7),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)


@given(units)
def test_suggest_any_unit_takes_the_best_choice_that_is_not_blocked(unit: object) -> None:
    grade, reason, checklist, minor, currency = unit  # type: ignore[misc]

    suggestion = suggest(grade, reason, checklist, Money(minor, currency))

    choices = {choice.disposition: choice for choice in suggestion.alternatives}
    assert set(choices) | {suggestion.disposition} == set(Disposition)
    assert suggestion.disposition not in choices
    again = suggest(grade, reason, checklist, Money(minor, currency))
    assert again == suggestion
    if checklist.get("safe") is False:
        assert suggestion.disposition is Disposition.DISPOSE
    if checklist.get("works") is False or grade is Grade.D:
        assert suggestion.disposition is not Disposition.RESTOCK


def test_suggest_alternatives_show_what_they_recover() -> None:
    suggestion = suggest(Grade.A, CHANGED_MIND, {}, Money(10000, EUR))

    shown = [(c.disposition.value, c.recovers.minor, c.blocked) for c in suggestion.alternatives]
    assert shown == [("repair", 6800, None), ("recycle", 500, None), ("dispose", 0, None)]


def test_suggest_yen_repair_is_not_a_hundredth_of_a_repair() -> None:
    suggestion = suggest(Grade.D, None, {}, Money(1000, "JPY"))

    assert suggestion.disposition is Disposition.RECYCLE
    repair = next(c for c in suggestion.alternatives if c.disposition is Disposition.REPAIR)
    assert repair.blocked == "A repair costs more than it brings"


def test_suggest_grade_must_be_known() -> None:
    with pytest.raises(ValueError, match="'E' is not a valid Grade"):
        suggest("E", None, {}, Money(1, EUR))  # type: ignore[arg-type]
