"""Policy documents that the reader accepts, of every shape it knows, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rma.policy.conditions import TESTS
from rma.policy.document import default_policy
from rma.policy.effects import effect_kinds
from rma.policy.fees import PER
from rma.policy.model import (
    CHEAPER,
    DEARER,
    METHODS,
    MOMENTS,
    PHOTO_MODES,
    RESOLUTIONS,
    SHIPPING_BACK,
)
from rma.policy.processing import TIMED
from rma.policy.vocabulary import Kind, all_facts
from rma.policy.withdrawal_law import EXCEPTIONS

# What PostgreSQL keeps: no zero byte and no half of a pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TRICKY = st.sampled_from(
    [
        "no", "Yes", "on", "~", "null", "NULL", "true", "1", "0x10", "010", "1e3", "1_000", ".5",
        "12:30", "2026-01-01", "- a", "a: b", "a #b", "#", "'", '"', "\\", "\t", " a", "a ", "a\nb",
        "|", ">", "&a", "*a", "!a", "%", "@", "`", "{}", "[]", "?", ":", "--- a", "...", "<<", "=",
        "\x85", "\u2028", "\ufeff", "\x7f", "\U0001f600", "ﾠ", "e\u0301",
    ]
)  # fmt: skip
WORDS = (TEXT | TRICKY).filter(lambda text: bool(text.strip()))
KEYS = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True) | st.sampled_from(["no", "on", "1e3"])
LABELS = st.dictionaries(TEXT | TRICKY, WORDS, min_size=1, max_size=3)
DAYS = st.integers(0, 3660)
MONEY = st.integers(0, 10**12)
FLAG = st.booleans()
DAY = st.dates().map(lambda day: day.isoformat())


def _choices(allowed: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(allowed), min_size=1, unique=True)


def _keyed(entry: st.SearchStrategy[Any], low: int, high: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(entry, min_size=low, max_size=high, unique_by=lambda one: one["key"])


_OPTIONS = _keyed(st.fixed_dictionaries({"key": KEYS, "labels": LABELS}), 2, 3)
_QUESTIONS = _keyed(
    st.fixed_dictionaries(
        {"key": KEYS, "labels": LABELS, "required": FLAG},
        optional={
            "options": st.none() | _OPTIONS,
            "product_types": st.none() | st.lists(WORDS, max_size=2),
        },
    ),
    0,
    2,
)
_ALLOWS: dict[str, st.SearchStrategy[Any]] = {
    "resolutions": _choices(RESOLUTIONS),
    "photo": st.sampled_from(PHOTO_MODES),
    "fault": FLAG,
    "free_text": FLAG,
}
_SUBJECTS = st.lists(LABELS, max_size=4)
_DETAILS = _keyed(
    st.fixed_dictionaries(
        {"key": KEYS, "labels": LABELS},
        optional={
            "product_types": st.none() | st.lists(WORDS, max_size=2),
            "questions": st.none() | _QUESTIONS,
            "photos_of": st.none() | _SUBJECTS,
            **{name: st.none() | one for name, one in _ALLOWS.items()},
        },
    ),
    0,
    3,
)
_REASONS = _keyed(
    st.fixed_dictionaries(
        {"key": KEYS, "labels": LABELS, **_ALLOWS},
        optional={
            "photos_of": st.none() | _SUBJECTS,
            "questions": st.none() | _QUESTIONS,
            "details": st.none() | _DETAILS,
        },
    ),
    1,
    3,
).filter(lambda reasons: len(_every_key(reasons)) == len(set(_every_key(reasons))))


def _every_key(reasons: list[dict[str, Any]]) -> list[str]:
    return [one["key"] for reason in reasons for one in (reason, *(reason.get("details") or ()))]


_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.lists(WORDS, min_size=1, max_size=3),
    Kind.WORDS: st.lists(WORDS, min_size=1, max_size=3),
    Kind.NUMBER: MONEY,
    Kind.DAYS: DAYS,
    Kind.MONEY: MONEY,
    Kind.SHARE: st.integers(0, 10_000),
    Kind.DATE: DAY,
    Kind.FLAG: FLAG,
}


@st.composite
def tests_of_facts(draw: st.DrawFn) -> dict[str, Any]:
    fact = draw(st.sampled_from(all_facts()))
    test = draw(st.sampled_from(TESTS[fact.kind]))
    value = _VALUES[fact.kind]
    if test == "between":
        value = st.lists(value, min_size=2, max_size=2).map(sorted)
    return {"fact": fact.key, "test": test, "value": draw(value)}


CONDITIONS = st.recursive(
    tests_of_facts(),
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=4,
).filter(lambda condition: _depth(condition) <= 5)


def _depth(condition: dict[str, Any]) -> int:
    parts = next((value for key, value in condition.items() if key in ("all", "any", "none")), None)
    return 1 if parts is None else 1 + max(_depth(part) for part in parts)


def _effects(reasons: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    takes: dict[str, st.SearchStrategy[Any]] = {
        "days": DAYS, "hours": st.integers(1, 720), "photos": st.integers(1, 10), "money": MONEY,
        "points": st.integers(1, 100), "share": st.integers(0, 10_000),
        "day": DAY, "outcomes": _choices(RESOLUTIONS), "methods": _choices(METHODS),
        "shipping": st.sampled_from(SHIPPING_BACK), "moment": st.sampled_from(MOMENTS),
        "words": st.lists(WORDS, max_size=2),
        "reasons": st.lists(st.sampled_from(reasons), min_size=1, max_size=2),
    }  # fmt: skip
    return st.lists(
        st.sampled_from(effect_kinds()), min_size=1, max_size=3, unique_by=lambda kind: kind.family
    ).flatmap(
        lambda kinds: st.tuples(
            *(
                st.fixed_dictionaries(
                    {"do": st.just(kind.key)} | ({"value": takes[kind.takes]} if kind.takes else {})
                )
                for kind in kinds
            )
        ).map(list)
    )


def _rules(reasons: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule = st.fixed_dictionaries(
        {
            "key": KEYS,
            "name": WORDS,
            "on": FLAG,
            "when": st.none() | CONDITIONS,
            "then": _effects(reasons),
        },
        optional={"text": st.none() | st.just({}) | LABELS},
    )
    return _keyed(rule, 0, 3)


def _closed() -> st.SearchStrategy[dict[str, Any]]:
    words = st.lists(WORDS, max_size=3)
    return st.fixed_dictionaries({"tags": words, "product_types": words, "fault_allowed": FLAG})


_RISK = st.fixed_dictionaries(
    {"review_at": st.integers(1, 1000), "shadow": FLAG},
    optional={name: st.none() | st.integers(1, 1000) for name in ("hold_at", "photos_at")},
)
_PROCESSING = st.fixed_dictionaries({kind: st.sampled_from(MOMENTS) for kind in TIMED})
_EXEMPT = st.fixed_dictionaries(
    {
        "exception": st.sampled_from(tuple(EXCEPTIONS)),
        "tags": st.lists(WORDS, min_size=1, max_size=2),
        "product_types": st.lists(WORDS, max_size=2),
    }
)
_WITHDRAWAL = st.fixed_dictionaries(
    {
        "sells_to_eu": FLAG,
        "shopper_pays_postage": FLAG,
        "holidays": st.lists(DAY, max_size=3),
        "exempt": st.lists(_EXEMPT, max_size=2),
        "labels": st.dictionaries(TEXT | TRICKY, WORDS.filter(str.isprintable), max_size=2),
    }
)


_EXCHANGE = st.fixed_dictionaries(
    {
        "any_product": FLAG,
        "cheaper": st.sampled_from(CHEAPER),
        "dearer": st.sampled_from(DEARER),
    }
)
_SHARE = st.integers(0, 10_000)
_BONUS = st.fixed_dictionaries(
    {"share_bp": _SHARE, "amount_minor": MONEY}, optional={"most_minor": st.none() | MONEY}
)
_COUNTRIES = st.dictionaries(st.from_regex(r"[A-Z]{2}", fullmatch=True), MONEY, max_size=3)


def _more_fees(reasons: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "by_country": st.none() | _COUNTRIES,
        "waived_reasons": st.none() | st.lists(st.sampled_from(reasons), max_size=2),
        "label_cost": st.none() | FLAG,
        "tax_bp": st.none() | _SHARE,
        "most_minor": st.none() | MONEY,
    }
    return st.fixed_dictionaries({}, optional=optional)


def _restocking(reasons: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "share_bp": _SHARE,
            "amount_minor": MONEY,
            "per": st.sampled_from(PER),
            "waived_for_fault": FLAG,
        },
        optional={
            "waived_reasons": st.none() | st.lists(st.sampled_from(reasons), max_size=2),
            "tax_bp": st.none() | _SHARE,
        },
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a document that ``parse_policy`` accepts."""
    document = default_policy(draw(st.sampled_from(["EUR", "JPY", "KWD"])))
    days = draw(DAYS)
    document["window"] = {
        "days": days,
        "fault_days": draw(st.integers(days, 3660)),
        "grace_days": draw(DAYS),
        "fulfilled_fallback_days": draw(st.none() | DAYS),
        "ordered_fallback_days": draw(st.none() | DAYS),
    }
    document["final_sale"], document["excluded"] = draw(_closed()), draw(_closed())
    document["reasons"] = draw(_REASONS)
    keys = _every_key(document["reasons"])
    document["approval"] = {
        "automatic": draw(FLAG),
        "review_hours": draw(st.integers(1, 720)),
        "max_value_minor": draw(st.none() | MONEY),
        "review_reasons": draw(st.lists(st.sampled_from(keys), max_size=2)),
        "first_return_only": draw(FLAG),
    }
    document["fee"] |= {"amount_minor": draw(MONEY), "waived_for_fault": draw(FLAG)}
    document["fee"] |= draw(_more_fees(keys))
    if draw(FLAG):
        shares = {"keep_item_bp": draw(_SHARE), "donate_bp": draw(_SHARE)}
        document["keeping"] = draw(st.none() | st.just(shares))
    if draw(FLAG):
        document["credit_bonus"] = draw(st.none() | _BONUS)
    if draw(FLAG):
        document["gift_returns"] = draw(st.none() | FLAG)
    if draw(FLAG):
        document["restocking"] = draw(st.none() | _restocking(keys))
    document["methods"] = draw(_choices(METHODS))
    if draw(FLAG):
        document["withdrawal"] = draw(_WITHDRAWAL)
        document["risk"] = draw(st.none() | _RISK)
        document["remind_before_days"] = draw(
            st.none() | st.lists(st.integers(1, 60), max_size=5, unique=True)
        )
        document["processing"] = draw(st.none() | _PROCESSING)
    if draw(FLAG):
        document["exchange"] = draw(_EXCHANGE)
    if draw(FLAG):
        document["rules"] = draw(st.none() | _rules(keys))
    return document
