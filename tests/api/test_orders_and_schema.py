"""Orders over the API, refunds, and the document that describes it all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from returns_portal.activity.models import Event
from returns_portal.commerce.gift_codes import order_of_gift_code
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.api.conftest import Api
from tests.flows import PRICE
from tests.shared_data import shared_path

pytestmark = pytest.mark.django_db


def shopify_order() -> dict[str, Any]:
    return json.loads(shared_path("shopify/rest/py-order.json").read_text())["order"]


def test_upsert_creates_once_and_then_changes_nothing(api: Api) -> None:
    sent = {"source": "shopify", "order": shopify_order()}
    one, two = api.post("orders/", sent), api.post("orders/", sent)

    assert (one.status_code, one.json()["outcome"]) == (201, "created")
    assert (two.status_code, two.json()["outcome"]) == (200, "unchanged")
    listed = api.get("orders/").json()["results"]
    assert [order["id"] for order in listed] == [one.json()["id"]]
    assert api.get(f"orders/{one.json()['id']}/").json() == listed[0]


def test_upsert_keeps_the_groups_of_the_customer(api: Api) -> None:
    tagged = shopify_order()
    tagged["customer"] = {**tagged.get("customer", {}), "id": 7, "tags": "VIP, Wholesale"}
    made = api.post("orders/", {"source": "shopify", "order": tagged})
    read = api.get(f"orders/{made.json()['id']}/")

    assert read.json()["customer_groups"] == ["VIP", "Wholesale"]


def test_upsert_of_a_broken_order_names_the_field(api: Api) -> None:
    broken = shopify_order()
    broken["currency"] = "XXZ"
    answer = api.post("orders/", {"source": "shopify", "order": broken})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("order.")
    assert api.get("orders/").json()["results"] == []


@pytest.mark.parametrize("order", [{}, {"id": None}, {"id": [], "line_items": 5}, {"a": {"b": 1}}])
@pytest.mark.parametrize("source", ["shopify", "woocommerce"])
def test_upsert_of_garbage_is_400(api: Api, source: str, order: dict[str, Any]) -> None:
    assert api.post("orders/", {"source": source, "order": order}).status_code == 400


def test_order_link_opens_the_items_of_its_order(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order()
    answer = api.post(f"orders/{placed.pk}/link/")
    week = api.post(f"orders/{placed.pk}/link/", {"days": 7})

    assert answer.status_code == 200
    days = [
        round((datetime.fromisoformat(one.json()["expires_at"]) - now()) / timedelta(days=1))
        for one in (answer, week)
    ]
    assert days == [30, 7]
    page = Client().get(urlsplit(answer.json()["url"])._replace(scheme="", netloc="").geturl())
    assert (page.status_code, page["Location"].rsplit("/", 1)[1]) == (302, "items")


@pytest.mark.parametrize("days", [0, 91, -1, "x", None, 10**12])
def test_order_link_for_no_length_of_time_is_400(api: Api, shop: Merchant, days: Any) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order()
    answer = api.post(f"orders/{placed.pk}/link/", {"days": days})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "days"


def test_order_link_of_a_cancelled_order_is_404(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        placed = flows.order()
        type(placed).objects.filter(pk=placed.pk).update(status="cancelled")

    assert api.post(f"orders/{placed.pk}/link/").status_code == 404


def test_gift_code_is_answered_once_and_ends_the_one_before(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order()
    first = api.post(f"orders/{placed.pk}/gift-code/")
    second = api.post(f"orders/{placed.pk}/gift-code/")

    assert (first.status_code, list(first.json())) == (201, ["code"])
    with merchant_scope(shop.pk), transaction.atomic():
        assert order_of_gift_code(first.json()["code"]) is None
        assert order_of_gift_code(second.json()["code"]) == placed
        assert Event.objects.filter(kind="gift_code.made", subject_id=placed.pk).count() == 2
        assert first.json()["code"] not in str(list(Event.objects.values_list("facts")))


def test_gift_code_of_a_cancelled_order_is_404(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        placed = flows.order()
        type(placed).objects.filter(pk=placed.pk).update(status="cancelled")

    assert api.post(f"orders/{placed.pk}/gift-code/").status_code == 404


def test_refunds_are_listed_with_their_parts(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order()
        rma = flows.inspected(flows.received(flows.request(placed, method="own")))

    [refund] = api.get(f"refunds/?return={rma.pk}").json()["results"]
    assert refund["amount"]["minor"] == PRICE
    assert refund["order"] == "NL-1001"
    assert [part["payment"] for part in refund["parts"]] == ["Visa ending 4242"]
    assert api.get("refunds/?status=failed").json()["results"] == []
    assert api.get("refunds/?status=odd").status_code == 400
    assert api.get("refunds/?return=odd").status_code == 400


def test_document_and_page_are_open_to_everybody(client: Client) -> None:
    document = client.get("/api/v1/openapi.json")
    page = client.get("/api/v1/docs/")

    assert document.json()["openapi"].startswith("3.1")
    for operation in ("returns_create", "orders_upsert", "refunds_list", "returns_approve"):
        assert operation in page.content.decode()


def test_unknown_address_is_a_problem(client: Client) -> None:
    answer = client.get("/api/v1/nothing/here/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


NEGATIVE = schemathesis.GenerationMode.NEGATIVE


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)
@given(drawn=st.data())
def test_every_operation_keeps_to_its_document(api: Api, drawn: st.DataObject) -> None:
    """Broken input to any operation answers neither 5xx nor anything its document leaves out."""
    document = api.client.get("/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 9
    operation = drawn.draw(st.sampled_from(operations))
    case = drawn.draw(operation.as_strategy(generation_mode=NEGATIVE))
    query = urlencode({key: str(value) for key, value in (case.query or {}).items()})
    path = quote(case.formatted_path.removeprefix("/api/v1/"), safe="/%")
    sent = json.dumps(case.body, default=str) if isinstance(case.body, dict | list) else b"{"
    answer = api.call(operation.method.upper(), f"{path}?{query}", sent)

    assert answer.status_code < 500
    assert str(answer.status_code) in operation.definition.raw["responses"]


def test_window_is_granted_once_listed_and_withdrawn(api: Api, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        late = flows.order(number="NL-7", delivered_days_ago=90)
    path, until = f"orders/{late.pk}/windows/", (now() + timedelta(days=9)).date().isoformat()
    body = {"until": until, "reason": "She was in hospital."}

    made = api.post(path, body, Idempotency_Key="w-1")
    again = api.post(path, body, Idempotency_Key="w-1")

    assert (made.status_code, again.json()) == (201, made.json())
    assert made.json()["until"] == until
    taken = api.delete(f"{path}{made.json()['id']}/")
    assert taken.status_code == 200
    assert [one["withdrawn_at"] for one in api.get(path).json()] == [taken.json()["withdrawn_at"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"until": "2020-01-01", "reason": "Ill."}, "until"),
        ({"until": "2099-01-01", "reason": "Ill."}, "until"),
        ({"until": "soon", "reason": "Ill."}, "until"),
        ({"until": "2026-12-31"}, "reason"),
        ({"until": "2026-12-31", "reason": "Ill.", "order_line": "x"}, "order_line"),
    ],
)
def test_window_names_the_field_that_is_wrong(
    api: Api, shop: Merchant, body: dict[str, str], field: str
) -> None:
    with merchant_scope(shop.pk):
        late = flows.order(number="NL-7", delivered_days_ago=90)

    answer = api.post(f"orders/{late.pk}/windows/", body)

    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == field
    assert api.get(f"orders/{late.pk}/windows/").json() == []
