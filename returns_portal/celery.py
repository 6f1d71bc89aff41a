"""The Celery application. The broker only wakes workers; every job is a row in PostgreSQL."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from returns_portal.core import pdf
from returns_portal.core.checks import refuse_unbound_role
from returns_portal.core.memory import share_with_children

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "returns_portal.settings")

app = Celery("returns_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def before_the_pool(**kwargs: Any) -> None:
    """Stop a worker whose database role could step around row-level security; else load it all."""
    refuse_unbound_role()
    pdf.engine()
    share_with_children()
