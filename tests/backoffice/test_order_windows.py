"""The order page lets staff grant a later last day, and take it back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from returns_portal.commerce.models import Order
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.windows import grant_window
from rma.models import GrantedWindow
from tests import flows
from tests.backoffice.conftest import HOME, SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(shop: Merchant) -> Order:
    with merchant_scope(shop.pk):
        return flows.order(number="NL-1001", prices=(4500, 2500), delivered_days_ago=90)


def day(shop: Merchant, ahead: int = 14) -> date:
    return clock.today(shop.time_zone) + timedelta(days=ahead)


def rows(shop: Merchant) -> list[GrantedWindow]:
    with merchant_scope(shop.pk), transaction.atomic():
        return list(GrantedWindow.objects.order_by("granted_at"))


def send(client: Client, order: Order, shop: Merchant, **changes: Any) -> Any:
    said = {
        "until": day(shop).isoformat(), "reason": "She was in hospital.", "order_line": "all",
        "seen": "", "operation_id": new_token(), **changes,
    }  # fmt: skip
    return client.post(f"{HOME}orders/{order.pk}/window/", said)


def test_agent_grants_a_day_and_takes_it_back(sign_in: SignIn, late: Order, shop: Merchant) -> None:
    agent, page = sign_in("agent"), f"{HOME}orders/{late.pk}/"
    assert send(agent, late, shop).status_code == 302

    shown = agent.get(page).content.decode()
    (granted,) = rows(shop)
    assert "She was in hospital." in shown
    assert "granted a later last day" in shown
    assert f"Granted by {granted.granted_by} until " in shown
    assert "Otherwise 30 days from " in shown
    assert granted.granted_by == agent.user.name  # type: ignore[attr-defined]
    taken = agent.post(f"{page}window/{granted.pk}/withdraw/")
    assert taken.status_code == 302
    assert rows(shop)[0].withdrawn_at is not None
    assert "Taken back by" in agent.get(page).content.decode()


def test_refused_day_stands_beside_its_field_with_what_was_typed(
    owner: Client, late: Order, shop: Merchant
) -> None:
    past = send(owner, late, shop, until=day(shop, -1).isoformat())
    far = send(owner, late, shop, until=day(shop, 3653).isoformat())
    empty = send(owner, late, shop, until="", reason="")

    assert [one.status_code for one in (past, far, empty)] == [422, 422, 422]
    assert past.context["form"].errors["until"] == [
        "This day is over. Choose today or a later day."
    ]
    assert 'value="She was in hospital."' in past.content.decode()
    assert far.context["form"].errors["until"] == ["Choose a day in the next two years."]
    assert set(empty.context["form"].errors) == {"until", "reason"}
    assert rows(shop) == []


@pytest.mark.parametrize(
    "strange",
    [{"seen": "x"}, {"order_line": "x"}, {"until": "2026-13-45"}, {"operation_id": ""}],
)
def test_strange_input_is_refused_and_keeps_nothing(
    owner: Client, late: Order, shop: Merchant, strange: dict[str, str]
) -> None:
    assert send(owner, late, shop, **strange).status_code == 422
    assert rows(shop) == []


def test_stale_page_is_told_and_may_be_sent_again(
    owner: Client, late: Order, shop: Merchant
) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        grant_window(
            late.pk, until=day(shop, 9), reason="Ill.", actor=SYSTEM, operation_id=new_token()
        )

    stale = send(owner, late, shop)

    assert stale.status_code == 409
    assert "granted " in stale.context["error"].message
    assert len(rows(shop)) == 1
    seen = stale.context["form"]["seen"].value()
    assert send(owner, late, shop, seen=seen).status_code == 302
    assert [one.withdrawn_at is None for one in rows(shop)] == [False, True]


def test_double_click_grants_one_day(owner: Client, late: Order, shop: Merchant) -> None:
    operation = new_token()

    assert send(owner, late, shop, operation_id=operation).status_code == 302
    assert send(owner, late, shop, operation_id=operation).status_code == 302
    assert len(rows(shop)) == 1


def test_member_who_may_not_decide_sees_days_and_no_form(
    sign_in: SignIn, late: Order, shop: Merchant
) -> None:
    analyst = sign_in("analyst")

    assert send(analyst, late, shop).status_code == 403
    shown = analyst.get(f"{HOME}orders/{late.pk}/").content.decode()
    assert "Last day to return" in shown
    assert "Grant the day" not in shown
    assert rows(shop) == []
