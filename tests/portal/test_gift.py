"""Returning a gift: the code proves it, the receiver gets the credit, the buyer stays unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from notifications.models import Message
from refunds.models import Refund, StoreCredit
from returns_portal.commerce.gift_codes import give_out_gift_code
from returns_portal.commerce.models import Customer, GiftCode, Order, OrderLine
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.errors import PolicyRefused
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.integrations.models import ProviderCall
from returns_portal.tenancy.models import Merchant
from rma.actions.requesting import request_return
from rma.actions.review import ask_for_information, decline_return
from rma.label_calls import read_job
from rma.labels import slip_document
from rma.models import Return
from rma.replaying import replayed_returns
from rma.selectors import returns_of_order
from tests import flows
from tests.portal.conftest import EMAIL, Shopper, publish, text

_RANDOM = re.compile(r'(value|href|action|data-[\w-]+|src)="[^"]*"|\b\w{64}\b|https?://\S+')
RECEIVER = {"name": "Ola Nordmann", "email": "ola@example.org"}
# What the buyer did not give away with the gift: who they are, where, what they paid and how.
BUYERS = (
    "maya", "lindqvist", "storgatan", "111 23", "stockholm", "700000001", "nl-1001", "nl1001",
    "visa", "4242", "85.50", "117.00", "202.50", "80.55", "€", "eur",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nobody_has_tried() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def code(order: Order) -> str:
    with transaction.atomic():
        return give_out_gift_code(order.pk, actor=SYSTEM)


class Receiver(Shopper):
    """Somebody who was given an order's goods. Every page they see is kept."""

    def __init__(self, merchant: Merchant) -> None:
        super().__init__(merchant)
        self.seen: list[str] = []

    def get(self, path: str = "", **extra: Any) -> Any:
        return self._keep(super().get(path, **extra))

    def post(self, path: str = "", sent: Any = None, **extra: Any) -> Any:
        return self._keep(super().post(path, sent, **extra))

    def _keep(self, response: Any) -> Any:
        if response.headers.get("Content-Type", "").startswith("text/html"):
            self.seen.append(text(response))
        return response

    def begin(self, code: str, **changes: str) -> Any:
        response = self.post("gift", {"code": code, **RECEIVER, **changes})
        if response.status_code == 302:
            self.token = response["Location"].split("/")[-2]
        return response

    def return_it(self, code: str, *lines: OrderLine, reason: str = "changed_mind") -> Return:
        self.begin(code)
        self.step("items")
        self.choose(*lines, reason=reason)
        self.step("resolution")
        self.step("quote", {})
        self.want(*lines, wanted="store_credit")
        self.step("method")
        self.step("method/quote", {"method": "own"})
        token = self.confirm()["Location"].split("/")[-1]
        with transaction.atomic():
            return Return.objects.get(token=token)

    def look(self, rma: Return) -> str:
        for part in ("head", "parcel", "timeline"):
            self.get(f"s/{rma.token}/live?part={part}")
        return text(self.get(f"s/{rma.token}"))


@pytest.fixture
def receiver(shop: Merchant) -> Receiver:
    return Receiver(shop)


def leaks(*pages: str, but: tuple[str, ...] = ()) -> list[str]:
    """Return what of the buyer stands in ``pages``, with a little around it."""
    found = []
    for shown in pages:
        # Tokens are random and may hold anything.
        plain = _RANDOM.sub("", shown).casefold()
        for word in BUYERS:
            place = plain.find(word)
            if place >= 0 and word not in but:
                found.append(plain[max(place - 40, 0) : place + 40])
    return found


def told() -> list[Message]:
    return list(Message.objects.order_by("created_at"))


def test_gift_is_returned_for_credit_of_the_receivers_own(
    shop: Merchant, receiver: Receiver, order: Order, lines: list[OrderLine], code: str
) -> None:
    rma = receiver.return_it(code, *lines)
    flows.drain()
    flows.inspected(flows.received(flows.fresh(rma)))
    flows.drain()

    done = flows.fresh(rma)
    assert (done.stage, done.shopper_name, done.is_gift) == ("credited", "Ola Nordmann", True)
    credit = StoreCredit.objects.select_related("customer").get()
    assert (credit.customer.email, credit.balance_minor) == ("ola@example.org", 8550 + 11700)
    assert credit.customer_id != order.customer_id
    assert not Refund.objects.exists()
    assert {one.recipient for one in told()} == {"ola@example.org"}
    assert [one.kind for one in told()] == ["approved", "arrived", "credited"]
    assert [one.differences for page in replayed_returns() for one in page] == [()]
    assert problems_of(shop.pk) == []


