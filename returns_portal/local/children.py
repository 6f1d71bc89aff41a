"""Start a program, know whether it lives, stop it; nothing survives its supervisor.

On Linux the kernel signals each child when the supervisor dies, however it dies. Elsewhere the
next start finds what was left by the record kept here and stops it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from returns_portal.local.accounts import Account
from returns_portal.local.progress import LocalError, log_tail, say

PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may allocate or take a lock.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform.startswith("linux") else None


@dataclass
class Child:
    """One supervised program."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 15.0
    account: Account | None = None
    folder: Path | None = None
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the program with its output in its log; call it from the main thread only.

        The kernel's death signal is tied to the thread that forked.
        """
        if self.popen is not None:
            # What the ended program had started would otherwise go on beside its successor.
            kill_group(self.pid)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = self.account.popen_options() if self.account else {}
        with self.log.open("ab") as output:
            try:
                self.popen = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.environment,
                    cwd=self.folder,
                    # A session of its own: Ctrl-C reaches the supervisor, which stops in order.
                    start_new_session=True,
                    preexec_fn=die_with_parent(self.stop_signal),
                    **options,
                )
            except OSError as refused:
                raise LocalError(f"{self.name} could not be started: {refused}.") from refused
        self.starts.append(time.monotonic())

    @property
    def pid(self) -> int:
        if self.popen is None:
            raise LocalError(f"{self.name} was not started.")
        return self.popen.pid

    def is_alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until the program answers.

        Raises: LocalError with the end of its log when it stops or stays silent.
        """
        deadline = time.monotonic() + seconds
        told = time.monotonic() + 8
        while not ready():
            if not self.is_alive():
                raise LocalError(
                    f"{self.name} stopped while starting; the end of {self.log}:\n"
                    f"{log_tail(self.log)}"
                )
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{self.name} did not answer within {seconds:.0f} seconds; "
                    f"the end of {self.log}:\n{log_tail(self.log)}"
                )
            if time.monotonic() > told:
                say(f"Still waiting for {self.name}")
                told = time.monotonic() + 8
            time.sleep(0.03)

    def ask_to_stop(self) -> None:
        """Send the polite signal, if there is anyone to hear it."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self.stop_signal)

    def wait_stopped(self, *, grace: float | None = None) -> None:
        """Wait for the end; after the grace period kill the program and what it started."""
        if self.popen is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(self.grace if grace is None else grace)
        kill_group(self.pid)
        self.popen.wait(10)

    def stop(self) -> None:
        self.ask_to_stop()
        self.wait_stopped()


def die_with_parent(wanted: signal.Signals) -> Callable[[], None] | None:
    """Return the hook that asks the kernel to signal the child when its parent is gone."""
    if _PRCTL is None:
        return None
    prctl, parent, number = _PRCTL, os.getpid(), int(wanted)

    def arm() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def kill_group(leader: int) -> None:
    """Kill a child, if it still runs, and everything it started.

    Each child leads a process group, and a group's number is not given out again while a member
    lives, so this cannot reach anybody else.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def has_group(leader: int) -> bool:
    """Tell whether any process of a group lives, its leader or not.

    A signal 0 would not do: it also finds the dead that nobody has collected yet.
    """
    if not Path("/proc/self/stat").exists():
        listed = ["ps", "-A", "-o", "pgid=,stat="]
        rows = subprocess.run(listed, capture_output=True, text=True, check=False).stdout
        return any(
            pgid == str(leader) and not state.startswith("Z")
            for pgid, state in (row.split()[:2] for row in rows.splitlines())
        )
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
            if group == str(leader) and state not in {"Z", "X"}:
                return True
    return False


def identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same number, or None when gone."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in {"Z", "X"} else f"started:{fields[19]}"
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def record(children: list[Child], path: Path) -> None:
    """Write down who runs, for the start after a crash."""
    rows = [
        {"name": child.name, "pid": child.pid, "identity": identity(child.pid)}
        for child in children
        if child.is_alive()
    ]
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(rows))
    draft.replace(path)


def is_left(row: dict[str, Any]) -> bool:
    """Tell whether a recorded program, or something it started, still runs."""
    now = identity(row["pid"])
    if now is None:
        return bool(row["identity"]) and has_group(row["pid"])
    return bool(now == row["identity"])


def stop_leftovers(path: Path, *, patience: float = 20.0) -> None:
    """Wait for, then stop, programs that a killed supervisor left; forget the record."""
    try:
        rows = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    left = [row for row in rows if is_left(row)]
    if left:
        say("Stopping what an earlier run left behind")
    for signalled in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        for row in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                # A leader stops its own; without one, or at the end, the whole group is meant.
                alone = identity(row["pid"]) is None or signalled == signal.SIGKILL
                (os.killpg if alone else os.kill)(row["pid"], signalled)
        deadline = time.monotonic() + patience / 2
        while left and time.monotonic() < deadline:
            left = [row for row in left if is_left(row)]
            time.sleep(0.05)
    if left:
        names = ", ".join(f"{row['name']} (process {row['pid']})" for row in left)
        raise LocalError(f"An earlier run left {names} and it cannot be stopped: end it by hand.")
    path.unlink(missing_ok=True)
