"""Keep what an order's lines were sold with, once, when the order comes in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.db import action_transaction
from rma.models import PolicyVersion, PromisedWindow
from rma.policy.days import local_day
from rma.policy.facts import build
from rma.policy.live import policy_of
from rma.policy.promising import promised_windows
from rma.policy.types import to_json
from rma.windows import NOTHING_KEPT

Status = PolicyVersion.Status


def keep_promised_windows(order_id: UUID) -> int:
    """Keep the window of each line of the order that has none yet; return how many were kept.

    It is that of the version in force when the order was placed, else when it was first mirrored;
    with no version published by then nothing was promised. What is kept stays, so this may run
    again for lines that were added.
    """
    with action_transaction():
        missing = OrderLine.objects.filter(order_id=order_id, is_removed=False).exclude(
            pk__in=PromisedWindow.objects.values("order_line_id")
        )
        keys = {str(pk): pk for pk in missing.values_list("pk", flat=True)}
        if not keys:
            return 0
        order = order_for_return(order_id)
        version_id, moment = _in_force(order)
        if version_id is None:
            return 0
        policy, zone = policy_of(version_id), order.merchant.time_zone
        facts = build(order, moment, policy=policy, time_zone=zone, windows=NOTHING_KEPT)
        promised = promised_windows(policy, facts, local_day(moment, zone))
        kept = [
            PromisedWindow(
                order_line_id=keys[key], policy_version_id=version_id, terms=to_json(terms)
            )
            for key, terms in promised.items()
            if key in keys
        ]
        # Of two workers at once the second finds each line kept already.
        PromisedWindow.objects.bulk_create(kept, ignore_conflicts=True)
        return len(kept)


def _in_force(order: Order) -> tuple[UUID | None, datetime]:
    """Return the version the order was bought under and since when it counts for it."""
    for moment in (order.placed_at, order.imported_at):
        published = PolicyVersion.objects.filter(
            status__in=[Status.LIVE, Status.RETIRED], published_at__lte=moment
        )
        newest = published.order_by("-published_at", "-number")
        version_id = newest.values_list("pk", flat=True).first()
        if version_id is not None:
            return version_id, moment
    return None, order.placed_at
