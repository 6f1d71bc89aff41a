"""A policy as the engine reads it: frozen, compared by value, made by ``document.parse_policy``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rma.policy.bonus import NO_BONUS, CreditBonus
from rma.policy.fees import NO_RESTOCKING, Fee, Restocking
from rma.policy.keeping import USUAL_KEEPING, Keeping
from rma.policy.windows import Window
from rma.policy.withdrawal_terms import REASON, STATUTORY, Terms

RESOLUTIONS = (
    "refund", "store_credit", "exchange", "replacement", "repair", "keep_item", "donate",
)  # fmt: skip
PHOTO_MODES = ("required", "optional", "off")
METHODS = ("label", "own")
CHEAPER = ("refund", "store_credit")
DEARER = ("never", "collect")
SHIPPING_BACK = ("never", "all_returned", "proportion", "merchant_fault")
# When an outcome is set in motion, from the boldest to the most cautious.
MOMENTS = ("approval", "first_scan", "delivery", "inspection", "hand")
# Those before anybody has looked at the goods.
INSTANT = frozenset({"approval", "first_scan", "delivery"})


class Rules(Protocol):
    """The merchant's own rules, compiled: a ``ruleset.RuleSet``, which is built from these."""

    @property
    def rules(self) -> tuple[Any, ...]:
        """Those that are switched on, in their order (``ruleset.Rule``)."""

    @property
    def needs(self) -> frozenset[str]:
        """What has to be read beside the order for its facts."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Closed:
    """Goods that can't come back: by tag or product type; faults may still be reported.

    Where a rule has ``lifted`` it, these goods come back like any other.
    """

    tags: frozenset[str]
    product_types: frozenset[str]
    fault_allowed: bool
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that may be chosen."""

    key: str
    labels: Mapping[str, str]

    def label(self, language: str = "en") -> str:
        return in_language(self.labels, language)


@dataclass(frozen=True, slots=True)
class Question:
    """What a reason asks further: one of ``options``, or words where there are none.

    With ``product_types`` (folded) it is only asked about goods of these types.
    """

    key: str
    labels: Mapping[str, str]
    options: tuple[Option, ...] = ()
    required: bool = False
    product_types: frozenset[str] = frozenset()

    def label(self, language: str = "en") -> str:
        return in_language(self.labels, language)

    def option(self, key: str) -> Option | None:
        return next((one for one in self.options if one.key == key), None)

    def is_asked_about(self, product_type: str) -> bool:
        return not self.product_types or product_type.casefold() in self.product_types


def in_language(labels: Mapping[str, str], language: str) -> str:
    """Return the label in ``language``, else in English, else the first there is."""
    return labels.get(language) or labels.get("en") or next(iter(labels.values()))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why goods come back. A detail says more exactly what its ``parent`` means.

    With ``product_types`` (folded) it is only given for goods of these types.
    """

    key: str
    labels: Mapping[str, str]
    resolutions: tuple[str, ...]
    photo: str
    fault: bool
    free_text: bool
    photo_count: int = 1

    questions: tuple[Question, ...] = ()
    parent: Reason | None = None
    product_types: frozenset[str] = frozenset()
    # What its photos are to show, each in words by language; at least one photo is for each.
    photos_of: tuple[Mapping[str, str], ...] = ()
    # Whether photos are needed only because the risk score asks for them.
    photo_by_score: bool = False

    def label(self, language: str = "en") -> str:
        return in_language(self.labels, language)

    def subjects(self, language: str = "en") -> list[str]:
        """Return what photos are to show, in order; empty where that is left to the shopper."""
        return [in_language(labels, language) for labels in self.photos_of]

    def full_label(self, language: str = "en") -> str:
        """Return ``Does not fit: Too small`` for a detail, the label of any other."""
        own = self.label(language)
        return own if self.parent is None else f"{self.parent.label(language)}: {own}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys it answers to: its own and, of a detail, the parent's."""
        return (self.key,) if self.parent is None else (self.key, self.parent.key)

    def is_given_for(self, product_type: str) -> bool:
        return not self.product_types or product_type.casefold() in self.product_types

    def questions_for(self, product_type: str) -> tuple[Question, ...]:
        """Return what is asked about goods of this type, in order."""
        return tuple(one for one in self.questions if one.is_asked_about(product_type))


