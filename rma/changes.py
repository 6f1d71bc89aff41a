"""Whether a shopper may still change a return, and what its units are when they are set aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.core.errors import InvalidTransition
from rma.models import Photo, Return, ReturnLine, Shipment
from rma.states import ReturnStatus, ShipmentStatus, nothing_is_sent
from rma.withdrawals import is_withdrawal

_STILL = (ShipmentStatus.PENDING, ShipmentStatus.READY, ShipmentStatus.FAILED, ShipmentStatus.VOID)
_OPEN = (ReturnStatus.REQUESTED, ReturnStatus.OPEN)


def why_unchangeable(
    rma: Return, lines: Collection[ReturnLine], shipments: Iterable[Shipment]
) -> InvalidTransition | None:
    """Return what forbids changing a return, or None. Reads nothing.

    Only what was asked for or approved can be changed, before its parcel or its money moves; where
    nothing is sent the money moves at approval. A withdrawal stays as it was declared, a gift is
    cancelled and begun anew, and two reasons for one item are more than the portal's form can hold.
    """
    paid = rma.status == ReturnStatus.OPEN and nothing_is_sent(line.wanted for line in lines)
    if rma.status not in _OPEN or is_withdrawal(rma) or rma.is_gift or paid:
        words = _("This return can’t be changed. Write to us on its page if something is wrong.")
        return InvalidTransition(words, code="unchangeable")
    if rma.part_settled:
        words = _("This return is paid already, so it can’t be changed. Send the items back.")
        return InvalidTransition(words, code="paid_early")
    if rma.received_at is not None or any(one.status not in _STILL for one in shipments):
        words = _("The parcel is on its way, so this return can’t be changed any more.")
        return InvalidTransition(words, code="parcel_moving")
    if len({line.order_line_id for line in lines}) < len(lines):
        words = _("This return has several reasons for one item. Write to us to change it.")
        return InvalidTransition(words, code="unchangeable")
    return None


def set_aside(lines: Iterable[OrderLine], held: Mapping[UUID, int]) -> None:
    """Read loaded order lines as if the return that holds ``held`` units did not. Saves nothing."""
    for line in lines:
        line.claimed_quantity -= held.get(line.pk, 0)


def adds_nothing(wanted: Mapping[UUID, int], held: Mapping[UUID, int]) -> bool:
    """Tell whether nothing is wanted beyond what the return holds already.

    Such a change is judged on the day the return was asked for: a window that closed since does
    not keep anybody from sending back less, or from taking credit instead.
    """
    return all(units <= held.get(line_id, 0) for line_id, units in wanted.items())


def kept_photos(rma: Return) -> dict[UUID, int]:
    """Count the shopper's photos of a return by order line. One statement."""
    photos = Photo.objects.filter(rma=rma, inspection__isnull=True, return_line__isnull=False)
    counts: dict[UUID, int] = {}
    for line_id in photos.values_list("return_line__order_line_id", flat=True):
        counts[line_id] = counts.get(line_id, 0) + 1
    return counts
