"""The task that sends messages. It drains what is due; losing its message loses nothing."""

from __future__ import annotations

from celery import shared_task

from notifications.actions import send_due_messages
from returns_portal.core.queue import taken


@shared_task(name="notifications.send_messages")
def send_messages() -> int:
    taken("notifications.send_messages")
    return send_due_messages()
