"""Markup in every text that anybody can write, and every page and e-mail that shows it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.urls import clear_script_prefix

from notifications.catalogue import ON_EVENT
from notifications.context import context_for, load_return
from notifications.models import Message
from notifications.render import render_message, speaking
from returns_portal.activity.models import Event
from returns_portal.core import pdf
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant, User
from rma.labels import slip_pdf
from rma.models import PolicyVersion
from tests.attack.conftest import Stage, read_and_close
from tests.attack.scene import Scene, office_addresses, portal_addresses

CANARY = "x\" data-xss=\"1' data-xss='1><script>xss()</script><img src=x onerror=xss()>"
# Texts that people or other programs write, shown somewhere.
WRITTEN = {
    "activity.Event": ["actor_name"],
    "activity.StaffTask": ["title", "detail", "done_by", "done_note"],
    "commerce.Customer": ["name"],
    "commerce.Fulfilment": ["carrier", "tracking_code"],
    "commerce.Order": ["number", "shopper_name", "source"],
    "commerce.OrderLine": ["title", "variant_title", "sku", "barcode", "product_type", "image_url"],
    "commerce.Payment": ["gateway", "reference", "label"],
    "commerce.Product": ["title", "product_type", "vendor", "image_url"],
    "commerce.Variant": ["title", "sku", "barcode", "image_url"],
    "integrations.ProviderAccount": ["name", "paused_reason"],
    "integrations.ProviderCall": ["error_code", "error"],
    "inventory.Location": ["name"],
    "inventory.StockMovement": ["reason", "actor_name"],
    "notifications.Message": ["subject", "error"],
    "refunds.Refund": ["reason", "requested_by", "approved_by"],
    "refunds.RefundAllocation": ["provider_refund_id", "failure_code", "failure_message"],
    "rma.Exchange": ["tracking_code"],
    "rma.Inspection": ["note", "rejection", "inspected_by"],
    "rma.Note": ["body", "author_name"],
    "rma.Photo": ["uploaded_by"],
    "rma.PolicyVersion": ["name", "published_by"],
    "rma.Receipt": ["note", "received_by"],
    "rma.ReceiptLine": ["code", "note"],
    "rma.Return": [
        "review_reason",
        "shopper_name",
        "decline_reason",
        "info_question",
        "decided_by",
    ],
    "rma.ReturnLine": ["comment"],
    "rma.Shipment": ["carrier", "service", "tracking_code", "failure"],
    "rma.TrackingEvent": ["message", "place"],
    "tenancy.ApiKey": ["name"],
}
ADDRESS = dict.fromkeys(
    ("name", "street1", "line1", "city", "zip", "postcode", "state", "phone"), CANARY
)


class _Alive(HTMLParser):
    """Collects what a browser would take for ours: tags and attributes out of the canary."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            live = (value or "").strip().lower().startswith("javascript:")
            if name.startswith(("data-xss", "on")) or (live and name in ("href", "src", "action")):
                self.found.append(f"<{tag} {name}={value!r:.60}>")

    def handle_data(self, text: str) -> None:
        if self.inside in ("script", "style") and "xss()" in text:
            self.found.append(f"<{self.inside}>{text[:60]}")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def alive(page: str) -> list[str]:
    reader = _Alive()
    reader.feed(page)
    return reader.found


