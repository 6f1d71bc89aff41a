"""What each setting of a policy document says, as one sentence for its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from returns_portal.backoffice.exchange_sayings import EXCHANGE_SAYINGS
from returns_portal.backoffice.policy_sides import Side, listed
from returns_portal.backoffice.policy_words import (
    METHOD_WORDS,
    PAYS_WORDS,
    RESOLUTION_WORDS,
    SHIPPING_WORDS,
)
from returns_portal.backoffice.reason_sayings import (
    detail_sayings,
    label_of,
    options,
    photos_show,
    questions,
    whole_question,
    whole_reason,
)
from returns_portal.core.money import Money, format_money
from rma.policy.conditions import read_condition
from rma.policy.effects import read_effect
from rma.policy.model import in_language
from rma.policy.processing import MOMENT_WORDS
from rma.policy.reader import DocumentReader
from rma.policy.rule_words import condition_words, effects_words
from rma.policy.withdrawal_law import EXCEPTIONS
from rma.policy.wording import span

Saying = Callable[[tuple[str, ...], Any, Side], str]


def saying_of(path: tuple[str, ...]) -> Saying | None:
    """Return how the value at ``path`` is said; ``*`` in a pattern stands for any one step."""
    return next(
        (
            saying
            for pattern, saying in SAYINGS.items()
            if len(pattern) == len(path)
            and all(want in ("*", step) for want, step in zip(pattern, path, strict=True))
        ),
        None,
    )


def _days(words: str, otherwise: str = "") -> Saying:
    return lambda _path, value, _side: otherwise if value is None else words.format(span(value))


def _yes(words: str, otherwise: str) -> Saying:
    return lambda _path, value, _side: words if value else otherwise


def _list(words: str, otherwise: str, names: Mapping[str, str] | None = None) -> Saying:
    def say(_path: tuple[str, ...], value: Any, _side: Side) -> str:
        told = [(names or {}).get(one, one) for one in value or ()]
        return words.format(listed(told)) if told else otherwise

    return say


def _amount(words: str, otherwise: str = "") -> Saying:
    return lambda _path, value, side: (
        otherwise if value is None else words.format(format_money(Money(value, side.currency)))
    )


def _plain(words: str) -> Saying:
    return lambda _path, value, _side: words.format(value)


def _named(names: Mapping[str, str]) -> Saying:
    return lambda _path, value, _side: names.get(value, str(value))


def _in_language(words: str) -> Saying:
    return lambda path, value, _side: words.format(path[-1], value)


def _review_reasons(_path: tuple[str, ...], value: Any, side: Side) -> str:
    return f"A person checks these reasons: {side.reasons(value)}"


def _reason_list(words: str) -> Saying:
    return lambda _path, value, side: words.format(side.reasons(value or ()))


def _share(words: str) -> Saying:
    return lambda _path, value, _side: words.format(f"{(value or 0) / 100:g} %")


def _countries(path: tuple[str, ...], value: Any, side: Side) -> str:
    told = [f"{code} {format_money(Money(value[code], side.currency))}" for code in value or ()]
    return f"Fees by country: {listed(told)}"


def _section(otherwise: str) -> Saying:
    def say(path: tuple[str, ...], value: Any, side: Side) -> str:
        if value is None:
            return otherwise
        return ". ".join(SAYINGS[path[0], name](path, value[name], side) for name in value)

    return say


def _condition(_path: tuple[str, ...], value: Any, side: Side) -> str:
    if value is None:
        return "It speaks always"
    condition = read_condition(DocumentReader({"when": value}), "when")
    return f"If {condition_words(condition, side.currency)}"


def _effects(_path: tuple[str, ...], value: Any, side: Side) -> str:
    reader = DocumentReader({"then": value})
    reasons = tuple(side.keys_at(("reasons",)))
    read = [read_effect(reader, f"then.{n}", reasons) for n in range(len(value))]
    return f"It does: {effects_words(tuple(one for one in read if one), side.currency)}"


def _whole_rule(path: tuple[str, ...], value: Any, side: Side) -> str:
    text = value.get("text") or {}
    parts = [
        _condition(path, value.get("when"), side),
        _effects(path, value["then"], side),
        *([f"Shoppers read: “{in_language(text, 'en')}”"] if text else []),
        *([] if value["on"] else ["It is switched off"]),
    ]
    return ". ".join(parts)


def _whole_rules(path: tuple[str, ...], value: Any, _side: Side) -> str:
    return f"Rules: {listed([str(one['name']) for one in value or ()])}"


def _risk(_path: tuple[str, ...], value: Any, _side: Side) -> str:
    if value is None:
        return "Nobody is scored"
    words = "is only noted" if value["shadow"] else "counts"
    held, photos = value.get("hold_at"), value.get("photos_at")
    tail = f". {_ASKED.format(photos)}" if photos is not None else ""
    tail += f". {_HELD.format(held)}" if held is not None else ""
    return f"A person looks from {value['review_at']} risk points on; the score {words}{tail}"


_ASKED = "From {} risk points on, every item needs a photo"
_HELD = "From {} risk points on, money waits for the inspection"


def _moment(path: tuple[str, ...], value: Any, _side: Side) -> str:
    return f"{PAYS_WORDS[path[-1]]} {MOMENT_WORDS[value]}"


def _processing(path: tuple[str, ...], value: Any, side: Side) -> str:
    if value is None:
        return "Everything is settled after the inspection"
    return ". ".join(_moment((*path, kind), moment, side) for kind, moment in value.items())


def _exempt(_path: tuple[str, ...], value: Any, _side: Side) -> str:
    goods = [
        f"{listed([*one['tags'], *one['product_types']])} ({_because(one['exception'])})"
        for one in value
    ]
    return f"Exempt by law: {'; '.join(goods)}" if goods else "No goods are exempt"


def _because(exception: str) -> str:
    return EXCEPTIONS[exception].because


def _withdrawal(path: tuple[str, ...], value: Any, side: Side) -> str:
    parts = [
        SAYINGS[path[0], name](path, value[name], side)
        for name in ("sells_to_eu", "shopper_pays_postage", "holidays", "exempt", "labels")
    ]
    return ". ".join(parts)


_OPTION = ("reasons", "*", "questions", "*", "options")
_CLOSED = {"final_sale": "Final sale", "excluded": "Never returned"}

SAYINGS: dict[tuple[str, ...], Saying] = {
    ("schema",): _plain("Written in format {}"),
    ("currency",): _plain("Amounts are in {}"),
    ("window", "days"): _days("Returns are accepted within {} of delivery"),
    ("window", "fault_days"): _days("Faults are accepted within {}"),
    ("window", "grace_days"): _days("{} more pass in silence"),
    ("window", "fulfilled_fallback_days"): _days(
        "Without a delivery date, the count starts {} after dispatch",
        "Without a delivery date, the dispatch does not count",
    ),
    ("window", "ordered_fallback_days"): _days(
        "Without a dispatch date, the count starts {} after the order",
        "Without a dispatch date, the order does not count",
    ),
    **{
        (part, name): _list(f"{title}: goods with the {kind} {{}}", f"{title}: no {kind}")
        for part, title in _CLOSED.items()
        for name, kind in (("tags", "tags"), ("product_types", "product types"))
    },
    **{
        (part, "fault_allowed"): _yes(
            f"{title}: faults may be reported", f"{title}: faults may not be reported"
        )
        for part, title in _CLOSED.items()
    },
    ("reasons", "*"): whole_reason,
    ("reasons", "*", "labels", "*"): _in_language("In language {}: “{}”"),
    ("reasons", "*", "resolutions"): _list("Allows {}", "Allows nothing", RESOLUTION_WORDS),
    ("reasons", "*", "photo"): _named(
        {"required": "Photos are needed", "optional": "Photos are welcome",
         "off": "No photos are asked for"}
    ),
    ("reasons", "*", "photos_of"): photos_show,
    ("reasons", "*", "fault"): _yes("It is our fault", "It is not our fault"),
    ("reasons", "*", "free_text"): _yes("Words are asked for", "No words are asked for"),
    ("reasons", "*", "questions"): questions,
    ("reasons", "*", "questions", "*"): whole_question,
    ("reasons", "*", "questions", "*", "labels", "*"): _in_language("In language {}: “{}”"),
    ("reasons", "*", "questions", "*", "required"): _yes(
        "An answer is needed", "An answer is optional"
    ),
    ("reasons", "*", "questions", "*", "product_types"): _list(
        "Asked about these product types: {}", "Asked about all goods"
    ),
    _OPTION: options,
    (*_OPTION, "*"): lambda _path, value, _side: f"The answer “{label_of(value)}” can be chosen",
    (*_OPTION, "*", "labels", "*"): _in_language("In language {}, the answer reads “{}”"),
    ("rules",): _whole_rules,
    ("rules", "*"): _whole_rule,
    ("rules", "*", "name"): _plain("Called “{}”"),
    ("rules", "*", "on"): _yes("It is switched on", "It is switched off"),
    ("rules", "*", "when"): _condition,
    ("rules", "*", "then"): _effects,
    ("rules", "*", "text"): lambda _path, value, _side: (
        f"Shoppers read: “{in_language(value, 'en')}”" if value else "Shoppers read no sentence"
    ),
    ("rules", "*", "text", "*"): _in_language("In language {}, shoppers read “{}”"),
    ("risk",): _risk,
    ("risk", "review_at"): _plain("A person looks from {} risk points on"),
    ("risk", "hold_at"): lambda _path, value, _side: (
        _HELD.format(value) if value is not None else "No risk score holds money"
    ),
    ("risk", "photos_at"): lambda _path, value, _side: (
        _ASKED.format(value) if value is not None else "No risk score asks for photos"
    ),
    ("processing",): _processing,
    ("processing", "*"): _moment,
    ("risk", "shadow"): _yes("The risk score is only noted", "The risk score counts"),
    ("withdrawal",): _withdrawal,
    ("withdrawal", "sells_to_eu"): _yes(
        "The shop sells to the EU and shows the link", "The link is not shown for selling to the EU"
    ),
    ("withdrawal", "shopper_pays_postage"): _yes(
        "Shoppers pay for sending back what they withdraw from",
        "Sending back what is withdrawn from is free",
    ),
    ("withdrawal", "holidays"): _list("Public holidays: {}", "No public holidays are listed"),
    ("withdrawal", "exempt"): _exempt,
    ("withdrawal", "labels"): lambda _path, value, _side: (
        "The link has words of its own" if value else "The link has the statutory words"
    ),
    ("withdrawal", "labels", "*"): _in_language("In language {}, the link reads “{}”"),
    ("approval", "automatic"): _yes(
        "Easy returns are approved without a person", "A person decides every return"
    ),
    ("approval", "review_hours"): _plain("A person answers within {} hours"),
    ("approval", "max_value_minor"): _amount(
        "Up to {}, no person has to look", "Whatever the value, no person has to look"
    ),
    ("approval", "review_reasons"): _review_reasons,
    ("approval", "first_return_only"): _yes(
        "Everybody who has returned before is checked", "Having returned before does not matter"
    ),
    ("fee", "amount_minor"): _amount("{} are taken off refunds"),
    ("fee", "waived_for_fault"): _yes(
        "No fee when it is our fault", "The fee is taken when it is our fault, too"
    ),
    ("fee", "waived_for_exchange"): _yes(
        "No fee for exchanges", "The fee is taken for exchanges, too"
    ),
    ("fee", "by_country"): _countries,
    ("fee", "by_country", "*"): lambda path, value, side: (
        f"From {path[-1]}, {format_money(Money(value, side.currency))} are taken off refunds"
    ),
    ("fee", "waived_reasons"): _reason_list("No fee for these reasons: {}"),
    ("fee", "label_cost"): _yes(
        "Only what the label cost is taken, and the fee at most", "The whole fee is taken"
    ),
    ("fee", "tax_bp"): _share("{} tax is in the fee"),
    ("fee", "most_minor"): _amount(
        "All fees of a return are {} at most", "All fees of a return have no bound"
    ),
    ("restocking",): _section("Restocking is free"),
    ("restocking", "share_bp"): _share("Restocking keeps {} of the value"),
    ("restocking", "amount_minor"): _amount("Restocking keeps {}"),
    ("restocking", "per"): _named(
        {"line": "The restocking sum is taken for each item of the order",
         "return": "The restocking sum is taken once per return"}
    ),
    ("restocking", "waived_for_fault"): _yes(
        "No restocking fee when it is our fault", "Restocking is taken when it is our fault, too"
    ),
    ("restocking", "waived_reasons"): _reason_list("No restocking fee for these reasons: {}"),
    ("restocking", "tax_bp"): _share("{} tax is in the restocking sum"),
    ("keeping",): _section("Items that are not sent back bring the usual shares"),
    ("keeping", "keep_item_bp"): _share("Who keeps an item gets {} of its value"),
    ("keeping", "donate_bp"): _share("Who gives an item to charity gets {} of its value"),
    ("credit_bonus",): _section("Store credit brings nothing on top"),
    ("credit_bonus", "share_bp"): _share("Store credit brings {} on top"),
    ("credit_bonus", "amount_minor"): _amount("Store credit brings {} on top per order"),
    ("credit_bonus", "most_minor"): _amount(
        "What store credit brings on top is {} per order at most",
        "What store credit brings on top has no bound",
    ),
    **EXCHANGE_SAYINGS,
    ("shipping_back",): _named(SHIPPING_WORDS),
    ("refund_days",): _days("Refunds go out within {} of receiving"),
    ("remind_before_days",): lambda _path, value, _side: (
        f"Shoppers are reminded {listed([str(one) for one in value])} days before it runs out"
        if value
        else "Nobody is reminded before an approval runs out"
    ),
    ("send_within_days",): _days("Approved returns are sent within {}"),
    ("answer_within_days",): _days("Shoppers answer questions within {}"),
    ("gift_returns",): _yes(
        "Gifts can be returned by code, for store credit", "Gifts can’t be returned by code"
    ),
    ("methods",): _list("Shoppers send with {}", "Shoppers can't send", METHOD_WORDS),
}  # fmt: skip
SAYINGS |= detail_sayings(SAYINGS)
