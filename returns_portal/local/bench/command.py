"""`./bench`: start a stack of its own, measure it, print one JSON object a line, stop it all.

Loopback only, bounded in count and time; the data is thrown away and made anew each time.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys

from psycopg2 import sql

from returns_portal.local import ports, postgres
from returns_portal.local.bench.lines import Lines
from returns_portal.local.bench.measures import measure
from returns_portal.local.bench.running import FULL, QUICK, Bench
from returns_portal.local.environment import variables_of_run
from returns_portal.local.layout import KEPT, Layout, owned
from returns_portal.local.progress import LocalError, say
from returns_portal.local.run_command import interrupt, start_mail
from returns_portal.local.stack import Stack

BUSY = "Another ./bench runs from this folder"


def fresh_database(stack: Stack) -> None:
    """Make the database anew; nothing of an earlier run is measured."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with stack.cluster.connection() as opened, opened.cursor() as cursor:
        cursor.execute(drop.format(sql.Identifier(postgres.DATABASE)))
    postgres.ensure_product_database(stack.cluster)
    stack.manage("migrate", "--no-input", log="migrate")


def bench(arguments: list[str]) -> int:
    """Run the whole bench; return 0 also when aims are missed: they are figures, not tests."""
    parser = argparse.ArgumentParser(prog="./bench", description="Measure Returns Portal.")
    parser.add_argument("--quick", action="store_true", help="about a minute, with fewer returns")
    options = parser.parse_args(arguments)
    size = QUICK if options.quick else FULL
    layout = Layout(KEPT / "bench")
    with owned(KEPT / "bench.lock", busy=BUSY), Stack(layout) as stack:
        say("Starting PostgreSQL and Valkey")
        stack.start_servers(durable=True)
        port, smtp_port, mail_port = (ports.any_free() for _ in range(3))
        stack.variables = variables_of_run(
            stack.cluster,
            stack.broker,
            stack.secrets,
            home=layout.home,
            web_port=port,
            smtp_port=smtp_port,
        ) | {
            "BENCH_SUPERUSER": stack.cluster.url(postgres.SUPERUSER),
            "LOG_LEVEL": "WARNING",
        }
        fresh_database(stack)
        start_mail(stack, smtp_port, mail_port)
        version = ".".join(map(str, stack.cluster.programs.version))
        running = Bench(stack, size, Lines(sys.__stdout__, postgres=version), port)
        measure(running)
        missed = ", ".join(running.lines.missed)
        say(f"Done. Aims missed: {missed}" if missed else "Done. Every aim was met")
    return 0


def main(arguments: list[str]) -> int:
    """Run and turn a LocalError into its sentence."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        # Figures go to standard output, everything said meanwhile beside them.
        with contextlib.redirect_stdout(sys.stderr):
            return bench(arguments)
    except KeyboardInterrupt:
        return 130
    except LocalError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
