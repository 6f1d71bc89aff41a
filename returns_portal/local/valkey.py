"""A private Valkey: cache, rate limits and broker. Losing it loses nothing but time."""

from __future__ import annotations

import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from returns_portal.local import ports
from returns_portal.local.binaries import find_valkey
from returns_portal.local.children import Child
from returns_portal.local.layout import write_private
from returns_portal.local.progress import LocalError, say

# A loopback port with a password rather than a unix socket: the cache, the broker and the
# result of CLI tools then share one address, which socket paths do not allow.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
appendonly yes
save ""
maxmemory-policy noeviction
databases 16
daemonize no
"""


@dataclass(frozen=True)
class Broker:
    """Where the private Valkey listens and what it asks for."""

    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Tell whether it serves commands, which it does not while it loads its file."""
        request = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as opened:
                opened.sendall(request)
                reply = b""
                while reply.count(b"\r\n") < 2:
                    chunk = opened.recv(256)
                    if not chunk:
                        return False
                    reply += chunk
        except OSError:
            return False
        return reply == b"+OK\r\n+PONG\r\n"


def server(folder: Path, log: Path, password: str) -> tuple[Broker, Child]:
    """Return the broker and the child that serves it, on a port the system has free."""
    broker = Broker(folder, ports.any_free(), password)
    configuration = folder / "valkey.conf"
    write_private(
        configuration,
        CONFIGURATION.format(port=broker.port, password=password, folder=folder),
    )
    child = Child(
        name="Valkey",
        command=[str(find_valkey()), str(configuration)],
        log=log,
        environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stop_signal=signal.SIGTERM,
        folder=folder,
    )
    return broker, child


def start(broker: Broker, child: Child) -> None:
    """Start it; a damaged file is put aside, because the database holds everything that counts."""
    child.start()
    try:
        child.wait_until(broker.answers, seconds=30)
    except LocalError:
        stored = broker.folder / "appendonlydir"
        if child.is_alive() or not stored.exists():
            raise
        say("The broker's file is damaged; going on with an empty one (no work is lost)")
        aside = broker.folder / "appendonlydir.damaged"
        shutil.rmtree(aside, ignore_errors=True)
        stored.rename(aside)
        child.start()
        child.wait_until(broker.answers, seconds=30)
