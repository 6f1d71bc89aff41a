"""The policy document: what a merchant decides, as plain JSON kept per version, and its reader.

:func:`parse_policy` is the only way in. It reports every mistake at once, each with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import exponent
from rma.policy.bonus import read_bonus
from rma.policy.exchanging import SECTION as EXCHANGE
from rma.policy.exchanging import read_exchanges
from rma.policy.fees import Fee, read_fee, read_restocking
from rma.policy.keeping import read_keeping
from rma.policy.model import (
    METHODS,
    PHOTO_MODES,
    RESOLUTIONS,
    SHIPPING_BACK,
    Approval,
    Closed,
    Policy,
    Reason,
)
from rma.policy.processing import SECTION as PROCESSING
from rma.policy.processing import read_processing
from rma.policy.reader import DocumentReader
from rma.policy.reasons import read_reasons
from rma.policy.reminders import KEY as REMINDERS
from rma.policy.reminders import read_reminders
from rma.policy.risk import read_risk
from rma.policy.ruleset import read_rules
from rma.policy.windows import Window
from rma.policy.withdrawal_terms import SECTION, read_terms

__all__ = [
    "METHODS",
    "PHOTO_MODES",
    "RESOLUTIONS",
    "SCHEMA",
    "SHIPPING_BACK",
    "Approval",
    "Closed",
    "Fee",
    "Policy",
    "Reason",
    "Window",
    "default_policy",
    "parse_policy",
]

SCHEMA = 1
# Sections a document may leave out; it then reads as it did before they existed.
OPTIONAL = {
    "rules",
    "risk",
    "restocking",
    "credit_bonus",
    "keeping",
    PROCESSING,
    REMINDERS,
    SECTION,
    EXCHANGE,
    "gift_returns",
}


def default_policy(currency: str) -> dict[str, Any]:
    """Return the document a new merchant starts with: 30 days, easy cases by themselves."""
    # A currency without minor units has small units: 250 yen would send everything to review.
    unit = 10 ** exponent(currency) if exponent(currency) else 100
    everything = ["refund", "store_credit", "exchange"]
    return {
        "schema": SCHEMA,
        "currency": currency,
        "window": {
            "days": 30,
            "fault_days": 730,
            "grace_days": 2,
            "fulfilled_fallback_days": 5,
            "ordered_fallback_days": 10,
        },
        "final_sale": {"tags": ["final-sale"], "product_types": [], "fault_allowed": True},
        "excluded": {"tags": ["no-return"], "product_types": [], "fault_allowed": True},
        "reasons": [
            _reason("too_small", "Too small", ["exchange", "refund", "store_credit"]),
            _reason("too_large", "Too large", ["exchange", "refund", "store_credit"]),
            _reason("changed_mind", "Changed my mind", everything),
            _reason("not_as_described", "Not as described", everything, fault=True, text=True),
            _reason("faulty", "Faulty or damaged", everything, photo="required", fault=True),
            _reason("wrong_item", "Wrong item sent", everything, photo="optional", fault=True),
            _reason("arrived_late", "Arrived late", ["refund", "store_credit"], fault=True),
            _reason("other", "Another reason", everything, text=True),
        ],
        "approval": {
            "automatic": True,
            "review_hours": 24,
            "max_value_minor": 250 * unit,
            "review_reasons": ["faulty"],
            "first_return_only": False,
        },
        "fee": {
            "amount_minor": 495 * unit // 100,
            "waived_for_fault": True,
            "waived_for_exchange": True,
        },
        "shipping_back": "all_returned",
        "refund_days": 5,
        "send_within_days": 14,
        "answer_within_days": 14,
        "methods": list(METHODS),
    }


def _reason(
    key: str,
    label: str,
    resolutions: list[str],
    *,
    photo: str = "off",
    fault: bool = False,
    text: bool = False,
) -> dict[str, Any]:
    return {
        "key": key,
        "labels": {"en": label},
        "resolutions": resolutions,
        "photo": photo,
        "fault": fault,
        "free_text": text or photo != "off",
    }


def parse_policy(document: Mapping[str, Any], *, version: int = 0) -> Policy:
    """Read a policy document.

    Raises InvalidInput with ``facts["errors"]``, a list of ``{"path", "message"}`` with every
    mistake in the document; the first one is its message and field.
    """
    reader = DocumentReader(document)
    policy = _read(reader, version)
    if policy is None or reader.errors:
        first = reader.errors[0]
        raise InvalidInput(
            f"{first['path']}: {first['message']}",
            code="invalid_policy",
            field=first["path"],
            facts={"errors": reader.errors},
        )
    return policy


def _read(reader: DocumentReader, version: int) -> Policy | None:
    reader.keys(
        "",
        {
            "schema", "currency", "window", "final_sale", "excluded", "reasons", "approval", "fee",
            "shipping_back", "refund_days", "send_within_days", "answer_within_days", "methods",
        },
        OPTIONAL,
    )  # fmt: skip
    if type(reader.at("schema")) is not int or reader.at("schema") != SCHEMA:
        reader.fail("schema", f"Use {SCHEMA}, the format this version reads.")
    currency = reader.currency("currency")
    window = _window(reader)
    reasons = read_reasons(reader)
    keys = {reason.key for reason in reasons}
    policy = Policy(
        version=version,
        currency=currency,
        window=window,
        final_sale=_closed(reader, "final_sale"),
        excluded=_closed(reader, "excluded"),
        reasons=reasons,
        approval=_approval(reader, keys),
        fee=read_fee(reader, keys),
        restocking=read_restocking(reader, keys),
        credit_bonus=read_bonus(reader),
        keeping=read_keeping(reader),
        shipping_back=reader.choice("shipping_back", SHIPPING_BACK),
        refund_days=reader.days("refund_days"),
        send_within_days=reader.days("send_within_days", low=1),
        answer_within_days=reader.days("answer_within_days", low=1),
        methods=reader.choices("methods", METHODS),
        risk=read_risk(reader, "risk"),
        rules=read_rules(reader, "rules", reasons),
        withdrawal=read_terms(reader),
        processing=read_processing(reader),
        gift_returns=reader.at("gift_returns") is None or reader.flag("gift_returns"),
        remind_before_days=read_reminders(reader),
        exchange=read_exchanges(reader),
    )
    return None if reader.errors else policy


def _window(reader: DocumentReader) -> Window:
    reader.keys(
        "window",
        {"days", "fault_days", "grace_days", "fulfilled_fallback_days", "ordered_fallback_days"},
    )
    window = Window(
        days=reader.days("window.days"),
        fault_days=reader.days("window.fault_days"),
        grace_days=reader.days("window.grace_days"),
        fulfilled_fallback_days=reader.days_or_none("window.fulfilled_fallback_days"),
        ordered_fallback_days=reader.days_or_none("window.ordered_fallback_days"),
    )
    if window.fault_days < window.days:
        reader.fail("window.fault_days", "Faults can't close before other returns do.")
    return window


def _closed(reader: DocumentReader, path: str) -> Closed:
    reader.keys(path, {"tags", "product_types", "fault_allowed"})
    return Closed(
        tags=reader.words(f"{path}.tags"),
        product_types=reader.words(f"{path}.product_types"),
        fault_allowed=reader.flag(f"{path}.fault_allowed"),
    )


def _approval(reader: DocumentReader, reasons: set[str]) -> Approval:
    reader.keys(
        "approval",
        {"automatic", "review_hours", "max_value_minor", "review_reasons", "first_return_only"},
    )
    review = reader.words("approval.review_reasons", fold=False)
    for key in sorted(review - reasons):
        reader.fail("approval.review_reasons", f"There is no reason {key!r}.")
    maximum = reader.at("approval.max_value_minor")
    return Approval(
        automatic=reader.flag("approval.automatic"),
        review_hours=reader.whole("approval.review_hours", 1, 720, "hours"),
        max_value_minor=None if maximum is None else reader.minor("approval.max_value_minor"),
        review_reasons=review,
        first_return_only=reader.flag("approval.first_return_only"),
    )