# Units that the shopper withdraws from by law; no merchant offers, words or bars it.
WITHDRAWAL = Reason(REASON, {"en": "Withdrawal from contract"}, ("refund",), "off", False, False)


@dataclass(frozen=True, slots=True)
class Approval:
    """When a request is approved without a person. ``max_value_minor`` None means any value.

    Where a person decides, it should be within ``review_hours``.
    """

    automatic: bool
    review_hours: int
    max_value_minor: int | None
    review_reasons: frozenset[str]
    first_return_only: bool


@dataclass(frozen=True, slots=True)
class Exchanges:
    """What an item is exchanged for: another variant of its product, or ``any_product``.

    What a cheaper product leaves over goes back as ``cheaper`` says. A dearer one is offered only
    where the merchant will ``collect`` what is to pay, before it is sent.
    """

    any_product: bool = False
    cheaper: str = "refund"
    dearer: str = "never"


@dataclass(frozen=True, slots=True)
class Risk:
    """From how many risk points on a person looks; in ``shadow`` it is only noted.

    From ``hold_at`` points on, nothing is paid before the inspection; None never holds. From
    ``photos_at`` points on, every item needs photos whatever its reason; None never asks.
    """

    review_at: int
    shadow: bool
    hold_at: int | None = None
    photos_at: int | None = None


@dataclass(frozen=True, slots=True)
class Processing:
    """When each outcome is set in motion: one of ``MOMENTS``."""

    refund: str = "inspection"
    store_credit: str = "inspection"
    exchange: str = "inspection"

    def of(self, kind: str) -> str:
        """Return the moment of an outcome; one that has no setting waits for the inspection."""
        if kind == "replacement":
            return self.exchange
        return str(getattr(self, kind, "inspection"))


@dataclass(frozen=True, slots=True)
class Policy:
    """One version, as read. ``reasons`` holds each reason followed by its details."""

    version: int
    currency: str
    window: Window
    final_sale: Closed
    excluded: Closed
    reasons: tuple[Reason, ...]
    approval: Approval
    fee: Fee
    shipping_back: str
    refund_days: int
    send_within_days: int
    answer_within_days: int
    methods: tuple[str, ...]
    rules: Rules | None = None
    risk: Risk | None = None
    restocking: Restocking = NO_RESTOCKING
    credit_bonus: CreditBonus = NO_BONUS
    keeping: Keeping = USUAL_KEEPING
    # What a rule holds back of an item's value, in basis points; None where none says anything.
    restocking_bp: int | None = None
    processing: Processing | None = None
    # The moment of a line's outcome; only rules set it, line by line.
    process_at: str = ""
    # Days before an approval runs out on which the shopper is reminded, the earliest first.
    remind_before_days: tuple[int, ...] = ()
    withdrawal: Terms = STATUTORY
    # Whether goods may come back by gift code, for credit to whoever was given them.
    gift_returns: bool = True
    exchange: Exchanges = Exchanges()

    @property
    def roots(self) -> tuple[Reason, ...]:
        """The reasons that are no detail of another."""
        return tuple(one for one in self.reasons if one.parent is None)

    def details(self, key: str, product_type: str | None = None) -> tuple[Reason, ...]:
        """Return the details of the reason ``key``: all, or those given for one product type."""
        return tuple(
            one
            for one in self.reasons
            if one.parent is not None
            and one.parent.key == key
            and (product_type is None or one.is_given_for(product_type))
        )

    def reasons_for(self, product_type: str) -> tuple[Reason, ...]:
        """Return what may be given for goods of this type: details in the place of their parent."""
        if all(one.parent is None for one in self.reasons):
            return self.reasons
        given = [one for one in self.reasons if one.is_given_for(product_type)]
        divided = {one.parent.key for one in given if one.parent is not None}
        return tuple(one for one in given if one.key not in divided)

    def reason(self, key: str) -> Reason | None:
        known = next((reason for reason in self.reasons if reason.key == key), None)
        return WITHDRAWAL if key == REASON else known
