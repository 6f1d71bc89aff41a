"""A return's own page: the next thing and its date, papers, and what the shopper may still do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import shifted, today
from returns_portal.core.words import day
from returns_portal.tenancy.models import Merchant
from rma.actions.inspection import inspect_unit
from rma.actions.notes import add_note
from rma.actions.promises import miss_due_promises
from rma.actions.resolution import commit_resolution
from rma.actions.review import ask_for_information, decline_return, expire_due_returns
from rma.evidence import store_photo
from rma.models import Appeal, Inspection, Note, Photo, Return, Shipment
from rma.policy.days import last_day
from tests import factories, flows
from tests.portal.conftest import Shopper, picture, publish, sizes, statements, text


@pytest.fixture
def rma(shopper: Shopper, lines: list[OrderLine]) -> Return:
    """Return an approved return of one item, whose label is not made yet."""
    return shopper.ask_for(lines[0])


@pytest.fixture
def faulty(shopper: Shopper, lines: list[OrderLine]) -> Return:
    """Return a return that waits for a person, with one photo."""
    shopper.find()
    shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    return shopper.ask_for(lines[0], reason="faulty", comment="It broke")


def page(shopper: Shopper, rma: Return, path: str = "") -> str:
    response = shopper.get(f"s/{rma.token}{path}")
    assert response.status_code == 200
    return text(response)


def fresh(rma: Return) -> Return:
    return flows.fresh(rma)


def test_status_opens_with_the_link_alone_and_is_never_stored(
    shopper: Shopper, rma: Return
) -> None:
    response = Shopper(shopper.merchant).get(f"s/{rma.token}")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert rma.number in text(response)
    assert "maya@example.com" not in text(response)
    assert "Storgatan" not in text(response)


def test_status_of_another_merchant_is_not_found(
    other_merchant: Merchant, rma: Return, shopper: Shopper
) -> None:
    assert Shopper(other_merchant).get(f"s/{rma.token}").status_code == 404
    guess = rma.token[:-1] + ("y" if rma.token.endswith("x") else "x")
    assert shopper.get(f"s/{guess}").status_code == 404


def test_credit_is_told_with_its_bonus(shopper: Shopper, lines: list[OrderLine]) -> None:
    publish(
        credit_bonus={"share_bp": 1000, "amount_minor": 0, "most_minor": None},
        processing={"refund": "inspection", "store_credit": "approval", "exchange": "inspection"},
    )
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0], wanted="store_credit")

    status = text(shopper.client.get(shopper.confirm("own")["Location"]))

    # 85.50 and a tenth of it on top.
    assert "€94.05 store credit issued" in status
    assert "€85.50 store credit" not in status


def test_status_while_the_label_is_made_says_so_and_asks_again(
    shopper: Shopper, rma: Return
) -> None:
    before = page(shopper, rma)
    fragment = shopper.get(f"s/{rma.token}/live?part=parcel&wait")
    flows.drain()
    after = page(shopper, rma)
    done = shopper.get(f"s/{rma.token}/live?part=parcel&wait")

    assert "Approved. Your label is on its way." in before
    assert "We’ll e-mail it in a minute" in before
    assert 'data-poll-every="4"' in before
    assert "X-Poll" not in fragment
    assert "Approved. Send it by" in after
    assert "Get the label" in after
    assert 'data-poll-every="4"' not in after
    assert done["X-Poll"] == "stop"
    assert "Get the label" in text(done)


def test_status_send_by_is_the_last_day_and_not_the_day_after(
    shopper: Shopper, rma: Return
) -> None:
    flows.drain()
    last = (rma.created_at + timedelta(days=14)).astimezone(ZoneInfo("Europe/Dublin"))

    assert f"Approved. Send it by {last:%A} {last.day} {last:%B}." in page(shopper, rma)


def test_status_shows_number_as_barcode(shopper: Shopper, rma: Return) -> None:
    flows.drain()

    assert f'aria-label="Barcode {rma.number.replace("-", "")}"' in page(shopper, rma)


def test_label_and_slip_are_pdf(shopper: Shopper, rma: Return) -> None:
    assert shopper.get(f"s/{rma.token}/label").status_code == 404
    flows.drain()
    for name in ("label", "slip.pdf"):
        response = shopper.get(f"s/{rma.token}/{name}")
        assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
        assert response.content.startswith(b"%PDF-")
        assert response["Cache-Control"] == "no-store"


def test_status_lists_the_documents_there_are(shopper: Shopper, rma: Return) -> None:
    before = page(shopper, rma)
    flows.drain()
    after = page(shopper, rma)
    shopper.post(f"s/{rma.token}/cancel")

    assert ("Return slip (PDF)" in before, "Return label" in before) == (True, False)
    assert ("Return slip (PDF)" in after, "Return label" in after) == (True, True)
    assert "Return slip (PDF)" not in page(shopper, rma)


def test_label_and_slip_of_a_request_are_not_there(shopper: Shopper, faulty: Return) -> None:
    for name in ("label", "slip.pdf"):
        assert shopper.get(f"s/{faulty.token}/{name}").status_code == 404


def test_status_under_review_names_when_to_expect_an_answer(
    shopper: Shopper, faulty: Return
) -> None:
    shown = page(shopper, faulty)

    assert "We’re checking your request" in shown
    assert "You’ll hear from us by" in shown
    assert "Your photo 1" in shown
    assert "You asked for a return" in shown


def test_status_from_parcel_to_money(shopper: Shopper, rma: Return) -> None:
    flows.drain()
    flows.moved(rma)
    moving = page(shopper, rma)
    flows.received(rma)
    received = page(shopper, rma)
    flows.inspected(rma)
    flows.drain()
    paid = page(shopper, rma)

    assert "On its way to us" in moving
    assert "You get €80.55 back by" in moving
    assert "Cancel return" not in moving
    assert "We’ve got your parcel" in received
    assert "€80.55 is on its way to Visa ending 4242" in paid
    assert "€80.55 refunded to Visa ending 4242" in paid
    assert "Sent " in paid


def test_status_says_what_became_of_the_promised_day(shopper: Shopper, rma: Return) -> None:
    flows.drain()
    flows.received(rma)
    promised = day(fresh(rma).refund_promised_on, today("Europe/Dublin"))
    before = page(shopper, rma)
    with shifted(timedelta(days=60)):
        miss_due_promises()
        late = page(shopper, rma)
        flows.inspected(rma)
        flows.drain()
        paid = page(shopper, rma)

    assert f"Promised by {promised}." in before
    assert "It is late because your items are still being checked" in late
    assert "and we will refund you as soon as that is done." in late
    assert "Promised by" not in late
    assert "at the latest" not in late
    assert "we’re sorry it was late" in paid
    assert "It is late because" not in paid


def test_status_declined_gives_the_reason_and_no_money(shopper: Shopper, faulty: Return) -> None:
    with transaction.atomic():
        decline_return(faulty.pk, actor=SYSTEM, reason="The photo shows wear <b>outdoors</b>.")
    shown = page(shopper, faulty)

    assert "We can’t accept the Trail Runner 1" in shown
    assert "The photo shows wear &lt;b&gt;outdoors" in shown
    assert "€85.50" not in shown
    assert "Find my order" in shown


def test_status_expired_says_what_to_do(shopper: Shopper, rma: Return) -> None:
    with shifted(timedelta(days=20)):
        expire_due_returns()
    shown = page(shopper, rma)

    assert "This return has run out" in shown
    assert "data-poll=" not in shown


def test_status_of_goods_not_accepted_shows_what_was_found(
    shopper: Shopper, rma: Return, lines: list[OrderLine]
) -> None:
    flows.drain()
    flows.received(rma)
    with transaction.atomic():
        unit = Inspection.objects.get(rma=rma)
        store_photo(picture(), inspection=unit, actor=SYSTEM)
        inspect_unit(
            unit.pk,
            grade="D",
            disposition="dispose",
            accepted=False,
            rejection="Worn outdoors",
            actor=SYSTEM,
            expected_version=unit.version,
        )
    with transaction.atomic():
        commit_resolution(rma.pk, actor=SYSTEM)
        photo = Photo.objects.get()
    shown = page(shopper, rma)

    assert "What we found" in shown
    assert "<b>Trail Runner 1</b>: Damaged" in shown
    assert "Worn outdoors" in shown
    assert shopper.get(f"s/{rma.token}/photos/{photo.pk}").status_code == 200


def test_status_names_the_state_of_each_item_found_and_shows_why_less_is_paid(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    wishes = [flows.wish(line) for line in lines[:2]]
    rma = flows.received(flows.approved(lines[0].order, *wishes))
    photos = {}
    for grade in ("A", "C"):
        with transaction.atomic():
            unit = Inspection.objects.filter(rma=rma, status="pending").order_by("pk")[0]
            photos[grade] = store_photo(picture(), inspection=unit, actor=SYSTEM)
            inspect_unit(
                unit.pk,
                grade=grade,
                disposition="restock",
                accepted=True,
                actor=SYSTEM,
                expected_version=unit.version,
            )
    shown = page(shopper, rma)

    assert "<b>Trail Runner 1</b>: Like new" in shown
    assert "<b>Trail Runner 2</b>: Worn or marked" in shown
    assert shopper.get(f"s/{rma.token}/photos/{photos['A'].pk}").status_code == 404
    assert shopper.get(f"s/{rma.token}/photos/{photos['C'].pk}").status_code == 200


def test_status_hides_photos_and_notes_that_are_not_for_shoppers(
    shopper: Shopper, rma: Return
) -> None:
    flows.drain()
    flows.received(rma)
    with transaction.atomic():
        unit = Inspection.objects.get(rma=rma)
        inside = store_photo(picture(), inspection=unit, actor=SYSTEM)
        add_note(rma.pk, actor=SYSTEM, body="Looks like fraud", kind=Note.Kind.INTERNAL)
        add_note(rma.pk, actor=SYSTEM, body="Hello Maya", kind=Note.Kind.TO_SHOPPER)
    shown = page(shopper, rma)

    assert "Looks like fraud" not in shown
    assert "Hello Maya" in shown
    assert shopper.get(f"s/{rma.token}/photos/{inside.pk}").status_code == 404


def test_cancel_asks_once_and_cancels(shopper: Shopper, rma: Return) -> None:
    asked = page(shopper, rma, "/cancel")
    response = shopper.post(f"s/{rma.token}/cancel")
    shown = text(shopper.client.get(response["Location"]))

    assert "Cancel this return?" in asked
    assert fresh(rma).status == "cancelled"
    assert "This return is cancelled" in shown
    assert "Your return is cancelled." in shown
    assert shopper.post(f"s/{rma.token}/cancel").status_code == 302


def test_cancel_once_the_parcel_moves_is_refused(shopper: Shopper, rma: Return) -> None:
    flows.drain()
    flows.moved(rma)
    response = shopper.post(f"s/{rma.token}/cancel")

    assert response.status_code == 409
    assert "can&#x27;t be cancelled any more" in text(response)
    assert fresh(rma).status == "open"


def test_cancel_of_an_exchange_says_what_is_released(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    sizes(lines[0], M=1)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    key = lines[0].pk.hex
    shopper.step("resolution", {f"wish-{key}-wanted": "exchange", f"wish-{key}-axis-0": "M"})
    token = shopper.confirm()["Location"].split("/")[-1]
    asked = text(shopper.get(f"s/{token}/cancel"))
    shown = text(shopper.get(f"s/{token}"))

    assert "We release the new item that we hold for you." in asked
    with transaction.atomic():
        made = Return.objects.get(token=token)
    last = day(last_day(made.expires_at, shopper.merchant.time_zone), today("Europe/Berlin"))
    assert f"Exchange for M, held for you until {last}" in shown

    flows.drain()
    flows.moved(made, 2)
    shown = text(shopper.get(f"s/{token}"))

    assert "Exchange for M, held for you" in shown
    assert "held for you until" not in shown


def test_message_reaches_staff(shopper: Shopper, rma: Return) -> None:
    response = shopper.post(f"s/{rma.token}/messages", {"body": "Which box?\x00 <i>"})
    shown = text(shopper.client.get(response["Location"]))

    with transaction.atomic():
        note = Note.objects.get(rma=rma)
    assert (note.kind, note.body, note.author_name) == (
        "from_shopper",
        "Which box? <i>",
        "Maya Lindqvist",
    )
    assert "Which box? &lt;i&gt;" in shown


@pytest.mark.parametrize("body", ["", "   ", "\x00", "x" * 4001])
def test_message_that_says_nothing_or_too_much_is_shown_again(
    shopper: Shopper, rma: Return, body: str
) -> None:
    response = shopper.post(f"s/{rma.token}/messages", {"body": body})

    assert response.status_code == 422
    assert 'role="alert"' in text(response)
    with transaction.atomic():
        assert not Note.objects.exists()


def asked(rma: Return, question: str = "Show us the label") -> None:
    with transaction.atomic():
        ask_for_information(rma.pk, actor=SYSTEM, question=question)


def test_answer_with_photos_alone_goes_back_to_staff(shopper: Shopper, faulty: Return) -> None:
    asked(faulty)
    shown = page(shopper, faulty)
    response = shopper.post(f"s/{faulty.token}/answer", {"photos": [picture(), picture("b.jpg")]})

    assert "We need one thing from you" in shown
    assert "Show us the label" in shown
    assert "Reply by" in shown
    assert response.status_code == 302
    assert fresh(faulty).status == "requested"
    with transaction.atomic():
        assert Photo.objects.filter(rma=faulty).count() == 3
        assert Note.objects.filter(kind="from_shopper").get().body == "Sent 2 photos."


def test_answer_without_anything_is_shown_again(shopper: Shopper, faulty: Return) -> None:
    asked(faulty)
    response = shopper.post(f"s/{faulty.token}/answer", {"answer": " "})

    assert response.status_code == 422
    assert "Add a photo or write an answer" in text(response)
    assert fresh(faulty).status == "needs_info"


def test_answer_with_a_bad_photo_changes_nothing(shopper: Shopper, faulty: Return) -> None:
    asked(faulty)
    bad = SimpleUploadedFile("x.jpg", b"no photo", content_type="image/jpeg")
    response = shopper.post(
        f"s/{faulty.token}/answer", {"answer": "Here", "photos": [picture(), bad]}
    )

    assert response.status_code == 422
    assert "Send a JPEG, PNG or WebP" in text(response)
    assert fresh(faulty).status == "needs_info"
    with transaction.atomic():
        assert Photo.objects.filter(rma=faulty).count() == 1


def test_answer_to_no_question_is_refused(shopper: Shopper, rma: Return) -> None:
    response = shopper.post(f"s/{rma.token}/answer", {"answer": "Hello"})

    assert response.status_code == 422
    assert "no open question" in text(response)


def test_tracking_of_an_own_carrier_is_kept(shopper: Shopper, lines: list[OrderLine]) -> None:
    rma = shopper.ask_for(lines[0], method="own")
    shown = page(shopper, rma)
    response = shopper.post(
        f"s/{rma.token}/tracking", {"carrier": "An Post", "tracking_code": " rr 123 ie "}
    )

    assert "14 Drury Street" in shown
    assert "Get the label" not in shown
    assert response.status_code == 302
    with transaction.atomic():
        shipment = Shipment.objects.get(rma=rma)
    assert (shipment.carrier, shipment.tracking_key) == ("An Post", "RR123IE")
    assert "On its way to us" in page(shopper, rma)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"carrier": "An Post"},
        {"carrier": "", "tracking_code": "RR1"},
        {"carrier": "An Post", "tracking_code": "***"},
        {"carrier": "An Post", "tracking_code": "\x00"},
        {"carrier": "x" * 61, "tracking_code": "R" * 81},
    ],
)
def test_tracking_that_is_none_is_shown_again(
    shopper: Shopper, lines: list[OrderLine], sent: dict[str, Any]
) -> None:
    rma = shopper.ask_for(lines[0], method="own")
    response = shopper.post(f"s/{rma.token}/tracking", sent)

    assert response.status_code == 422
    with transaction.atomic():
        assert not Shipment.objects.exists()


def test_status_started_by_staff_says_who(shopper: Shopper, lines: list[OrderLine]) -> None:
    agent = factories.member_actor(
        factories.make_member(shopper.merchant, "agent"), shopper.merchant
    )
    rma = flows.request(lines[0].order, flows.wish(lines[0]), actor=agent, channel="staff")

    assert "Northloom started your return" in page(shopper, rma)


def test_live_parts_are_fragments(shopper: Shopper, rma: Return) -> None:
    for part in ("head", "parcel", "timeline", "nonsense"):
        shown = page(shopper, rma, f"/live?part={part}")
        assert "<html" not in shown
        assert shown.strip()


def test_status_needs_the_same_statements_for_2_and_20_lines(
    shopper: Shopper, shop: Merchant
) -> None:
    counts = []
    for number, amount in (("NL-2", 2), ("NL-20", 20)):
        placed = flows.order(number=number, prices=[1000 + place for place in range(amount)])
        rma = flows.request(placed, *[flows.wish(line) for line in flows.lines_of(placed)])
        counts.append(statements(shopper, f"s/{rma.token}"))

    assert counts[0] == counts[1] <= 20


def test_appeal_with_words_and_photo_shows_on_the_page(shopper: Shopper, faulty: Return) -> None:
    with transaction.atomic():
        decline_return(faulty.pk, actor=SYSTEM, reason="The photo shows wear.")
    before = page(shopper, faulty)
    sent = {"words": "It is <b>dust</b>.", "photos": [picture()]}
    response = shopper.post(f"s/{faulty.token}/appeal", sent)
    again = shopper.post(
        f"s/{faulty.token}/appeal", {"words": "It is dust.", "photos": [picture()]}
    )
    after = page(shopper, faulty)

    assert "You can object until" in before
    assert response.status_code == again.status_code == 302
    assert "It is &lt;b&gt;dust&lt;/b&gt;." in after
    assert "You can object until" not in after
    with transaction.atomic():
        assert Appeal.objects.get().status == "open"
        assert Photo.objects.filter(rma=faulty).count() == 2


@pytest.mark.parametrize(("sent", "words"), [({"words": " "}, "Write why"), ({}, "Write why")])
def test_appeal_without_words_is_shown_again(
    shopper: Shopper, faulty: Return, sent: dict[str, Any], words: str
) -> None:
    with transaction.atomic():
        decline_return(faulty.pk, actor=SYSTEM, reason="The photo shows wear.")
    response = shopper.post(f"s/{faulty.token}/appeal", sent)

    assert response.status_code == 422
    assert words in text(response)
    with transaction.atomic():
        assert not Appeal.objects.exists()


def test_appeal_with_a_bad_photo_keeps_nothing(shopper: Shopper, faulty: Return) -> None:
    with transaction.atomic():
        decline_return(faulty.pk, actor=SYSTEM, reason="The photo shows wear.")
    bad = SimpleUploadedFile("x.jpg", b"no photo", content_type="image/jpeg")
    response = shopper.post(f"s/{faulty.token}/appeal", {"words": "Dust.", "photos": [bad]})

    assert response.status_code == 422
    assert "Send a JPEG, PNG or WebP" in text(response)
    with transaction.atomic():
        assert not Appeal.objects.exists()
