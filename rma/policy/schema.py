"""The policy document as a JSON Schema, and the order in which its parts are written.

Made from the constants the reader checks against, so an editor that knows the schema helps with the
names and ranges that ``parse_policy`` wants. What needs two places at once, such as a reason that a
rule names, only the reader can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rma.policy.conditions import DEEPEST, GROUPS, MOST_WORDS, TESTS
from rma.policy.document import SCHEMA
from rma.policy.effects import EffectKind, effect_kinds
from rma.policy.exchanging import SECTION as EXCHANGE
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
from rma.policy.processing import SECTION as PROCESSING
from rma.policy.processing import TIMED
from rma.policy.questions import MOST_OPTIONS, MOST_QUESTIONS
from rma.policy.reader import MAX_DAYS, MAX_MINOR
from rma.policy.reasons import INHERITED, MOST_DETAILS, MOST_SUBJECTS
from rma.policy.reminders import FURTHEST, MOST
from rma.policy.reminders import KEY as REMINDERS
from rma.policy.ruleset import MOST_EFFECTS, MOST_RULES
from rma.policy.vocabulary import Kind, all_facts
from rma.policy.withdrawal_law import EXCEPTIONS
from rma.policy.withdrawal_terms import MAX_HOLIDAYS, MAX_LABEL, SECTION

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "pattern": "\\S"}
_FLAG: Schema = {"type": "boolean"}
_DAY: Schema = {"type": "string", "format": "date"}
_KEY: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_]{1,40}$"}


@lru_cache(maxsize=1)
def document_schema() -> Schema:
    """Return the schema (draft 2020-12); its ``properties`` stand in the order files keep."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Return policy",
        "description": "One version of a shop's return policy. Money is whole minor units.",
        **_document(),
        "$defs": {"condition": _condition()},
    }


def arranged(value: Any, schema: Schema | None = None) -> Any:
    """Return ``value`` with its keys in the schema's order; unknown ones follow by name."""
    known = _branch(document_schema() if schema is None else schema, value)
    if isinstance(value, Mapping):
        properties, others = known.get("properties", {}), known.get("additionalProperties", {})
        strange = sorted(key for key in value if key not in properties)
        keys = [*(key for key in properties if key in value), *strange]
        rest = others if isinstance(others, dict) else {}
        return {key: arranged(value[key], properties.get(key, rest)) for key in keys}
    if isinstance(value, list | tuple):
        return [arranged(entry, known.get("items", {})) for entry in value]
    return value


def _branch(schema: Schema, value: Any) -> Schema:
    """Return the alternative of ``schema`` that is meant for ``value``."""
    if "$ref" in schema:
        return _branch(document_schema()["$defs"]["condition"], value)
    for one in schema.get("anyOf", ()):
        found = _branch(one, value)
        if found.get("type") == "array" and isinstance(value, list | tuple):
            return found
        if isinstance(value, Mapping) and set(found.get("required", ("",))) <= set(value):
            return found
    return schema


def _object(properties: Schema, *optional: str) -> Schema:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(items: Schema, low: int = 0, high: int | None = None) -> Schema:
    listed: Schema = {"type": "array", "items": items, "minItems": low}
    return listed if high is None else {**listed, "maxItems": high}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _choice(allowed: tuple[str, ...]) -> Schema:
    return {"enum": list(allowed)}


def _choices(allowed: tuple[str, ...]) -> Schema:
    return {**_list(_choice(allowed), 1), "uniqueItems": True}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def _labels() -> Schema:
    return {"type": "object", "minProperties": 1, "additionalProperties": _TEXT}


_DAYS = _whole(0, MAX_DAYS)
_MONEY = _whole(0, MAX_MINOR)
_BASIS_POINTS = {**_whole(0, 10_000), "description": "Basis points: 2500 is 25 %."}


