"""The tasks that run provider calls and take up webhooks. Each drains what is due."""

from __future__ import annotations

from celery import shared_task

from returns_portal.core.queue import taken
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.inbox import take_due_webhooks


@shared_task(name="integrations.run_calls")
def run_calls() -> int:
    taken("integrations.run_calls")
    return run_due_calls()


@shared_task(name="integrations.take_webhooks")
def take_webhooks() -> int:
    taken("integrations.take_webhooks")
    return take_due_webhooks()
