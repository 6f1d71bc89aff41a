"""Keeping what a server loads before it forks in pages that its children share."""

from __future__ import annotations

import gc

from django.urls import get_resolver


def share_with_children() -> None:
    """Load the faces now, once, and take all that exists out of the collector's hands.

    A collection writes into every object it looks at, which would give each child a copy of its
    own. To be called by a parent before it forks (``gunicorn --preload``, Celery's prefork pool).
    """
    # Views are otherwise imported by the first request of each child.
    get_resolver().url_patterns  # noqa: B018  read for what that imports
    gc.collect()
    gc.freeze()
