"""The withdrawal function: two steps, equal answers, one statement, and a receipt to keep."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import Message
from returns_portal.activity.models import StaffTask
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.portal.throttle import TRIES_PER_ADDRESS
from returns_portal.tenancy.models import Merchant
from rma.models import Return, Withdrawal
from tests import flows
from tests.attack.forms import forms_of
from tests.portal.conftest import EMAIL, Shopper, publish, text
from tests.rma.policy.test_withdrawal import section

NAME = "Maya Lindqvist"


def told(**changes: Any) -> dict[str, Any]:
    whole = {"step": "state", "name": NAME, "order": "NL-1001", "email": EMAIL, "scope": "all"}
    return {**whole, **changes}


def onward(shopper: Shopper, response: Any, **changes: Any) -> Any:
    """Send the page's own form, as a browser would, with what is filled in."""
    (form,) = [one for one in forms_of(text(response)) if one.method == "post"]
    return shopper.client.post(shopper.url("withdraw"), form.sent(**changes))


def confirmed(shopper: Shopper, **changes: Any) -> Any:
    """Walk both steps for the whole order and return the answer to the confirmation."""
    return onward(shopper, shopper.post("withdraw", told(**changes)))


def kept() -> Withdrawal:
    with transaction.atomic():
        return Withdrawal.objects.select_related("rma").get()


def count() -> int:
    with transaction.atomic():
        return Withdrawal.objects.count()


def test_whole_order_in_two_steps(shopper: Shopper, order: Order) -> None:
    check = shopper.post("withdraw", told())
    assert check.status_code == 200
    assert "I withdraw from my contract with Northloom for the whole order NL-1001." in text(check)
    assert "Confirm withdrawal" in text(check)
    assert count() == 0

    answer = onward(shopper, check)

    withdrawal = kept()
    assert answer.status_code == 302
    assert answer["Location"] == f"/r/northloom/withdraw/{withdrawal.token}"
    assert withdrawal.text == (
        "I withdraw from my contract with Northloom for the whole order NL-1001.\n"
        "Name: Maya Lindqvist\n"
        "E-mail for the acknowledgement: maya@example.com"
    )
    assert withdrawal.rma is not None
    assert withdrawal.rma.expected_minor == 8550 + 11700
    receipt = shopper.client.get(answer["Location"])
    page = text(receipt)
    assert re.search(r"Received on \d+ \w+ \d{4}, \d\d:\d\d:\d\d (GMT|IST)\.", page)
    assert "A copy with date and time is on its way to maya@example.com." in page
    assert "Trail Runner 2</b>: Withdrawn in time. Open until" in page
    assert f"/s/{withdrawal.rma.token}" in page


def test_nothing_is_asked_but_what_the_law_names(shopper: Shopper, order: Order) -> None:
    page = shopper.get("withdraw")

    (form,) = [one for one in forms_of(text(page)) if one.method == "post"]
    assert set(form.fields) == {"csrfmiddlewaretoken", "step", "name", "order", "email", "scope"}
    check = shopper.post("withdraw", told())
    for response in (page, check):
        main = text(response).split("<main")[1].split("</main")[0].casefold()
        for word in ("reason", "exchange", "store credit", "instead"):
            assert word not in main


def test_some_items_are_shown_after_proof(shopper: Shopper, lines: list[OrderLine]) -> None:
    items = shopper.post("withdraw", told(scope="some"))
    assert items.status_code == 200
    assert "Trail Runner 1" in text(items)

    nothing = onward(shopper, items)
    assert nothing.status_code == 422
    assert "Choose at least one item" in text(nothing)

    check = onward(shopper, nothing, **{f"item-{lines[1].pk.hex}": "on"})
    assert "for these items of order NL-1001:" in text(check)
    assert "1 × Trail Runner 2" in text(check)
    answer = onward(shopper, check)

    assert answer.status_code == 302
    with transaction.atomic():
        assert [line.order_line_id for line in Return.objects.get().lines.all()] == [lines[1].pk]


def test_some_units_of_an_item(shopper: Shopper, shop: Merchant) -> None:
    (line,) = flows.lines_of(flows.order(prices=(2000,), quantity=3))
    tick, units = f"item-{line.pk.hex}", f"units-{line.pk.hex}"
    items = shopper.post("withdraw", told(scope="some"))
    assert forms_of(text(items))[0].fields[units] == ["3"]

    for wrong in ("0", "4", "-1", "x", "9" * 30):
        refused = onward(shopper, items, **{tick: "on", units: wrong})
        assert refused.status_code == 422, wrong
        assert "Choose 1 to 3 of Trail Runner 1" in text(refused)
    check = onward(shopper, items, **{tick: "on", units: "2"})
    assert "2 × Trail Runner 1" in text(check)
    onward(shopper, check)

    with transaction.atomic():
        assert [one.quantity for one in Return.objects.get().lines.all()] == [2]