def _document() -> Schema:
    closed = _object({"tags": _list(_TEXT), "product_types": _list(_TEXT), "fault_allowed": _FLAG})
    window = {
        "days": _DAYS,
        "fault_days": _DAYS,
        "grace_days": _DAYS,
        "fulfilled_fallback_days": _or_null(_DAYS),
        "ordered_fallback_days": _or_null(_DAYS),
    }
    approval = {
        "automatic": _FLAG,
        "review_hours": _whole(1, 720),
        "max_value_minor": _or_null(_MONEY),
        "review_reasons": _list(_TEXT),
        "first_return_only": _FLAG,
    }
    return _object(
        {
            "schema": {"const": SCHEMA},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "window": _object(window),
            "final_sale": closed,
            "excluded": closed,
            "reasons": _list(_reason(), 1),
            "approval": _object(approval),
            "fee": _fee(),
            "restocking": _or_null(_restocking()),
            "credit_bonus": _or_null(_credit_bonus()),
            "keeping": _or_null(
                _object({"keep_item_bp": _BASIS_POINTS, "donate_bp": _BASIS_POINTS})
            ),
            "shipping_back": _choice(SHIPPING_BACK),
            "refund_days": _DAYS,
            "send_within_days": _whole(1, MAX_DAYS),
            "answer_within_days": _whole(1, MAX_DAYS),
            REMINDERS: _or_null({**_list(_whole(1, FURTHEST), 0, MOST), "uniqueItems": True}),
            "methods": _choices(METHODS),
            EXCHANGE: _object(
                {"any_product": _FLAG, "cheaper": _choice(CHEAPER), "dearer": _choice(DEARER)}
            ),
            SECTION: _withdrawal(),
            "gift_returns": _or_null(_FLAG),
            PROCESSING: _or_null(_object({kind: _choice(MOMENTS) for kind in TIMED})),
            "risk": _or_null(_risk()),
            "rules": _or_null(_list(_rule(), 0, MOST_RULES)),
        },
        "restocking",
        "credit_bonus",
        REMINDERS,
        EXCHANGE,
        "keeping",
        SECTION,
        "gift_returns",
        PROCESSING,
        "risk",
        "rules",
    )


def _fee() -> Schema:
    by_country = {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z]{2}$"},
        "additionalProperties": _MONEY,
    }
    optional = {
        "by_country": _or_null(by_country),
        "waived_reasons": _or_null(_list(_TEXT)),
        "label_cost": _or_null(_FLAG),
        "tax_bp": _or_null(_BASIS_POINTS),
        "most_minor": _or_null(_MONEY),
    }
    needed = {"amount_minor": _MONEY, "waived_for_fault": _FLAG, "waived_for_exchange": _FLAG}
    return _object({**needed, **optional}, *optional)


def _credit_bonus() -> Schema:
    most = {"most_minor": _or_null(_MONEY)}
    return _object({"share_bp": _BASIS_POINTS, "amount_minor": _MONEY, **most}, "most_minor")


def _restocking() -> Schema:
    return _object(
        {
            "share_bp": _BASIS_POINTS,
            "amount_minor": _MONEY,
            "per": _choice(PER),
            "waived_for_fault": _FLAG,
            "waived_reasons": _or_null(_list(_TEXT)),
            "tax_bp": _or_null(_BASIS_POINTS),
        },
        "waived_reasons",
        "tax_bp",
    )


def _risk() -> Schema:
    points = _whole(1, 1000)
    parts = {"review_at": points, "shadow": _FLAG, "hold_at": _or_null(points)}
    parts["photos_at"] = _or_null(points)
    return _object(parts, "hold_at", "photos_at")


def _withdrawal() -> Schema:
    exempt = {
        "exception": _choice(tuple(EXCEPTIONS)),
        "tags": _list(_TEXT),
        "product_types": _list(_TEXT),
    }
    label = {**_TEXT, "maxLength": MAX_LABEL}
    return _object(
        {
            "sells_to_eu": _FLAG,
            "shopper_pays_postage": _FLAG,
            "holidays": _list(_DAY, 0, MAX_HOLIDAYS),
            "exempt": _list(_object(exempt)),
            "labels": {"type": "object", "additionalProperties": label},
        }
    )