def poison(merchant: Merchant) -> int:
    """Put the canary into every written text of a merchant; return into how many columns."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT DISTINCT event_object_table, trigger_name"
                       " FROM information_schema.triggers"
                       " WHERE trigger_name IN ('append_only', 'published_stays')")  # fmt: skip
        for table, trigger in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER {trigger}')
    poisoned = sum(
        _poison_column(apps.get_model(label), name)
        for label, names in WRITTEN.items()
        for name in names
    )
    apps.get_model("commerce.Order").objects.update(shipping_address=ADDRESS, email=CANARY)
    apps.get_model("commerce.Variant").objects.update(options={CANARY: CANARY})
    for version in PolicyVersion.objects.all():
        for reason in version.document["reasons"]:
            reason["labels"] = {"en": CANARY}
        version.document["final_sale"]["tags"] = [CANARY]
        version.document["excluded"]["product_types"] = [CANARY]
        PolicyVersion.objects.filter(pk=version.pk).update(document=version.document)
    columns = {"name": CANARY, "legal_name": CANARY, "postal_address": CANARY}
    Merchant.objects.filter(pk=merchant.pk).update(
        return_address=ADDRESS | {"country": "IE"}, **columns
    )
    User.objects.update(name=CANARY)
    return poisoned


def _poison_column(model: Any, name: str) -> int:
    longest = model._meta.get_field(name).max_length
    rows = model.objects.all()
    try:
        with transaction.atomic():
            return int(rows.update(**{name: CANARY[:longest]}) > 0)
    except DatabaseError:
        # Unique: each row gets a number behind it.
        for index, row in enumerate(rows.only("pk")):
            model.objects.filter(pk=row.pk).update(
                **{name: f"{CANARY[: (longest or 99) - 4]}{index}"}
            )
        return 1


@pytest.fixture
def poisoned(stage: Stage, db: None) -> Scene:
    here = stage.here
    with merchant_scope(here.merchant.pk):
        assert poison(here.merchant) >= 50
    return here


def test_no_page_of_any_face_lets_markup_live(poisoned: Scene) -> None:
    here = poisoned
    pages = [(here.staff("owner"), one.url + one.query) for one in office_addresses(here)]
    pages += [
        (pages[0][0], f"/app/northloom/returns/{rma.number}/{tail}")
        for rma in (here.waiting, here.asked, here.declined, here.world.refunded)
        for tail in ("", "?peek=1", "?tab=notes", "?tab=history", "trace/")
    ]
    pages += [(here.shopper(), one.url) for one in portal_addresses(here)]
    pages += [
        (here.shopper(), f"/r/northloom/s/{rma.token}")
        for rma in (
            here.waiting,
            here.asked,
            here.declined,
            here.world.refunded,
            here.world.received,
        )
    ]
    pages += [(pages[0][0], url) for url in ("/app/?all=1", "/accounts/logout/")]
    wrong, shown = [], 0
    for client, url in pages:
        clear_script_prefix()
        answer = client.get(url)
        read_and_close(answer)
        if answer.status_code >= 500:
            wrong.append((url, [str(answer.status_code)]))
        if not answer.streaming and "text/html" in answer.get("Content-Type", ""):
            body = answer.content.decode()
            shown += "xss()" in body
            wrong += [(url, alive(body))] * bool(alive(body))
    assert wrong == []
    assert shown >= 40


def test_no_email_lets_markup_live(poisoned: Scene) -> None:
    wrong, told = [], set()
    with merchant_scope(poisoned.merchant.pk):
        for event in Event.objects.filter(kind__in=list(ON_EVENT), about_id__isnull=False):
            kind, rma = ON_EVENT[event.kind], load_return(event.about_id)
            if rma is None:
                continue
            with speaking(poisoned.merchant, "en"):
                try:
                    mail = render_message(kind, context_for(kind, rma, event))
                except (LookupError, models.ObjectDoesNotExist):
                    # News that this return's state does not tell any more.
                    continue
            told.add(kind)
            wrong += [(kind, alive(mail.html))] * bool(alive(mail.html))
            assert "\n" not in mail.subject
            assert "&lt;" not in mail.text
    assert wrong == []
    assert len(told) >= 6


def test_no_document_lets_markup_live(poisoned: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(pdf, "render", lambda html, **_: drawn.append(html) or b"%PDF-")
    with merchant_scope(poisoned.merchant.pk):
        for rma in (poisoned.waiting, poisoned.world.received):
            slip_pdf(type(rma).objects.get(pk=rma.pk))
    assert len(drawn) == 2
    assert all("xss()" in page for page in drawn)
    assert [alive(page) for page in drawn] == [[], []]


def test_a_message_shown_to_staff_runs_nothing(poisoned: Scene) -> None:
    with merchant_scope(poisoned.merchant.pk):
        row = Message.objects.order_by("-pk")[0]
        row.html = "<script>xss()</script><form action=//evil.example><input name=a></form>"
        row.save(update_fields=["html"])
    answer = poisoned.staff("owner").get(f"/app/northloom/messages/{row.pk}/html/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
