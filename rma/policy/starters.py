"""Policies to start from: whole documents a merchant takes over and changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from returns_portal.core.money import exponent
from rma.policy.document import default_policy

EU_COUNTRIES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Starter:
    """One policy to start from. ``document`` makes it for a currency."""

    key: str
    title: str
    note: str
    document: Callable[[str], dict[str, Any]]


def starters() -> tuple[Starter, ...]:
    """Return every policy to start from, the plainest first."""
    return _STARTERS


def starter_named(key: str) -> Starter | None:
    return next((one for one in _STARTERS if one.key == key), None)


def _amount(units: int, currency: str) -> int:
    """Return a round amount: 100 units of a currency with cents are about 10,000 of one without."""
    return units * (10 ** exponent(currency) if exponent(currency) else 100)


def _test(fact: str, test: str, value: Any) -> dict[str, Any]:
    return {"fact": fact, "test": test, "value": value}


def _do(effect: str, value: Any = None) -> dict[str, Any]:
    return {"do": effect} if value is None else {"do": effect, "value": value}


def _rule(
    key: str, name: str, tests: list[dict[str, Any]], *effects: dict[str, Any], text: str = ""
) -> dict[str, Any]:
    rule = {"key": key, "name": name, "on": True, "when": {"all": tests}, "then": list(effects)}
    return rule | ({"text": {"en": text}} if text else {})


def _no_fault() -> dict[str, Any]:
    return _test("asked.is_fault", "is", False)


def _apparel(currency: str) -> dict[str, Any]:
    document = default_policy(currency)
    document["reasons"] = [
        _does_not_fit(),
        *(one for one in document["reasons"] if one["key"] not in ("too_small", "too_large")),
    ]
    _shows(document, "faulty", "the item", "the damage close up")
    document["rules"] = [
        _rule(
            "underwear", "Underwear and swimwear stay sealed",
            [_test("item.tags", "has_any", ["underwear", "swimwear"]), _no_fault()],
            _do("decline"), text="Underwear and swimwear can’t come back once sent.",
        ),
        _rule(
            "exchange_first", "Sizes are exchanged first",
            [_test("asked.reason", "is_one_of", ["does_not_fit"])],
            _do("order_outcomes", ["exchange", "refund", "store_credit"]),
        ),
        _rule(
            "often_returned", "Nearly everything comes back",
            [_test("customer.units_bought", "at_least", 10),
             _test("customer.unit_return_rate", "over", 7000),
             _test("item.tags", "has_none", ["underwear", "swimwear"])],
            _do("review"), _do("note"),
        ),
    ]  # fmt: skip
    return document


def _shows(document: dict[str, Any], reason: str, *subjects: str) -> None:
    """Say what the photos of one reason are to show."""
    for one in document["reasons"]:
        if one["key"] == reason:
            one["photos_of"] = [{"en": subject} for subject in subjects]


def _does_not_fit() -> dict[str, Any]:
    """Return one reason for sizes, which asks which way; shoes are also too narrow or too wide."""
    ways = ("Too small", "Too large", "Too short", "Too long")
    details: list[dict[str, Any]] = [
        {"key": _slug(label), "labels": {"en": label}} for label in ways
    ]
    details += [
        {"key": _slug(label), "labels": {"en": label}, "product_types": ["Shoes"]}
        for label in ("Too narrow", "Too wide")
    ]
    return {
        "key": "does_not_fit",
        "labels": {"en": "Does not fit"},
        "resolutions": ["exchange", "refund", "store_credit"],
        "photo": "off",
        "fault": False,
        "free_text": False,
        "details": details,
    }


def _slug(label: str) -> str:
    return label.lower().replace(" ", "_")


def _electronics(currency: str) -> dict[str, Any]:
    document = default_policy(currency)
    document["window"] |= {"days": 14}
    document["approval"] |= {"review_hours": 12}
    for reason in document["reasons"]:
        if reason["key"] in ("faulty", "wrong_item"):
            reason["resolutions"] = ["replacement", *reason["resolutions"]]
    _shows(document, "faulty", "the item", "the serial number", "the box")
    document["rules"] = [
        _rule(
            "opened_media", "Software and headsets",
            [_test("item.tags", "has_any", ["hygiene", "software"]), _no_fault()],
            _do("decline"), text="Once sent, software and in-ear headsets can’t come back.",
        ),
        _rule(
            "faults_with_photos", "Faults with photos",
            [_test("asked.is_fault", "is", True)],
            _do("require_photos", 2), text="Show the device and its serial number.",
        ),
        _rule(
            "dear_devices", "A person looks at dear devices",
            [_test("item.price", "at_least", _amount(100, currency)),
             _test("item.tags", "has_none", ["hygiene", "software"])],
            _do("review"), _do("review_hours", 8),
            text="Somebody checks returns of devices at this price first.",
        ),
    ]  # fmt: skip
    return document


def _final_sale(currency: str) -> dict[str, Any]:
    document = default_policy(currency)
    document["rules"] = [
        _rule(
            "outlet", "Outlet is final",
            [_test("item.tags", "has_any", ["clearance", "outlet"]), _no_fault()],
            _do("decline"), text="Outlet items are final sale.",
        ),
        _rule(
            "deep_discount", "Deep discounts for credit or exchange",
            [_test("item.discount_share", "at_least", 5000), _no_fault()],
            _do("only_outcomes", ["store_credit", "exchange"]), _do("set_window", 14),
            text="At half price or less, items come back for credit or exchange within 14 days.",
        ),
    ]  # fmt: skip
    return document


def _eu(currency: str) -> dict[str, Any]:
    document = default_policy(currency)
    document["fee"] |= {"amount_minor": 0}
    document["shipping_back"] = "all_returned"
    document["rules"] = [
        _rule(
            "eu_withdrawal", "14 days to withdraw, on sale or not",
            [_test("order.country", "is_one_of", list(EU_COUNTRIES)),
             _test("item.days_since_delivery", "at_most", 14)],
            _do("accept"),
        ),
        _rule(
            "outside_eu", "Outside the EU",
            [_test("order.country", "is_none_of", list(EU_COUNTRIES))],
            _do("set_fee", _amount(15, currency)), _do("only_methods", ["own"]),
        ),
    ]  # fmt: skip
    return document


_STARTERS = (
    Starter(
        "apparel", "Apparel, 30 days",
        "30 days from delivery. Exchanges for another size come first; underwear stays.", _apparel,
    ),
    Starter(
        "electronics", "Electronics, 14 days",
        "14 days from delivery. Photos for faults, and a person looks at dear devices.",
        _electronics,
    ),
    Starter(
        "final_sale", "Final sale",
        "Outlet goods are final, deep discounts come back for credit or exchange.", _final_sale,
    ),
    Starter(
        "eu", "European Union",
        "Free returns in the EU, 14 days to withdraw even on sale, two years to report a fault.",
        _eu,
    ),
)  # fmt: skip
