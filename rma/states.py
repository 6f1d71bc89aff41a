"""States of a return and of what hangs on it, the moves between them, and the stage people see.

Each object has its own small machine. The *stage* is derived from all of them by one function and
stored by the actions; it is what queues, filters, badges, e-mails and the API show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from returns_portal.core.errors import InvalidTransition


class ReturnStatus(StrEnum):
    REQUESTED = "requested"
    NEEDS_INFO = "needs_info"
    OPEN = "open"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"


class ShipmentStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"
    FAILED = "failed"
    VOID = "void"


class ReceiptLineStatus(StrEnum):
    """What the bench found. SHORT, EXTRA and WRONG_ITEM are facts, not errors."""

    AWAITED = "awaited"
    RECEIVED = "received"
    SHORT = "short"
    WRONG_ITEM = "wrong_item"
    EXTRA = "extra"


class InspectionStatus(StrEnum):
    PENDING = "pending"
    ON_HOLD = "on_hold"
    INSPECTED = "inspected"
    DISPOSED = "disposed"


class ResolutionStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTING = "executing"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ResolutionKind(StrEnum):
    REFUND = "refund"
    STORE_CREDIT = "store_credit"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"
    REPAIR = "repair"
    KEEP_ITEM = "keep_item"
    DONATE = "donate"


class RepairStatus(StrEnum):
    WAITING = "waiting"
    IN_REPAIR = "in_repair"
    SENT_BACK = "sent_back"
    GIVEN_UP = "given_up"


# Settled with goods held for the shopper: no money moves, but for what a swap leaves over.
SENT = (ResolutionKind.EXCHANGE, ResolutionKind.REPLACEMENT)
# Settled with goods of any kind; the shopper's own come back from a repair.
GOODS = (*SENT, ResolutionKind.REPAIR)
# The goods stay with the shopper, or with a charity: nothing is sent, received or inspected.
KEPT = frozenset({ResolutionKind.KEEP_ITEM, ResolutionKind.DONATE})
# What pays money back to where it came from.
REFUNDING = (ResolutionKind.REFUND, ResolutionKind.KEEP_ITEM, ResolutionKind.DONATE)


def nothing_is_sent(wanted: Iterable[str]) -> bool:
    """Say whether of lines with these outcomes no goods come back."""
    outcomes = set(wanted)
    return bool(outcomes) and outcomes <= KEPT


R, S, L, N, P = ReturnStatus, ShipmentStatus, ReceiptLineStatus, InspectionStatus, ResolutionStatus
M = RepairStatus

TRANSITIONS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "return": {
        R.REQUESTED: frozenset({R.NEEDS_INFO, R.OPEN, R.DECLINED, R.CANCELLED}),
        R.NEEDS_INFO: frozenset({R.REQUESTED, R.OPEN, R.DECLINED, R.CANCELLED, R.EXPIRED}),
        # The shopper changed it to something that a person decides.
        R.OPEN: frozenset({R.CLOSED, R.CANCELLED, R.EXPIRED, R.REQUESTED}),
        # An appeal was granted.
        R.DECLINED: frozenset({R.OPEN}),
        R.CANCELLED: frozenset(),
        # The parcel came after all.
        R.EXPIRED: frozenset({R.OPEN}),
        # A refund that failed after it had succeeded opens the debt again.
        R.CLOSED: frozenset({R.OPEN}),
    },
    "shipment": {
        S.PENDING: frozenset({S.READY, S.FAILED, S.VOID}),
        S.FAILED: frozenset({S.PENDING, S.READY, S.VOID}),
        S.READY: frozenset({S.IN_TRANSIT, S.DELIVERED, S.RETURNED_TO_SENDER, S.LOST, S.VOID}),
        S.IN_TRANSIT: frozenset({S.DELIVERED, S.RETURNED_TO_SENDER, S.LOST}),
        # Carriers correct themselves: lost parcels turn up, delivered ones go back.
        S.LOST: frozenset({S.IN_TRANSIT, S.DELIVERED, S.RETURNED_TO_SENDER}),
        S.DELIVERED: frozenset({S.RETURNED_TO_SENDER}),
        S.RETURNED_TO_SENDER: frozenset({S.IN_TRANSIT, S.DELIVERED}),
        # A voided label that was used all the same.
        S.VOID: frozenset({S.IN_TRANSIT, S.DELIVERED}),
    },
    "receipt_line": {
        L.AWAITED: frozenset({L.RECEIVED, L.SHORT, L.WRONG_ITEM}),
        L.SHORT: frozenset({L.RECEIVED, L.WRONG_ITEM}),
        L.WRONG_ITEM: frozenset({L.RECEIVED}),
        L.RECEIVED: frozenset(),
        L.EXTRA: frozenset(),
    },
    "inspection": {
        N.PENDING: frozenset({N.ON_HOLD, N.INSPECTED}),
        N.ON_HOLD: frozenset({N.INSPECTED}),
        N.INSPECTED: frozenset({N.ON_HOLD, N.DISPOSED}),
        N.DISPOSED: frozenset(),
    },
    "resolution": {
        P.PROPOSED: frozenset({P.APPROVED, P.CANCELLED}),
        P.APPROVED: frozenset({P.EXECUTING, P.SETTLED, P.CANCELLED}),
        P.EXECUTING: frozenset({P.SETTLED, P.FAILED}),
        P.FAILED: frozenset({P.EXECUTING, P.APPROVED, P.CANCELLED}),
        # Success is not final: a refund can bounce days later.
        P.SETTLED: frozenset({P.FAILED}),
        P.CANCELLED: frozenset(),
    },
    "repair": {
        # A quick one is mended and sent without a stop in between.
        M.WAITING: frozenset({M.IN_REPAIR, M.SENT_BACK, M.GIVEN_UP}),
        M.IN_REPAIR: frozenset({M.SENT_BACK, M.GIVEN_UP}),
        M.SENT_BACK: frozenset(),
        M.GIVEN_UP: frozenset(),
    },
}

_NOUNS = {
    "return": "return",
    "shipment": "parcel",
    "receipt_line": "received item",
    "inspection": "inspection",
    "resolution": "outcome",
    "repair": "repair",
}


def can_move(kind: str, old: str, new: str) -> bool:
    """Say whether ``kind`` may go from ``old`` to ``new``. An unknown state raises ValueError."""
    table = TRANSITIONS[kind]
    if old not in table or new not in table:
        raise ValueError(f"{kind} knows no state {old!r} or {new!r}")
    return new in table[old]


def check_transition(kind: str, old: str, new: str) -> None:
    """Refuse (InvalidTransition) a move that the table of ``kind`` does not list."""
    if not can_move(kind, old, new):
        raise InvalidTransition(
            f"This {_NOUNS[kind]} is {_words(old)}, so it can't become {_words(new)}. "
            "Reload the page to see where it stands.",
            facts={"kind": kind, "from": str(old), "to": str(new)},
        )


def is_final(kind: str, state: str) -> bool:
    """Say whether nothing follows ``state`` except a listed correction."""
    return not TRANSITIONS[kind][state] or (kind, state) in _OVER


_OVER = {
    ("return", R.DECLINED),
    ("return", R.EXPIRED),
    ("return", R.CLOSED),
    ("resolution", P.SETTLED),
}


def _words(state: str) -> str:
    return str(state).replace("_", " ")


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the status table: the only source for badge, filter, e-mail and API label."""

    key: str
    tone: str
    icon: str
    staff: str
    shopper: str
    next_actor: str