def test_gift_shows_nothing_of_the_buyer_on_any_page(
    receiver: Receiver, order: Order, lines: list[OrderLine], code: str
) -> None:
    receiver.get("gift")
    receiver.begin(code)
    offered = text(receiver.step("items"))
    assert "Credit until" in offered
    assert "Refund" not in offered
    rma = receiver.return_it(code, *lines)
    receiver.look(rma)
    flows.drain()
    assert "Get the label" in receiver.look(rma)
    flows.moved(rma)
    receiver.look(rma)
    flows.received(flows.fresh(rma))
    receiver.look(rma)

    assert leaks(*receiver.seen) == []
    assert "Store credit" in receiver.seen[-1]
    flows.inspected(flows.fresh(rma))
    flows.drain()
    shown = receiver.look(rma)
    assert "€202.50" in shown
    assert leaks(shown, but=("€", "202.50")) == []


def test_gift_that_a_person_decides_shows_nothing_of_the_buyer(
    receiver: Receiver, lines: list[OrderLine], code: str
) -> None:
    publish(approval__max_value_minor=100)
    rma = receiver.return_it(code, lines[0])
    receiver.look(rma)
    with transaction.atomic():
        ask_for_information(rma.pk, actor=SYSTEM, question="Was it worn?")
    receiver.look(rma)
    receiver.post(f"s/{rma.token}/answer", {"answer": "No"})
    with transaction.atomic():
        decline_return(rma.pk, actor=SYSTEM, reason="It was worn.")
    receiver.look(rma)
    flows.drain()

    assert rma.status == "requested"
    assert leaks(*receiver.seen) == []
    assert {one.recipient for one in told()} == {"ola@example.org"}
    assert leaks(*(one.subject + one.text + one.html for one in told())) == []


def test_gift_mails_label_and_slip_hold_nothing_of_the_buyer(
    receiver: Receiver, lines: list[OrderLine], code: str
) -> None:
    rma = receiver.return_it(code, lines[0])
    flows.drain()
    flows.moved(rma)
    flows.received(flows.fresh(rma))
    flows.drain()

    kinds = [one.kind for one in told()]
    assert kinds[0] == "approved"
    assert "arrived" in kinds
    assert leaks(*(one.subject + one.text + one.html for one in told())) == []
    with transaction.atomic():
        call = ProviderCall.objects.get(kind="shipping.buy_label")
    job = read_job(call)
    assert job.order.sender.name == "Ola Nordmann"
    assert leaks(repr(job.order)) == []
    with transaction.atomic():
        slip = slip_document(Return.objects.select_related("order", "merchant").get(pk=rma.pk))
    assert leaks(repr(slip)) == []


def test_gift_is_not_told_to_the_buyer_anywhere(
    shopper: Shopper, receiver: Receiver, order: Order, lines: list[OrderLine], code: str
) -> None:
    rma = receiver.return_it(code, lines[0])
    flows.drain()

    assert EMAIL not in {one.recipient for one in told()}
    assert returns_of_order(order.pk) == []
    shopper.find()
    shown = text(shopper.step("items"))
    assert rma.number not in shown
    assert "Ola" not in shown
    assert "Already returned" in shown
    shopper.post("track", {"order": "NL-1001", "who": EMAIL})
    assert rma.number not in text(shopper.get(f"r/{shopper.token}/returns"))


def test_gift_never_names_other_returns_of_the_order(
    receiver: Receiver, lines: list[OrderLine], code: str
) -> None:
    other = flows.request(lines[0].order, flows.wish(lines[0]))
    receiver.begin(code)
    shown = text(receiver.step("items"))

    assert other.number not in shown
    assert "Returns of this order" not in shown
    assert receiver.get(f"r/{receiver.token}/returns").status_code == 404
    assert leaks(*receiver.seen) == []


def test_gift_charges_no_fee_and_gives_no_delivery_back(receiver: Receiver, shop: Merchant) -> None:
    publish(fee__amount_minor=900, shipping_back="all_returned")
    placed = flows.order(prices=[4500], shipping=590)
    with transaction.atomic():
        code = give_out_gift_code(placed.pk, actor=SYSTEM)
    rma = receiver.return_it(code, *flows.lines_of(placed))
    flows.drain()
    flows.inspected(flows.received(flows.fresh(rma)))
    flows.drain()

    assert (rma.fee_minor, rma.expected_minor) == (0, 4500)
    assert StoreCredit.objects.get().balance_minor == 4500


