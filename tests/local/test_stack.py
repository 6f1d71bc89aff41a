from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from returns_portal.local.layout import Layout
from returns_portal.local.progress import LocalError
from returns_portal.local.stack import RESTARTS_ALLOWED, Stack, fresh_log
from tests.local.test_children import eventually

pytestmark = pytest.mark.services


@pytest.fixture
def stack(layout: Layout) -> Iterator[Stack]:
    with Stack(layout) as started:
        started.start_servers(durable=False)
        yield started


def kill(stack: Stack, position: int) -> int:
    server = stack.servers[position]
    os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: not server.is_alive())
    return server.pid


@pytest.mark.parametrize(
    ("position", "answers"),
    [(0, lambda stack: stack.cluster.answers()), (1, lambda stack: stack.broker.answers())],
    ids=["database", "broker"],
)
def test_watch_starts_a_killed_server_again(
    stack: Stack, position: int, answers: Callable[[Stack], bool]
) -> None:
    old = kill(stack, position)

    stack.watch_once()

    assert eventually(lambda: answers(stack), seconds=30)
    assert stack.servers[position].pid != old


def test_watch_gives_up_on_a_program_that_keeps_ending(stack: Stack) -> None:
    program = stack.start_program(
        "The program", ["-c", "import sys; sys.exit('no licence')"], log="program"
    )

    with pytest.raises(LocalError, match=r"(?s)The program stopped .* within a minute.*no licence"):
        for _ in range(RESTARTS_ALLOWED + 2):
            assert eventually(lambda: not program.is_alive())
            stack.watch_once()


def test_manage_that_fails_shows_its_last_words(stack: Stack) -> None:
    with pytest.raises(LocalError, match=r"(?s)manage.py no_such_command.*Unknown command"):
        stack.variables = {"SECRET_KEY": "x" * 50, "DATABASE_URL": "postgres://a@/b"}
        stack.manage("no_such_command", log="manage")


def test_stop_ends_everything_and_forgets_the_record(layout: Layout) -> None:
    with Stack(layout) as started:
        started.start_servers(durable=False)
        children = list(started.servers)
        assert layout.children.exists()

    assert [child.is_alive() for child in children] == [False, False]
    assert not layout.children.exists()


def test_fresh_log_keeps_the_one_before(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    fresh_log(layout, "web").write_text("first")

    assert not fresh_log(layout, "web").exists()
    assert (layout.logs / "web.log.1").read_text() == "first"
