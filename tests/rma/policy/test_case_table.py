"""The policy as a merchant reads it: one row a case, with the decision and the exact sentence.

Every row is about one Merino Crew Sweater at €85.50, bought on 2 November 2026, sent on the 3rd and
delivered on the 6th, for which a shopper in Dublin asks on 19 November: one unit, "Changed my
mind", a refund. A row names only what is otherwise. The policy is the one new shops start with: 30
days and two of grace, two years for faults, easy cases by themselves up to €250.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rma.policy.engine import evaluate
from rma.policy.types import Claim, Decision, History
from rma.policy.windows import Granted, Promised, Window
from tests.rma.policy.builders import ask, line, order, policy, request
from tests.rma.policy.test_own_rules import do, rule, when

Changes = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One case. ``says`` is what the shopper reads: what is open, or what stands in the way."""

    case: str
    verdict: str
    says: str
    item: Changes = field(default_factory=dict)
    asked: Changes = field(default_factory=dict)
    policy: Changes = field(default_factory=dict)
    order: Changes = field(default_factory=dict)
    rules: tuple[Changes, ...] = ()


def on(day: str, time: str = "12:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)


def sold_with(days: int) -> Promised:
    return Promised(13, date(2026, 11, 2), Window(days, 730, 2, 5, 10))


NEW = History(
    orders=1, days_known=17, returns=0, returns_90=0, declined=0, not_accepted=0, missing=0,
    units_bought=1, units_returned=0,
)  # fmt: skip
IN_RETURN = (Claim("R-204102", date(2026, 11, 12), 1),)
PHOTO = {"photos": 1}
FIT = [
    {
        "key": "fit", "labels": {"en": "Does not fit"}, "resolutions": ["exchange", "refund"],
        "photo": "off", "fault": False, "free_text": False,
        "details": [
            {"key": "small", "labels": {"en": "Too small"}},
            {"key": "narrow", "labels": {"en": "Too narrow"}, "product_types": ["Shoes"],
             "resolutions": ["exchange"]},
        ],
    },
    {
        "key": "changed_mind", "labels": {"en": "Changed my mind"}, "resolutions": ["refund"],
        "photo": "off", "fault": False, "free_text": False,
        "questions": [
            {"key": "liked", "labels": {"en": "What did you not like?"}, "required": True}
        ],
    },
]  # fmt: skip
ASKING = {"reasons": FIT, "approval__review_reasons": []}
CHECKED = "We check this request first. You'll hear from us by e-mail"

TABLE: dict[str, list[Row]] = {
    "The window": [
        Row("delivered 13 days ago", "allow", "Refund, credit or exchange until 6 Dec"),
        Row("many outcomes are named by the first", "allow",
            "Refund, credit, exchange and more until 6 Dec",
            policy={"reasons": [{
                "key": "changed_mind", "labels": {"en": "Changed my mind"}, "photo": "off",
                "resolutions": ["refund", "store_credit", "exchange", "repair", "donate"],
                "fault": False, "free_text": False,
            }], "approval__review_reasons": []}),
        Row("last day", "allow", "Refund, credit or exchange until 19 Nov",
            {"delivered_at": on("2026-10-20")}),
        Row("first day of grace shows the real last day", "allow",
            "Refund, credit or exchange until 18 Nov", {"delivered_at": on("2026-10-19")}),
        Row("last day of grace", "allow", "Refund, credit or exchange until 17 Nov",
            {"delivered_at": on("2026-10-18")}),
        Row("a day too late", "refuse",
            "Returns were open for 30 days after delivery, until 16 November",
            {"delivered_at": on("2026-10-17")}),
        Row("late in the evening there, the next day already in Dublin", "allow",
            "Refund, credit or exchange until 17 Nov",
            {"delivered_at": on("2026-10-17", "23:30")}),
        Row("last winter, with the year", "refuse",
            "Returns were open for 30 days after delivery, until 9 February 2025",
            {"delivered_at": on("2025-01-10")}),
        Row("no delivery date: counted from dispatch", "allow",
            "Refund, credit or exchange until 8 Dec", {"delivered_at": None}),
        Row("neither delivery nor dispatch date: counted from the order", "allow",
            "Refund, credit or exchange until 12 Dec",
            {"delivered_at": None, "fulfilled_at": None}),
        Row("no date and no fallback: a person looks", "review", CHECKED,
            {"delivered_at": None, "fulfilled_at": None},
            policy={"window__ordered_fallback_days": None}),
        Row("counted from dispatch and over", "refuse",
            "Returns were open for 30 days after the expected delivery on 6 September, "
            "until 6 October", {"delivered_at": None, "fulfilled_at": on("2026-09-01")}),
        Row("a policy of 14 days", "allow", "Refund, credit or exchange until 20 Nov",
            policy={"window__days": 14}),
        Row("a policy of one day", "refuse",
            "Returns were open for 1 day after delivery, until 7 November",
            policy={"window__days": 1}),
        Row("a year is said as a year", "refuse",
            "Returns were open for 1 year after delivery, until 1 November",
            {"delivered_at": on("2025-11-01")}, policy={"window__days": 365}),
    ],
    "What was promised": [
        Row("sold with 30 days, now 7", "allow", "Refund, credit or exchange until 6 Dec",
            {"promised": sold_with(30)}, policy={"window__days": 7}),
        Row("sold with 7 days, now 30", "allow", "Refund, credit or exchange until 6 Dec",
            {"promised": sold_with(7)}),
        Row("sold with 10 days, now 5: both are over", "refuse",
            "Returns were open for 10 days after delivery, until 16 November",
            {"promised": sold_with(10), "delivered_at": on("2026-11-06")},
            policy={"window__days": 5}, order={"now": on("2026-11-19")}),
        Row("a later day from staff", "allow", "Refund, credit or exchange until 12 Dec",
            {"granted": Granted(date(2026, 12, 12), "Mara", "Ill.")},
            policy={"window__days": 5}),
        Row("a later day from staff that is over", "refuse",
            "Returns were open until 16 November",
            {"granted": Granted(date(2026, 11, 16), "Mara", "Ill.")},
            policy={"window__days": 5}),
    ],
    "Faults": [
        Row("faulty with a photo goes to a person", "review",
            "We look at your photos first. You'll hear from us by e-mail",
            asked={"reason": "faulty", **PHOTO}),
        Row("faulty without a photo", "refuse",
            "Add a photo of Merino Crew Sweater that shows what is wrong",
            asked={"reason": "faulty"}),
        Row("faulty, told by a program without a photo", "review",
            "Add a photo of Merino Crew Sweater that shows what is wrong",
            asked={"reason": "faulty", "channel": "api"}),
        Row("a wrong item long after the window", "allow",
            "Refund, credit or exchange until 10 Jan 2028",
            {"delivered_at": on("2026-01-10")}, {"reason": "wrong_item"}),
        Row("a fault after two years", "refuse",
            "Faults could be reported for 2 years after delivery, until 5 November",
            {"delivered_at": on("2024-11-05")}, {"reason": "wrong_item"}),
        Row("arrived late offers no exchange", "refuse",
            "Choose refund or credit for Merino Crew Sweater",
            asked={"reason": "arrived_late", "resolution": "exchange"}),
    ],
    "Goods that stay": [
        Row("a gift card", "refuse", "Gift cards can't be returned", {"gift_card": True}),
        Row("a gift card, even faulty", "refuse", "Gift cards can't be returned",
            {"gift_card": True}, {"reason": "wrong_item"}),
        Row("final sale", "refuse", "Sold as final sale on 2 November", {"final_sale": True}),
        Row("final sale by its tag, however it is written", "refuse",
            "Sold as final sale on 2 November", {"tags": ("FINAL-SALE",)}),
        Row("final sale, but the wrong item came", "allow",
            "Refund, credit or exchange until 5 Nov 2028", {"final_sale": True},
            {"reason": "wrong_item"}),
        Row("final sale where faults are closed too", "refuse",
            "Sold as final sale on 2 November", {"final_sale": True},
            {"reason": "wrong_item"}, {"final_sale__fault_allowed": False}),
        Row("excluded by its tag", "refuse", "This item can't be returned once delivered",
            {"tags": ("no-return",)}),
        Row("excluded by its product type", "refuse",
            "Cosmetics can't be returned once delivered", {"product_type": "cosmetics"},
            policy={"excluded__product_types": ["Cosmetics"]}),
        Row("excluded, but the wrong item came", "allow",
            "Refund, credit or exchange until 5 Nov 2028", {"tags": ("no-return",)},
            {"reason": "wrong_item"}),
        Row("final sale that is over as well is told as final sale", "refuse",
            "Sold as final sale on 2 November",
            {"final_sale": True, "delivered_at": on("2026-01-10")}),
    ],
    "Units": [
        Row("not sent yet", "refuse", "Not sent yet. Come back when it has arrived",
            {"quantity_fulfilled": 0}),
        Row("not sent yet, with the expected day", "refuse",
            "Not delivered yet. Expected 24 Nov. Come back then",
            {"quantity_fulfilled": 0, "expected_on": date(2026, 11, 24)}),
        Row("in a return already", "refuse", "In return R-204102 since 12 November",
            {"quantity_claimed": 1, "claims": IN_RETURN}),
        Row("returned already", "refuse", "Already returned", {"quantity_claimed": 1}),
        Row("one of two is left", "allow", "Refund, credit or exchange until 6 Dec",
            {"quantity_ordered": 2, "quantity_fulfilled": 2, "quantity_claimed": 1,
             "claims": IN_RETURN}),
        Row("two wanted, one is left", "refuse",
            "1 of 2 can be returned. One is already in return R-204102, started 12 Nov",
            {"quantity_ordered": 2, "quantity_fulfilled": 2, "quantity_claimed": 1,
             "claims": IN_RETURN}, {"quantity": 2}),
        Row("three wanted, two were sent", "refuse",
            "2 of 3 can be returned. One is not sent yet",
            {"quantity_ordered": 3, "quantity_fulfilled": 2}, {"quantity": 3}),
        Row("none wanted", "refuse", "Choose how many of Merino Crew Sweater you return",
            asked={"quantity": 0}),
        Row("an item of another order", "refuse",
            "This item is not in the order. Choose one that is",
            asked={"line_key": "elsewhere"}),
    ],
    "Reasons and outcomes": [
        Row("a reason that the policy does not have", "refuse",
            "Choose why you're returning Merino Crew Sweater", asked={"reason": "bored"}),
        Row("too small, for another size", "allow", "Exchange, refund or credit until 6 Dec",
            asked={"reason": "too_small", "resolution": "exchange"}),
        Row("no outcome chosen", "refuse",
            "Choose refund, credit or exchange for Merino Crew Sweater",
            asked={"resolution": ""}),
        Row("an outcome that nobody offers", "refuse",
            "Choose refund, credit or exchange for Merino Crew Sweater",
            asked={"resolution": "gold"}),
        Row("a detail takes what its reason allows", "allow", "Exchange or refund until 6 Dec",
            asked={"reason": "small"}, policy=ASKING),
        Row("a detail for shoes, given for a sweater", "refuse",
            "Choose why you're returning Merino Crew Sweater",
            {"product_type": "Knitwear"}, {"reason": "narrow", "resolution": "exchange"}, ASKING),
        Row("a detail with an outcome of its own", "refuse",
            "Choose exchange for Merino Crew Sweater", {"product_type": "Shoes"},
            {"reason": "narrow"}, ASKING),
        Row("a reason whose detail is left open", "review", CHECKED,
            asked={"reason": "fit"}, policy=ASKING),
        Row("a question left open in the portal", "refuse",
            "Answer for Merino Crew Sweater: What did you not like?", policy=ASKING),
        Row("a question left open by a program", "review",
            "Answer for Merino Crew Sweater: What did you not like?",
            asked={"channel": "api"}, policy=ASKING),
        Row("a question answered", "allow", "Refund until 6 Dec",
            asked={"answers": {"liked": "The colour"}}, policy=ASKING),
    ],
    "When a person looks": [
        Row("dearer than the policy decides by itself", "review", CHECKED,
            {"unit_paid_minor": 25_001}),
        Row("just as dear as it may be", "allow", "Refund, credit or exchange until 6 Dec",
            {"unit_paid_minor": 25_000}),
        Row("no limit", "allow", "Refund, credit or exchange until 6 Dec",
            {"unit_paid_minor": 900_000}, policy={"approval__max_value_minor": None}),
        Row("nothing is approved by itself", "review", CHECKED,
            policy={"approval__automatic": False}),
        Row("whoever has returned before is looked at", "review", CHECKED,
            policy={"approval__first_return_only": True}, order={"earlier_returns": 1}),
        Row("the first return of a shopper", "allow", "Refund, credit or exchange until 6 Dec",
            policy={"approval__first_return_only": True}),
        Row("a shopper on the block list", "review", CHECKED,
            policy={"risk": {"review_at": 50, "shadow": False}},
            order={"history": replace(NEW, mark="block")}),
        Row("a risk score above the limit", "review", CHECKED,
            policy={"risk": {"review_at": 50, "shadow": False}}, order={"history": NEW},
            rules=(rule(None, do("risk_points", 60)),)),
        Row("a risk score in shadow mode", "allow", "Refund, credit or exchange until 6 Dec",
            policy={"risk": {"review_at": 50, "shadow": True}}, order={"history": NEW},
            rules=(rule(None, do("risk_points", 60)),)),
    ],
    "Rules of the shop": [
        Row("outlet is closed, in the shop's words", "refuse", "Outlet stays with you",
            {"tags": ("outlet",)}, rules=(
                rule(when("item.tags", "has_any", ["outlet"]), do("decline"),
                     text={"en": "Outlet stays with you."}),)),
        Row("a rule that says no without words", "refuse", "This item can't be returned",
            rules=(rule(None, do("decline")),)),
        Row("shoes have 60 days", "allow", "Refund, credit or exchange until 5 Jan 2027",
            {"product_type": "Shoes"},
            rules=(rule(when("item.type", "is_one_of", ["shoes"]), do("set_window", 60)),)),
        Row("Christmas gifts may come back until January", "allow",
            "Refund, credit or exchange until 31 Jan 2027",
            rules=(rule(when("order.placed_on", "from", "2026-11-01"),
                        do("extend_until", "2027-01-31")),)),
        Row("a sale item for credit only", "allow", "Credit until 6 Dec",
            {"discount_bp": 5000}, {"resolution": "store_credit"},
            rules=(rule(when("item.discount_share", "over", 3000),
                        do("only_outcomes", ["store_credit"])),)),
        Row("a sale item for money", "refuse", "Choose credit for Merino Crew Sweater",
            {"discount_bp": 5000},
            rules=(rule(when("item.discount_share", "over", 3000),
                        do("only_outcomes", ["store_credit"])),)),
        Row("final sale that a rule lifts", "allow", "Refund, credit or exchange until 6 Dec",
            {"final_sale": True}, rules=(rule(None, do("accept")),)),
        Row("no rule brings back a gift card", "refuse", "Gift cards can't be returned",
            {"gift_card": True}, rules=(rule(None, do("accept")),)),
        Row("a reason that a rule takes away", "refuse",
            "Choose why you're returning Merino Crew Sweater",
            rules=(rule(None, do("exclude_reasons", ["changed_mind"])),)),
        Row("two photos for dear goods", "refuse",
            "Add 2 photos of Merino Crew Sweater that show what is wrong",
            asked=PHOTO, rules=(rule(None, do("require_photos", 2)),)),
        Row("approved at once, however dear", "allow", "Refund, credit or exchange until 6 Dec",
            {"unit_paid_minor": 90_000}, rules=(rule(None, do("approve")),)),
        Row("the first of two rules wins", "allow", "Refund, credit or exchange until 20 Nov",
            rules=(rule(None, do("set_window", 14), key="short"),
                   rule(None, do("set_window", 90), key="long"))),
        Row("a rule about what is not known stays silent", "allow",
            "Refund, credit or exchange until 6 Dec",
            rules=(rule(when("customer.returns", "at_least", 0), do("decline")),)),
        Row("a rule that is switched off", "allow", "Refund, credit or exchange until 6 Dec",
            rules=({**rule(None, do("decline")), "on": False},)),
    ],
}  # fmt: skip


def decide(row: Row) -> Decision:
    asked = {"channel": "portal", **row.asked}
    wish = ask(**{name: value for name, value in asked.items() if name != "channel"})
    changes = {**row.policy, **({"rules": list(row.rules)} if row.rules else {})}
    ordered = order(line(**row.item), **row.order)
    return evaluate(ordered, request(wish, channel=asked["channel"]), policy(**changes))


def said(decision: Decision) -> str:
    """Return what the shopper reads first: what stands in the way, else what is open."""
    headline = decision.headline
    return decision.lines[0].sentence if headline is None else headline.sentence


ROWS = [(topic, row) for topic, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(
    "row", [row for _topic, row in ROWS], ids=[f"{topic}: {row.case}" for topic, row in ROWS]
)
def test_case_is_decided_and_said_as_the_table_has_it(row: Row) -> None:
    decision = decide(row)

    assert (str(decision.verdict), said(decision)) == (row.verdict, row.says)


def test_table_has_at_least_60_cases_each_named_once() -> None:
    names = [(topic, row.case) for topic, row in ROWS]

    assert len(names) >= 60
    assert len(set(names)) == len(names)
    assert {row.verdict for _topic, row in ROWS} == {"allow", "review", "refuse"}
