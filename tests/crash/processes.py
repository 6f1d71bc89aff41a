"""Real processes of the product against the test's own database, broker and mail server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from redis import Redis

from notifications.models import Message
from returns_portal.activity.models import Delivery
from returns_portal.core import scope
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import VARIABLE
from returns_portal.core.scope import system_scope
from returns_portal.integrations.models import ProviderCall

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0
KILLED = -signal.SIGKILL


class Processes:
    """Starts commands and workers; what still runs at the end of the test is killed."""

    def __init__(self, folder: Path, *, mail_port: int) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._broker_url = str(settings.CACHES["default"]["LOCATION"])
        self._number = 0
        self.variables = {
            "DATABASE_URL": _test_database(),
            "REDIS_URL": self._broker_url,
            "BROKER_URL": self._broker_url,
            "DEBUG": "1",
            "ALLOW_OWNER_ROLE": "1",
            "DEMO_PROVIDERS": "1",
            "ALLOW_PRIVATE_OUTBOUND": "1",
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "LOG_LEVEL": "WARNING",
        }

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def drain(self, point: str = "") -> int:
        """Run ``manage.py drain``, dying at ``point`` if it comes by; return the exit code."""
        return self._start(["manage.py", "drain", "--until-idle"], point).wait(PATIENCE)

    def worker(self, point: str = "", *, pool: str = "solo") -> subprocess.Popen[bytes]:
        """Start a Celery worker."""
        options = ["--pool", pool, "--concurrency", "1", "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command = ["-m", "celery", "-A", "returns_portal", "worker", *options, *quiet]
        return self._start(command, point)

    def wake(self, *names: str) -> None:
        """Put messages into the broker, as the beat does."""
        with Celery(broker=self._broker_url) as app:
            for name in names:
                app.send_task(name)

    def sweep(self) -> None:
        """Put every message of the beat's schedule into the broker once."""
        self.wake(*(entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()))

    def flush_broker(self) -> int:
        """Empty the broker and the cache; return how many keys were lost."""
        with Redis.from_url(self._broker_url) as redis:
            lost = int(redis.dbsize())
            redis.flushdb()
        return lost

    def _start(self, command: list[str], point: str) -> subprocess.Popen[bytes]:
        self._number += 1
        log = self._stack.enter_context((self._folder / f"process-{self._number}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env={**os.environ, **self.variables, VARIABLE: point},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._stack.callback(end, process)
        return process


def cut_connections() -> int:
    """Let PostgreSQL end every other connection to the test's database; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def waiting_connections() -> int:
    """Return how many connections to the test's database wait for a lock."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Inside a longer transaction PostgreSQL would show what it saw the first time.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def outlive_leases() -> None:
    """Let so much time pass that what a dead worker held is free and what waits is due."""
    past = now() - timedelta(minutes=1)
    token = scope._current.set(scope.NOBODY)
    try:
        with system_scope(), transaction.atomic():
            calls = ProviderCall.all_tenants.exclude(status__in=["done", "declined", "cancelled"])
            calls.update(due_at=past)
            calls.filter(lease_until__isnull=False).update(lease_until=past)
            waiting = Delivery.all_tenants.filter(status="waiting")
            waiting.update(due_at=past)
            waiting.filter(lease_until__isnull=False).update(lease_until=past)
            Message.all_tenants.filter(status="sending").update(lease_until=past)
    finally:
        scope._current.reset(token)


def until(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for something that another process brings about. Fails when it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"it did not happen within {seconds:.0f} seconds")


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all its children: they share a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def _test_database() -> str:
    """Return the address of the database that this test run has made for itself."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return address._replace(path="/" + str(connection.settings_dict["NAME"])).geturl()
