"""The base of every task that works for one merchant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import Task

from returns_portal.core.scope import merchant_scope


class TenantTask(Task):
    """Run in the scope of the keyword argument ``merchant_id``; refuse to run without one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        merchant_id = kwargs.pop("merchant_id")
        with merchant_scope(UUID(str(merchant_id))):
            return super().__call__(*args, **kwargs)
