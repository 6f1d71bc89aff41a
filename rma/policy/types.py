"""Facts that go into the policy engine and decisions that come out: frozen, and JSON both ways.

Stored beside each return, so that a decision can be explained and replayed years later. Nothing
here knows the database.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from rma.policy.windows import Granted, Kept, Promised, Sold

T = TypeVar("T")
JsonObject = dict[str, Any]
Decoder = Callable[[Any], Any]


class Verdict(StrEnum):
    ALLOW = "allow"
    REFUSE = "refuse"
    REVIEW = "review"


class Result(StrEnum):
    """What one rule said: let it pass, stop it, ask for a person, or only note a fact."""

    PASS = "pass"  # noqa: S105 - a rule's answer, no secret
    REFUSE = "refuse"
    REVIEW = "review"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Claim:
    """Units of a line that are in another return already."""

    rma: str
    since: date
    quantity: int


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One order line. Instants are aware; ``unit_paid_minor`` is after discounts, tax included.

    ``promised`` is the window it was sold with, None where nothing was kept; ``granted`` is the
    later last day that a person gave.
    """

    key: str
    title: str
    quantity_ordered: int
    quantity_fulfilled: int
    purchased_at: datetime
    unit_paid_minor: int
    quantity_claimed: int = 0
    fulfilled_at: datetime | None = None
    delivered_at: datetime | None = None
    expected_on: date | None = None
    tags: tuple[str, ...] = ()
    product_type: str = ""
    final_sale: bool = False
    gift_card: bool = False
    claims: tuple[Claim, ...] = ()
    variant: str = ""
    sku: str = ""
    vendor: str | None = None
    unit_list_minor: int | None = None
    discount_bp: int | None = None
    weight_grams: int | None = None
    promised: Promised | None = None
    granted: Granted | None = None

    @property
    def kept(self) -> Kept:
        return Kept(self.promised, self.granted)

    def sold(self, zone: str) -> Sold:
        return Sold(self.purchased_at, self.fulfilled_at, self.delivered_at, zone)

    @property
    def quantity_available(self) -> int:
        """Units that were sent and are in no other return."""
        return max(self.quantity_fulfilled - self.quantity_claimed, 0)


@dataclass(frozen=True, slots=True)
class History:
    """What the same shopper did before, within this merchant only.

    Counts are whole: ``returns_90`` of the last 90 days, ``missing`` units that were short, wrong
    or extra in parcels. ``mark`` is ``allow`` or ``block`` for a shopper on one of the lists.
    """

    orders: int
    days_known: int
    returns: int
    returns_90: int
    declined: int
    not_accepted: int
    missing: int
    units_bought: int
    units_returned: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the same shopper returned, within this merchant only.

    Rates are basis points, None where too little was bought to say; the one by value looks at
    orders in the currency of this one. ``claims`` are lines returned as faulty, whichever of them
    had no photo ``claims_unproven``.
    """

    returns_30: int
    return_bp: int | None
    value_return_bp: int | None
    claims: int
    claims_unproven: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Other shoppers who share something with this one, within this merchant only.

    ``by`` says what they share: ``mailbox``, ``phone``, ``address`` or ``card``.
    """

    shoppers: int = 0
    by: tuple[str, ...] = ()
    returns: int = 0
    returns_90: int = 0
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order at the moment ``now``; ``earlier_returns`` counts the shopper's other returns.

    ``gateways``, ``history``, ``conduct`` and ``linked`` are None where no rule asks for them,
    because they cost a query.
    ``customer_groups`` are None where the shop did not name them.
    """

    key: str
    number: str
    currency: str
    country: str
    time_zone: str
    now: datetime
    lines: tuple[LineFacts, ...]
    earlier_returns: int = 0
    total_minor: int | None = None
    discount_minor: int | None = None
    shipping_minor: int | None = None
    tags: tuple[str, ...] = ()
    source: str = ""
    language: str = ""
    gateways: tuple[str, ...] | None = None
    history: History | None = None
    customer_groups: tuple[str, ...] | None = None
    conduct: Conduct | None = None
    linked: Linked | None = None

    def line(self, key: str) -> LineFacts | None:
        return next((line for line in self.lines if line.key == key), None)


@dataclass(frozen=True, slots=True)
class RequestLine:
    line_key: str
    reason: str
    quantity: int
    resolution: str
    photos: int = 0
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the shopper asks for.

    ``channel`` is ``portal``, ``staff`` or ``api``, ``method`` is ``label`` or ``own`` (carrier).
    """

    lines: tuple[RequestLine, ...]
    channel: str = "portal"
    method: str = "label"


