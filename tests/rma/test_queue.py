from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.models import Order
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma import queue as queue_module
from rma.actions import review
from rma.models import Return, Shipment
from rma.queue import QueueFilters, queue, search, stage_counts
from rma.selectors import return_detail, returns_of_order, status_by_token
from tests.factories import make_account, make_member
from tests.rma.returning import ask_for, make_order, publish, wish

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture(autouse=True)
def _policy(scoped: Merchant) -> None:
    publish(approval__automatic=False)


def several(count: int, **changes: Any) -> list[Return]:
    """Return ``count`` requests, oldest first, a minute apart."""
    made = []
    for index in range(count):
        with clock.shifted(timedelta(minutes=index)):
            made.append(ask_for(make_order(f"NL-{index:05d}", **changes)))
    return made


def numbers(rows: list[Return]) -> list[str]:
    return [row.number for row in rows]


def pages(filters: QueueFilters) -> list[list[str]]:
    found, after = [], ""
    while True:
        page = queue(QueueFilters(**{**vars_of(filters), "after": after}))
        found.append(numbers(page.rows))
        if not page.next:
            return found
        after = page.next


def vars_of(filters: QueueFilters) -> dict[str, Any]:
    return {name: getattr(filters, name) for name in QueueFilters.__dataclass_fields__}


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("view", ["all", "review", "on_the_way"])
def test_queue_pages_show_each_return_once_in_order(view: str, oldest_first: bool) -> None:
    made = several(5)
    if view == "on_the_way":
        # Two stages in one view, interleaved in time.
        Return.objects.filter(pk__in=[rma.pk for rma in made[::2]]).update(stage="label")
        Return.objects.filter(pk__in=[rma.pk for rma in made[1::2]]).update(stage="transit")

    found = pages(QueueFilters(view=view, oldest_first=oldest_first, size=2))

    expected = numbers(made) if oldest_first else numbers(made)[::-1]
    assert found == [expected[:2], expected[2:4], expected[4:]]


def test_queue_equal_times_are_neither_lost_nor_doubled() -> None:
    made = several(4)
    Return.objects.update(created_at=made[0].created_at)

    found = pages(QueueFilters(size=1))

    assert sorted(number for page in found for number in page) == sorted(numbers(made))


def test_queue_narrows_by_stage_reason_wish_method_time_and_assignee(scoped: Merchant) -> None:
    first, second, third = several(3)
    review.ask_for_information(second.pk, actor=SYSTEM, question="Which size?")
    member = make_member(scoped, "agent")
    review.assign_return(third.pk, actor=SYSTEM, user_id=member.pk)
    third.lines.update(reason="faulty", wanted="store_credit")
    Return.objects.filter(pk=first.pk).update(method="own", channel="api")

    def shown(**changes: Any) -> list[str]:
        return numbers(queue(QueueFilters(**changes)).rows)

    assert shown(view="waiting") == [second.number]
    assert shown(view="review") == [third.number, first.number]
    assert shown(stages=("info", "review")) == [third.number, second.number, first.number]
    assert shown(view="waiting", stages=("review",)) == []
    assert shown(reason="faulty") == [third.number]
    assert shown(wanted="refund") == [second.number, first.number]
    assert shown(method="own") == [first.number]
    assert shown(channel="api") == [first.number]
    assert shown(mine=member.pk) == [third.number]
    assert shown(since=second.created_at) == [third.number, second.number]
    assert shown(until=second.created_at) == [first.number]
    assert shown(text="NL-00001") == [second.number]
    assert queue_module.mine_count(member.pk) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"view": "everything"}, "view"),
        ({"stages": ("nowhere",)}, "stage"),
        ({"after": "%%%"}, "after"),
        ({"after": "bm90IGpzb24"}, "after"),
        ({"after": "WyIyMDI2LTAxLTAxIiwgInV1aWQiXQ"}, "after"),
        ({"after": "W10"}, "after"),
    ],
)
def test_queue_bad_filters_are_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        queue(QueueFilters(**changes))

    assert refused.value.field == field


def test_stage_counts_count_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    made = several(3)
    review.decline_return(made[0].pk, actor=SYSTEM, reason="No")

    counts = stage_counts()

    assert (counts.of_view("review"), counts.of_view("waiting")) == (2, 0)
    assert counts.of_view("all") == 3
    assert not counts.is_capped("all")
    monkeypatch.setattr(queue_module, "COUNT_CAP", 1)
    assert stage_counts().of_view("review") == 1
    assert stage_counts().is_capped("review")
    assert stage_counts().text_of("review") == "1+"
    assert counts.text_of("waiting") == "0"


