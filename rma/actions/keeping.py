"""Goods that are not sent back: paid as soon as the return is approved."""

from __future__ import annotations

from collections.abc import Iterable

from returns_portal.activity.record import recorded_together
from returns_portal.commerce.locks import lock_order
from returns_portal.core.actor import SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from rma.actions.resolution import settle
from rma.actions.settle_tasks import ask_to_settle
from rma.goods import standing_of
from rma.models import Return, ReturnLine
from rma.stages import refresh_stage
from rma.states import KEPT, ReturnStatus

_WAITS = "waits to be paid, and nothing is sent back"


def settle_kept(rma: Return, lines: Iterable[ReturnLine], *, is_held: bool = False) -> None:
    """Settle what stays with the shopper of a locked return that was just opened, once.

    No label, parcel or inspection is waited for. Goods that come back as well are settled when
    they are there. What the risk score holds (``is_held``), or can't be paid, is put before a
    person.
    """
    wanted = {line.wanted for line in lines}
    kept = frozenset(wanted & KEPT)
    if not kept or rma.status != ReturnStatus.OPEN:
        return
    if is_held:
        why = "The policy holds the money. Check the request, then settle the return."
        ask_to_settle(rma, why, waits=_WAITS)
        return
    # Read anew: a request has claimed its units since it read the order.
    rma.order = lock_order(rma.order_id)
    standing = standing_of(rma)
    if any(one.is_settled for one in standing.goods if one.is_kept):
        return
    try:
        with attempt(), recorded_together():
            settle(rma, standing, actor=SYSTEM, ahead=None if wanted <= KEPT else kept)
            refresh_stage(rma)
    except DomainError as refusal:
        rma.part_settled = standing.facts.part_settled
        ask_to_settle(rma, refusal.message, waits=_WAITS)
