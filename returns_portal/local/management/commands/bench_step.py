"""One step of ``./bench``; not for use by itself."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from returns_portal.local.bench.steps import STEPS


class Command(BaseCommand):
    """Run a step with values as JSON; the last line printed is its answer as JSON."""

    help = "Run one step of ./bench on the servers that ./bench has started."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("step", choices=sorted(STEPS))
        parser.add_argument("values", nargs="?", default="{}")

    def handle(self, *args: Any, **options: Any) -> None:
        # Django asks a new connection for its version, which no merchant's scope would allow.
        connection.ensure_connection()
        answer = STEPS[options["step"]](json.loads(options["values"]))
        self.stdout.write(json.dumps(answer))
