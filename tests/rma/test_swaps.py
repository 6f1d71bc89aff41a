"""Exchanges for other products: what they cost, what goes back, what is collected, and when."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from inventory.models import Reservation
from refunds.models import Refund, StoreCredit
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import OrderLine, Product, Variant
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, PolicyRefused
from returns_portal.core.invariants import problems_of
from returns_portal.core.money import Money
from returns_portal.tenancy.models import Merchant
from rma.actions.exchange import cancel_exchange, collect_difference, ship_exchange
from rma.actions.instead import pay_instead
from rma.actions.review import cancel_return, expire_due_returns
from rma.models import Exchange, Resolution, Return, ReturnLine
from rma.quoting import Quote, QuoteLine, quote_return
from rma.swaps import unit_price
from tests import flows
from tests.inventory.stock import stock_of
from tests.portal.conftest import publish
from tests.rma.policy.builders import policy
from tests.rma.returning import make_order
from tests.rma.test_quoting import eur, lines_of, some
from tests.rma.test_resolution import commit_resolution, look_at

pytestmark = pytest.mark.usefixtures("shop")
CLERK = Actor(ActorKind.MEMBER, id="3", name="Cleo Clerk")
ANY = {"any_product": True, "cheaper": "refund", "dearer": "never"}
COLLECT = {**ANY, "dearer": "collect"}


@pytest.fixture
def scarf(shop: Merchant) -> Variant:
    """Return a variant of another product, three in stock, at 30.00."""
    product = Product.objects.create(source="csv", external_id="scarf", title="Wool Scarf")
    made = Variant.objects.create(
        product=product, source="csv", external_id="scarf-1", title="Red", sku="WS",
        currency="EUR", price_minor=3000,
    )  # fmt: skip
    flows.stock(OrderLine(variant_id=made.pk), 3)
    return made


def costs(variant: Variant, minor: int) -> Variant:
    Variant.objects.filter(pk=variant.pk).update(price_minor=minor)
    return variant


def swapped(variant: Variant, *, quantity: int = 1, channel: str = "portal", **more: Any) -> Return:
    """Ask for the exchange of units bought at 45.00 each."""
    placed = flows.order(quantity=2, **more)
    line = flows.lines_of(placed)[0]
    wish = flows.wish(
        line, quantity=quantity, wanted="exchange", reason="too_small", variant_id=variant.pk
    )
    return flows.request(placed, wish, method="own", channel=channel)


def quoted(order: Any, *lines: QuoteLine, **exchange: Any) -> Quote:
    rules = policy(exchange={**ANY, **exchange})
    return quote_return(order, lines, rules)


# Pricing


@pytest.mark.parametrize(
    ("price", "back", "due"), [(8550, 0, 0), (6000, 2550, 0), (9999, 0, 1449), (1, 8549, 0)]
)
def test_quote_of_a_swap_sums_to_the_value_of_the_item(price: int, back: int, due: int) -> None:
    order = make_order()
    [line] = lines_of(order)

    quote = quoted(order, some(line, "exchange", replacement_minor=price))

    assert (quote.refund, quote.store_credit) == (eur(back), eur(0))
    assert quote.due == eur(due)
    kept = quote.breakdown("exchange")["kept_minor"]
    assert kept + back == 8550
    assert kept + due == price
    assert quote.total == eur(back)
    assert quote.share_of(line.pk, "exchange") == back


def test_quote_of_a_swap_takes_the_tax_apart_exactly() -> None:
    taxed = {
        "net_minor": 7125, "tax_minor": 1425, "paid_minor": 8550, "quantity": 1,
        "tax_lines": [{"code": "vat", "rate_ppm": 200000, "minor": 1425}],
    }  # fmt: skip
    order = make_order(lines=[taxed], total_minor=8550)

    quote = quoted(order, some(lines_of(order)[0], "exchange", replacement_minor=5001))

    back, kept = quote.breakdowns["refund"], quote.breakdowns["exchange"]
    assert back.total_minor == 3549
    assert back.tax_minor + kept.tax_minor == 1425
    assert back.net_minor + kept.net_minor == 7125


def test_quote_of_a_swap_may_leave_credit_and_bears_the_fee_once() -> None:
    order = make_order(lines=[{}, {}], customer=None)
    first, second = lines_of(order)
    lines = (some(first), some(second, "exchange", replacement_minor=6000))

    assert quoted(order, *lines, cheaper="store_credit").store_credit == eur(0)
    both = quoted(order, *lines)
    assert (both.refund, both.fee) == (eur(8550 + 2550 - 495), eur(495))
    assert both.share_of(first.pk, "refund") == 8550
    assert both.share_of(second.pk, "exchange") == 2550


def test_quote_of_two_swaps_bears_the_fee_once_across_both() -> None:
    order = make_order(lines=[{}, {}])
    first, second = lines_of(order)

    # 2.00 is left over of the first, so the second bears the other 2.95 of the fee.
    fee = {"amount_minor": 495, "waived_for_fault": True, "waived_for_exchange": False}
    both = quote_return(
        order,
        [
            some(first, "exchange", replacement_minor=8350),
            some(second, "exchange", replacement_minor=6000),
        ],
        policy(exchange=ANY, fee=fee),
    )

    assert (both.refund, both.fee) == (eur(200 + 2550 - 495), eur(495))


def test_quote_after_a_swap_has_nothing_left_of_the_unit() -> None:
    order = make_order(lines=[{"quantity": 1}], total_minor=8550)
    [line] = lines_of(order)
    swap = quoted(order, some(line, "exchange", replacement_minor=6000))
    other = make_order(number="NL-2")
    rma = Return.objects.create(
        number="R1", order=order, channel="portal", operation_id="x", token="t" * 20,
        currency="EUR", stage="review", policy_version=publish(exchange=ANY),
    )  # fmt: skip
    for kind in ("exchange", "refund"):
        Resolution.objects.create(
            rma=rma, kind=kind, currency="EUR", breakdown=swap.breakdown(kind)
        )
    OrderLine.objects.filter(pk=line.pk).update(claimed_quantity=1)
    assert other.pk != order.pk

    with pytest.raises(Exception, match="0 of 1 can still be returned"):
        quoted(type(order).objects.get(pk=order.pk), some(line))


def test_unit_price_adds_the_tax_of_the_item_where_prices_are_without() -> None:
    sold = OrderLine(currency="EUR", net_minor=10000, tax_minor=2500)
    chosen = Variant(currency="EUR", price_minor=4999)

    assert unit_price(chosen, sold, taxes_included=True) == 4999
    assert unit_price(chosen, sold, taxes_included=False) == 6249
    assert unit_price(Variant(currency="SEK", price_minor=1), sold, taxes_included=True) is None
    assert unit_price(Variant(currency="EUR"), sold, taxes_included=True) is None


# Asking


def test_swap_is_refused_where_the_policy_exchanges_within_a_product(scarf: Variant) -> None:
    with pytest.raises(InvalidInput, match="size or colour"), attempt():
        swapped(scarf)

    assert Return.objects.count() == 0
    assert stock_of(scarf) == {"sellable": 3}


def test_swap_is_allowed_by_a_rule_for_the_goods_it_names(scarf: Variant) -> None:
    rule = {
        "key": "swap", "name": "Swap", "on": True, "then": [{"do": "any_product"}],
        "when": {"fact": "item.title", "test": "matches", "value": ["trail*"]},
    }  # fmt: skip
    publish(rules=[rule])

    assert swapped(scarf).status == "open"


def test_cheaper_swap_holds_the_replacement_and_pays_the_rest_back(
    shop: Merchant, scarf: Variant
) -> None:
    publish(exchange=ANY)
    rma = swapped(scarf)
    line = ReturnLine.objects.get()
    assert (rma.status, rma.expected_minor) == ("open", 1500)
    assert (line.exchange_unit_minor, line.expected_minor) == (3000, 1500)
    assert stock_of(scarf) == {"sellable": 2, "reserved": 1}

    costs(scarf, 9900)
    rma = flows.inspected(flows.received(rma))

    assert {one.kind: (one.amount_minor, one.status) for one in Resolution.objects.all()} == {
        "refund": (1500, "executing"), "exchange": (0, "executing"),
    }  # fmt: skip
    assert Refund.objects.get().amount == Money(1500, "EUR")
    exchange = Exchange.objects.get()
    assert (exchange.status, exchange.due_minor) == ("released", 0)
    flows.drain()
    ship_exchange(exchange.pk, actor=CLERK, tracking_code="T1")
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_cheaper_swap_leaves_store_credit_where_the_policy_says_so(
    shop: Merchant, scarf: Variant
) -> None:
    publish(exchange={**ANY, "cheaper": "store_credit"})

    flows.inspected(flows.received(swapped(scarf)))

    assert StoreCredit.objects.get().balance_minor == 1500
    assert Refund.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_swap_partly_accepted_pays_the_rest_of_what_was_accepted(
    shop: Merchant, scarf: Variant
) -> None:
    publish(exchange=ANY)
    rma = flows.received(swapped(scarf, quantity=2))
    assert rma.expected_minor == 3000
    look_at(rma, True, False)
    commit_resolution(rma.pk, actor=CLERK)

    assert Refund.objects.get().amount_minor == 1500
    assert Exchange.objects.get().quantity == 1
    assert stock_of(scarf) == {"sellable": 2, "reserved": 1}
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize("channel", ["portal", "api", "staff"])
def test_dearer_swap_is_refused_where_nobody_collects(
    shop: Merchant, scarf: Variant, channel: str
) -> None:
    publish(exchange=ANY)
    costs(scarf, 5000)

    placed = flows.order()
    [line] = flows.lines_of(placed)
    wish = flows.wish(line, wanted="exchange", reason="too_small", variant_id=scarf.pk)

    with pytest.raises(PolicyRefused, match="costs more"), attempt():
        flows.request(placed, wish, method="own", channel=channel)

    assert Return.objects.count() == 0
    assert OrderLine.objects.get().claimed_quantity == 0
    assert stock_of(scarf) == {"sellable": 3}


def test_dearer_swap_waits_for_the_exact_difference(shop: Merchant, scarf: Variant) -> None:
    publish(exchange=COLLECT)
    costs(scarf, 5299)
    rma = swapped(scarf)
    assert (rma.expected_minor, rma.quote["due_minor"]) == (0, 799)
    exchange = Exchange.objects.get()
    with pytest.raises(InvalidTransition, match="Nothing is to pay"), attempt():
        collect_difference(exchange.pk, actor=CLERK)

    rma = flows.inspected(flows.received(rma))

    task = StaffTask.objects.get(kind="collect_difference")
    assert (task.title, task.status) == (
        f"{rma.number}: collect €7.99 for the replacement", "open",
    )  # fmt: skip
    exchange.refresh_from_db()
    assert (exchange.status, exchange.due_minor) == ("reserved", 799)
    with pytest.raises(InvalidTransition), attempt():
        ship_exchange(exchange.pk, actor=CLERK, tracking_code="")

    collect_difference(exchange.pk, actor=CLERK)
    collect_difference(exchange.pk, actor=CLERK)

    exchange.refresh_from_db()
    task.refresh_from_db()
    assert (exchange.status, exchange.collected_by) == ("released", "Cleo Clerk")
    assert (task.status, task.done_note) == ("done", "Collected")
    assert Event.objects.filter(kind="exchange.released").count() == 1
    ship_exchange(exchange.pk, actor=CLERK, tracking_code="")
    assert flows.fresh(rma).status == "closed"
    assert Refund.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_dearer_variant_of_the_same_product_is_never_free_by_accident(shop: Merchant) -> None:
    placed = flows.order()
    [line] = flows.lines_of(placed)
    own = line.variant
    assert own is not None
    large = Variant.objects.create(
        product_id=own.product_id, source="csv", external_id="XL", title="XL",
        currency="EUR", price_minor=own.price_minor + 1000,
    )  # fmt: skip
    flows.stock(OrderLine(variant_id=large.pk), 1)
    wish = flows.wish(line, wanted="exchange", reason="too_small", variant_id=large.pk)

    with pytest.raises(PolicyRefused, match="costs more"), attempt():
        flows.request(placed, wish, method="own", channel="api")
    assert flows.request(placed, wish, method="own", channel="staff").status == "open"
    assert ReturnLine.objects.get().exchange_unit_minor is None


def test_swap_of_a_return_that_ends_frees_the_replacement_once(
    shop: Merchant, scarf: Variant
) -> None:
    publish(exchange=COLLECT)
    cancelled, over = swapped(scarf), swapped(scarf, number="NL-2")
    assert stock_of(scarf) == {"sellable": 1, "reserved": 2}

    cancel_return(cancelled.pk, actor=CLERK)
    cancel_return(cancelled.pk, actor=CLERK)
    assert stock_of(scarf) == {"sellable": 2, "reserved": 1}
    Return.objects.filter(pk=over.pk).update(expires_at=over.created_at)
    expire_due_returns()
    expire_due_returns()

    assert stock_of(scarf) == {"sellable": 3}
    assert set(Reservation.objects.values_list("status", flat=True)) == {"cancelled"}
    assert problems_of(shop.pk) == []


# Giving up


def test_unpaid_swap_is_paid_back_instead(shop: Merchant, scarf: Variant) -> None:
    publish(exchange=COLLECT)
    costs(scarf, 9900)
    rma = flows.inspected(flows.received(swapped(scarf)))
    exchange = Exchange.objects.get()

    made = pay_instead(exchange.pk, wanted="refund", actor=CLERK)

    assert (made.kind, made.amount_minor) == ("refund", 4500)
    assert Refund.objects.get().amount_minor == 4500
    assert stock_of(scarf) == {"sellable": 3}
    assert StaffTask.objects.get(kind="collect_difference").done_note == "Given up"
    assert Resolution.objects.get(kind="exchange").status == "cancelled"
    assert ReturnLine.objects.get().wanted == "refund"
    with pytest.raises(InvalidTransition), attempt():
        pay_instead(exchange.pk, wanted="store_credit", actor=CLERK)
    flows.drain()
    assert (flows.fresh(rma).status, flows.fresh(rma).stage) == ("closed", "refunded")
    assert problems_of(shop.pk) == []


def test_swap_paid_instead_bears_what_a_rule_holds_back(shop: Merchant, scarf: Variant) -> None:
    tenth = {
        "key": "tenth", "name": "Tenth", "on": True, "when": None,
        "then": [{"do": "restocking_fee", "value": 1000}],
    }  # fmt: skip
    publish(exchange=COLLECT, rules=[tenth])
    costs(scarf, 9900)
    flows.inspected(flows.received(swapped(scarf)))

    made = pay_instead(Exchange.objects.get().pk, wanted="refund", actor=CLERK)

    assert made.amount_minor == 4050


def test_swap_paid_instead_never_pays_the_rest_twice(shop: Merchant, scarf: Variant) -> None:
    publish(exchange=ANY)
    placed = flows.order(prices=(4500, 4500))
    first, second = flows.lines_of(placed)
    wishes = [
        flows.wish(one, wanted="exchange", reason="too_small", variant_id=scarf.pk)
        for one in (first, second)
    ]
    flows.inspected(flows.received(flows.request(placed, *wishes, method="own")))
    assert Refund.objects.get().amount_minor == 3000
    one = Exchange.objects.get(return_line__order_line=first)
    with transaction.atomic():
        Exchange.objects.filter(pk=one.pk).update(status="reserved")
        Reservation.objects.filter(pk=one.reservation_id).update(status="held")

    with pytest.raises(Conflict, match="has a refund already"), attempt():
        pay_instead(one.pk, wanted="refund", actor=CLERK)
    made = pay_instead(one.pk, wanted="store_credit", actor=CLERK)

    assert made.amount_minor == 3000
    assert Refund.objects.count() == 1
    swap = Resolution.objects.get(kind="exchange", status="executing")
    assert swap.breakdown["kept_minor"] == 3000
    assert problems_of(shop.pk) == []


def test_held_swap_before_the_goods_are_in_is_not_paid_instead(
    shop: Merchant, scarf: Variant
) -> None:
    publish(exchange=ANY)
    swapped(scarf)

    with pytest.raises(InvalidTransition, match="not owed"), attempt():
        pay_instead(Exchange.objects.get().pk, wanted="refund", actor=CLERK)

    assert Resolution.objects.count() == 0
    cancel_exchange(Exchange.objects.get().pk, actor=CLERK)