def test_items_without_proof_are_described_and_go_to_a_person(
    shopper: Shopper, order: Order
) -> None:
    items = shopper.post("withdraw", told(scope="some", email="eve@example.com"))
    page = text(items)
    assert "Trail Runner" not in page
    assert "Which items, and how many of each?" in page

    assert "Write which items you withdraw from" in text(onward(shopper, items))
    check = onward(shopper, items, described="The blue shoes, both")
    assert "The blue shoes, both" in text(check)
    answer = onward(shopper, check)

    withdrawal = kept()
    assert answer["Location"] == f"/r/northloom/withdraw/{withdrawal.token}"
    assert (withdrawal.order_id, withdrawal.rma) == (None, None)
    assert "The blue shoes, both" in withdrawal.text
    receipt = text(shopper.client.get(answer["Location"]))
    assert "Download your copy now" in receipt
    assert "NL-1001" in receipt
    with transaction.atomic():
        assert StaffTask.objects.filter(kind="withdrawal_check").count() == 1
    flows.drain()
    with transaction.atomic():
        assert Message.objects.count() == 0


def comparable(response: Any, *typed: str) -> str:
    """Return a page without what differs by itself: tokens, the second it was made, the typed."""
    page = re.sub(
        r'(csrfmiddlewaretoken" value="|x-csrftoken": "|operation_id" value=")[^"]+',
        r"\1",
        text(response),
    )
    page = re.sub(r"/withdraw/[\w-]{32}", "/withdraw/", page)
    page = re.sub(r"\d\d:\d\d:\d\d", "", page)
    for word in typed:
        page = page.replace(word, "")
    return page


@pytest.mark.parametrize("scope", ["all", "some"])
def test_an_unknown_order_and_a_wrong_e_mail_are_answered_alike(
    shopper: Shopper, order: Order, scope: str
) -> None:
    shopper.get("withdraw")
    answers = []
    for number, email in (("NL-9999", EMAIL), ("NL-1001", "eve@example.com")):
        walked, asked = [], []
        with CaptureQueriesContext(connection) as caught:
            response = shopper.post("withdraw", told(scope=scope, order=number, email=email))
            walked.append(response)
            if scope == "some":
                response = onward(shopper, response, described="Both")
                walked.append(response)
            response = onward(shopper, response)
            asked.append(len(caught))
        walked.append(response)
        receipt = shopper.client.get(response["Location"])
        answers.append(
            (
                [one.status_code for one in walked],
                asked,
                [comparable(one, number, email) for one in (*walked[:-1], receipt)],
            )
        )

    assert answers[0] == answers[1]
    assert count() == 2


def test_a_whole_order_is_not_looked_up_before_it_is_confirmed(
    shopper: Shopper, order: Order
) -> None:
    with CaptureQueriesContext(connection) as caught:
        shopper.post("withdraw", told())

    assert not [one for one in caught if "commerce_order" in one["sql"]]


def test_confirming_twice_is_one_withdrawal(shopper: Shopper, order: Order) -> None:
    check = shopper.post("withdraw", told())

    first, second = onward(shopper, check), onward(shopper, check)

    assert first["Location"] == second["Location"]
    with transaction.atomic():
        assert (Withdrawal.objects.count(), Return.objects.count()) == (1, 1)


