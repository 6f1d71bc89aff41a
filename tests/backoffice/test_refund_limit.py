"""The amount above which a second person agrees: set on its page, and heard by early payments."""

from __future__ import annotations

import pytest
from django.test import Client

from refunds.actions.request import approve_refund
from refunds.models import Refund
from returns_portal.activity.models import Event
from returns_portal.core.db import attempt
from returns_portal.core.errors import NotAllowed
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.review import approve_return
from rma.models import Resolution
from tests import flows
from tests.backoffice.conftest import HOME, SignIn, at_bench
from tests.backoffice.test_processing import publish
from tests.factories import member_actor

pytestmark = pytest.mark.django_db
PAGE = f"{HOME}settings/refunds/"


def test_limit_is_kept_recorded_and_taken_away(owner: Client, shop: Merchant) -> None:
    assert 'name="limit"' in owner.get(PAGE).content.decode()

    owner.post(PAGE, {"limit": "40.50"})

    shop.refresh_from_db()
    assert shop.second_person_above_minor == 4050
    assert 'value="40.50"' in owner.get(PAGE).content.decode()
    with merchant_scope(shop.pk):
        event = Event.objects.filter(kind="settings.changed").latest("id")
    assert event.facts["changed"] == ["second_person_above_minor"]
    owner.post(PAGE, {"limit": ""})
    shop.refresh_from_db()
    assert shop.second_person_above_minor is None


@pytest.mark.parametrize("wrong", ["-1", "4.999", "many", "99999999999999", "1\x00"])
def test_limit_that_is_no_amount_is_refused_beside_its_field(
    owner: Client, shop: Merchant, wrong: str
) -> None:
    answer = owner.post(PAGE, {"limit": wrong})

    assert answer.status_code in (400, 422)
    shop.refresh_from_db()
    assert shop.second_person_above_minor is None


def test_agent_does_not_set_the_limit(sign_in: SignIn, shop: Merchant) -> None:
    assert sign_in("agent").post(PAGE, {"limit": "1"}).status_code == 403
    shop.refresh_from_db()
    assert shop.second_person_above_minor is None


def test_policy_that_pays_at_approval_waits_for_somebody_else_than_who_approved(
    owner: Client, shop: Merchant, sign_in: SignIn
) -> None:
    owner.post(PAGE, {"limit": "40"})
    publish(shop, refund="approval")
    asker = member_actor(owner.user, shop)  # type: ignore[attr-defined]
    other = member_actor(sign_in("manager").user, shop)  # type: ignore[attr-defined]
    with merchant_scope(shop.pk):
        placed = flows.order(number="NL-5001", prices=(30_000,))
        rma = flows.request(placed)
        approve_return(rma.pk, actor=asker)
        refund = Refund.objects.get()
        assert (refund.status, refund.needs_second_person) == ("requested", True)
        with pytest.raises(NotAllowed) as refusal, attempt():
            approve_refund(refund.pk, actor=asker)
        assert refusal.value.code == "second_person_needed"
        assert Refund.objects.get().status == "requested"

        approve_refund(refund.pk, actor=other)

        assert Refund.objects.get().status == "approved"
        assert Resolution.objects.count() == 1


def test_by_hand_ahead_of_the_goods_hears_the_limit_too(owner: Client, shop: Merchant) -> None:
    owner.post(PAGE, {"limit": "40"})
    publish(shop, refund="hand")
    rma = at_bench(shop)

    owner.post(f"{HOME}returns/{rma.number}/settle/", {"ahead": "1"})

    with merchant_scope(shop.pk):
        refund = Refund.objects.get()
    assert (refund.status, refund.requested_by_id) == ("requested", str(owner.user.pk))  # type: ignore[attr-defined]
