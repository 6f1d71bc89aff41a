"""I22: no message is left in the middle, none goes to a suppressed address."""

from __future__ import annotations

from datetime import timedelta

from notifications.actions import LEASE
from notifications.models import Message, Suppression
from returns_portal.core.clock import now
from returns_portal.core.invariants import register


def problems() -> list[str]:
    """Return messages stuck in sending, and ones sent to an address after its suppression."""
    stuck = Message.objects.filter(
        status=Message.Status.SENDING, lease_until__lt=now() - timedelta(hours=1)
    )
    found = [f"message {row.pk} is being sent for over an hour" for row in stuck[:100]]
    for entry in Suppression.objects.all():
        # A message that was being handed over at that moment could not be held back any more.
        late = Message.objects.filter(
            recipient_index=entry.address_index, sent_at__gt=entry.created_at + LEASE
        )
        found += [f"message {row.pk} went to a suppressed address" for row in late[:100]]
    return found


register("notifications", problems)
