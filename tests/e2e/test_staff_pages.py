"""Every page of the back office, with rows in it: no barrier, no complaint, nothing too wide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import URLPattern
from playwright.sync_api import expect

from notifications.models import Message
from refunds.models import Refund
from returns_portal.activity.staff_tasks import open_task
from returns_portal.backoffice.urls import urlpatterns
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.text_entries import text_entries
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.links import backoffice_link
from returns_portal.tenancy.models import Merchant
from rma.actions.notes import add_note
from rma.actions.policy import save_draft
from rma.actions.policy_versions import schedule_policy
from rma.actions.rehearsing import start_rehearsal
from rma.actions.review import ask_for_information
from rma.evidence import store_photo
from rma.models import Note, Rehearsal, RehearsedReturn, Return, Withdrawal
from rma.policy.document import default_policy
from tests import flows
from tests.e2e.browsing import DESKTOP, HEIGHTS, PHONE, barriers, look
from tests.e2e.conftest import Visit
from tests.pictures import png_bytes

pytestmark = pytest.mark.browser
# Answers that are not pages.
FILES = {
    "branding_css",
    "branding_derive",
    "branding_preview",
    "domain_state",
    "icon",
    "logo",
    "message_html",
    "photo",
    "policy_export",
    "policy_schema",
    "rehearsal_file",
    "rehearsal_state",
    "report_file",
    "return_label",
    "return_slip",
    "texts_export",
}


DEAR = {
    "key": "dear",
    "name": "Dear goods",
    "on": True,
    "when": {"fact": "return.value", "test": "over", "value": 4000},
    "then": [{"do": "set_fee", "value": 990}],
    "text": {"en": "Dear goods cost more to send back"},
}


@dataclass(frozen=True)
class Stages:
    """One return at each stage that looks different."""

    review: Return
    asked: Return
    sent: Return
    bench: Return
    swapped: Return
    refunded: Return
    withdrawn: Withdrawal
    unmatched: Withdrawal


def furnish(shop: Merchant) -> Stages:
    """Put a row into every table of the back office."""
    review = flows.request(flows.order(number="NL-1001", prices=(30_000, 4500)))
    asked = flows.request(flows.order(number="NL-1002", prices=(30_000,)))
    sent = flows.moved(flows.approved(flows.order(number="NL-1003")))
    bench = flows.received(flows.approved(flows.order(number="NL-1004", quantity=2)))
    told = flows.order_record("NL-1005", prices=(4500, 4500))
    sizes = tuple(
        replace(line, product_external_id="boot", variant_external_id=f"boot-{line.sku}")
        for line in told.lines
    )
    order = flows.order(replace(told, lines=sizes))
    first, second = flows.lines_of(order)
    flows.stock(second, 3)
    swap = flows.wish(first, wanted="exchange", variant_id=second.variant_id)
    swapped = flows.inspected(flows.received(flows.approved(order, swap)))
    refunded = flows.refunded(flows.order(number="NL-1006", prices=(7900,)))
    withdrawn = flows.withdrawn(flows.order(number="NL-1007"))
    unmatched = flows.withdrawn(flows.order(number="NL-1008"), known=False)
    with transaction.atomic():
        picture = SimpleUploadedFile("toe.png", png_bytes(640, 480), "image/png")
        store_photo(picture, rma=review, return_line=review.lines.first(), actor=SHOPPER)
        for kind in (Note.Kind.INTERNAL, Note.Kind.TO_SHOPPER):
            add_note(review.pk, actor=SYSTEM, body="The sole comes off at the toe.", kind=kind)
        ask_for_information(asked.pk, actor=SYSTEM, question="Is the box still there?")
        save_draft(default_policy("EUR") | {"refund_days": 6}, actor=SYSTEM)
        schedule_policy(now() + timedelta(days=9), actor=SYSTEM, name="Peak season")
        save_draft(default_policy("EUR") | {"rules": [DEAR]}, actor=SYSTEM)
        open_task(
            kind="refund.stuck",
            key="stuck",
            subject_kind="return",
            subject_id=refunded.pk,
            about_id=refunded.pk,
            title="A refund waits for a person",
            detail="The gateway gave no answer for a day.",
        )
    start_rehearsal(90, SYSTEM)
    flows.drain()
    return Stages(review, asked, sent, bench, swapped, refunded, withdrawn, unmatched)


def addresses(shop: Merchant, stages: Stages) -> Iterator[str]:
    """Name every address that shows a page, and those that look different at another stage."""
    with transaction.atomic():
        known = {
            "number": stages.review.number,
            "order_id": stages.review.order_id,
            "message_id": Message.objects.earliest("created_at").pk,
            "refund_id": Refund.objects.latest("created_at").pk,
            "variant_id": flows.lines_of(stages.review.order)[0].variant_id,
            "account_id": ProviderAccount.objects.filter(role="refunds").first().pk,
            "role": "refunds",
            "provider": "stripe",
            "withdrawal_id": stages.unmatched.pk,
            "rehearsal_id": Rehearsal.objects.get().pk,
            "row_id": RehearsedReturn.objects.earliest("requested_at").pk,
            "key": DEAR["key"],
            "language": "de",
            "text_key": next(one.key for one in text_entries().values() if one.plural),
        }
        theirs = Order.objects.get(number="NL-1008").pk
        assert stages.withdrawn.rma is not None
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if "GET" in pattern.callback.methods and pattern.name not in FILES:
            values = {name: known[name] for name in pattern.pattern.converters}
            if pattern.name == "policy_version":
                values = {"number": 1}
            yield backoffice_link(shop, str(pattern.name), **values)
    queue = backoffice_link(shop, "returns")
    yield from (f"{queue}?view=all", f"{queue}?view=trouble", f"{queue}?view=all&reason=faulty")
    for rma in (stages.asked, stages.sent, stages.bench, stages.swapped, stages.refunded):
        yield backoffice_link(shop, "return_detail", number=rma.number)
    for rma in (stages.sent, stages.bench, stages.refunded):
        yield backoffice_link(shop, "station_return", number=rma.number)
    detail = backoffice_link(shop, "return_detail", number=stages.review.number)
    yield from (f"{detail}?tab=notes", f"{detail}?tab=history")
    yield backoffice_link(shop, "tasks") + "?show=done"
    yield backoffice_link(shop, "return_detail", number=stages.withdrawn.rma.number)
    statement = backoffice_link(shop, "withdrawal", withdrawal_id=stages.unmatched.pk)
    yield f"{statement}?order={theirs}"


def test_every_page_is_free_of_barriers(shop: Merchant, staff: Visit) -> None:
    stages = furnish(shop)
    visitor = staff("owner")
    found: list[str] = []
    # The menu beside the pages is the same one everywhere; the first page is looked at with it.
    outside = ""
    for address in addresses(shop, stages):
        page = visitor.open(address)
        expect(page.get_by_role("heading", level=1).first).to_be_attached()
        found += look(page, outside=outside)
        outside = ".sidebar"
        page.set_viewport_size({"width": PHONE, "height": HEIGHTS[PHONE]})
        found += barriers(page, but=["color-contrast"])
        page.set_viewport_size({"width": DESKTOP, "height": HEIGHTS[DESKTOP]})

    assert found == []


def test_refusals_are_pages_too(shop: Merchant, staff: Visit) -> None:
    visitor = staff("analyst")
    page = visitor.open(f"/app/{shop.slug}/settings/team/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    found = look(page)
    visitor.open(f"/app/{shop.slug}/returns/R-NONE/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert found + look(page) == []
    assert [line.split("status of ")[1][:3] for line in visitor.complaints] == ["403", "404"]
    visitor.complaints.clear()


def test_keys_are_listed_and_can_be_switched_off(shop: Merchant, staff: Visit) -> None:
    page = staff("agent").open(f"/app/{shop.slug}/returns/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("New return")
    found = look(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    assert found == []
