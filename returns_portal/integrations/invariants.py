"""I20: no call is left in the middle, and none in doubt goes unseen."""

from __future__ import annotations

from datetime import timedelta

from returns_portal.activity.models import StaffTask
from returns_portal.core.clock import now
from returns_portal.core.invariants import register
from returns_portal.integrations.models import ProviderCall


def problems() -> list[str]:
    """Return calls that are sending for a day, or in doubt for a day without a person's task."""
    day_ago = now() - timedelta(days=1)
    sending = ProviderCall.objects.filter(
        status=ProviderCall.Status.SENDING, lease_until__lt=day_ago
    )
    doubtful = ProviderCall.objects.filter(
        status=ProviderCall.Status.UNKNOWN, first_sent_at__lt=day_ago
    )
    tasked = set(StaffTask.objects.filter(status="open").values_list("key", flat=True))
    return [f"call {row.pk} ({row.kind}) is sending for over a day" for row in sending[:100]] + [
        f"call {row.pk} ({row.kind}) is in doubt for over a day and nobody was told"
        for row in doubtful[:100]
        if f"call:{row.pk}" not in tasked
    ]


register("integrations", problems)
