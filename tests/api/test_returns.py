"""Returns over the API: created once, decided by policy, bounded in statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.api_tokens import read_token
from returns_portal.tenancy.models import Merchant
from rma.models import Return
from tests import flows
from tests.api.conftest import EVERYTHING, Api, make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed(shop: Merchant) -> Order:
    with merchant_scope(shop.pk):
        return flows.order(prices=(4500, 9900), quantity=2)


def body(order: Order, line: int = 1, **changes: Any) -> dict[str, Any]:
    wanted = {
        "order_line": f"{order.number}-{line}",
        "quantity": 1,
        "reason": "changed_mind",
        "resolution": "refund",
    }
    return {"order": order.number, "lines": [wanted | changes]}


def count(merchant: Merchant) -> int:
    with merchant_scope(merchant.pk), transaction.atomic():
        return Return.objects.count()


def test_create_return_answers_with_the_decision_and_the_money(api: Api, placed: Order) -> None:
    answer = api.post("returns/", body(placed))

    assert answer.status_code == 201, answer.json()
    found = answer.json()
    assert (found["status"], found["order"], found["stage"]) == ("open", "NL-1001", "approved")
    assert found["expected"] == {"amount": "40.05", "minor": 4005, "currency": "EUR"}
    assert found["fee"]["minor"] == 495
    assert [line["sku"] for line in found["lines"]] == ["TR-1"]
    assert api.get(f"returns/{found['id']}/").json() == found


def test_create_return_by_sku_and_by_ids_finds_the_same_line(api: Api, placed: Order) -> None:
    with merchant_scope(placed.merchant_id), transaction.atomic():
        line = OrderLine.objects.get(external_id="NL-1001-1")
    one = api.post("returns/", body(placed, order_line="TR-1"))
    two = api.post("returns/", body(placed, order_line=str(line.pk)) | {"order": str(placed.pk)})

    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json()["lines"][0]["order_line"] == two.json()["lines"][0]["order_line"]


def test_create_return_needs_at_most_15_statements(api: Api, placed: Order) -> None:
    lines = body(placed)["lines"] + body(placed, line=2)["lines"]
    with CaptureQueriesContext(connection) as caught:
        answer = api.post("returns/", {"order": placed.number, "lines": lines}, Idempotency_Key="k")

    assert answer.status_code == 201
    # The test's own transaction goes on, so the scope is taken back by a statement of its own.
    statements = [q["sql"][:120] for q in caught if "SAVEPOINT" not in q["sql"]][:-1]
    assert len(statements) <= 15, "\n".join(statements)


def test_create_return_twice_under_one_key_makes_one(
    api: Api, placed: Order, shop: Merchant
) -> None:
    one = api.post("returns/", body(placed), Idempotency_Key="k1")
    two = api.post("returns/", body(placed), Idempotency_Key="k1")

    assert (one.status_code, two.status_code) == (201, 201)
    assert two.json() == one.json()
    assert two["Idempotency-Replayed"] == "true"
    assert count(shop) == 1


def test_key_of_another_request_is_refused(api: Api, placed: Order, shop: Merchant) -> None:
    api.post("returns/", body(placed), Idempotency_Key="k1")
    answer = api.post("returns/", body(placed, quantity=2), Idempotency_Key="k1")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert count(shop) == 1


def test_refused_request_leaves_nothing_and_frees_its_key(
    api: Api, placed: Order, shop: Merchant
) -> None:
    answer = api.post("returns/", body(placed, quantity=3), Idempotency_Key="k1")
    assert answer.status_code in (409, 422), answer.json()
    assert count(shop) == 0

    assert api.post("returns/", body(placed), Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "lines.0.quantity"),
        ({"quantity": -1}, "lines.0.quantity"),
        ({"quantity": "many"}, "lines.0.quantity"),
        ({"quantity": 10**12}, "lines.0.quantity"),
        ({"reason": ""}, "lines.0.reason"),
        ({"resolution": "gold"}, "lines.0.resolution"),
        ({"order_line": "no-such-line"}, "lines.0.order_line"),
        ({"exchange_variant": "x"}, "lines.0.exchange_variant"),
    ],
)
def test_bad_field_is_named(
    api: Api, placed: Order, shop: Merchant, change: dict[str, Any], field: str
) -> None:
    answer = api.post("returns/", body(placed, **change))

    assert answer.status_code == 400, answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert count(shop) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"order": NaN}',
        b'{"order": 1e999}',
        b'{"order": "a", "order": "b"}',
        b'{"order": "\\u0000"}',
        b'{"order": "\\ud800"}',
        b"\xff\xfe",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 100_000,
        b'{"order": 99999999999999999999999999}',
    ],
)
def test_garbage_is_a_4xx_problem(api: Api, placed: Order, raw: bytes) -> None:
    answer = api.post("returns/", raw)

    assert 400 <= answer.status_code < 500
    assert answer.json()["request_id"]


def test_oversized_body_is_413(api: Api, placed: Order) -> None:
    answer = api.post("returns/", b'{"order": "' + b"x" * (3 * 1024 * 1024) + b'"}')

    assert answer.status_code == 413


def test_form_body_is_415(api: Api) -> None:
    answer = api.client.post(
        "/api/v1/returns/", {"order": "x"}, headers={"Authorization": f"Bearer {api.token}"}
    )

    assert answer.status_code == 415


def test_decline_and_approve_follow_the_states(api: Api, placed: Order, shop: Merchant) -> None:
    faulty = body(placed, line=2, reason="wrong_item", quantity=2)
    with merchant_scope(shop.pk):
        rma = flows.order(number="NL-2", prices=(90_000,), gateway="builtin")
    waiting = api.post("returns/", body(rma)).json()
    assert waiting["status"] == "requested"

    declined = api.post(f"returns/{waiting['id']}/decline/", {"reason": "Worn outdoors."})
    assert (declined.status_code, declined.json()["status"]) == (200, "declined")
    assert declined.json()["decline_reason"] == "Worn outdoors."
    again = api.post(f"returns/{waiting['id']}/approve/", {})
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    assert api.post(f"returns/{waiting['id']}/decline/", {}).status_code == 400
    assert api.post("returns/", faulty).status_code == 201


def test_pages_follow_each_other_without_gap_or_repeat(
    api: Api, placed: Order, shop: Merchant
) -> None:
    with merchant_scope(shop.pk):
        order = flows.order(number="NL-9", prices=(1000,) * 5, quantity=1)
        made = [str(flows.request(order, flows.wish(line)).pk) for line in flows.lines_of(order)]
    seen, cursor = [], ""
    while True:
        page = api.get(f"returns/?limit=2&cursor={cursor}").json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
        if not cursor:
            break

    assert seen == made[::-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=999", "limit=x", "limit=²", "cursor=%00", "cursor=abc"]
)
def test_bad_paging_is_400(api: Api, query: str) -> None:
    assert api.get(f"returns/?{query}").status_code == 400


def test_list_uses_the_same_statements_for_2_and_20_rows(api: Api, shop: Merchant) -> None:
    counts = []
    for size in (2, 18):
        with merchant_scope(shop.pk):
            order = flows.order(number=f"NL-{size}", prices=(1000,) * size)
            for line in flows.lines_of(order):
                flows.request(order, flows.wish(line))
        with CaptureQueriesContext(connection) as caught:
            assert api.get("returns/").status_code == 200
        counts.append(len(caught))

    assert counts[0] == counts[1]


def test_foreign_return_looks_like_an_absent_one(
    api: Api, placed: Order, other_merchant: Merchant
) -> None:
    made = api.post("returns/", body(placed)).json()
    stranger = Api(make_key(flows.open_for_business(other_merchant), EVERYTHING))

    foreign = stranger.get(f"returns/{made['id']}/")
    absent = stranger.get("returns/01890000-0000-7000-8000-000000000000/")
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert foreign.json() | {"request_id": ""} == absent.json() | {"request_id": ""}
    assert stranger.post(f"returns/{made['id']}/decline/", {"reason": "x"}).status_code == 404
    assert api.get(f"returns/{made['id']}/").json() == made


def test_missing_scope_is_403_and_changes_nothing(api: Api, placed: Order, shop: Merchant) -> None:
    reader = Api(make_key(shop, ["returns:view"]))

    assert reader.post("returns/", body(placed)).status_code == 403
    assert reader.get("refunds/").status_code == 403
    assert reader.get("returns/").status_code == 200
    assert count(shop) == 0


@pytest.mark.parametrize("spoil", [str.upper, lambda t: t[:-1], lambda t: "", lambda t: "rp_x_y"])
def test_without_a_valid_key_it_is_401(api: Api, spoil: Callable[[str], str]) -> None:
    answer = Api(spoil(api.token)).get("returns/")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_key_cannot_be_moved_to_another_merchant(api: Api, other_merchant: Merchant) -> None:
    token = read_token(api.token)
    assert token is not None
    moved = replace(token, merchant_id=other_merchant.pk)

    assert Api(str(moved)).get("returns/").status_code == 401


@pytest.mark.parametrize(
    "text", ["", "rp_", "rp_x_y", "é", "rp__", "rp_" + "a" * 40 + "_s", "x" * 999]
)
def test_read_token_refuses_what_is_none(text: str) -> None:
    found = read_token(text)

    assert found is None or found.secret == "s"
