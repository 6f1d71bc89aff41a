"""Wake a worker. The message says "look"; what to do stands in PostgreSQL.

Losing or doubling every message must be harmless: each job also has a sweep in the beat schedule.
"""

from __future__ import annotations

import logging
from functools import cache

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A wake that no worker has taken yet stands for all that follow; if it is lost, this is how long
# further wakes stay silent before the beat's sweep and the next wake take over.
_IN_FLIGHT_SECONDS = 20


def wake(name: str) -> None:
    """Ask for a run of the registered task ``name`` once this transaction commits."""
    transaction.on_commit(lambda: _send(name), robust=True)


def taken(name: str) -> None:
    """Say at the start of a drain that later wakes must send a message again."""
    try:
        _flags(settings.CACHES["default"]["LOCATION"]).delete(_key(name))
    except (RedisError, OSError):
        logger.warning("queue.broker_unreachable", extra={"job": name})


@cache
def _flags(url: str) -> Redis:
    """Return the client that is kept: Django's cache makes one for each command, which costs more
    than the command."""
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2)


def _key(name: str) -> str:
    return f"rp:wake:{name}"


def _is_first(name: str) -> bool:
    flags = _flags(settings.CACHES["default"]["LOCATION"])
    return bool(flags.set(_key(name), 1, nx=True, ex=_IN_FLIGHT_SECONDS))


def _send(name: str) -> None:
    task = current_app.tasks.get(name)
    if task is None:
        raise LookupError(f"no task is registered under {name!r}")
    try:
        if current_app.conf.task_always_eager or _is_first(name):
            task.apply_async(retry=False)
    except (OperationalError, RedisError, OSError):
        logger.warning("queue.broker_unreachable", extra={"job": name})
