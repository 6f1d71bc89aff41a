"""Returns Portal: the shell around the domain apps, with its foundations below them."""

from __future__ import annotations

from returns_portal.celery import app as celery_app

__all__ = ["celery_app"]
