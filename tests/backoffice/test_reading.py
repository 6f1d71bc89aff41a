"""Pages that are read: orders, stock, messages, tasks, today; each at a constant cost."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client

from notifications.models import Message
from returns_portal.activity.models import StaffTask
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.gift_codes import gift_receiver, order_of_gift_code
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER
from returns_portal.core.clock import now
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.requesting import request_return
from rma.models import Return
from tests import flows
from tests.backoffice.conftest import HOME, at_bench, queries
from tests.factories import make_member

pytestmark = pytest.mark.django_db


def message(rma: Return | None = None, **changes: object) -> Message:
    values: dict[str, object] = {
        "rma": rma, "event_id": new_id(), "kind": "received", "recipient": "maya@example.com",
        "recipient_index": b"0" * 16, "subject": "We got your parcel",
        "text": "We got your parcel.", "html": "<p>We got it</p><script>alert(1)</script>",
        "due_at": now(), "status": Message.Status.SENT,
    }  # fmt: skip
    return Message.objects.create(**values | changes)


def task(rma: Return, key: str = "one") -> UUID:
    return open_task(
        kind="unexpected_goods", key=key, subject_kind="return", subject_id=rma.pk,
        about_id=rma.pk, title="A shoe too many", detail="Look at the bench.",
    ).pk  # fmt: skip


def test_orders_are_found_by_number_name_and_email(owner: Client, order: Order) -> None:
    for text in ("nl-1001", "maya lind", "MAYA@example.com"):
        found = owner.get(f"{HOME}orders/", {"q": text})
        assert order.number in found.content.decode(), text
    assert "No order matches this" in owner.get(f"{HOME}orders/?q=zzz").content.decode()


def test_orders_page_forth_and_back(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        for number in range(52):
            flows.order(number=f"NL-{number:03}", delivered_days_ago=number + 1)

    first = owner.get(f"{HOME}orders/").context["slice"]
    second = owner.get(f"{HOME}orders/{first.next_url}").context["slice"]
    back = owner.get(f"{HOME}orders/{second.previous_url}").context["slice"]

    assert (len(first.rows), len(second.rows)) == (50, 2)
    assert (first.previous_url, second.next_url) == ("", "")
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]


@pytest.mark.parametrize("cursor", ["%25", "bm9uc2Vuc2U", "WyJ4IiwieSJd", "W10"])
def test_broken_page_address_is_refused_in_words(owner: Client, order: Order, cursor: str) -> None:
    answer = owner.get(f"{HOME}orders/?after={cursor}")

    assert answer.status_code == 400
    assert "address is broken" in answer.content.decode()


def test_order_page_says_what_may_come_back_and_why_not(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        late = flows.order(number="NL-OLD", delivered_days_ago=200)

    page = owner.get(f"{HOME}orders/{late.pk}/").content.decode()

    assert "Returns were open for 30 days after delivery" in page


def test_order_page_names_the_groups_of_the_customer(owner: Client, shop: Merchant) -> None:
    record = flows.order_record(number="NL-VIP")
    told = replace(record, customer=replace(record.customer, groups=("VIP", "Club")))
    with merchant_scope(shop.pk), transaction.atomic():
        known, unknown = flows.order(told), flows.order(number="NL-PLAIN")

    assert (
        "Groups at purchase: VIP, Club" in owner.get(f"{HOME}orders/{known.pk}/").content.decode()
    )
    assert "Groups at purchase" not in owner.get(f"{HOME}orders/{unknown.pk}/").content.decode()


def test_order_page_holds_a_link_for_the_shopper_that_opens_its_items(
    owner: Client, order: Order
) -> None:
    page = owner.get(f"{HOME}orders/{order.pk}/").content.decode()
    link = re.search(r'id="shopper-link" value="http://[^/"]+(/r/northloom/\?t=[^"]+)"', page)

    assert link is not None
    opened = Client().get(link[1])
    assert opened.status_code == 302
    assert opened["Location"].endswith("/items")


def test_order_page_makes_a_gift_code_and_shows_it_once(
    owner: Client, shop: Merchant, order: Order
) -> None:
    url = f"{HOME}orders/{order.pk}/"
    answer = owner.post(f"{url}gift-code/")
    code = re.search(r'id="gift-code" value="([^"]+)"', answer.content.decode())

    assert code is not None
    assert answer["Cache-Control"] == "no-store"
    with merchant_scope(shop.pk), transaction.atomic():
        assert order_of_gift_code(code[1]) == order
    assert code[1] not in owner.get(url).content.decode()


def test_return_page_of_a_gift_names_its_receiver_and_not_the_buyer_to_write_to(
    owner: Client, shop: Merchant, order: Order
) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        rma = request_return(
            order_id=order.pk,
            lines=[flows.wish(order.lines.all()[0], wanted="store_credit")],
            method="own",
            channel="portal",
            operation_id="gift",
            actor=SHOPPER,
            receiver=gift_receiver(name="Ola Nordmann", email="ola@example.org"),
        )
    page = owner.get(f"{HOME}returns/{rma.number}/").content.decode()

    assert "Gift return" in page
    assert "ola@example.org" in page
    assert "maya@example.com" not in page


def test_order_page_shows_no_link_to_who_may_not_start_returns_or_once_cancelled(
    owner: Client, shop: Merchant, order: Order
) -> None:
    analyst = Client()
    with transaction.atomic():
        analyst.force_login(make_member(shop, "analyst"))
    url = f"{HOME}orders/{order.pk}/"

    assert "shopper-link" not in analyst.get(url).content.decode()
    with merchant_scope(shop.pk), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)
    assert "shopper-link" not in owner.get(url).content.decode()


def test_message_is_read_in_a_frame_where_no_script_runs(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    with merchant_scope(shop.pk):
        sent = message(waiting)

    page = owner.get(f"{HOME}messages/{sent.pk}/")
    html = owner.get(f"{HOME}messages/{sent.pk}/html/")

    assert "We got your parcel." in page.content.decode()
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    policy = html["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert html["X-Frame-Options"] == "SAMEORIGIN"


def test_message_in_doubt_is_sent_again_and_a_sent_one_is_not(
    owner: Client, shop: Merchant
) -> None:
    rma = at_bench(shop)
    with merchant_scope(shop.pk):
        doubtful = message(rma, status=Message.Status.UNKNOWN)
        sent = message(rma)

    owner.post(f"{HOME}messages/{doubtful.pk}/again/")
    refused = owner.post(f"{HOME}messages/{sent.pk}/again/")

    with merchant_scope(shop.pk):
        doubtful.refresh_from_db()
    assert doubtful.status == "queued"
    assert refused.status_code == 409


def test_task_is_settled_with_a_note(owner: Client, shop: Merchant, waiting: Return) -> None:
    with merchant_scope(shop.pk):
        pk = task(waiting)
    listed = owner.get(f"{HOME}tasks/").content.decode()

    refused = owner.post(f"{HOME}tasks/{pk}/done/", {"note": " "})
    owner.post(f"{HOME}tasks/{pk}/done/", {"note": "Sent it back."})

    assert waiting.number in listed
    assert refused.status_code == 400
    with merchant_scope(shop.pk):
        done = StaffTask.objects.get(pk=pk)
    assert (done.status, done.done_by, done.done_note) == ("done", "Owner Person", "Sent it back.")


def test_stock_shows_levels_by_bucket_and_each_movement(owner: Client, shop: Merchant) -> None:
    rma = at_bench(shop)
    with merchant_scope(shop.pk):
        flows.received(rma)

    on_hold = owner.get(f"{HOME}stock/?bucket=on_hold").content.decode()
    sellable = owner.get(f"{HOME}stock/?bucket=sellable").content.decode()
    moves = owner.get(f"{HOME}stock/movements/").content.decode()

    assert "Trail Runner 1" in on_hold
    assert "Nothing stands here" in sellable
    assert "On hold until inspected" in moves


def test_today_counts_what_waits(owner: Client, waiting: Return) -> None:
    tiles = {tile["label"]: tile["value"] for tile in owner.get(HOME).context["figures"]}

    assert tiles["Need review"] == 1


@pytest.mark.parametrize(
    "path", ["orders/", "messages/", "tasks/", "stock/", "stock/movements/", ""]
)
def test_list_costs_the_same_with_2_and_20_rows(owner: Client, shop: Merchant, path: str) -> None:
    def add(first: int, last: int) -> None:
        with merchant_scope(shop.pk):
            for number in range(first, last):
                placed = flows.order(number=f"NL-8{number:03}")
                rma = flows.request(placed, method="own")
                flows.received(rma)
                message(rma)
                task(rma, f"task-{number}")

    add(0, 2)
    few = queries(owner, HOME + path)
    add(2, 20)

    assert queries(owner, HOME + path) == few
