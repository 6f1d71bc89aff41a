"""A return from request to refund whose worker is killed on the way: one label, one refund.

``kill -9`` ends a real process at a point of the label's way and another one on the money's way.
What was sold and paid is read in the books of the carrier and the gateway, not in ours.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from notifications.models import Message
from refunds.models import Refund
from refunds.providers import builtin_ledger
from returns_portal.core.clock import shifted
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.models import Return, Shipment
from tests import flows
from tests.crash.processes import KILLED, Processes
from tests.simulators.mail import MailServer

pytestmark = pytest.mark.services

WAYS = [
    ("call.claimed", "call.claimed"),
    ("label.kept", "call.answered"),
    ("label.bought", "call.finished"),
    ("call.answered", "delivery.claimed"),
    ("message.answered", "delivery.handled#3"),
]


def sweep() -> None:
    """Do, after the dead worker's leases ran out, what its successor would."""
    for minutes in (6, 90):
        with shifted(timedelta(minutes=minutes)):
            flows.drain()


@pytest.mark.parametrize(("on_label", "on_money"), WAYS)
def test_return_survives_a_kill_on_both_ways(
    shop: Merchant, processes: Processes, mail_server: MailServer, on_label: str, on_money: str
) -> None:
    rma = flows.request(flows.order())

    assert processes.drain(on_label) == KILLED
    sweep()
    assert [parcel.reference for parcel in builtin_parcels.entries()] == [rma.number]
    flows.inspected(flows.received(rma))
    assert processes.drain(on_money) == KILLED
    sweep()

    _check_end(shop, rma, mail_server)


def _check_end(shop: Merchant, rma: Return, mail_server: MailServer) -> None:
    rma = flows.fresh(rma)
    assert (rma.status, rma.stage) == ("closed", "refunded")
    parcels = builtin_parcels.entries()
    paid = builtin_ledger.entries()
    with transaction.atomic():
        shipment = Shipment.objects.get(rma=rma)
        refund = Refund.objects.get(about_id=rma.pk)
        told = list(Message.objects.filter(rma=rma).values_list("kind", "status"))
    assert [parcel.tracking_code for parcel in parcels] == [shipment.tracking_code]
    assert [entry.amount for entry in paid] == [refund.amount]
    assert problems_of(shop.pk) == []
    # Every news has one message, and no mail went out twice.
    assert sorted(kind for kind, _ in told) == ["approved", "arrived", "refunded"]
    assert {status for _, status in told} <= {"sent", "unknown"}
    subjects = [mail["Subject"] for mail in mail_server.taken]
    assert len(subjects) == len(set(subjects))
