"""Reading events back, as a timeline."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from returns_portal.activity.models import Event


def timeline_of(about_id: UUID) -> QuerySet[Event]:
    """Return the events of one object's timeline, oldest first."""
    return Event.objects.filter(about_id=about_id).order_by("id")
