"""The web server's processes share connections: nobody queues while a thread is idle elsewhere."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.test_children import eventually

pytestmark = pytest.mark.services

THREADS, PROCESSES = 3, 2
APPLICATION = """
import os, pathlib, time

def application(environ, start_response):
    here = pathlib.Path({folder!r})
    (here / f"{{os.getpid()}}-{{time.monotonic_ns()}}.busy").touch()
    while not (here / "go").exists():
        time.sleep(0.01)
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Serve an application whose requests last until ``tmp_path/go`` exists."""
    (tmp_path / "slow_application.py").write_text(APPLICATION.format(folder=str(tmp_path)))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        server = subprocess.Popen(
            [
                sys.executable, "-m", "gunicorn", "slow_application:application",
                "--bind", f"fd://{listener.fileno()}", "--pythonpath", str(tmp_path),
                "--worker-class", "returns_portal.serving.IdleThreadWorker",
                "--workers", str(PROCESSES), "--threads", str(THREADS), "--no-control-socket",
            ],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        yield listener.getsockname()[1]
        server.terminate()
        server.wait(timeout=30)


def busy(folder: Path) -> list[int]:
    """Return how many requests each process has in its threads, the busiest first."""
    found = Counter(path.name.split("-")[0] for path in folder.glob("*.busy"))
    return sorted(found.values(), reverse=True)


def test_process_with_busy_threads_leaves_connections_to_the_other(
    port: int, tmp_path: Path
) -> None:
    clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(7)]
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    # All at once and none to spare: each has as many as it has threads, one waits for either.
    assert eventually(lambda: busy(tmp_path) == [THREADS] * PROCESSES, seconds=30)

    (tmp_path / "go").touch()
    answers = [client.recv(64).split(b"\r\n")[0] for client in clients]
    assert answers == [b"HTTP/1.1 200 OK"] * 7
    assert sum(busy(tmp_path)) == 7
    for client in clients:
        client.close()


def test_kept_connections_take_no_thread(port: int, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    kept = []
    for _ in range(THREADS * PROCESSES + 4):
        client = socket.create_connection(("127.0.0.1", port), timeout=30)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 200 OK")
        kept.append(client)

    assert len(kept) == THREADS * PROCESSES + 4
    for client in kept:
        client.close()