STAGES: Mapping[str, Stage] = {
    stage.key: stage
    for stage in (
        Stage("draft", "neutral", "dashed", "Draft", "Not sent yet", "shopper"),
        Stage(
            "review", "warning", "eye", "Needs review", "We're checking your request", "staff"
        ),
        Stage(
            "info", "special", "question", "Waiting for shopper",
            "We need one thing from you", "shopper",
        ),
        Stage("approved", "success", "check-circle", "Approved", "Approved", "system"),
        Stage("declined", "danger", "x-circle", "Declined", "Not accepted", "shopper"),
        Stage("label", "info", "qr", "Label issued", "Ready to send", "shopper"),
        Stage("transit", "info", "truck", "In transit", "On its way to us", "carrier"),
        Stage("late", "warning", "clock", "Parcel late", "Running late", "staff"),
        Stage("received", "info", "package-open", "Received", "We've got it", "inspector"),
        Stage("inspecting", "warning", "search", "Inspecting", "Being checked", "inspector"),
        Stage("partial", "warning", "half", "Partly accepted", "Partly accepted", "staff"),
        Stage("payout", "info", "refresh", "Refund processing", "Refund on its way", "system"),
        Stage("refunded", "success", "card", "Refunded", "Refunded", "nobody"),
        Stage("credited", "special", "gift", "Credit issued", "Store credit ready", "nobody"),
        Stage("exchanged", "special", "swap", "Exchange shipped", "Exchange on its way", "carrier"),
        Stage(
            "replaced", "special", "swap",
            "Replacement shipped", "Replacement on its way", "carrier",
        ),
        Stage("repair", "info", "refresh", "In repair", "Being repaired", "staff"),
        Stage(
            "repaired", "special", "truck",
            "Repaired and sent back", "Repaired, on its way back", "carrier",
        ),
        Stage("keep", "success", "heart", "Keep item", "Keep it", "system"),
        Stage("hold", "danger", "pause", "On hold", "We'll be in touch", "staff"),
        Stage("failed", "danger", "alert", "Action failed", "We'll be in touch", "staff"),
        Stage("cancelled", "neutral", "x-circle", "Cancelled", "Cancelled", "nobody"),
        Stage("expired", "neutral", "history", "Expired", "Expired", "shopper"),
        Stage("closed", "neutral", "check", "Closed", "Finished", "nobody"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResolutionFact:
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class StageFacts:
    """All that decides a stage. Units are summed over the return's lines.

    ``units_rejected`` counts inspected units that were not accepted as requested;
    ``call_failed`` is set when a label could not be made and a person must act.
    """

    status: str
    shipment: str | None = None
    shipment_late: bool = False
    goods_kept: bool = False
    units_expected: int = 0
    units_received: int = 0
    units_inspected: int = 0
    units_rejected: int = 0
    units_on_hold: int = 0
    call_failed: bool = False
    # Something was settled before the goods: until they are decided on, where they are counts.
    part_settled: bool = False
    resolutions: tuple[ResolutionFact, ...] = ()

    @property
    def units_pending(self) -> int:
        """Units that lie on the bench, extra and wrong ones included."""
        return self.units_received - self.units_inspected


_BY_STATUS = {
    R.REQUESTED: "review",
    R.NEEDS_INFO: "info",
    R.DECLINED: "declined",
    R.CANCELLED: "cancelled",
    R.EXPIRED: "expired",
}
_BY_SHIPMENT = {
    S.PENDING: "approved",
    S.VOID: "approved",
    S.READY: "label",
    S.IN_TRANSIT: "transit",
    # The bench has not scanned it yet, but it is in the house.
    S.DELIVERED: "received",
    S.LOST: "late",
    S.RETURNED_TO_SENDER: "hold",
    S.FAILED: "failed",
}
_SETTLED = {
    ResolutionKind.REFUND: "refunded",
    ResolutionKind.STORE_CREDIT: "credited",
    ResolutionKind.EXCHANGE: "exchanged",
    ResolutionKind.REPLACEMENT: "replaced",
    ResolutionKind.REPAIR: "repaired",
    ResolutionKind.KEEP_ITEM: "refunded",
    ResolutionKind.DONATE: "refunded",
}


def stage_of(facts: StageFacts) -> Stage:
    """Return the one stage that people see, from the facts of a return and what hangs on it."""
    return STAGES[_stage_key(facts)]


def _stage_key(facts: StageFacts) -> str:
    if facts.status in _BY_STATUS:
        return _BY_STATUS[ReturnStatus(facts.status)]
    settled = _settled_key(facts)
    if ReturnStatus(facts.status) is R.CLOSED:
        return settled or ("keep" if facts.goods_kept else "closed")
    money = None if facts.part_settled else settled or _money_key(facts)
    return _trouble_key(facts) or money or _goods_key(facts)


def _trouble_key(facts: StageFacts) -> str | None:
    """What stops a return comes before where it stands."""
    if facts.call_failed or any(fact.status == P.FAILED for fact in facts.resolutions):
        return "failed"
    return "hold" if facts.units_on_hold else None


def _settled_key(facts: StageFacts) -> str | None:
    """The way a return ended, once every live resolution is settled: money first, goods last."""
    live = [fact for fact in facts.resolutions if fact.status != P.CANCELLED]
    if not live or any(fact.status != P.SETTLED for fact in live):
        return None
    kinds = {fact.kind for fact in live}
    return next(key for kind, key in _SETTLED.items() if kind in kinds)


def _money_key(facts: StageFacts) -> str | None:
    moving = {fact.kind for fact in facts.resolutions if fact.status == P.EXECUTING}
    if moving == {ResolutionKind.REPAIR}:
        return "repair"
    return "payout" if moving else None


def _goods_key(facts: StageFacts) -> str:
    if facts.units_received:
        return _bench_key(facts)
    if facts.goods_kept:
        return "keep"
    if facts.shipment is None:
        return "approved"
    shipment = ShipmentStatus(facts.shipment)
    if facts.shipment_late and shipment in (S.READY, S.IN_TRANSIT):
        return "late"
    return _BY_SHIPMENT[shipment]


def _bench_key(facts: StageFacts) -> str:
    if not facts.units_inspected:
        return "received"
    if facts.units_inspected >= facts.units_received and facts.units_rejected:
        return "partial"
    return "inspecting"
