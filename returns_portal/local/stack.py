"""The servers and programs of one stack: started in order, watched, stopped in reverse."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from returns_portal.local import postgres, valkey
from returns_portal.local.children import Child, kill_group, record, stop_leftovers
from returns_portal.local.environment import inherited
from returns_portal.local.layout import CHECKOUT, Layout, read_secrets, socket_folder
from returns_portal.local.postgres import Cluster
from returns_portal.local.progress import LocalError, log_tail, say
from returns_portal.local.valkey import Broker

RESTARTS_ALLOWED = 5
RESTART_WINDOW = 60.0


class Stack:
    """A private PostgreSQL and Valkey, and the product's programs on them.

    Use it as a context manager; leaving it stops everything, programs before servers.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.servers: list[Child] = []
        self.programs: list[Child] = []
        self.variables: dict[str, str] = {}
        self.cluster: Cluster
        self.broker: Broker
        self.secrets: dict[str, str] = {}
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start_servers(self, *, durable: bool) -> None:
        """Start PostgreSQL and Valkey; `durable=False` is for data that is thrown away."""
        layout = self.layout
        layout.prepare()
        stop_leftovers(layout.children)
        self.secrets = read_secrets(layout.home / "secrets.json")
        programs, account, home = postgres.choose_home(layout)
        sockets = self._cleanup.enter_context(socket_folder(home))
        account.give(sockets)
        self.cluster = Cluster(programs, account, home, sockets)
        postgres.prepare(self.cluster)
        database = postgres.server(self.cluster, fresh_log(layout, "postgres"), durable=durable)
        database.start()
        self._started(self.servers, database)
        self.broker, broker = valkey.server(
            layout.valkey, fresh_log(layout, "valkey"), self.secrets["BROKER_PASSWORD"]
        )
        valkey.start(self.broker, broker)
        self._started(self.servers, broker)
        database.wait_until(self.cluster.answers, seconds=90)

    def start_program(
        self, name: str, command: list[str], *, log: str, grace: float = 15.0
    ) -> Child:
        """Start one of the product's programs with the stack's variables."""
        child = Child(
            name=name,
            command=[sys.executable, *command],
            log=fresh_log(self.layout, log),
            environment=inherited() | self.variables,
            grace=grace,
            folder=CHECKOUT,
        )
        child.start()
        self._started(self.programs, child)
        return child

    def start_web(self, port: int, *, workers: int = 2, threads: int = 4) -> Child:
        """Start gunicorn on a loopback port."""
        command = ["-m", "gunicorn", "returns_portal.wsgi:application", "--preload"]
        command += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
        command += ["--workers", str(workers), "--threads", str(threads)]
        # gunicorn's control socket would be shared by every checkout of this account.
        command += ["--no-control-socket", "--graceful-timeout", "10"]
        return self.start_program("The web server", command, log="web")

    def start_worker(self, *, concurrency: int = 2) -> Child:
        """Start a Celery worker."""
        command = ["-m", "celery", "-A", "returns_portal", "worker", "--loglevel", "INFO"]
        command += ["--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
        return self.start_program("The worker", command, log="worker", grace=25)

    def start_beat(self) -> Child:
        """Start the beat, as a child of its own: inside the worker it outlives a killed one."""
        command = ["-m", "celery", "-A", "returns_portal", "beat", "--loglevel", "INFO"]
        command += ["--schedule", str(self.layout.beat_schedule), "--pidfile="]
        return self.start_program("The beat", command, log="beat", grace=5)

    def manage(self, *arguments: str, log: str, show: bool = False) -> None:
        """Run a management command to its end.

        Raises: LocalError with the end of its log when it fails.
        """
        path = fresh_log(self.layout, log)
        with path.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "manage.py", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=None if show else output,
                stderr=output,
                env=inherited() | self.variables,
                cwd=CHECKOUT,
                check=False,
            )
        if done.returncode != 0:
            raise LocalError(
                f"`manage.py {' '.join(arguments)}` failed; the end of {path}:\n{log_tail(path)}"
            )

    def watch_once(self) -> None:
        """Start again what ended by itself; give up on what keeps ending.

        Raises: LocalError with the end of the log of a program that does not stay up.
        """
        for child in [*self.servers, *self.programs]:
            if child.is_alive():
                continue
            recent = [at for at in child.starts if at > time.monotonic() - RESTART_WINDOW]
            if len(recent) > RESTARTS_ALLOWED:
                raise LocalError(
                    f"{child.name} stopped {len(recent)} times within a minute; "
                    f"the end of {child.log}:\n{log_tail(child.log)}"
                )
            say(f"{child.name} stopped; starting it again (log: {child.log})")
            if child in self.servers[:1]:
                postgres.clear_stale_pid(self.cluster.folder)
            child.start()
            self._record()

    def stop(self) -> None:
        """Stop programs, then servers; a second Ctrl-C kills the programs at once."""
        previous = {
            number: signal.signal(number, lambda *_: self._kill_programs())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            for group in (self.programs, self.servers[::-1]):
                for child in group:
                    child.ask_to_stop()
                for child in group:
                    child.wait_stopped()
            self.programs, self.servers = [], []
            self.layout.children.unlink(missing_ok=True)
        finally:
            self._cleanup.close()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _kill_programs(self) -> None:
        # Safe at any point: each piece of work is a row that the next start takes up again.
        for child in self.programs:
            if child.is_alive():
                kill_group(child.pid)

    def _started(self, group: list[Child], child: Child) -> None:
        group.append(child)
        self._record()

    def _record(self) -> None:
        record([*self.servers, *self.programs], self.layout.children)


def fresh_log(layout: Layout, name: str) -> Path:
    """Return a program's log path, keeping the previous one as `<name>.log.1`."""
    path = layout.logs / f"{name}.log"
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    return path


def http_answers(port: int, path: str) -> bool:
    """Tell whether a loopback web server gives any answer short of a server error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