@pytest.mark.parametrize("wrong", ["unknown", "ended", "cancelled", "off"])
def test_wrong_gift_codes_are_answered_alike(
    receiver: Receiver, order: Order, code: str, wrong: str
) -> None:
    with transaction.atomic():
        if wrong == "ended":
            give_out_gift_code(order.pk, actor=SYSTEM)
        elif wrong == "cancelled":
            Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)
    if wrong == "off":
        publish(gift_returns=False)
    sent = "BBBB-BBBB-BBBB" if wrong == "unknown" else code

    def answer(typed: str) -> tuple[int, str]:
        response = receiver.begin(typed)
        shown = text(response).replace(typed, "CODE")
        return response.status_code, re.sub(r"\b\w{64}\b", "", shown)

    assert answer(sent) == answer("CCCC-CCCC-CCCC")
    assert answer(sent)[0] == 422
    assert not Customer.objects.filter(source="gift").exists()
    assert Return.objects.count() == 0


def test_gift_codes_are_guessed_five_times_at_most(receiver: Receiver, code: str) -> None:
    wrong = [receiver.begin("BBBB-BBBB-BBBB").status_code for _ in range(6)]

    assert wrong == [422] * 5 + [429]
    assert receiver.begin(code).status_code == 302
    others = [receiver.begin(f"CCCC-CCCC-CCC{sign}").status_code for sign in "BCDFGH"]
    assert others[-1] == 429


def test_gift_code_is_kept_as_a_keyed_hash_and_typed_as_people_like(
    receiver: Receiver, order: Order, code: str
) -> None:
    assert re.fullmatch(r"[2-9B-Z]{4}(-[2-9B-Z]{4}){2}", code)
    stored = GiftCode.objects.get()
    assert code.encode() not in bytes(stored.code_index)
    assert len(bytes(stored.code_index)) == 16
    assert receiver.begin(code.lower().replace("-", " ")).status_code == 302


@pytest.mark.parametrize(
    "sent",
    [
        {"code": ""},
        {"name": ""},
        {"email": ""},
        {"email": "nonsense"},
        {"code": "\x00"},
        {"name": "a" * 999},
        {"email": f"{'a' * 250}@example.org"},
    ],
)
def test_gift_form_says_what_is_missing(
    receiver: Receiver, code: str, sent: dict[str, str]
) -> None:
    response = receiver.post("gift", {"code": code, **RECEIVER, **sent})

    assert response.status_code == 422
    assert not Customer.objects.filter(source="gift").exists()


def test_gift_never_goes_on_with_a_draft_of_the_buyer(
    shopper: Shopper, code: str, lines: list[OrderLine]
) -> None:
    shopper.find()
    own = shopper.token
    shopper.choose(*lines)
    given = shopper.post("gift", {"code": code, **RECEIVER})["Location"].split("/")[-2]

    assert given != own
    shopper.find()
    assert shopper.token == own


def test_gift_is_refused_for_anything_but_credit(
    order: Order, lines: list[OrderLine], receiver: Receiver, code: str
) -> None:
    receiver.begin(code)
    receiver.choose(lines[0])
    shown = text(receiver.step("resolution"))
    assert "Refund to" not in shown
    assert "Exchange" not in shown
    assert receiver.want(lines[0], wanted="refund").status_code == 422

    given = Customer.objects.get(source="gift")
    with pytest.raises(PolicyRefused), transaction.atomic():
        request_return(
            order_id=order.pk,
            lines=[flows.wish(lines[0])],
            method="label",
            channel="portal",
            operation_id=new_token(),
            actor=SHOPPER,
            receiver=given,
        )
    assert [line.claimed_quantity for line in flows.lines_of(order)] == [0, 0]


def test_gift_switched_off_meanwhile_is_refused_at_the_end(
    receiver: Receiver, lines: list[OrderLine], code: str
) -> None:
    receiver.begin(code)
    receiver.choose(lines[0])
    receiver.want(lines[0], wanted="store_credit")
    publish(gift_returns=False)

    assert receiver.confirm().status_code == 422
    assert Return.objects.count() == 0
    assert "Was it a gift?" not in text(receiver.get(""))


def test_gift_is_not_changed_but_cancelled(
    receiver: Receiver, lines: list[OrderLine], code: str
) -> None:
    rma = receiver.return_it(code, lines[0])

    assert "Change items or method" not in receiver.look(rma)
    assert receiver.post(f"s/{rma.token}/change").status_code == 409
    assert receiver.post(f"s/{rma.token}/cancel").status_code == 302
    assert flows.fresh(rma).status == "cancelled"
