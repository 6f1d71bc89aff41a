from __future__ import annotations

import itertools

import pytest

from returns_portal.core.errors import InvalidTransition
from rma import states
from rma.states import ResolutionFact, StageFacts, check_transition, stage_of

ENUMS = {
    "return": states.ReturnStatus,
    "shipment": states.ShipmentStatus,
    "receipt_line": states.ReceiptLineStatus,
    "inspection": states.InspectionStatus,
    "resolution": states.ResolutionStatus,
    "repair": states.RepairStatus,
}
PAIRS = [
    (kind, old, new) for kind, enum in ENUMS.items() for old, new in itertools.product(enum, enum)
]


def test_tables_name_every_state_once() -> None:
    assert set(states.TRANSITIONS) == set(ENUMS)
    for kind, enum in ENUMS.items():
        assert set(states.TRANSITIONS[kind]) == {member.value for member in enum}
        for targets in states.TRANSITIONS[kind].values():
            assert targets <= {member.value for member in enum}


@pytest.mark.parametrize(("kind", "old", "new"), PAIRS)
def test_check_transition_lets_through_exactly_the_table(kind: str, old: str, new: str) -> None:
    if new in states.TRANSITIONS[kind][old]:
        check_transition(kind, old, new)
        return
    with pytest.raises(InvalidTransition) as refused:
        check_transition(kind, old, new)
    assert refused.value.facts == {"kind": kind, "from": old, "to": new}
    assert "Reload the page" in refused.value.message


def test_check_transition_unknown_state_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="knows no state"):
        check_transition("return", "open", "teleported")
    with pytest.raises(ValueError, match="knows no state"):
        check_transition("return", "teleported", "open")


def test_cancelled_return_never_moves_and_a_declined_one_only_opens() -> None:
    assert states.TRANSITIONS["return"]["declined"] == {"open"}
    assert not states.TRANSITIONS["return"]["cancelled"]


@pytest.mark.parametrize(
    ("kind", "state", "final"),
    [
        ("return", "closed", True),
        ("return", "expired", True),
        ("return", "declined", True),
        ("return", "open", False),
        ("resolution", "settled", True),
        ("shipment", "lost", False),
    ],
)
def test_is_final_knows_ends_that_only_corrections_leave(
    kind: str, state: str, final: bool
) -> None:
    assert states.is_final(kind, state) is final


def resolved(*pairs: tuple[str, str]) -> tuple[ResolutionFact, ...]:
    return tuple(ResolutionFact(kind, status) for kind, status in pairs)


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (StageFacts("requested"), "review"),
        (StageFacts("needs_info"), "info"),
        (StageFacts("declined"), "declined"),
        (StageFacts("cancelled", shipment="ready"), "cancelled"),
        (StageFacts("expired"), "expired"),
        (StageFacts("open"), "approved"),
        (StageFacts("open", shipment="pending"), "approved"),
        (StageFacts("open", shipment="void"), "approved"),
        (StageFacts("open", shipment="ready"), "label"),
        (StageFacts("open", shipment="ready", shipment_late=True), "late"),
        (StageFacts("open", shipment="in_transit"), "transit"),
        (StageFacts("open", shipment="in_transit", shipment_late=True), "late"),
        (StageFacts("open", shipment="lost"), "late"),
        (StageFacts("open", shipment="returned_to_sender"), "hold"),
        (StageFacts("open", shipment="delivered", shipment_late=True), "received"),
        (StageFacts("open", shipment="failed"), "failed"),
        (StageFacts("open", shipment="pending", call_failed=True), "failed"),
        (StageFacts("open", goods_kept=True), "keep"),
        (StageFacts("open", shipment="delivered", units_received=2), "received"),
        (StageFacts("open", units_received=2, units_inspected=1), "inspecting"),
        (StageFacts("open", units_received=2, units_inspected=1, units_rejected=1), "inspecting"),
        (StageFacts("open", units_received=2, units_inspected=2), "inspecting"),
        (StageFacts("open", units_received=2, units_inspected=2, units_rejected=1), "partial"),
        (StageFacts("open", units_received=2, units_on_hold=1), "hold"),
        (StageFacts("open", resolutions=resolved(("refund", "proposed"))), "approved"),
        (StageFacts("open", resolutions=resolved(("refund", "executing"))), "payout"),
        (StageFacts("open", resolutions=resolved(("refund", "failed"))), "failed"),
        (
            StageFacts("open", resolutions=resolved(("refund", "settled"), ("refund", "failed"))),
            "failed",
        ),
        (
            StageFacts(
                "open", resolutions=resolved(("refund", "settled"), ("exchange", "executing"))
            ),
            "payout",
        ),
        (StageFacts("open", resolutions=resolved(("refund", "settled"))), "refunded"),
        (StageFacts("closed", resolutions=resolved(("refund", "settled"))), "refunded"),
        (StageFacts("closed", resolutions=resolved(("store_credit", "settled"))), "credited"),
        (
            StageFacts(
                "closed", resolutions=resolved(("exchange", "settled"), ("refund", "cancelled"))
            ),
            "exchanged",
        ),
        (
            StageFacts(
                "closed", resolutions=resolved(("exchange", "settled"), ("refund", "settled"))
            ),
            "refunded",
        ),
        (StageFacts("closed", resolutions=resolved(("refund", "cancelled"))), "closed"),
        (StageFacts("closed"), "closed"),
        (StageFacts("closed", goods_kept=True), "keep"),
    ],
)
def test_stage_of_each_situation_has_one_stage(facts: StageFacts, key: str) -> None:
    assert stage_of(facts).key == key


def test_stage_of_unknown_status_raises() -> None:
    with pytest.raises(ValueError, match="teleported"):
        stage_of(StageFacts("teleported"))


def test_stage_words_follow_the_voice() -> None:
    tones = {"neutral", "warning", "special", "success", "danger", "info"}
    assert len(states.STAGES) == 24
    for stage in states.STAGES.values():
        assert stage.tone in tones
        assert stage.staff
        assert stage.shopper
        assert "RMA" not in stage.shopper
        assert "!" not in stage.shopper
