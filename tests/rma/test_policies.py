from __future__ import annotations

from datetime import timedelta

import pytest

from returns_portal.activity.models import Event
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.notes import add_note
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion, Return
from rma.policy.document import default_policy
from rma.policy.engine import offer
from rma.policy.facts import build
from rma.policy.live import live_policy, policy_of
from tests.rma.returning import ask_for, make_order, publish

pytestmark = pytest.mark.usefixtures("scoped")


def versions() -> list[tuple[int, str]]:
    return list(PolicyVersion.objects.order_by("number").values_list("number", "status"))


def test_publish_policy_retires_the_one_before() -> None:
    first = publish()
    second = publish(refund_days=3)

    assert versions() == [(1, "retired"), (2, "live")]
    assert live_policy()[0] == second.pk
    assert live_policy()[1].refund_days == 3
    assert policy_of(first.pk).refund_days == 5
    assert Event.objects.filter(kind="policy.published").count() == 2


def test_save_draft_again_changes_the_same_draft_and_not_the_live_one() -> None:
    live = publish()
    save_draft(default_policy("EUR") | {"refund_days": 1}, actor=SYSTEM)
    save_draft(default_policy("EUR") | {"refund_days": 2}, actor=SYSTEM)

    assert versions() == [(1, "live"), (2, "draft")]
    assert live_policy() == (live.pk, policy_of(live.pk))


def test_save_draft_that_cannot_be_read_is_refused_and_not_kept() -> None:
    with pytest.raises(InvalidInput) as refused:
        save_draft(default_policy("EUR") | {"refund_days": -1}, actor=SYSTEM)

    assert refused.value.field == "refund_days"
    assert versions() == []


def test_publish_policy_without_a_draft_is_refused() -> None:
    publish()

    with pytest.raises(Conflict, match="no draft"):
        publish_policy(actor=SYSTEM)


def test_live_policy_is_the_merchants_own(scoped: Merchant, other_merchant: Merchant) -> None:
    own = publish()

    with merchant_scope(other_merchant.pk):
        with pytest.raises(Conflict) as refused:
            live_policy()
        with pytest.raises(PolicyVersion.DoesNotExist):
            policy_of(own.pk)

    assert refused.value.code == "no_policy"


def test_open_return_keeps_the_policy_it_was_asked_under() -> None:
    publish()
    rma = ask_for(make_order())
    publish(refund_days=1)

    assert policy_of(Return.objects.get(pk=rma.pk).policy_version_id).refund_days == 5


def test_build_reads_the_mirror_as_it_is() -> None:
    order = make_order(lines=[{"tags": ["Sale"], "product_type": "Shoes", "quantity": 3,
                               "net_minor": 1000, "paid_minor": 1000, "unit_price_minor": 334}],
                       total_minor=1000)  # fmt: skip

    facts = build(order_for_return(order.pk), now())

    line = facts.lines[0]
    assert (facts.number, facts.currency, facts.country) == ("NL-48213", "EUR", "IE")
    assert facts.time_zone == "Europe/Dublin"
    assert (line.quantity_ordered, line.quantity_available, line.unit_paid_minor) == (3, 3, 333)
    assert (line.tags, line.product_type) == (("Sale",), "Shoes")
    assert line.delivered_at is not None


def test_build_names_the_returns_that_hold_units_but_not_declined_ones() -> None:
    publish()
    order = make_order()
    held = ask_for(order)
    late = make_order("NL-2", lines=[{"delivered_at": now() - timedelta(days=90)}])
    ask_for(late)

    [line] = build(order_for_return(order.pk), now()).lines
    [free] = build(order_for_return(late.pk), now()).lines

    assert [(claim.rma, claim.quantity) for claim in line.claims] == [(held.number, 1)]
    assert (line.quantity_available, free.claims, free.quantity_available) == (1, (), 2)


def test_offer_on_a_real_order_says_what_is_left() -> None:
    publish()
    order = make_order()
    held = ask_for(order)

    version, policy = live_policy()
    [line] = offer(build(order_for_return(order.pk), now(), policy=policy), policy).lines

    assert version == held.policy_version_id
    assert line.quantity == 1
    assert line.sentence.startswith(
        f"1 of 2 can be returned. One is already in return {held.number}"
    )


def test_add_note_is_kept_with_its_author_and_told_without_its_text() -> None:
    publish()
    rma = ask_for(make_order())

    note = add_note(rma.pk, actor=SYSTEM, body="  Called back. ", kind="internal")

    assert (note.body, note.author_name, note.kind) == ("Called back.", SYSTEM.name, "internal")
    event = Event.objects.get(kind="note.added")
    assert event.about_id == rma.pk
    assert "Called" not in str(event.facts)


@pytest.mark.parametrize("body", ["", " \x00 ", "x" * 4001])
def test_add_note_empty_or_endless_is_refused(body: str) -> None:
    publish()
    rma = ask_for(make_order())

    with pytest.raises(InvalidInput), attempt():
        add_note(rma.pk, actor=SYSTEM, body=body)

    assert not rma.notes.exists()
