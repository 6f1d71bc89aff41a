"""A merchant's own rules: what they decide, what shoppers and staff read, who is overruled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from returns_portal.backoffice.risk_words import score_parts
from returns_portal.core.errors import InvalidInput
from rma.policy.document import Policy, default_policy, parse_policy
from rma.policy.engine import evaluate, offer, replay, snapshot
from rma.policy.processing import moments_of
from rma.policy.tailoring import tailor
from rma.policy.types import (
    Conduct,
    Decision,
    History,
    LineFacts,
    Linked,
    OrderFacts,
    RequestLine,
    RuleSpoken,
    from_json,
    to_json,
)
from rma.policy.vocabulary import all_facts
from tests.rma.policy.builders import NOW, ask, line, order, policy, request

HISTORY = History(
    orders=6, days_known=400, returns=5, returns_90=3, declined=1, not_accepted=2, missing=1,
    units_bought=10, units_returned=7, mark="allow",
)  # fmt: skip


def when(fact: str, test: str, value: Any) -> dict[str, Any]:
    return {"fact": fact, "test": test, "value": value}


def do(effect: str, value: Any = None) -> dict[str, Any]:
    return {"do": effect} if value is None else {"do": effect, "value": value}


def rule(
    condition: dict[str, Any] | None, *effects: dict[str, Any], key: str = "", **more: Any
) -> dict[str, Any]:
    name = key or "rule"
    return {
        "key": name, "name": name.capitalize(), "on": True, "when": condition,
        "then": list(effects), **more,
    }  # fmt: skip


def under(*rules: dict[str, Any], **changes: Any) -> Policy:
    listed = [{**one, "key": one["key"] if n == 0 else f"{one['key']}{n}"} for n, one in
              enumerate(rules)]  # fmt: skip
    return policy(rules=listed, **changes)


SHOES = line(
    title="Trail Runner 2", product_type="Shoes", tags=("Summer", "Outlet"), sku="TR2-39-BLK",
    variant="EU 39 / Black", vendor="Fjell", unit_paid_minor=12000, unit_list_minor=15000,
    discount_bp=2000, weight_grams=900, quantity_ordered=2, quantity_fulfilled=2,
)  # fmt: skip
CONDUCT = Conduct(returns_30=2, return_bp=7000, value_return_bp=None, claims=3, claims_unproven=2)
LINKED = Linked(shoppers=2, by=("card", "phone"), returns=4, returns_90=3, blocked=True)
ORDER: dict[str, Any] = {
    "total_minor": 24000, "discount_minor": 6000, "shipping_minor": 495, "tags": ("VIP",),
    "source": "shopify", "language": "de-DE", "gateways": ("stripe",), "history": HISTORY,
    "customer_groups": ("Wholesale", "VIP"),
    "conduct": replace(CONDUCT, value_return_bp=6500), "linked": LINKED,
}  # fmt: skip


def decide(
    rules: Policy, facts: LineFacts = SHOES, asked: Any = None, channel: str = "portal", **more: Any
) -> Decision:
    return evaluate(order(facts, **ORDER | more), request(asked or ask(), channel=channel), rules)


# Every fact with a test that holds for the order above and one that does not.
FACTS: list[tuple[str, str, Any, Any]] = [
    ("order.country", "is_one_of", ["IE", "SE"], ["DE"]),
    ("order.currency", "is_one_of", ["eur"], ["usd"]),
    ("order.total", "at_least", 24000, 24001),
    ("order.discount", "over", 5999, 6000),
    ("order.discount_share", "is", 2000, 2001),
    ("order.shipping", "under", 496, 495),
    ("order.placed_on", "between", ["2026-11-01", "2026-11-02"], ["2026-11-03", "2026-12-24"]),
    ("order.days_since", "is", 17, 18),
    ("order.tags", "has_any", ["vip", "b2b"], ["b2b"]),
    ("order.source", "is_none_of", ["csv"], ["shopify"]),
    ("order.language", "matches", ["de*"], ["fr*"]),
    ("order.items", "is", 1, 2),
    ("order.units", "at_most", 2, 1),
    ("order.all_sent", "is", True, False),
    ("order.units_in_returns", "is", 0, 1),
    ("order.gateways", "has_all", ["stripe"], ["stripe", "paypal"]),
    ("request.date", "from", "2026-11-19", "2026-11-20"),
    ("request.weekday", "is_one_of", ["Thursday"], ["Friday"]),
    ("customer.groups", "has_all", ["vip", "wholesale"], ["vip", "staff"]),
    ("customer.is_allowed", "is", True, False),
    ("customer.is_blocked", "is", False, True),
    ("customer.orders", "between", [6, 9], [1, 5]),
    ("customer.is_new", "is", False, True),
    ("customer.days_known", "over", 399, 400),
    ("customer.returns", "is", 5, 4),
    ("customer.returns_90", "at_least", 3, 4),
    ("customer.declined", "is", 1, 0),
    ("customer.not_accepted", "is", 2, 3),
    ("customer.missing", "is", 1, 2),
    ("customer.units_bought", "is", 10, 9),
    ("customer.units_returned", "is", 7, 8),
    ("customer.unit_return_rate", "over", 6999, 7000),
    ("customer.returns_30", "at_least", 2, 3),
    ("customer.return_rate", "over", 6999, 7000),
    ("customer.value_return_rate", "is", 6500, 7000),
    ("customer.claims", "is", 3, 2),
    ("customer.claims_unproven", "under", 3, 2),
    ("customer.linked", "at_least", 2, 3),
    ("customer.linked_by", "has_all", ["phone", "card"], ["phone", "address"]),
    ("customer.linked_returns", "is", 4, 3),
    ("customer.linked_returns_90", "over", 2, 3),
    ("customer.linked_blocked", "is", True, False),
    ("item.title", "matches", ["trail * 2"], ["* 3"]),
    ("item.variant", "matches", ["*black"], ["*white"]),
    ("item.sku", "matches", ["TR2-*-BLK"], ["TR3-*"]),
    ("item.type", "is_one_of", ["shoes"], ["shirts"]),
    ("item.vendor", "is_one_of", ["fjell"], ["other"]),
    ("item.tags", "has_none", ["winter"], ["outlet"]),
    ("item.price", "over", 11999, 12000),
    ("item.list_price", "is", 15000, 12000),
    ("item.discount_share", "at_most", 2000, 1999),
    ("item.is_discounted", "is", True, False),
    ("item.quantity", "is", 2, 1),
    ("item.weight", "between", [900, 1000], [901, 1000]),
    ("item.final_sale", "is", False, True),
    ("item.gift_card", "is", False, True),
    ("item.sent_on", "until", "2026-11-03", "2026-11-02"),
    ("item.delivered_on", "from", "2026-11-06", "2026-11-07"),
    ("item.is_delivered", "is", True, False),
    ("item.days_since_sent", "is", 16, 15),
    ("item.days_since_delivery", "is", 13, 14),
    ("asked.reason", "is_one_of", ["changed_mind"], ["faulty"]),
    ("asked.is_fault", "is", False, True),
    ("asked.outcome", "is_one_of", ["refund"], ["exchange"]),
    ("asked.quantity", "is", 1, 2),
    ("asked.value", "is", 12000, 24000),
    ("asked.all_units", "is", False, True),
    ("asked.photos", "is", 0, 1),
    ("asked.answers", "has_any", ["fit:tight"], ["fit:loose"]),
    ("return.items", "is", 1, 2),
    ("return.units", "is", 1, 2),
    ("return.value", "is", 12000, 24000),
    ("return.is_whole_order", "is", False, True),
    ("return.method", "is_one_of", ["label"], ["own"]),
    ("return.channel", "is_one_of", ["portal"], ["staff"]),
    ("return.reasons", "has_any", ["changed_mind"], ["faulty"]),
    ("return.outcomes", "has_none", ["exchange"], ["refund"]),
]


@pytest.mark.parametrize(("fact", "test", "holds", "fails"), FACTS, ids=[one[0] for one in FACTS])
def test_each_fact_is_heard_and_only_when_it_holds(
    fact: str, test: str, holds: Any, fails: Any
) -> None:
    asked = ask(answers={"fit": "tight"})
    spoken = decide(under(rule(when(fact, test, holds), do("review"), key="r")), asked=asked)
    silent = decide(under(rule(when(fact, test, fails), do("review"), key="r")), asked=asked)

    assert spoken.verdict == "review"
    assert fact in next(one for one in spoken.rules_spoken if one.key == "rule:r").facts["saw"]
    assert silent.verdict == "allow"
    assert not any(one.key == "rule:r" for one in silent.rules_spoken)


def test_every_fact_of_the_vocabulary_is_in_the_table() -> None:
    assert {one[0] for one in FACTS} == {fact.key for fact in all_facts()}


UNTIL = "2027-01-31"


@pytest.mark.parametrize(
    ("rules", "asked", "verdict", "key", "sentence"),
    [
        # eligibility
        ([rule(when("item.type", "is_one_of", ["shoes"]), do("decline"))], ask(), "refuse",
         "rule:rule", "This item can't be returned"),
        ([rule(when("item.type", "is_one_of", ["shoes"]), do("decline"),
               text={"en": "Shoes that were on sale stay with you."})], ask(), "refuse",
         "rule:rule", "Shoes that were on sale stay with you"),
        ([rule(when("item.type", "is_one_of", ["hats"]), do("decline"))], ask(), "allow",
         "window", "Refund, credit or exchange until 6 Dec"),
        ([rule({"all": [when("item.type", "is_one_of", ["shoes"]),
                        {"none": [when("asked.is_fault", "is", True)]}]}, do("decline"))],
         ask(reason="wrong_item"), "allow", "window",
         "Refund, credit or exchange until 5 Nov 2028"),
        ([rule({"any": [when("order.country", "is_one_of", ["FR"]),
                        when("item.price", "over", 10000)]}, do("decline"))], ask(), "refuse",
         "rule:rule", "This item can't be returned"),
        # windows
        ([rule(None, do("set_window", 10))], ask(), "refuse", "window",
         "Returns were open for 10 days after delivery, until 16 November"),
        ([rule(None, do("set_window", 60))], ask(), "allow", "window",
         "Refund, credit or exchange until 5 Jan 2027"),
        ([rule(when("order.placed_on", "between", ["2026-11-01", "2026-12-24"]),
               do("extend_until", UNTIL))], ask(), "allow", "window",
         "Refund, credit or exchange until 31 Jan 2027"),
        ([rule(None, do("extend_until", "2026-11-01"))], ask(), "allow", "window",
         "Refund, credit or exchange until 6 Dec"),
        # a window for a customer group; nobody is in one that is not known
        ([rule(when("customer.groups", "has_any", ["vip"]), do("set_window", 60))], ask(), "allow",
         "window", "Refund, credit or exchange until 5 Jan 2027"),
        ([rule(when("customer.groups", "has_none", ["vip"]), do("set_window", 10))], ask(), "allow",
         "window", "Refund, credit or exchange until 6 Dec"),
        # a person
        ([rule(when("return.value", "over", 10000), do("review"))], ask(), "review",
         "rule:rule", "We check this request first. You'll hear from us by e-mail"),
        ([rule(when("customer.unit_return_rate", "over", 6000), do("review"),
               text={"en": "We look at this one ourselves."})], ask(), "review",
         "rule:rule", "We look at this one ourselves"),
        ([rule(when("order.tags", "has_any", ["vip"]), do("approve"))],
         ask(reason="faulty", photos=1), "allow", "window",
         "Refund, credit or exchange until 5 Nov 2028"),
        # evidence
        ([rule(None, do("require_photos", 2))], ask(photos=1), "refuse", "photo",
         "Add 2 photos of Trail Runner 2 that show what is wrong"),
        ([rule(None, do("require_photos", 2))], ask(photos=2), "allow", "window",
         "Refund, credit or exchange until 6 Dec"),
        # outcomes and reasons
        ([rule(None, do("exclude_outcomes", ["refund"]))], ask(), "refuse", "resolution",
         "Choose credit or exchange for Trail Runner 2"),
        ([rule(None, do("only_outcomes", ["store_credit"]))], ask(resolution="store_credit"),
         "allow", "window", "Credit until 6 Dec"),
        ([rule(None, do("order_outcomes", ["exchange"]))], ask(), "allow", "window",
         "Exchange, refund or credit until 6 Dec"),
        ([rule(None, do("exclude_reasons", ["changed_mind"]))], ask(), "refuse", "reason",
         "Choose why you're returning Trail Runner 2"),
        ([rule(None, do("only_reasons", ["faulty"]))], ask(), "refuse", "reason",
         "Choose why you're returning Trail Runner 2"),
        # the first verdict wins
        ([rule(None, do("approve")), rule(None, do("decline"))], ask(), "allow", "window",
         "Refund, credit or exchange until 6 Dec"),
        ([rule(None, do("review")), rule(None, do("decline"))], ask(), "review", "rule:rule",
         "We check this request first. You'll hear from us by e-mail"),
        ([rule(None, do("set_window", 40)), rule(None, do("set_window", 10))], ask(), "allow",
         "window", "Refund, credit or exchange until 16 Dec"),
    ],
)  # fmt: skip
def test_decision_under_rules(
    rules: list[dict[str, Any]], asked: RequestLine, verdict: str, key: str, sentence: str
) -> None:
    decided = decide(under(*rules), asked=asked)

    stop, found = decided.headline, decided.line("line-1")
    assert found is not None
    said = (found.rule_key, found.sentence) if stop is None else (stop.key, stop.sentence)
    assert (decided.verdict, *said) == (verdict, key, sentence)


def test_final_sale_comes_back_where_a_rule_accepts_it() -> None:
    sold = replace(SHOES, final_sale=True, tags=("no-return",))

    assert decide(under(), sold).verdict == "refuse"
    assert decide(under(rule(None, do("accept"))), sold).verdict == "allow"


def test_no_rule_brings_back_a_gift_card_or_what_was_not_sent() -> None:
    rules = under(rule(None, do("accept"), do("approve"), do("set_window", 3000)))

    assert decide(rules, replace(SHOES, gift_card=True)).verdict == "refuse"
    assert decide(rules, replace(SHOES, quantity_fulfilled=0)).verdict == "refuse"


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([do("set_fee", 990)], {"fee": 990}),
        ([do("waive_fee")], {"fee": 0}),
        ([do("restocking_amount", 300)], {"restocking": 300}),
        ([do("credit_bonus", 1000)], {"bonus": (1000, 0)}),
        ([do("credit_bonus_amount", 500)], {"bonus": (0, 500)}),
        ([do("only_methods", ["own"])], {"methods": ("own",)}),
        ([do("exclude_methods", ["own"])], {"methods": ("label",)}),
        ([do("exclude_methods", ["own", "label"])], {"methods": ("label", "own")}),
        ([do("review_hours", 4)], {"hours": 4}),
        ([do("refund_days", 2)], {"refund_days": 2}),
        ([do("send_within", 7)], {"send_within_days": 7}),
        ([do("shipping_back", "never")], {"shipping_back": "never"}),
    ],
)
def test_effects_on_the_whole_request(
    effects: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    found = tailor(under(rule(None, *effects)), order(SHOES, **ORDER), request()).whole

    seen = {
        "fee": found.fee.amount_minor, "methods": found.methods,
        "restocking": found.restocking.amount_minor,
        "bonus": (found.credit_bonus.share_bp, found.credit_bonus.amount_minor),
        "hours": found.approval.review_hours, "refund_days": found.refund_days,
        "send_within_days": found.send_within_days, "shipping_back": found.shipping_back,
    }  # fmt: skip
    assert {name: seen[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("rules", "at"),
    [
        ([rule(None, do("process_at", "approval"))], "approval"),
        ([rule(when("item.type", "is_one_of", ["shirts"]), do("process_at", "hand"))], "delivery"),
        (
            [
                rule(None, do("process_at", "first_scan"), key="first"),
                rule(None, do("process_at", "hand"), key="later"),
            ],
            "first_scan",
        ),
    ],
)
def test_first_rule_that_applies_says_when_the_money_moves(rules: list[Any], at: str) -> None:
    moments = {"refund": "delivery", "store_credit": "hand", "exchange": "inspection"}

    decided = decide(under(*rules, processing=moments))

    assert moments_of(decided.rules_spoken) == {"refund": at}


@pytest.mark.parametrize(
    ("effects", "any_product"),
    [
        ([do("any_product")], True),
        ([do("same_product")], False),
        ([do("any_product"), do("same_product")], True),
    ],
)
def test_rules_say_for_which_items_any_product_is_offered(
    effects: list[dict[str, Any]], any_product: bool
) -> None:
    rules = under(*(rule(when("item.type", "is_one_of", ["shoes"]), one) for one in effects))

    asked = request(ask(), ask(line_key="line-2"))
    shoes, shirt = tailor(rules, order(*TWO, **ORDER), asked).lines

    assert shoes.policy.exchange.any_product == any_product
    assert not shirt.policy.exchange.any_product


TWO = (replace(SHOES, key="line-1"), replace(SHOES, key="line-2", product_type="Shirts"))


@pytest.mark.parametrize(
    ("effect", "fee"), [(do("set_fee", 990), 990), (do("waive_fee"), 495)], ids=["any", "every"]
)
def test_rule_for_one_of_two_lines_reaches_the_request_or_not(
    effect: dict[str, Any], fee: int
) -> None:
    rules = under(rule(when("item.type", "is_one_of", ["shoes"]), effect))
    asked = request(ask(), ask(line_key="line-2"))

    assert evaluate(order(*TWO, **ORDER), asked, rules).fee_minor == fee


def test_approval_takes_every_line() -> None:
    rules = under(
        rule(when("item.type", "is_one_of", ["shoes"]), do("approve")), approval__automatic=False
    )

    assert evaluate(order(*TWO, **ORDER), request(ask()), rules).verdict == "allow"
    both = request(ask(), ask(line_key="line-2"))
    assert evaluate(order(*TWO, **ORDER), both, rules).verdict == "review"


def test_overruled_rule_says_which_came_first() -> None:
    rules = under(
        rule(None, do("review"), key="first"),
        rule(when("item.type", "is_one_of", ["shoes"]), do("decline"), do("tag", ["shoes"]),
             key="second"),
    )  # fmt: skip
    spoken = {one.key: one for one in decide(rules).rules_spoken}

    late = spoken["rule:second1"]
    assert late.result == "note"
    assert late.facts["overruled"] == {"decline": "first"}
    assert late.facts["did"] == ["tag"]
    assert late.staff == "Second: Can’t be returned, Tag the return: shoes. Rule first came first."


def test_rule_stays_silent_about_what_is_not_known() -> None:
    rules = under(
        rule(when("item.days_since_delivery", "over", 1), do("decline"), key="late"),
        rule({"none": [when("customer.returns", "over", 1)]}, do("review"), key="new"),
    )

    decided = decide(rules, replace(SHOES, delivered_at=None), history=None)

    assert decided.verdict == "allow"
    assert not [one for one in decided.rules_spoken if one.key.startswith("rule:")]


def test_groups_that_the_shop_did_not_name_are_not_known() -> None:
    rules = under(rule(when("customer.groups", "has_none", ["vip"]), do("review"), key="plain"))

    silent, heard = decide(rules, customer_groups=None), decide(rules, customer_groups=())

    assert (silent.verdict, heard.verdict) == ("allow", "review")
    assert heard.stopped_by[0].facts["saw"] == {"customer.groups": []}


def test_return_rate_of_too_few_units_is_not_known() -> None:
    rate = rule({"none": [when("customer.value_return_rate", "over", 5000)]}, do("review"))

    assert decide(under(rate), conduct=CONDUCT).verdict == "allow"
    assert decide(under(rate), conduct=replace(CONDUCT, value_return_bp=100)).verdict == "review"


def test_score_says_part_by_part_what_it_saw() -> None:
    rules = under(
        rule({"all": [when("customer.returns_30", "over", 1),
                      when("customer.return_rate", "over", 5000)]},
             do("risk_points", 40), key="often"),
        rule({"any": [when("customer.linked_blocked", "is", True),
                      when("customer.linked_by", "has_any", ["card"])]},
             do("risk_points", 30), key="linked"),
        rule(when("customer.is_new", "is", True), do("risk_points", 20), key="new"),
        risk={"review_at": 70, "shadow": False},
    )  # fmt: skip
    decided = decide(rules, history=replace(HISTORY, mark=""))

    assert decided.headline is not None
    assert decided.headline.staff == "Risk score 70 of 70: Often 40, Linked 30."
    assert score_parts(decided) == [
        "Often, 40 points. Returns in the last 30 days: 2; "
        "Return rate by units, from 5 bought on: 70 %",
        "Linked, 30 points. A linked shopper is on the block list: yes; "
        "What links them: card and phone",
    ]
    assert score_parts(from_json(Decision, to_json(decided))) == score_parts(decided)
    assert score_parts(decide(under())) == []


def scored(points: int = 40, **risk: Any) -> Policy:
    """Return a policy that asks for photos from 40 points on and gives everybody ``points``."""
    return under(
        rule(None, do("risk_points", points), key="watched"),
        risk={"review_at": 70, "shadow": False, "photos_at": 40, **risk},
    )


def watched(rules: Policy, asked: Any = None, mark: str = "", **more: Any) -> Decision:
    return decide(rules, SHOES, asked, history=replace(HISTORY, mark=mark), **more)


def said(decided: Decision, key: str) -> RuleSpoken:
    return next(one for one in decided.rules_spoken if one.key == key)


def test_score_asks_for_photos_whatever_the_reason() -> None:
    asked, shown = watched(scored()), watched(scored(), ask(photos=1))

    assert (asked.verdict, asked.lines[0].photo_required, asked.lines[0].sentence) == (
        "refuse", True, "Add a photo of Trail Runner 2, so that we can decide",
    )  # fmt: skip
    assert asked.lines[0].staff == "The risk score asks for 1 of Trail Runner 2; 0 sent."
    assert said(asked, "photo").facts["by"] == "risk"
    assert said(asked, "risk").staff == (
        "Risk score 40 of 70: Watched 40. Photos are asked for, from 40 points on."
    )
    facts = said(asked, "risk").facts
    assert (facts["photos_at"], facts["photos"]) == (40, True)
    assert shown.verdict == "allow"
    assert from_json(Decision, to_json(asked)) == asked


@pytest.mark.parametrize(
    ("rules", "mark", "words"),
    [
        (scored(39), "", "Risk score 39 of 70: Watched 39."),
        (scored(photos_at=None), "", "Risk score 40 of 70: Watched 40."),
        (scored(), "allow", "On the allow list. Risk score 40 of 70: Watched 40."),
        (scored(shadow=True), "",
         "Risk score 40 of 70: Watched 40. Photos would be asked for, from 40 points on. "
         "Only noted."),
    ],
)  # fmt: skip
def test_score_asks_for_no_photos(rules: Policy, mark: str, words: str) -> None:
    decided = watched(rules, mark=mark)

    assert (decided.verdict, decided.lines[0].photo_required) == ("allow", False)
    assert "by" not in said(decided, "photo").facts
    assert said(decided, "risk").staff == words


def test_score_asks_elsewhere_through_a_person() -> None:
    asked = watched(scored(), channel="api")

    assert (asked.verdict, asked.lines[0].rule_key) == ("review", "photo")


def test_amount_in_another_currency_is_not_compared() -> None:
    rules = under(rule(when("item.price", "over", 1), do("decline")))

    decided = decide(rules, currency="USD")

    assert not [one for one in decided.rules_spoken if one.key.startswith("rule:")]


def test_rule_that_breaks_asks_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = under(rule(when("item.type", "is_one_of", ["shoes"]), do("approve")))
    assert rules.rules is not None

    def broken(values: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(rules.rules, "asks", (broken,))
    decided = decide(rules)

    assert decided.verdict == "review"
    stopped = decided.headline
    assert stopped is not None
    assert (stopped.key, stopped.staff) == (
        "engine_error", "Rule rule could not be worked out (ZeroDivisionError).",
    )  # fmt: skip


def test_rule_switched_off_is_kept_and_not_asked() -> None:
    rules = under({**rule(None, do("decline")), "on": False})

    assert decide(rules).verdict == "allow"
    assert [one.key for one in rules.rules.written] == ["rule"]  # type: ignore[union-attr]


def test_offer_shows_what_is_left_of_reasons_and_outcomes() -> None:
    underwear = replace(SHOES, product_type="Underwear")
    rules = under(
        rule({"all": [when("item.type", "is_one_of", ["underwear"]),
                      when("asked.is_fault", "is", False)]}, do("decline"),
             text={"en": "Underwear can't be returned, for hygiene"}, key="hygiene"),
        rule(when("asked.is_fault", "is", True), do("exclude_outcomes", ["exchange"]),
             key="faults"),
    )  # fmt: skip

    found = offer(order(underwear), rules).lines[0]

    assert found.fault_only is True
    assert found.reasons == ("not_as_described", "faulty", "wrong_item", "arrived_late")
    assert found.resolutions == ("refund", "store_credit")
    assert found.rule_key == "rule:hygiene"
    assert found.sentence == (
        "Underwear can't be returned, for hygiene. If it's faulty, you can still report a fault"
    )


def test_offer_that_no_reason_opens_says_why() -> None:
    rules = under(rule(when("item.tags", "has_any", ["outlet"]), do("decline"),
                       text={"en": "Outlet goods stay with you"}))  # fmt: skip

    found = offer(order(SHOES), rules).lines[0]

    assert (found.reasons, found.quantity, found.returnable) == ((), 0, False)
    assert found.sentence == "Outlet goods stay with you"


def test_what_is_offered_is_what_is_decided() -> None:
    rules = under(
        rule(when("item.price", "over", 10000), do("exclude_outcomes", ["refund"])),
        rule(when("item.type", "is_one_of", ["shoes"]), do("set_window", 45)),
    )
    offered = offer(order(SHOES), rules).lines[0]

    for key in offered.resolutions:
        decided = evaluate(order(SHOES), request(ask(resolution=key)), rules)
        assert decided.verdict == "allow"
        assert decided.lines[0].until == offered.until
    refused = evaluate(order(SHOES), request(ask(resolution="refund")), rules)
    assert refused.lines[0].rule_key == "resolution"


def test_stored_decision_under_rules_replays_the_same() -> None:
    rules = under(
        rule(when("customer.returns", "over", 2), do("review"), do("tag", ["often"])),
        rule(when("order.placed_on", "from", "2026-11-01"), do("extend_until", UNTIL)),
    )
    facts, asked = order(SHOES, **ORDER), request()
    decided = evaluate(facts, asked, rules)

    stored = snapshot(facts, asked, decided)

    assert from_json(OrderFacts, stored["order"]) == facts
    assert replay(stored, rules) == decided == from_json(Decision, stored["decision"])


def test_window_counts_days_in_the_merchants_zone() -> None:
    late = datetime(2026, 11, 6, 23, 30, tzinfo=UTC)
    facts = replace(SHOES, delivered_at=late)
    rules = under(rule(when("item.days_since_delivery", "is", 1), do("review")))

    moment = late + timedelta(hours=1)
    assert decide(rules, facts, now=moment, time_zone="Europe/Dublin").verdict == "review"
    assert decide(rules, facts, now=moment, time_zone="America/New_York").verdict == "allow"
    assert moment < NOW


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"key": "no spaces"}, "rules.0.key", "letters, digits"),
        ({"key": ""}, "rules.0.key", "letters, digits"),
        ({"name": " "}, "rules.0.name", "a name"),
        ({"on": 1}, "rules.0.on", "true or false"),
        ({"then": []}, "rules.0.then", "what the rule does"),
        ({"then": [{"do": "explode"}]}, "rules.0.then.0.do", "no effect 'explode'"),
        ({"then": [{"do": "decline", "value": 3}]}, "rules.0.then.0.value", "no such setting"),
        ({"then": [{"do": "set_window"}]}, "rules.0.then.0.value", "missing"),
        ({"then": [{"do": "set_window", "value": -1}]}, "rules.0.then.0.value", "whole number"),
        ({"then": [{"do": "set_fee", "value": 4.95}]}, "rules.0.then.0.value", "minor units"),
        ({"then": [do("only_outcomes", ["cash"])]}, "rules.0.then.0.value", "Choose one or more"),
        ({"then": [do("only_reasons", ["bored"])]}, "rules.0.then.0.value", "no reason 'bored'"),
        ({"then": [do("extend_until", "soon")]}, "rules.0.then.0.value", "a day such as"),
        ({"then": [do("decline"), do("approve")]}, "rules.0.then", "Keep one of these"),
        ({"when": {"fact": "item.aura", "test": "is", "value": 1}}, "rules.0.when.fact", "no fact"),
        ({"when": when("item.price", "matches", "x")}, "rules.0.when.test", "Choose is"),
        ({"when": when("item.price", "over", "12")}, "rules.0.when.value", "minor units"),
        ({"when": when("item.price", "between", [5])}, "rules.0.when.value", "first and the last"),
        ({"when": when("item.price", "between", [5, 3])}, "rules.0.when.value", "Swap"),
        ({"when": when("item.type", "is_one_of", [])}, "rules.0.when.value", "at least one"),
        ({"when": when("item.type", "is_one_of", "shoes")}, "rules.0.when.value", "list of words"),
        ({"when": {"all": []}}, "rules.0.when.all", "at least one test"),
        ({"when": {"all": [when("item.price", "over", 1)], "any": []}}, "rules.0.when.any",
         "no such setting"),
        ({"when": {"any": [{"all": [{"any": [{"all": [{"any": [{"all": [
            when("item.price", "over", 1)]}]}]}]}]}]}},
         "rules.0.when.any.0.all.0.any.0.all.0.any.0", "nested 5 deep"),
        ({"when": "always"}, "rules.0.when", "a test or a group"),
        ({"text": {"en": ""}}, "rules.0.text", "per language"),
        ({"colour": "red"}, "rules.0.colour", "no such setting"),
    ],
)  # fmt: skip
def test_mistakes_in_rules_are_named_by_path(change: dict[str, Any], path: str, words: str) -> None:
    document = default_policy("EUR")
    document["rules"] = [{**rule(None, do("review")), **change}]

    with pytest.raises(InvalidInput) as refusal:
        parse_policy(document)

    errors = {error["path"]: error["message"] for error in refusal.value.facts["errors"]}
    assert path in errors, errors
    assert words in errors[path]


def test_two_rules_with_one_key_are_refused() -> None:
    document = default_policy("EUR")
    document["rules"] = [rule(None, do("review")), rule(None, do("tag", ["x"]))]

    with pytest.raises(InvalidInput, match="used twice"):
        parse_policy(document)
