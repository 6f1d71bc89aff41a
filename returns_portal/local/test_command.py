"""`./test`: the suite on a private PostgreSQL and Valkey, or on servers given from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from returns_portal.local import postgres
from returns_portal.local.environment import inherited, url_of_tests, variables_of_tests
from returns_portal.local.layout import CHECKOUT, KEPT, TEST_HOME, Layout, owned
from returns_portal.local.progress import LocalError, say
from returns_portal.local.stack import Stack

BUSY = "Another ./test runs from this folder"


@contextlib.contextmanager
def servers_for_tests() -> Iterator[dict[str, str]]:
    """Give the variables of servers to test on, starting what was not given from outside.

    The private cluster stays in `.data/test` for the next run; a second suite at the same time
    gets a temporary one.
    """
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    with tempfile.TemporaryDirectory(prefix="rp-media-") as media:
        if all(given.values()):
            say("Testing on the servers given by DATABASE_URL and REDIS_URL")
            yield variables_of_tests(given["DATABASE_URL"], given["REDIS_URL"], media=Path(media))
            return
        with private_layout() as layout, Stack(layout) as stack:
            say("Starting PostgreSQL and Valkey for the tests")
            stack.start_servers(durable=False)
            postgres.ensure_test_role(stack.cluster)
            yield variables_of_tests(
                given["DATABASE_URL"] or url_of_tests(stack.cluster),
                given["REDIS_URL"] or stack.broker.url,
                media=Path(media),
            )


@contextlib.contextmanager
def private_layout() -> Iterator[Layout]:
    """Give the folder of the test servers that no other run uses."""
    kept = Layout(TEST_HOME)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(owned(KEPT / "test.lock", busy=BUSY))
            layout = kept
        except LocalError:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="rp-test-"))
            layout = Layout(Path(folder))
        yield layout


def run_with_servers(command: list[str]) -> int:
    """Run a command with the variables of the test servers and return its exit status."""
    with servers_for_tests() as variables:
        started = subprocess.Popen(command, cwd=CHECKOUT, env=inherited() | variables)
        while True:
            try:
                return started.wait()
            except KeyboardInterrupt:
                # Ctrl-C reached the command as well; let it finish its summary.
                with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                    return started.wait(30)
                started.kill()


def interrupt(number: int, frame: object) -> None:
    """Treat a polite request to end like Ctrl-C."""
    raise KeyboardInterrupt


def main(arguments: list[str], *, command: list[str] | None = None) -> int:
    """Run pytest, or another command, and turn a LocalError into its sentence."""
    signal.signal(signal.SIGTERM, interrupt)
    chosen = command or [sys.executable, "-m", "pytest", *arguments]
    try:
        return run_with_servers(chosen)
    except LocalError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