def test_confirming_some_items_twice_is_one_withdrawal(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    items = shopper.post("withdraw", told(scope="some"))
    ticks = {f"item-{line.pk.hex}": "on" for line in lines}
    check = onward(shopper, items, **ticks)

    first, second = onward(shopper, check), onward(shopper, check)

    assert first["Location"] == second["Location"]
    assert count() == 1


def test_the_operation_id_of_another_opens_nothing(shopper: Shopper, order: Order) -> None:
    check = shopper.post("withdraw", told())
    (form,) = [one for one in forms_of(text(check)) if one.method == "post"]
    onward(shopper, check)

    stranger = Shopper(shopper.merchant)
    sent = told(
        step="confirm", email="eve@example.com", operation_id=form.fields["operation_id"][0]
    )
    answer = stranger.post("withdraw", sent)

    assert answer.status_code == 409
    assert kept().token not in text(answer)
    assert count() == 1


def test_wrong_tries_come_to_an_end_and_say_when(shopper: Shopper, order: Order) -> None:
    for place in range(TRIES_PER_ADDRESS):
        answer = confirmed(shopper, order=f"NL-{place}")
        assert answer.status_code == 302
    refused = confirmed(shopper)

    assert refused.status_code == 429
    assert "Too many tries. Wait 15 minutes, then try again." in text(refused)
    assert int(refused["Retry-After"]) > 0
    assert count() == TRIES_PER_ADDRESS


def test_a_right_withdrawal_counts_no_try(shopper: Shopper, shop: Merchant) -> None:
    for place in range(TRIES_PER_ADDRESS + 1):
        flows.order(number=f"NL-20{place}")
        assert confirmed(shopper, order=f"NL-20{place}").status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Write your name"),
        ({"order": "\x00"}, "Write your order number"),
        ({"email": "maya"}, "Write an e-mail such as name@example.com"),
        ({"email": ""}, "Write the e-mail of your order"),
        ({"scope": "none"}, "Choose the whole order or some items"),
        ({"scope": ""}, "Choose the whole order or some items"),
        ({"name": "x" * 161}, "Use up to 160 characters"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    shopper: Shopper, order: Order, changes: dict[str, Any], words: str
) -> None:
    for step in ("state", "confirm"):
        answer = shopper.post("withdraw", told(step=step, **changes))
        assert answer.status_code == 422
        assert words in text(answer)
    assert count() == 0


@pytest.mark.parametrize("operation_id", ["", "1", "\x00" * 20, "x" * 500])
def test_a_confirmation_without_a_page_is_refused(
    shopper: Shopper, order: Order, operation_id: str
) -> None:
    answer = shopper.post("withdraw", told(step="confirm", operation_id=operation_id))

    assert answer.status_code == 400
    assert "Open the withdrawal page again." in text(answer)
    assert count() == 0


def test_zero_bytes_are_left_out(shopper: Shopper, order: Order) -> None:
    confirmed(shopper, name="Ma\x00ya", order="NL-1001\x00")

    assert kept().name == "Maya"


def test_the_receipt_is_a_pdf_to_keep(shopper: Shopper, order: Order) -> None:
    confirmed(shopper)
    answer = shopper.get(f"withdraw/{kept().token}/receipt.pdf")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer["Content-Disposition"] == 'attachment; filename="withdrawal.pdf"'
    assert answer["Cache-Control"] == "no-store"


def test_a_receipt_opens_by_its_address_alone_and_at_its_merchant(
    shopper: Shopper, order: Order, other_merchant: Merchant
) -> None:
    confirmed(shopper)
    token = kept().token
    flows.open_for_business(other_merchant)

    assert Shopper(shopper.merchant).get(f"withdraw/{token}").status_code == 200
    for path in (f"withdraw/{token}", f"withdraw/{token}/receipt.pdf"):
        assert Shopper(other_merchant).get(path).status_code == 404
    assert shopper.get("withdraw/" + "x" * 32).status_code == 404


LINK = '<a class="p-foot__law" href="/r/northloom/withdraw">'


def test_every_page_has_the_link(shopper: Shopper, lines: list[OrderLine]) -> None:
    rma = shopper.ask_for(lines[0])
    paths = [
        "",
        "track",
        "policy",
        "help",
        "withdraw",
        f"s/{rma.token}",
        f"r/{shopper.token}/items",
    ]

    for path in paths:
        page = text(shopper.client.get(shopper.url(path), follow=True))
        assert f"{LINK}Withdraw from contract here</a>" in page, path
    assert LINK in text(shopper.get("s/" + "x" * 32))
    assert LINK in text(shopper.post("withdraw", {}))


def test_the_link_goes_only_where_nobody_sells_to_the_eu(shopper: Shopper, shop: Merchant) -> None:
    publish(withdrawal=section(sells_to_eu=False, labels={"en": "Cancel my contract here"}))
    assert f"{LINK}Cancel my contract here</a>" in text(shopper.get())

    with transaction.atomic():
        Merchant.objects.filter(pk=shop.pk).update(country="US")
    assert LINK not in text(shopper.get())
    # The right does not hang on the link.
    flows.order()
    assert confirmed(shopper).status_code == 302
    assert kept().rma is not None


def test_the_items_page_does_the_same_work_for_many_items(shopper: Shopper, shop: Merchant) -> None:
    counts = []
    for number, size in (("NL-2", 2), ("NL-20", 20)):
        flows.order(number=number, prices=(1000,) * size)
        shopper.get("withdraw")
        with CaptureQueriesContext(connection) as caught:
            shopper.post("withdraw", told(order=number, scope="some"))
        counts.append(len(caught))

    assert counts[0] == counts[1]
