"""Signals of abuse: counted within one merchant by blind indexes, and only where a rule asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.models import Order, OrderLine, Payment
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.marks import end_mark, mark_shopper
from rma.actions.policy import publish_policy, save_draft
from rma.actions.review import cancel_return
from rma.models import Photo, Return, ReturnLine
from rma.policy.document import default_policy
from rma.policy.facts import build
from rma.policy.live import live_policy
from rma.policy.signals import MOST_SHARING, conduct_of, linked_of
from rma.policy.types import Conduct, Linked
from tests import flows
from tests.factories import make_merchant
from tests.rma.policy.test_own_rules import do, rule, when


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def publish(*rules: dict[str, Any], **sections: Any) -> None:
    document = default_policy("EUR") | sections
    document["rules"] = list(rules)
    with transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def record(number: str, email: str, **parts: str) -> OrderRecord:
    """Return an order that shares nothing with others but the given phone, street or card."""
    told = flows.order_record(number=number, email=email)
    street, phone = parts.get("street", f"Gata {number}"), parts.get("phone", "")
    address = replace(told.shipping_address, line1=street, phone=phone)
    payment = replace(told.payments[0], fingerprint=parts.get("card", ""))
    return replace(
        told, shipping_address=address, billing_address=replace(address), payments=(payment,)
    )


def placed(number: str, email: str, **parts: str) -> Order:
    return flows.order(record(number, email, **parts))


@pytest.mark.parametrize(
    ("own", "other", "by"),
    [
        ({"phone": "+46 70 123 45 67"}, {"phone": "070-1234567"}, "phone"),
        ({"street": "Storgatan 1, apt 3"}, {"street": "storgatan 1 Apartment 3"}, "address"),
        ({"card": "fp_1"}, {"card": "fp_1"}, "card"),
    ],
)
def test_shoppers_are_linked_by_what_they_share(
    shop: Merchant, own: dict[str, str], other: dict[str, str], by: str
) -> None:
    mine = placed("NL-1", "maya@example.com", **own)
    theirs = placed("NL-2", "eve@example.com", **other)
    placed("NL-3", "someone@example.com", phone="+46 70 999 99 99", street="Kungsgatan 4", card="x")
    flows.request(theirs)
    gone = flows.request(placed("NL-4", "eve@example.com"))
    cancel_return(gone.pk, actor=SYSTEM)

    assert linked_of(mine, now()) == Linked(shoppers=1, by=(by,), returns=1, returns_90=1)
    later = now() + timedelta(days=91)
    assert linked_of(mine, later) == Linked(shoppers=1, by=(by,), returns=1, returns_90=0)


@pytest.mark.parametrize(
    ("email", "other"),
    [("maya@example.com", "Maya+Sale@example.com"), ("ma.ya@gmail.com", "maya+1@googlemail.com")],
)
def test_addresses_of_one_mailbox_are_linked(shop: Merchant, email: str, other: str) -> None:
    mine = placed("NL-1", email)
    placed("NL-2", other)
    placed("NL-3", f"x{other}")

    assert linked_of(mine, now()) == Linked(shoppers=1, by=("mailbox",))


def test_own_orders_link_nobody(shop: Merchant) -> None:
    shared = {"phone": "+46700000001", "street": "Storgatan 1", "card": "fp_1"}
    mine = placed("NL-1", "maya@example.com", **shared)
    flows.request(placed("NL-2", "maya@example.com", **shared))

    assert linked_of(mine, now()) == Linked()


def test_what_many_share_links_nobody(shop: Merchant) -> None:
    mine = placed("NL-0", "maya@example.com", street="Parcel shop 7", card="fp_1")
    for number in range(MOST_SHARING):
        placed(f"NL-{number + 1}", f"shopper{number}@example.com", street="Parcel shop 7")
    assert linked_of(mine, now()).shoppers == MOST_SHARING

    placed("NL-8", "eve@example.com", street="Parcel shop 7", card="fp_1")

    assert linked_of(mine, now()) == Linked(shoppers=1, by=("card",))


def test_block_list_reaches_linked_shoppers_while_it_counts(shop: Merchant) -> None:
    mine = placed("NL-1", "maya@example.com", phone="+46701234567")
    theirs = placed("NL-2", "eve@example.com", phone="+46701234567")
    allowed = mark_shopper(theirs.pk, kind="allow", reason="Known.", days=None, actor=SYSTEM)
    assert linked_of(mine, now()).blocked is False
    blocked = mark_shopper(theirs.pk, kind="block", reason="Empty boxes.", days=30, actor=SYSTEM)

    assert allowed.pk != blocked.pk
    assert linked_of(mine, now()).blocked is True
    assert linked_of(mine, now() + timedelta(days=31)).blocked is False
    end_mark(blocked.pk, actor=SYSTEM)
    assert linked_of(mine, now()).blocked is False


def test_another_merchant_links_nobody(shop: Merchant) -> None:
    other = make_merchant("other-shop")
    shared = {"phone": "+46701234567", "street": "Storgatan 1", "card": "fp_1"}
    mine = placed("NL-1", "maya@example.com", **shared)
    with merchant_scope(other.pk), transaction.atomic():
        placed("NL-2", "eve@example.com", **shared)

    assert linked_of(mine, now()) == Linked()


def test_nothing_that_links_is_stored_as_it_was_told(shop: Merchant) -> None:
    mine = placed("NL-1", "maya+x@example.com", street="Secret Lane 9", card="fp_secret")

    kept = [*Order.objects.filter(pk=mine.pk).values(), *Payment.objects.values()]
    shown = [
        str(value)
        for row in kept
        for name, value in row.items()
        # These two are sealed columns, which only this process reads.
        if name not in ("email", "shipping_address")
    ]
    assert not [text for text in shown if "Secret" in text or "fp_secret" in text or "maya" in text]
    assert len(bytes(mine.address_index)) == len(bytes(mine.mailbox_index)) == 16


def test_conduct_counts_returns_claims_and_rates(shop: Merchant) -> None:
    publish()
    first = flows.order(number="NL-1", prices=(4000, 1000), quantity=2)
    second = flows.order(number="NL-2", quantity=1)
    stranger = flows.order(number="NL-3", email="eve@example.com")
    flows.request(stranger)
    dear, cheap = flows.lines_of(first)
    kept = flows.request(
        first, flows.wish(dear, reason="wrong_item"), flows.wish(cheap, quantity=2)
    )
    policy = live_policy()[1]
    # 3 of 5 units came back, worth 6,000 of 14,500.
    known = Conduct(
        returns_30=1, return_bp=6000, value_return_bp=60_000_000 // 14_500, claims=1,
        claims_unproven=1,
    )  # fmt: skip
    assert OrderLine.objects.filter(order=second).get().paid_minor == 4500

    assert conduct_of(second, policy, now()) == known
    later = now() + timedelta(days=31)
    assert conduct_of(second, policy, later) == replace(known, returns_30=0)
    _show(kept, ReturnLine.objects.get(rma=kept, reason="wrong_item"))
    assert conduct_of(second, policy, now()) == replace(known, claims_unproven=0)
    cancel_return(kept.pk, actor=SYSTEM)
    assert conduct_of(second, policy, now()) == Conduct(0, 0, 0, 0, 0)


def _show(rma: Return, line: ReturnLine) -> None:
    Photo.objects.create(
        rma=rma, return_line=line, path="p.jpg", content_type="image/jpeg", width=1, height=1,
        size_bytes=1, digest=b"0" * 32, uploaded_by="Shopper",
    )  # fmt: skip


def test_rates_are_not_known_of_too_few_units(shop: Merchant) -> None:
    publish()
    policy = live_policy()[1]
    euros = flows.order(number="NL-1", quantity=4)
    flows.request(euros, flows.wish(flows.lines_of(euros)[0], quantity=4))
    assert conduct_of(euros, policy, now()) == Conduct(1, None, None, 0, 0)

    flows.order(number="NL-2", currency="SEK", quantity=2)

    # Six units in all, but four in euro: what was paid in crowns has no part in the value.
    assert conduct_of(euros, policy, now()) == Conduct(1, 6666, None, 0, 0)


def test_conduct_of_an_order_without_an_address_is_not_known(shop: Merchant) -> None:
    publish()
    nobody = flows.order(number="NL-1", email="")

    assert conduct_of(nobody, live_policy()[1], now()) is None


def test_signals_are_read_only_where_a_rule_asks(shop: Merchant) -> None:
    order = flows.order()
    publish(rule(when("return.units", "over", 1), do("review")))
    plain = live_policy()[1]
    publish(
        rule(when("customer.linked", "over", 0), do("tag", ["linked"]), key="a"),
        rule(when("customer.returns_30", "over", 3), do("review"), key="b"),
    )
    asking = live_policy()[1]
    build(order, now())

    with CaptureQueriesContext(connection) as before:
        unknown = build(order, now(), policy=plain)
    with CaptureQueriesContext(connection) as after:
        known = build(order, now(), policy=asking)

    assert (unknown.conduct, unknown.linked) == (None, None)
    assert (known.conduct, known.linked) == (Conduct(0, None, None, 0, 0), Linked())
    assert len(after) - len(before) == 2


def test_linked_blocked_shopper_is_scored_and_waits_for_a_person(shop: Merchant) -> None:
    publish(
        rule(when("customer.linked_blocked", "is", True), do("risk_points", 80), key="ring"),
        risk={"review_at": 70, "shadow": False},
    )
    theirs = placed("NL-1", "eve@example.com", card="fp_1")
    mark_shopper(theirs.pk, kind="block", reason="Empty boxes.", days=None, actor=SYSTEM)

    waiting = flows.request(placed("NL-2", "maya@example.com", card="fp_1"))
    free = flows.request(placed("NL-3", "ann@example.com", card="fp_2"))

    assert (waiting.status, waiting.risk_score) == ("requested", 80)
    assert waiting.review_reason == "Risk score 80 of 70: Ring 80."
    assert (free.status, free.risk_score) == ("open", 0)
    assert waiting.facts["order"]["linked"] == {
        "shoppers": 1, "by": ["card"], "returns": 0, "returns_90": 0, "blocked": True,
    }  # fmt: skip
