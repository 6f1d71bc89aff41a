"""When the money comes is said before the click, on the return's page and with the policy."""

from __future__ import annotations

from typing import Any

import pytest

from returns_portal.commerce.models import OrderLine
from tests import flows
from tests.portal.conftest import Shopper, publish, text

SCAN = "We pay you back as soon as the carrier has scanned your parcel."
PAID = "This return is paid. Now we wait for your parcel."


def moments(**changes: str) -> dict[str, Any]:
    return dict.fromkeys(("refund", "store_credit", "exchange"), "inspection") | changes


def test_shopper_reads_when_the_money_comes_at_each_step(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    publish(processing=moments(refund="first_scan", store_credit="first_scan"))
    assert f"{SCAN} We send your exchange once we have checked your items." in text(
        shopper.get("policy")
    )
    assert "after your parcel is back" not in text(shopper.get("policy"))
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])

    assert SCAN in text(shopper.step("method"))

    shopper.confirm()
    rma = shopper.ask_for(lines[1])
    flows.drain()
    page = text(shopper.get(f"s/{rma.token}"))
    assert SCAN in page
    assert "Cancel return" in page
    flows.moved(rma, 1)
    page = text(shopper.get(f"s/{rma.token}"))
    assert (SCAN in page, PAID in page, "Cancel return" in page) == (False, True, False)
    assert "On its way to us" in page
    assert page.count("refunded to Visa ending 4242") == 1
    refused = shopper.post(f"s/{rma.token}/cancel")
    assert refused.status_code == 409
    assert flows.fresh(rma).status == "open"


def test_paid_return_keeps_its_label_and_its_money(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    publish(processing=moments(refund="approval"))
    rma = shopper.ask_for(lines[0])
    flows.drain()

    page = text(shopper.get(f"s/{rma.token}"))

    assert PAID in page
    assert "Return label" in page
    assert "Approved. Send it by" in page


@pytest.mark.parametrize("language", ["de", "ar"])
def test_moments_are_said_in_the_language_of_the_page(shopper: Shopper, language: str) -> None:
    publish(processing=moments(refund="approval", store_credit="approval"))

    page = text(shopper.get(f"policy?language={language}"))

    said = {
        "de": "Wir zahlen Ihnen das Geld zurück, sobald Ihre Rücksendung genehmigt ist.",
        "ar": "نعيد إليك المبلغ فور الموافقة على إرجاعك.",
    }
    assert said[language] in page


def test_policy_without_moments_says_what_it_said(shopper: Shopper) -> None:
    assert "after your parcel is back" in text(shopper.get("policy"))
