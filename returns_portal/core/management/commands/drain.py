"""Do in the foreground, now, what workers would do: for scripts and for tests of the whole."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Run every sweep once, then drain deliveries, calls, webhooks and messages until none is due.

    Work that waits for its back-off stays waiting. The exit code is 1 when the work does not end.
    """

    help = "Process every pending delivery, provider call, webhook, message and due sweep."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="repeat until nothing is due")
        parser.add_argument("--rounds", type=int, default=500, help="at most so many")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in settings.SWEEP_TASKS:
            self._run(name)
        for _ in range(options["rounds"]):
            done = sum(self._run(name) for name in settings.DRAIN_TASKS)
            if not done or not options["until_idle"]:
                self.stdout.write("Nothing is due." if not done else f"{done} pieces of work done.")
                return
        raise CommandError(f"Still busy after {options['rounds']} rounds.")

    def _run(self, name: str) -> int:
        done = int(current_app.tasks[name]() or 0)
        if done:
            self.stdout.write(f"{name}: {done}")
        return done
