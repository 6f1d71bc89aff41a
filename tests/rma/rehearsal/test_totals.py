from __future__ import annotations

from itertools import permutations

from rma.rehearsal import totals
from rma.rehearsal.comparing import Rehearsed, rehearse
from tests.rma.policy.builders import ask, line, order, policy, request
from tests.rma.rehearsal.past import past

DRAFT = policy(approval__max_value_minor=None, fee__amount_minor=0, window__days=5)
DEAR = line(unit_paid_minor=40_000, title="Parka")


def judged() -> list[Rehearsed]:
    """Return an easy return that would be refused, a dear fault that passes, and one refused."""
    fault = request(ask(reason="wrong_item"))
    stored = [
        past(expected_minor=8055),
        past(
            fault, order(DEAR, country="FR", customer_groups=("VIP", "Club")), expected_minor=40_000
        ),
        past(ordered=order(line(final_sale=True)), expected_minor=0),
    ]
    return [rehearse(one, DRAFT) for one in stored]


def test_count_adds_flows_money_labels_and_groups() -> None:
    assert totals.count(judged(), ["R-9", "R-8"]) == {
        "returns": 5,
        "changed": 3,
        "unreadable": 2,
        "unreadable_numbers": ["R-8", "R-9"],
        "engine_errors": 0,
        "versions": {"14": 3},
        "flows": {"allow>refuse": 1, "review>allow": 1, "refuse>refuse": 1},
        "labels": {"before": 1, "after": 1},
        "money": {
            "EUR": {
                "fees_before": 495,
                "fees_after": 0,
                "approved_before": 8055,
                "approved_after": 40_000,
                "moved": {"allow>refuse": 8055, "review>allow": 40_000},
            }
        },
        "products": {
            "Merino Crew Sweater": {"better": 0, "worse": 1},
            "Parka": {"better": 1, "worse": 0},
        },
        "countries": {"IE": {"better": 0, "worse": 1}, "FR": {"better": 1, "worse": 0}},
        "customer_groups": {
            "VIP": {"better": 1, "worse": 0},
            "Club": {"better": 1, "worse": 0},
        },
        "reasons": {
            "changed_mind": {"better": 0, "worse": 1},
            "wrong_item": {"better": 1, "worse": 0},
        },
    }


def test_merge_in_any_order_gives_what_one_count_gives() -> None:
    one, two, three = judged()
    parts = [
        totals.count([one], ["R-3"]),
        totals.count([two, three], ["R-1", "R-2"]),
        totals.count([]),
    ]
    whole = totals.together([totals.count([one, two, three], ["R-1", "R-2", "R-3"])])

    assert all(totals.together(order) == whole for order in permutations(parts))


def test_together_keeps_the_groups_with_most_changes_and_counts_the_rest() -> None:
    found = totals.empty()
    found["products"] = {f"P{n:03}": {"better": n, "worse": 1} for n in range(60)}

    whole = totals.together([found])

    assert list(whole["products"]) == [f"P{n:03}" for n in range(59, 9, -1)]
    assert (whole["products_left_out"], whole["countries_left_out"]) == (10, 0)


def test_merge_changes_neither_part() -> None:
    first, second = totals.count(judged()), totals.count(judged())
    before = repr(first), repr(second)

    totals.merge(first, second)

    assert (repr(first), repr(second)) == before