@dataclass(frozen=True, slots=True)
class RuleSpoken:
    """One rule's answer with the facts it used, kept for ever. ``line`` is None for the whole."""

    key: str
    result: Result
    sentence: str
    staff: str
    line: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineOffer:
    """What may be done with one line, before the shopper chooses.

    ``reasons`` are the reason keys that may be given; with ``fault_only`` the line is closed except
    for reporting a fault. ``until`` is the last local day.
    """

    line_key: str
    verdict: Verdict
    rule_key: str
    sentence: str
    staff: str
    until: date | None
    quantity: int
    reasons: tuple[str, ...]
    resolutions: tuple[str, ...]
    fault_only: bool = False

    @property
    def returnable(self) -> bool:
        return bool(self.reasons) and self.quantity > 0


@dataclass(frozen=True, slots=True)
class Offer:
    lines: tuple[LineOffer, ...]
    policy_version: int
    engine_version: int

    def line(self, key: str) -> LineOffer | None:
        return next((line for line in self.lines if line.line_key == key), None)


@dataclass(frozen=True, slots=True)
class LineDecision:
    """The verdict on one requested line and the rule that gave it."""

    line_key: str
    verdict: Verdict
    rule_key: str
    sentence: str
    staff: str
    until: date | None
    resolutions: tuple[str, ...]
    photo_required: bool
    fee_applies: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a whole request. ``fee_minor`` is charged once, in the order's currency."""

    verdict: Verdict
    lines: tuple[LineDecision, ...]
    rules_spoken: tuple[RuleSpoken, ...]
    fee_minor: int
    currency: str
    policy_version: int
    engine_version: int

    def line(self, key: str) -> LineDecision | None:
        return next((line for line in self.lines if line.line_key == key), None)

    @property
    def stopped_by(self) -> tuple[RuleSpoken, ...]:
        """The rules that refused or asked for a person: why a return is in front of somebody."""
        return tuple(
            spoken
            for spoken in self.rules_spoken
            if spoken.result in (Result.REFUSE, Result.REVIEW)
        )

    @property
    def headline(self) -> RuleSpoken | None:
        """The one rule to name in a queue: the first refusal, else the first review."""
        ordered = sorted(self.stopped_by, key=lambda spoken: spoken.result is not Result.REFUSE)
        return ordered[0] if ordered else None


def to_json(value: Any) -> Any:
    """Return plain JSON for any of the dataclasses above, nested as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: to_json(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_json(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    return value


def from_json(kind: type[T], stored: JsonObject) -> T:
    """Rebuild a ``kind`` from what :func:`to_json` returned.

    Fields added since take their default; a field that is gone raises KeyError, because silently
    dropping an input would make a replay lie.
    """
    decoders = _decoders(kind)
    unknown = stored.keys() - decoders.keys()
    if unknown:
        raise KeyError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
    return kind(
        **{
            name: entry if (decode := decoders[name]) is None else decode(entry)
            for name, entry in stored.items()
        }
    )


_known: dict[type[Any], dict[str, Decoder | None]] = {}


def _decoders(kind: type[Any]) -> dict[str, Decoder | None]:
    """Return how each field of ``kind`` is read, worked out once; None takes it as it is."""
    if kind not in _known:
        _known[kind] = {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}
    return _known[kind]


def _decoder(hint: Any) -> Decoder | None:
    if get_origin(hint) is types.UnionType:
        arm = _decoder(next(arm for arm in get_args(hint) if arm is not type(None)))
        return arm and (lambda stored: None if stored is None else arm(stored))
    if get_origin(hint) is tuple:
        entry = _decoder(get_args(hint)[0])
        return tuple if entry is None else (lambda stored: tuple(map(entry, stored)))
    if not isinstance(hint, type):
        return None
    if is_dataclass(hint):
        return partial(from_json, hint)
    if issubclass(hint, StrEnum):
        return hint
    return hint.fromisoformat if issubclass(hint, date) else None