def _reason() -> Schema:
    option = _object({"key": _KEY, "labels": _labels()})
    question = _object(
        {
            "key": _KEY,
            "labels": _labels(),
            "required": _FLAG,
            "options": _or_null(_list(option, 2, MOST_OPTIONS)),
            "product_types": _or_null(_list(_TEXT)),
        },
        "options",
        "product_types",
    )
    named = {"key": _KEY, "labels": _labels()}
    allows = {
        "resolutions": _choices(RESOLUTIONS),
        "photo": _choice(PHOTO_MODES),
        "photos_of": _or_null(_list(_labels(), 0, MOST_SUBJECTS)),
        "fault": _FLAG,
        "free_text": _FLAG,
        "questions": _or_null(_list(question, 0, MOST_QUESTIONS)),
    }
    own = {name: {**_or_null(schema), "description": _AS_PARENT} for name, schema in allows.items()}
    types = {"product_types": _or_null(_list(_TEXT))}
    detail = _object({**named, **types, **own}, "product_types", *INHERITED)
    details = _or_null(_list(detail, 0, MOST_DETAILS))
    return _object({**named, **allows, "details": details}, "photos_of", "questions", "details")


_AS_PARENT = "Left out: as the reason has it."


def _rule() -> Schema:
    text = {"type": "object", "additionalProperties": _TEXT}
    return _object(
        {
            "key": _KEY,
            "name": {**_TEXT, "maxLength": 120},
            "on": _FLAG,
            "when": _or_null({"$ref": "#/$defs/condition"}),
            "then": _list({"anyOf": [_effect(kind) for kind in effect_kinds()]}, 1, MOST_EFFECTS),
            "text": _or_null(text),
        },
        "text",
    )


def _condition() -> Schema:
    parts = {**_list({"$ref": "#/$defs/condition"}, 1), "description": _NESTED}
    groups = [_object({group: parts}) for group in GROUPS]
    return {"anyOf": [*groups, *(test for kind in Kind for test in _tests(kind))]}


_NESTED = f"Groups can be nested {DEEPEST - 1} deep."


def _tests(kind: Kind) -> list[Schema]:
    """Return the tests of one kind of fact: those of one value, and those between two."""
    facts = [fact.key for fact in all_facts() if fact.kind is kind]
    value = _value(kind)
    single = [test for test in TESTS[kind] if test != "between"]
    shapes = [(single, value)]
    if len(single) < len(TESTS[kind]):
        shapes.append((["between"], _list(value, 2, 2)))
    return [
        _object({"fact": {"enum": facts}, "test": {"enum": tests}, "value": wanted})
        for tests, wanted in shapes
    ]


def _value(kind: Kind) -> Schema:
    if kind in (Kind.TEXT, Kind.WORDS):
        return _list(_TEXT, 1, MOST_WORDS)
    return {
        Kind.FLAG: _FLAG,
        Kind.DATE: _DAY,
        Kind.SHARE: _BASIS_POINTS,
        Kind.MONEY: _MONEY,
        Kind.DAYS: _DAYS,
        Kind.NUMBER: _whole(0, MAX_MINOR),
    }[kind]


_TAKES: dict[str, Schema] = {
    "days": _DAYS,
    "hours": _whole(1, 720),
    "points": _whole(1, 100),
    "photos": _whole(1, 10),
    "money": _MONEY,
    "share": _BASIS_POINTS,
    "day": _DAY,
    "outcomes": _choices(RESOLUTIONS),
    "methods": _choices(METHODS),
    "shipping": _choice(SHIPPING_BACK),
    "moment": _choice(MOMENTS),
    "reasons": _list(_KEY, 1),
    "words": _list(_TEXT),
}


def _effect(kind: EffectKind) -> Schema:
    what = {"do": {"const": kind.key, "description": kind.label}}
    # What a later effect takes may not be told here yet: then the reader alone judges it.
    return _object({**what, "value": _TAKES.get(kind.takes, {})} if kind.takes else what)
