"""Which events make a message, in whose words, and what keeps one from being sent."""

from __future__ import annotations

import pytest
from django.db import transaction

from notifications.actions import queue_message
from notifications.catalogue import MessageKind
from notifications.context import load_return
from notifications.models import Message, MessageTemplate, Suppression
from returns_portal.activity.models import Delivery, Event
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SYSTEM
from returns_portal.core.crypto import blind_index
from returns_portal.tenancy.models import Merchant
from rma.actions.notes import add_note
from rma.actions.review import cancel_return
from rma.actions.shipping import upload_label
from tests import flows
from tests.notifications import stories
from tests.simulators.mail import MailServer


def kinds(rma: object) -> list[str]:
    found = Message.objects.filter(rma=rma).order_by("created_at", "pk")
    return list(found.values_list("kind", flat=True))


def test_whole_return_tells_each_news_once(shop: Merchant, mail_server: MailServer):
    rma = flows.moved(flows.moved(flows.approved(flows.order())), 3)
    rma = flows.inspected(flows.received(rma))
    flows.drain()
    flows.drain()

    assert kinds(rma) == ["approved", "in_transit", "arrived", "refunded"]
    assert len(mail_server.to("maya@example.com")) == 4


def test_same_event_delivered_again_makes_no_second_message(
    shop: Merchant, mail_server: MailServer
):
    rma = stories.approved_own_carrier()
    Delivery.objects.filter(handler="notifications.email").update(status="waiting")

    flows.drain()

    assert kinds(rma) == ["approved"]
    assert len(mail_server.taken) == 1


def test_queue_message_twice_for_one_event_keeps_the_first(shop: Merchant):
    rma = stories.approved_own_carrier()
    event = Event.objects.get(kind="return.approved")
    loaded = load_return(rma.pk)
    assert loaded is not None

    with transaction.atomic():
        queue_message(MessageKind.APPROVED, loaded, event)

    assert Message.objects.count() == 1


def test_label_is_attached_and_linked(shop: Merchant, mail_server: MailServer):
    rma = stories.approved_credit()

    attached = list(mail_server.taken[0].iter_attachments())

    assert [part.get_filename() for part in attached] == [f"return-label-{rma.number}.pdf"]
    assert attached[0].get_content().startswith(b"%PDF-")


def test_label_made_by_hand_later_is_sent_after_the_approval(
    shop: Merchant, mail_server: MailServer
):
    rma = stories.approved_before_its_label()
    upload_label(
        rma.pk, actor=SYSTEM, content=b"%PDF-1.4\n%%EOF\n", carrier="An Post", tracking_code="AP1"
    )
    flows.drain()

    assert kinds(rma) == ["approved", "approved"]
    assert "Your label comes in a separate e-mail" in _text(mail_server, 0)
    assert "Download your label" in _text(mail_server, 1)


def test_merchant_switched_a_kind_off_and_nothing_is_queued(
    shop: Merchant, mail_server: MailServer
):
    MessageTemplate.objects.create(kind=MessageKind.APPROVED, is_enabled=False)

    rma = stories.approved_own_carrier()

    assert kinds(rma) == []
    assert mail_server.taken == []


def test_merchants_own_subject_names_three_values_and_no_others(
    shop: Merchant, mail_server: MailServer
):
    shop.name = "{order_number} & Söhne"
    shop.save()
    MessageTemplate.objects.create(
        kind=MessageKind.APPROVED,
        subject="{merchant_name}: {rma_number} / {order_number} {token} {{ rma }}\r\nBcc: x@y.z",
        note="Bring it to our shop, too.\n<script>alert(1)</script> {{ brand }}",
    )

    rma = stories.approved_own_carrier()

    sent = mail_server.taken[0]
    assert sent["Subject"] == (
        f"{{order_number}} & Söhne: {rma.number} / NL-1001 {{token}} {{{{ rma }}}} Bcc: x@y.z"
    )
    assert sent["Bcc"] is None
    html = sent.get_body(("html",)).get_content()
    assert "Bring it to our shop, too." in _text(mail_server, 0)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ brand }}" in html


def test_values_of_shoppers_and_shops_are_text_in_html(shop: Merchant, mail_server: MailServer):
    placed = flows.order()
    placed.lines.update(title="<img src=x onerror=alert(1)>")
    Order.objects.filter(pk=placed.pk).update(shopper_name="<b>Maya</b> Lindqvist")
    shop.name = 'Nort"h<i>loom\r\nBcc: eve@example.com'
    shop.save()

    flows.approved(placed, method="own")

    sent = mail_server.taken[0]
    html = sent.get_body(("html",)).get_content()
    assert "<img src=x" not in html
    assert "Hi &lt;b&gt;Maya&lt;/b&gt;," in html
    assert sent["Bcc"] is None
    assert sent["From"].addresses[0].display_name == 'Nort"h<i>loom Bcc: eve@example.com returns'


def test_suppressed_address_is_kept_and_not_written_to(shop: Merchant, mail_server: MailServer):
    index = blind_index("MAYA@example.com ", merchant_id=shop.pk, purpose="email")
    Suppression.objects.create(address_index=index, reason="Asked us not to")

    rma = stories.approved_own_carrier()

    assert Message.objects.get(rma=rma).status == "suppressed"
    assert mail_server.taken == []


def test_order_without_an_address_makes_no_message(shop: Merchant, mail_server: MailServer):
    rma = flows.approved(flows.order(email=""), method="own")

    assert kinds(rma) == []
    assert Delivery.objects.filter(handler="notifications.email", status="done").exists()


def test_request_approved_at_once_is_told_by_the_approval_alone(shop: Merchant):
    assert kinds(stories.approved_own_carrier()) == ["approved"]


def test_refund_refused_before_money_moved_is_the_teams_matter(shop: Merchant):
    rma = stories.paid_by_hand()

    assert kinds(rma) == ["approved", "arrived", "refunded"]


def test_refund_that_came_back_is_told(shop: Merchant):
    assert kinds(stories.refund_came_back())[-2:] == ["refunded", "refund_failed"]


@pytest.mark.parametrize(("kind", "told"), [("internal", []), ("to_shopper", ["note"])])
def test_note_reaches_the_shopper_only_when_it_is_for_them(
    shop: Merchant, kind: str, told: list[str]
):
    rma = stories.approved_own_carrier()
    add_note(rma.pk, actor=stories.JONAS, body="Left a note", kind=kind)
    flows.drain()

    assert kinds(rma) == ["approved", *told]


def test_words_with_an_approval_or_a_question_are_no_message_of_their_own(shop: Merchant):
    assert kinds(stories.approved_by_jonas()) == ["approved"]


def test_news_that_is_old_when_it_is_delivered_is_not_told(shop: Merchant):
    rma = flows.request(flows.order(prices=[stories.DEAR]))
    cancel_return(rma.pk, actor=SYSTEM)
    flows.drain()

    assert kinds(rma) == ["cancelled"]


def test_letters_about_one_return_share_a_thread(shop: Merchant, mail_server: MailServer):
    rma = stories.cancelled_own_carrier()

    assert [mail["References"] for mail in mail_server.taken] == [f"<{rma.pk}@localhost>"] * 2
    assert len({mail["Message-ID"] for mail in mail_server.taken}) == 2
    assert {mail["Auto-Submitted"] for mail in mail_server.taken} == {"auto-generated"}
    assert {mail["Reply-To"] for mail in mail_server.taken} == {"help@northloom.example"}


def _text(server: MailServer, place: int) -> str:
    body = server.taken[place].get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())
