"""How long policy takes to decide: a large order under many rules, nothing read or written."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from returns_portal.core.clock import now
from rma.policy.document import Policy, default_policy, parse_policy
from rma.policy.engine import evaluate, offer
from rma.policy.types import LineFacts, OrderFacts, RequestFacts, RequestLine

LINES, RULES = 10, 200


def many_rules() -> Policy:
    """Return a policy of :data:`RULES` rules, each of three tests; a few of them apply."""
    document = default_policy("EUR")
    document["rules"] = [
        {
            "key": f"rule_{number}",
            "name": f"Rule {number}",
            "on": True,
            "when": {
                "all": [
                    {
                        "fact": "order.country",
                        "test": "is_one_of",
                        "value": ["DE", "FR", "IE"],
                    },
                    {"fact": "item.price", "test": "over", "value": number * 50},
                    {
                        "any": [
                            {
                                "fact": "item.type",
                                "test": "is_one_of",
                                "value": [f"type {number % 40}"],
                            },
                            {"fact": "item.tags", "test": "has_any", "value": [f"tag {number}"]},
                        ]
                    },
                ]
            },
            "then": [
                {"do": "review"} if number % 2 else {"do": "set_window", "value": 20 + number % 30}
            ],
        }
        for number in range(RULES)
    ]
    return parse_policy(document, version=1)


def large_order() -> tuple[OrderFacts, RequestFacts]:
    """Return an order of :data:`LINES` lines and a request for all of them."""
    moment = now()
    lines = tuple(
        LineFacts(
            key=f"line-{number}",
            title=f"Item {number}",
            quantity_ordered=1,
            quantity_fulfilled=1,
            purchased_at=moment - timedelta(days=9),
            unit_paid_minor=8550,
            delivered_at=moment - timedelta(days=5),
            tags=("summer", "outlet"),
            product_type=f"Type {number}",
        )
        for number in range(LINES)
    )
    asked = tuple(RequestLine(line.key, "too_small", 1, "refund") for line in lines)
    order = OrderFacts("order", "NL-1", "EUR", "IE", "Europe/Dublin", moment, lines)
    return order, RequestFacts(asked)


def decisions(values: dict[str, Any]) -> dict[str, Any]:
    """Decide ``count`` times; return the milliseconds of processor time that one took."""
    policy = many_rules()
    order, request = large_order()
    evaluate(order, request, policy)
    began = time.process_time()
    for _ in range(values["count"]):
        evaluate(order, request, policy)
    decided = time.process_time()
    for _ in range(values["count"]):
        offer(order, policy)
    each = 1000 / values["count"]
    return {
        "decision_ms": (decided - began) * each,
        "offer_ms": (time.process_time() - decided) * each,
    }
