"""The tasks that call providers, take up webhooks and check domains. Each drains what is due."""

from __future__ import annotations

from celery import shared_task

from returns_portal.core.queue import taken
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.domains import check_due_domains
from returns_portal.integrations.inbox import take_due_webhooks


@shared_task(name="integrations.run_calls")
def run_calls() -> int:
    taken("integrations.run_calls")
    return run_due_calls()


@shared_task(name="integrations.take_webhooks")
def take_webhooks() -> int:
    taken("integrations.take_webhooks")
    return take_due_webhooks()


@shared_task(name="integrations.check_domains")
def check_domains() -> int:
    taken("integrations.check_domains")
    return check_due_domains()
