"""Tracking is a fold: the same facts in any order, with repeats, end in the same state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.activity.models import Event, StaffTask
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import NotFound
from returns_portal.core.ids import new_id
from rma.actions.review import cancel_return
from rma.actions.shipping import retry_label
from rma.actions.tracking import record_scans
from rma.carriers.base import TrackingScan, TrackingStatus
from rma.models import Shipment, TrackingEvent
from rma.states import ShipmentStatus
from rma.tracking import fingerprint, fold
from tests import flows

T = TrackingStatus
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
STATES = {ShipmentStatus.READY, ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED,
          ShipmentStatus.RETURNED_TO_SENDER, ShipmentStatus.LOST}  # fmt: skip


def scan(status, hours, message=""):
    return TrackingScan(status=status, occurred_at=START + timedelta(hours=hours), message=message)


@given(
    st.lists(st.tuples(st.sampled_from(list(T)), st.integers(0, 5)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_fold_does_not_depend_on_order_or_repeats(told, random):
    facts = [(status.value, START + timedelta(hours=hour)) for status, hour in told]
    shuffled = facts + random.choices(facts, k=3) if facts else facts
    random.shuffle(shuffled)

    assert fold(ShipmentStatus.READY, facts) == fold(ShipmentStatus.READY, shuffled)
    assert fold(ShipmentStatus.READY, facts) in STATES


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([], "ready"),
        ([(T.PRE_TRANSIT, 0), (T.UNKNOWN, 1), (T.ERROR, 2), (T.CANCELLED, 3)], "ready"),
        ([(T.IN_TRANSIT, 1)], "in_transit"),
        ([(T.OUT_FOR_DELIVERY, 1)], "in_transit"),
        ([(T.IN_TRANSIT, 1), (T.DELIVERED, 2)], "delivered"),
        ([(T.DELIVERED, 2), (T.IN_TRANSIT, 3)], "delivered"),
        ([(T.DELIVERED, 2), (T.RETURN_TO_SENDER, 3)], "returned_to_sender"),
        ([(T.FAILURE, 2), (T.IN_TRANSIT, 3)], "in_transit"),
        ([(T.DELIVERED, 2), (T.FAILURE, 3)], "delivered"),
        ([(T.IN_TRANSIT, 2), (T.DELIVERED, 2)], "delivered"),
    ],
)
def test_fold_moves_forward_but_for_listed_corrections(told, state):
    facts = [(status.value, START + timedelta(hours=hour)) for status, hour in told]

    assert fold(ShipmentStatus.READY, facts) == state


def test_fold_survives_words_nobody_knows():
    assert fold(ShipmentStatus.READY, [("teleported", START)]) == "ready"


def test_fingerprint_is_the_same_for_the_same_scan_only():
    one = scan(T.IN_TRANSIT, 1, "Sorting")

    assert fingerprint(one) == fingerprint(scan(T.IN_TRANSIT, 1, "Sorting"))
    assert len({fingerprint(one), fingerprint(scan(T.IN_TRANSIT, 2, "Sorting")),
                fingerprint(scan(T.DELIVERED, 1, "Sorting"))}) == 3  # fmt: skip


@pytest.fixture
def shipment(shop):
    rma = flows.approved(flows.order())
    return Shipment.objects.get(rma=rma)


def told(shipment, kind):
    return Event.objects.filter(subject_id=shipment.pk, kind=kind).count()


def test_record_scans_in_every_order_ends_delivered_and_tells_once(shop):
    scans = [scan(T.IN_TRANSIT, 1), scan(T.OUT_FOR_DELIVERY, 5), scan(T.DELIVERED, 9)]

    for number, order in enumerate(permutations(scans)):
        rma = flows.approved(flows.order(number=f"NL-{number}"))
        parcel = Shipment.objects.get(rma=rma)
        for one in [*order, *order]:
            record_scans(parcel.pk, [one], actor=SYSTEM)

        parcel.refresh_from_db()
        assert (parcel.status, parcel.last_scan_at) == ("delivered", scans[2].occurred_at)
        assert TrackingEvent.objects.filter(shipment=parcel).count() == 3
        assert told(parcel, "parcel.delivered") == 1
        # Who has heard "delivered" first is not told "on its way" afterwards.
        assert told(parcel, "parcel.in_transit") == (order[0].status is not T.DELIVERED)


def test_record_scans_moves_the_stage(shipment):
    record_scans(shipment.pk, [scan(T.IN_TRANSIT, 1)], actor=SYSTEM)
    assert flows.fresh(shipment.rma).stage == "transit"

    record_scans(shipment.pk, [scan(T.DELIVERED, 2)], actor=SYSTEM)
    assert flows.fresh(shipment.rma).stage == "received"


def test_record_scans_without_scans_changes_nothing(shipment):
    record_scans(shipment.pk, [], actor=SYSTEM)

    shipment.refresh_from_db()
    assert (shipment.status, shipment.last_scan_at) == ("ready", None)


def test_record_scans_without_a_time_counts_as_the_oldest(shipment):
    undated = TrackingScan(status=T.IN_TRANSIT, occurred_at=None)
    later = datetime.now(UTC) + timedelta(hours=1)

    record_scans(
        shipment.pk, [TrackingScan(status=T.DELIVERED, occurred_at=later), undated], actor=SYSTEM
    )
    record_scans(shipment.pk, [undated], actor=SYSTEM)

    shipment.refresh_from_db()
    assert shipment.status == "delivered"
    assert TrackingEvent.objects.filter(shipment=shipment).count() == 2


def test_record_scans_sent_back_is_told_and_put_before_a_person(shipment):
    scans = [scan(T.DELIVERED, 1), scan(T.RETURN_TO_SENDER, 2)]

    record_scans(shipment.pk, scans, actor=SYSTEM)
    record_scans(shipment.pk, scans, actor=SYSTEM)

    assert told(shipment, "parcel.exception") == 1
    assert StaffTask.objects.get(kind="parcel_exception").about_id == shipment.rma_id
    assert flows.fresh(shipment.rma).stage == "hold"


def test_record_scans_of_a_cancelled_label_that_is_used_revives_it(shipment):
    cancel_return(shipment.rma_id, actor=SHOPPER)
    shipment.refresh_from_db()
    assert shipment.status == "void"

    record_scans(shipment.pk, [scan(T.IN_TRANSIT, 1)], actor=SYSTEM)

    shipment.refresh_from_db()
    assert shipment.status == "in_transit"
    assert flows.fresh(shipment.rma).status == "cancelled"
    assert "coming for a return" in StaffTask.objects.get(kind="parcel_exception").title


def test_record_scans_of_a_cancelled_label_beside_a_living_one_only_warns(shipment):
    Shipment.objects.filter(pk=shipment.pk).update(status="void")
    other = Shipment.objects.create(rma=shipment.rma, carrier_driver="manual", status="ready")

    record_scans(shipment.pk, [scan(T.IN_TRANSIT, 1)], actor=SYSTEM)

    shipment.refresh_from_db()
    other.refresh_from_db()
    assert (shipment.status, other.status) == ("void", "ready")
    assert StaffTask.objects.filter(kind="voided_label_used").count() == 1


@pytest.mark.usefixtures("shop")
def test_unknown_parcel_is_not_found():
    with pytest.raises(NotFound), attempt():
        record_scans(new_id(), [], actor=SYSTEM)
    with pytest.raises(NotFound), attempt():
        retry_label(new_id(), actor=SYSTEM)
