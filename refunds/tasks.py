"""The refunds' periodic task."""

from __future__ import annotations

from celery import shared_task

from refunds.reconcile import poll_refunds as poll


@shared_task(name="refunds.poll_refunds")
def poll_refunds() -> int:
    return poll()
