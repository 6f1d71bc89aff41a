from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from returns_portal.local.children import Child, identity, record, stop_leftovers
from returns_portal.local.layout import CHECKOUT
from returns_portal.local.progress import LocalError

PLAIN = {"PATH": os.defpath}
DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(helper.pid, flush=True)
time.sleep(60)
"""
SUPERVISOR = """
import sys, time
from pathlib import Path
from returns_portal.local.children import Child
child = Child("sleeper", ["sleep", "60"], Path(sys.argv[1]), {"PATH": "/usr/bin:/bin"})
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def child(tmp_path: Path, *command: str) -> Child:
    return Child("The thing", list(command), tmp_path / "thing.log", PLAIN)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_wait_until_child_ends_early_shows_the_end_of_its_log(tmp_path: Path) -> None:
    failing = child(tmp_path, "sh", "-c", "echo no such option; exit 3")
    failing.start()

    with pytest.raises(LocalError, match=r"(?s)The thing stopped while starting.*no such option"):
        failing.wait_until(lambda: False, seconds=10)
    failing.wait_stopped()


def test_wait_until_silent_child_runs_out_of_time(tmp_path: Path) -> None:
    silent = child(tmp_path, "sleep", "60")
    silent.start()

    with pytest.raises(LocalError, match="did not answer within 0 seconds"):
        silent.wait_until(lambda: False, seconds=0.1)
    silent.stop()


def test_start_missing_program_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="The thing could not be started"):
        child(tmp_path, "/no/such/program").start()


def test_stop_kills_a_deaf_child_with_its_helpers(tmp_path: Path) -> None:
    deaf = child(tmp_path, sys.executable, "-c", DEAF)
    deaf.grace = 0.2
    deaf.start()
    assert eventually(lambda: deaf.log.read_text().endswith("\n"))
    helper = int(deaf.log.read_text())

    deaf.stop()

    assert not deaf.is_alive()
    assert eventually(lambda: identity(helper) is None)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux's")
def test_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "sleeper.log")]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        orphan = int(supervisor.stdout.readline())
        assert identity(orphan) is not None

        supervisor.kill()
        supervisor.wait()

    assert eventually(lambda: identity(orphan) is None)


def test_stop_leftovers_stops_what_was_recorded(tmp_path: Path) -> None:
    left = child(tmp_path, "sleep", "60")
    left.start()
    record([left], tmp_path / "children.json")

    stop_leftovers(tmp_path / "children.json")

    assert left.popen is not None
    assert left.popen.wait(5) == -signal.SIGTERM
    assert not (tmp_path / "children.json").exists()


def test_stop_leftovers_stops_what_a_dead_program_had_started(tmp_path: Path) -> None:
    parent = child(tmp_path, sys.executable, "-c", DEAF)
    parent.start()
    assert eventually(lambda: parent.log.read_text().endswith("\n"))
    helper = int(parent.log.read_text())
    record([parent], tmp_path / "children.json")
    os.kill(parent.pid, signal.SIGKILL)
    assert eventually(lambda: not parent.is_alive())
    assert identity(helper) is not None

    stop_leftovers(tmp_path / "children.json", patience=0.5)

    assert identity(helper) is None


def test_start_again_ends_what_the_first_had_started(tmp_path: Path) -> None:
    parent = child(tmp_path, sys.executable, "-c", DEAF)
    parent.start()
    assert eventually(lambda: parent.log.read_text().endswith("\n"))
    helper = int(parent.log.read_text())
    os.kill(parent.pid, signal.SIGKILL)
    assert eventually(lambda: not parent.is_alive())

    parent.start()

    assert eventually(lambda: identity(helper) is None)
    assert parent.is_alive()
    parent.grace = 0
    parent.stop()


def test_stop_leftovers_spares_another_process_with_the_same_number(tmp_path: Path) -> None:
    bystander = child(tmp_path, "sleep", "60")
    bystander.start()
    row = {"name": "web", "pid": bystander.pid, "identity": "started:1"}
    (tmp_path / "children.json").write_text(json.dumps([row]))

    stop_leftovers(tmp_path / "children.json")

    assert bystander.is_alive()
    bystander.stop()


def test_stop_leftovers_damaged_record_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "children.json").write_text("{")

    stop_leftovers(tmp_path / "children.json")
