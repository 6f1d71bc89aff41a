"""Deciding in the browser: one click, one action, and words when somebody was first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from returns_portal.activity.models import Event
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.appeals import open_appeal
from rma.actions.review import decline_return
from rma.models import Note, Return
from tests.backoffice.conftest import HOME, wait_for_review

pytestmark = pytest.mark.django_db
Post = Callable[..., object]


def fresh(shop: Merchant, rma: Return) -> Return:
    with merchant_scope(shop.pk):
        return Return.objects.get(pk=rma.pk)


def kinds(shop: Merchant, rma: Return) -> list[str]:
    with merchant_scope(shop.pk):
        return list(
            Event.objects.filter(about_id=rma.pk).order_by("id").values_list("kind", flat=True)
        )


def path(rma: Return, what: str) -> str:
    return f"{HOME}returns/{rma.number}/{what}/"


def test_approve_opens_the_return_in_the_members_name(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    answer = owner.post(path(waiting, "approve"), {"seen": "requested"})

    assert (answer.status_code, answer["Location"]) == (302, f"{HOME}returns/{waiting.number}/")
    assert fresh(shop, waiting).status == "open"
    assert fresh(shop, waiting).decided_by == "Owner Person"
    assert "return.approved" in kinds(shop, waiting)


def test_approve_from_the_queue_goes_back_to_the_queue(owner: Client, waiting: Return) -> None:
    answer = owner.post(path(waiting, "approve"), {"back": "queue", "query": "view=review&days=14"})

    assert answer["Location"] == f"{HOME}returns/?view=review&days=14"


def test_decline_after_somebody_approved_says_who_and_changes_nothing(
    owner: Client, sign_in: Callable[..., Client], shop: Merchant, waiting: Return
) -> None:
    owner.post(path(waiting, "approve"), {"seen": "requested"})
    before = kinds(shop, waiting)

    answer = sign_in("agent").post(
        path(waiting, "decline"), {"seen": "requested", "reason": "Too late."}
    )

    assert answer.status_code == 409
    assert "Owner Person approved this" in answer.content.decode()
    assert fresh(shop, waiting).status == "open"
    assert kinds(shop, waiting) == before


def test_decline_without_a_reason_asks_for_it(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    answer = owner.post(path(waiting, "decline"), {"reason": "  "})

    assert answer.status_code == 422
    assert fresh(shop, waiting).status == "requested"


def test_decline_keeps_the_words_for_the_shopper(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    owner.post(path(waiting, "decline"), {"reason": "Worn outdoors, and the tags are off."})

    found = fresh(shop, waiting)
    assert (found.status, found.decline_reason) == (
        "declined",
        "Worn outdoors, and the tags are off.",
    )


def test_ask_waits_for_the_shopper(owner: Client, shop: Merchant, waiting: Return) -> None:
    owner.post(path(waiting, "ask"), {"question": "Which size do you need?"})

    found = fresh(shop, waiting)
    assert (found.status, found.info_question) == ("needs_info", "Which size do you need?")


def test_cancel_asks_first_and_then_cancels(owner: Client, shop: Merchant, waiting: Return) -> None:
    assert owner.get(path(waiting, "cancel")).status_code == 200
    assert fresh(shop, waiting).status == "requested"

    owner.post(path(waiting, "cancel"))

    assert fresh(shop, waiting).status == "cancelled"


def test_note_is_internal_and_empty_ones_are_refused(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    owner.post(path(waiting, "notes"), {"body": "Called her.", "kind": "internal"})
    refused = owner.post(path(waiting, "notes"), {"body": " ", "kind": "internal"})

    with merchant_scope(shop.pk):
        notes = list(Note.objects.filter(rma=waiting).values_list("kind", "body", "author_name"))
    assert notes == [("internal", "Called her.", "Owner Person")]
    assert refused.status_code == 400


def test_assign_to_somebody_outside_the_team_is_refused(
    owner: Client, shop: Merchant, waiting: Return, other_merchant: Merchant
) -> None:
    from_elsewhere = "01234567-89ab-7def-8123-456789abcdef"

    assert owner.post(path(waiting, "assign"), {"user": from_elsewhere}).status_code == 404
    assert fresh(shop, waiting).assignee_id is None


def test_bulk_says_first_what_would_happen_and_changes_nothing(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    other = wait_for_review(shop, "NL-2002")
    owner.post(path(other, "decline"), {"reason": "No."})
    before = kinds(shop, waiting)

    answer = owner.post(f"{HOME}returns/bulk/", {"ids": [waiting.pk, other.pk]})

    assert [rma.number for rma in answer.context["fine"]] == [waiting.number]
    assert [rma.number for rma, _ in answer.context["refused"]] == [other.number]
    assert fresh(shop, waiting).status == "requested"
    assert kinds(shop, waiting) == before


def test_bulk_approves_when_confirmed(owner: Client, shop: Merchant, waiting: Return) -> None:
    other = wait_for_review(shop, "NL-2002")

    owner.post(f"{HOME}returns/bulk/", {"ids": [waiting.pk, other.pk], "commit": "1"})

    assert {fresh(shop, waiting).status, fresh(shop, other).status} == {"open"}


def test_bulk_without_a_choice_goes_back(owner: Client, waiting: Return) -> None:
    answer = owner.post(f"{HOME}returns/bulk/", {"ids": ["nonsense"]}, follow=True)

    assert "Choose at least one return." in answer.content.decode()


def test_member_without_the_permission_changes_nothing(
    sign_in: Callable[..., Client], shop: Merchant, waiting: Return
) -> None:
    answer = sign_in("analyst").post(path(waiting, "approve"))

    assert answer.status_code == 403
    assert fresh(shop, waiting).status == "requested"


def test_get_on_an_action_is_not_allowed(owner: Client, waiting: Return) -> None:
    assert owner.get(path(waiting, "approve")).status_code == 405


def objected(shop: Merchant, rma: Return) -> None:
    with merchant_scope(shop.pk):
        decline_return(rma.pk, actor=SYSTEM, reason="Worn.")
        open_appeal(rma.pk, actor=SHOPPER, words="Never <i>worn</i>.")


def test_appeal_shows_in_the_queue_and_on_the_return_and_is_answered_once(
    owner: Client, shop: Merchant, waiting: Return
) -> None:
    objected(shop, waiting)
    queue = owner.get(f"{HOME}returns/?view=appeals").content.decode()
    shown = owner.get(f"{HOME}returns/{waiting.number}/").content.decode()
    asked = owner.get(path(waiting, "appeal")).content.decode()
    sent = {"outcome": "granted", "answer": "You are right."}
    first = owner.post(path(waiting, "appeal"), sent)
    second = owner.post(path(waiting, "appeal"), sent)

    assert waiting.number in queue
    assert "Objection: needs a person" in queue
    assert "Never &lt;i&gt;worn&lt;/i&gt;." in shown
    assert "Never &lt;i&gt;worn&lt;/i&gt;." in asked
    assert (first.status_code, second.status_code) == (302, 409)
    assert fresh(shop, waiting).status == "open"
    assert kinds(shop, waiting).count("appeal.answered") == 1
    assert waiting.number not in owner.get(f"{HOME}returns/?view=appeals").content.decode()


@pytest.mark.parametrize("sent", [{"outcome": "upheld"}, {"outcome": "x", "answer": "No."}])
def test_appeal_answer_that_is_none_is_shown_again(
    owner: Client, shop: Merchant, waiting: Return, sent: dict[str, str]
) -> None:
    objected(shop, waiting)
    answer = owner.post(path(waiting, "appeal"), sent)

    assert answer.status_code == 422
    assert "appeal.answered" not in kinds(shop, waiting)