def test_search_finds_by_number_order_name_mail_and_tracking() -> None:
    made = several(2)
    wanted = made[0]
    Order.objects.filter(pk=made[1].order_id).update(shopper_name="Tom Okafor")
    Return.objects.filter(pk=made[1].pk).update(name_key="tom okafor", email_index=b"x" * 16)
    Shipment.objects.create(
        rma=wanted,
        carrier_driver="builtin",
        tracking_code="RP 1234-5678",
        tracking_key="RP12345678",
    )

    for text in (
        wanted.number,
        wanted.number.lower().replace("-", ""),
        f"RMA {wanted.number}",
        wanted.number[:9],
        "nl-00000",
        "#NL00000",
        "maya",
        "Maya Lind",
        "lindqvist",
        " MAYA@example.com ",
        "rp12345678",
        "rp 1234-5678",
    ):
        assert numbers(search(text)) == [wanted.number], text
    assert search("nobody at all") == []
    assert search("  ") == []
    assert search("\x00") == []
    assert search("%") == []


def test_search_newest_first_and_bounded() -> None:
    made = several(3)

    assert numbers(search("maya", limit=2)) == numbers(made)[:0:-1]


def test_queue_and_search_show_nothing_of_another_merchant(other_merchant: Merchant) -> None:
    rma = several(1)[0]

    with merchant_scope(other_merchant.pk):
        assert queue(QueueFilters()).rows == []
        assert stage_counts().of_view("all") == 0
        assert search(rma.number) == search("maya") == search("lindqvist") == []
        with pytest.raises(NotFound):
            return_detail(rma.number)
        with pytest.raises(NotFound):
            status_by_token(rma.token)


def statements(call: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured.captured_queries)


def read_rows(view: str) -> None:
    for row in queue(QueueFilters(view=view)).rows:
        assert row.order.number
        assert row.order.shopper_name
        assert [line.order_line.title for line in row.lines.all()]
        assert row.tracking_code is None or row.tracking_code


@pytest.mark.parametrize("view", ["all", "review", "on_the_way"])
def test_queue_takes_the_same_statements_for_two_and_for_twenty_rows(view: str) -> None:
    several(2)
    Return.objects.update(stage="label" if view == "on_the_way" else "review")
    few = statements(lambda: read_rows(view))
    for index in range(18):
        ask_for(make_order(f"MORE-{index}"))
    Return.objects.update(stage="label" if view == "on_the_way" else "review")

    many = statements(lambda: read_rows(view))

    assert few == many == 3


def test_return_detail_takes_constant_statements_and_shows_everything() -> None:
    publish()
    make_account("carrier")
    order = make_order(lines=[{} for _ in range(10)])
    small = ask_for(order, wish(order.lines.order_by("position")[0]))
    wishes = [wish(line) for line in order.lines.order_by("position")[1:]]
    publish(approval__max_value_minor=None)
    large = ask_for(order, *wishes)
    return_detail(small.number)
    return_detail(large.number)

    def read(number: str) -> int:
        return statements(lambda: list(_walk(number)))

    assert read(small.number) == read(large.number) <= 14
    detail = return_detail(large.number.lower())
    assert len(detail.lines) == 9
    assert detail.stage.key == "approved"
    assert detail.decision is not None
    assert detail.decision.policy_version == detail.policy.version
    assert [event.kind for event in detail.events] == ["return.requested", "return.approved"]
    assert detail.shipment is not None


def _walk(number: str) -> Any:
    detail = return_detail(number)
    for line in detail.lines:
        yield line.order_line.title, line.order_line.variant, detail.photos_of(line)
        yield list(line.exchanges.all())
    yield detail.rma.order.number


def test_status_by_token_hides_what_is_internal() -> None:
    rma = several(1)[0]
    review.ask_for_information(rma.pk, actor=SYSTEM, question="Which size?")

    status = status_by_token(rma.token)

    assert (status.stage.key, status.may_cancel, status.may_answer) == ("info", True, True)
    assert [note.body for note in status.messages] == ["Which size?"]
    assert status.shipment is None
    assert numbers(returns_of_order(rma.order_id)) == [rma.number]


def test_status_by_token_may_cancel_until_the_parcel_moves() -> None:
    publish()
    make_account("carrier")
    rma = ask_for(make_order())
    assert status_by_token(rma.token).may_cancel

    Shipment.objects.filter(rma=rma).update(status="in_transit")

    assert not status_by_token(rma.token).may_cancel


@pytest.mark.parametrize("token", ["", "x", "x" * 200, "\x00"])
def test_status_by_unknown_token_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        status_by_token(token)


@pytest.mark.parametrize("number", ["", "R-1", "R-7K4P-2M9X-WC"])
def test_return_detail_of_unknown_number_is_not_found(number: str) -> None:
    with pytest.raises(NotFound):
        return_detail(number)
