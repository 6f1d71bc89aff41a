"""The items page: what may come back and why not, reasons, units, photos, and garbage."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.clock import now
from returns_portal.tenancy.models import Merchant
from rma.drafts import answers_of
from rma.models import Photo, PolicyVersion, Return, ReturnDraft
from tests import flows
from tests.factories import make_member
from tests.portal.conftest import Shopper, item, picture, publish, statements, text


def draft_of(shopper: Shopper) -> ReturnDraft:
    with transaction.atomic():
        return ReturnDraft.objects.get(token=shopper.token)


def photos() -> list[Photo]:
    with transaction.atomic():
        return list(Photo.objects.order_by("created_at"))


def change(line: OrderLine, **columns: Any) -> None:
    with transaction.atomic():
        OrderLine.objects.filter(pk=line.pk).update(**columns)


def test_items_shows_each_line_with_price_and_last_day(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    page = text(shopper.step("items"))

    assert "€85.50" in page
    assert "€117.00" in page
    assert page.count("Refund, credit or exchange until") == 2
    assert "Order NL-1001, delivered" in page


def test_items_keeps_what_cannot_be_returned_visible_with_rule_and_date(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    change(lines[0], is_final_sale=True)
    change(lines[1], delivered_at=now() - timedelta(days=900))
    shopper.find()
    page = text(shopper.step("items"))

    assert "Sold as final sale on" in page
    assert "Faults could be reported for 2 years after delivery" in page or (
        "Returns were open for 30 days after delivery" in page
    )
    assert "report a fault" in page
    assert "This order is past its return date" in page
    assert 'type="checkbox"' not in page


def test_items_reporting_a_fault_offers_only_faults(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    change(lines[0], is_final_sale=True)
    shopper.find()
    page = text(shopper.step(f"items?fault={lines[0].pk.hex}"))
    start = page.index(f'id="item-{lines[0].pk.hex}"')
    card = page[start : page.index("</li>", start)]

    assert "checked" in card
    assert "Faulty or damaged" in card
    assert "Changed my mind" not in card


def test_items_of_an_order_that_has_not_left_says_so(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    for line in lines:
        change(line, fulfilled_quantity=0, delivered_at=None, shipped_at=None)
    shopper.find()

    assert "NL-1001 hasn’t left us yet" in text(shopper.step("items"))


def test_items_of_a_fully_returned_order_lead_to_the_return(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    rma = shopper.ask_for(*lines)
    shopper.find()
    page = text(shopper.step("items"))

    assert "Everything in this order is already in a return" in page
    assert f"/r/northloom/s/{rma.token}" in page
    assert f"In return {rma.number}" in page


def test_items_partly_returned_shows_what_is_left(shopper: Shopper, shop: Merchant) -> None:
    line = flows.lines_of(flows.order(quantity=3))[0]
    shopper.ask_for(line)
    shopper.find()
    page = text(shopper.step("items"))

    assert "2 can be returned" in page
    assert "One is already in return" in page


def test_items_saves_the_answers_and_goes_on(shopper: Shopper, lines: list[OrderLine]) -> None:
    shopper.find()
    response = shopper.choose(lines[1], reason="other", comment="  Not mine\x00 ")

    assert response["Location"] == f"/r/northloom/r/{shopper.token}/resolution"
    answers = answers_of(draft_of(shopper))
    assert list(answers) == [lines[1].pk]
    assert (answers[lines[1].pk].reason, answers[lines[1].pk].comment) == ("other", "Not mine")


def test_items_again_are_ticked_and_a_change_of_reason_forgets_the_wish(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])
    assert "checked" in text(shopper.step("items"))
    shopper.choose(lines[0])
    assert answers_of(draft_of(shopper))[lines[0].pk].wanted == "refund"
    shopper.choose(lines[0], reason="too_small")

    assert answers_of(draft_of(shopper))[lines[0].pk].wanted == ""


def test_items_without_a_choice_says_so(shopper: Shopper, lines: list[OrderLine]) -> None:
    shopper.find()
    response = shopper.step("items", {"nothing": "chosen"})

    assert response.status_code == 422
    assert "Choose at least one item" in text(response)
    assert answers_of(draft_of(shopper)) == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": ""}, "Choose why you’re returning Trail Runner 1"),
        ({"reason": "nonsense"}, "Choose why you’re returning Trail Runner 1"),
        ({"quantity": "0"}, "Choose 1 to 3 of Trail Runner 1"),
        ({"quantity": "4"}, "Choose 1 to 3 of Trail Runner 1"),
        ({"quantity": "-1"}, "Choose 1 to 3 of Trail Runner 1"),
        ({"quantity": "9" * 5000}, "Choose 1 to 3 of Trail Runner 1"),
        ({"quantity": "two"}, "Choose 1 to 3 of Trail Runner 1"),
        ({"quantity": "1\x00"}, "Choose 1 to 3 of Trail Runner 1"),
        ({"reason": "other", "comment": "x" * 1001}, "Use up to 1000 characters"),
        ({"reason": "faulty"}, "Add a photo of Trail Runner 1 that shows what is wrong"),
    ],
)
def test_items_with_a_wrong_answer_shows_the_form_again(
    shopper: Shopper, shop: Merchant, fields: dict[str, str], words: str
) -> None:
    line = flows.lines_of(flows.order(quantity=3))[0]
    shopper.find()
    response = shopper.step("items", item(line, **{"reason": "changed_mind", **fields}))

    assert response.status_code == 422
    assert words in text(response)
    assert "Error:" in text(response)
    assert answers_of(draft_of(shopper)) == {}


def test_items_of_another_order_are_ignored(shopper: Shopper, lines: list[OrderLine]) -> None:
    other = flows.lines_of(flows.order(number="NL-2002", email="eve@example.com"))[0]
    shopper.find()

    assert shopper.step("items", item(other)).status_code == 422


def test_items_with_a_photo_in_the_form_need_no_script(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    sent = item(lines[0], reason="faulty") | {f"item-{lines[0].pk.hex}-photos": picture()}
    response = shopper.step("items", sent)

    assert response.status_code == 302
    assert [photo.draft_line_id for photo in photos()] == [lines[0].pk]


def test_photo_upload_answers_with_its_tile(
    shopper: Shopper, lines: list[OrderLine], tmp_path: Path
) -> None:
    shopper.find()
    response = shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    photo = photos()[0]
    shown = shopper.step(f"photos/{photo.pk}")

    assert response.status_code == 200
    assert "photo 1 of Trail Runner 1" in text(response)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert shown.content.startswith(b"\xff\xd8")
    assert Shopper(shopper.merchant).get(f"r/{shopper.token}/photos/{photo.pk}").status_code == 403


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "photo"),
        (b"%PDF-1.7 not a photo", "Send a JPEG, PNG or WebP"),
        (b"<svg onload='alert(1)'/>", "Send a JPEG, PNG or WebP"),
        (b"\xff\xd8\xff\xe0broken", "broken"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "broken"),
    ],
)
def test_photo_upload_of_something_else_is_refused(
    shopper: Shopper, lines: list[OrderLine], content: bytes, words: str
) -> None:
    shopper.find()
    upload = SimpleUploadedFile("x.jpg", content, content_type="image/jpeg")
    response = shopper.step(f"items/{lines[0].pk}/photos", {"file": upload}, HTTP_HX_REQUEST="true")

    assert response.status_code == 400
    assert words in text(response)
    assert response["Content-Type"].startswith("text/plain")
    assert photos() == []


def test_photo_upload_that_is_too_big_is_refused(
    shopper: Shopper, lines: list[OrderLine], settings: Any
) -> None:
    settings.UPLOAD_MAX_BYTES = 200
    shopper.find()
    response = shopper.step(f"items/{lines[0].pk}/photos", {"file": picture(size=(900, 900))})

    assert response.status_code == 400
    assert photos() == []


def test_photo_upload_beyond_five_is_refused(shopper: Shopper, lines: list[OrderLine]) -> None:
    shopper.find()
    answers = [
        shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()}).status_code
        for _ in range(6)
    ]

    assert answers == [200] * 5 + [409]
    assert len(photos()) == 5


def test_photo_upload_for_an_item_of_another_order_is_refused(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    other = flows.lines_of(flows.order(number="NL-2002", email="eve@example.com"))[0]
    shopper.find()

    assert shopper.step(f"items/{other.pk}/photos", {"file": picture()}).status_code == 404
    assert shopper.step(f"items/{uuid4()}/photos", {"file": picture()}).status_code == 404
    assert shopper.step(f"items/{lines[0].pk}/photos", {"file": "no file"}).status_code == 400
    assert photos() == []


def test_photo_remove_takes_it_back_and_keeps_the_answers(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    response = shopper.step(f"photos/{photos()[0].pk}/remove", item(lines[0], reason="other"))

    assert response["Location"] == f"/r/northloom/r/{shopper.token}/items"
    assert photos() == []
    assert answers_of(draft_of(shopper))[lines[0].pk].reason == "other"


def test_photo_remove_of_a_strangers_photo_leaves_it(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    flows.order(number="NL-2002", email="eve@example.com")
    eve = Shopper(shopper.merchant)
    eve.find("NL-2002", "eve@example.com")
    eve.step(f"photos/{photos()[0].pk}/remove", {"x": ""})

    assert len(photos()) == 1


def test_items_summary_prices_the_selection(shopper: Shopper, lines: list[OrderLine]) -> None:
    shopper.find()
    none = text(shopper.step("items/summary", {"x": ""}))
    both = text(shopper.step("items/summary", item(lines[0]) | item(lines[1], reason="")))

    assert "No items yet" in none
    assert "2 items" in both
    assert "€202.50" in both


@pytest.mark.parametrize(
    "path",
    [
        "r/short/items",
        "r/%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00/items",
        "r/" + "x" * 500 + "/items",
        "r/../../etc/passwd/items",
        "r/ABCDEFGHIJKLMNOPQRSTUVWX/items/not-a-uuid/photos",
        "r/ABCDEFGHIJKLMNOPQRSTUVWX/photos/123/remove",
        "s/%f0%9f%92%a5",
        "nowhere",
        "r/",
    ],
)
def test_an_address_that_means_nothing_is_not_found(shopper: Shopper, path: str) -> None:
    for response in (shopper.get(path), shopper.post(path)):
        assert response.status_code in (403, 404)
        assert "northloom" in text(response).lower()


def test_items_page_needs_the_same_statements_for_2_and_20_lines(
    shopper: Shopper, shop: Merchant
) -> None:
    counts = []
    for number, amount in (("NL-3", 3), ("NL-21", 21)):
        placed = flows.order(number=number, prices=[1000 + place for place in range(amount)])
        flows.request(placed, flows.wish(flows.lines_of(placed)[0]))
        shopper.find(number)
        counts.append(statements(shopper, f"r/{shopper.token}/items"))

    assert counts[0] == counts[1] <= 16


def test_items_under_a_policy_without_a_fee_promise_nothing_about_it(
    shopper: Shopper, order: Order
) -> None:
    publish(fee__amount_minor=0)
    shopper.find()

    assert "Return shipping is free for this item" not in text(shopper.step("items"))


def asking(*questions: dict[str, Any]) -> None:
    """Let the reason "Too small" ask further."""
    with transaction.atomic():
        document = dict(PolicyVersion.objects.get(status="live").document)
    first, *others = document["reasons"]
    publish(reasons=[{**first, "questions": list(questions)}, *others])


FIT: dict[str, Any] = {
    "key": "fit", "labels": {"en": "Where is it tight?"}, "required": True,
    "options": [{"key": "chest", "labels": {"en": "Chest"}},
                {"key": "arms", "labels": {"en": "Arms"}}],
}  # fmt: skip
MORE: dict[str, Any] = {"key": "more", "labels": {"en": "Which size fits?"}, "required": False}


def test_reason_that_asks_further_keeps_the_answers_up_to_the_bench(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    asking(FIT, MORE)
    shopper.find()
    page = text(shopper.step("items"))
    assert page.count("Where is it tight?") == len(lines)
    assert 'data-asks="q0"' in page
    given = {"q-too_small-fit": "arms", "q-too_small-more": " EU 40\x00 "}

    refused = shopper.choose(lines[0], reason="too_small")
    chosen = shopper.choose(lines[0], reason="too_small", **given)

    assert refused.status_code == 422
    assert "Answer for Trail Runner 1: Where is it tight?" in text(refused)
    assert chosen.status_code == 302
    assert answers_of(draft_of(shopper))[lines[0].pk].answers == {"fit": "arms", "more": "EU 40"}
    again = text(shopper.step("items"))
    assert 'value="arms" checked' in again
    assert 'value="EU 40"' in again

    shopper.want(lines[0])
    token = shopper.confirm("label")["Location"].split("/")[-1]
    with transaction.atomic():
        rma = Return.objects.get(token=token)
        assert rma.lines.get().answers == {"fit": "arms", "more": "EU 40"}
        assert rma.facts["request"]["lines"][0]["answers"] == {"fit": "arms", "more": "EU 40"}
    assert rma.status == "open"
    staff = Client()
    staff.force_login(make_member(shopper.merchant, "agent"))
    shown = text(staff.get(f"/app/{shopper.merchant.slug}/returns/{rma.number}/"))
    assert "Where is it tight?" in shown
    assert "<dd>Arms</dd>" in shown


def test_answers_to_another_reason_are_let_go(shopper: Shopper, lines: list[OrderLine]) -> None:
    asking(FIT)
    shopper.find()

    shopper.choose(lines[0], reason="changed_mind", **{"q-too_small-fit": "arms"})

    assert answers_of(draft_of(shopper))[lines[0].pk].answers == {}


def test_risk_score_asks_for_a_photo_beside_the_item_and_at_confirm(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    watched = {
        "key": "watched", "name": "Watched", "on": True, "when": None,
        "then": [{"do": "risk_points", "value": 40}],
    }  # fmt: skip
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])
    publish(rules=[watched], risk={"review_at": 70, "shadow": False, "photos_at": 40})
    words = "Add a photo of Trail Runner 1, so that we can decide"

    unconfirmed = shopper.confirm()
    shown = text(shopper.step("items"))
    refused = shopper.choose(lines[0])
    sent = item(lines[0]) | {f"item-{lines[0].pk.hex}-photos": picture()}
    accepted = shopper.step("items", sent)
    confirmed = shopper.confirm()

    assert (unconfirmed.status_code, refused.status_code) == (422, 422)
    assert words in text(unconfirmed)
    assert 'value="changed_mind" data-asks="photo' in shown
    assert f'<a href="#item-{lines[0].pk.hex}-photos">{words}</a>' in text(refused)
    assert (accepted.status_code, confirmed.status_code) == (302, 302)
    with transaction.atomic():
        assert [one.status for one in Return.objects.all()] == ["open"]
