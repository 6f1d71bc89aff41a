"""The worker of the web server: takes a connection only while one of its threads is idle."""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class IdleThreadWorker(ThreadWorker):
    """gunicorn's threaded worker, limited to what its threads can take up at once.

    gunicorn's own accepts up to a thousand connections whatever its threads are doing. A client
    that keeps its connection then stays with the process that happened to wake first, and queues
    there while the process beside it is idle. Waiting in the listener's backlog instead, a
    connection goes to whoever is free. Connections kept alive or still without a request use no
    thread and are not counted.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._most_connections = 0
        super().__init__(*args, **kwargs)

    @property
    def worker_connections(self) -> int:
        """How many connections may be open before no more are accepted (read in every turn)."""
        idle = len(self.keepalived_conns) + len(self.pending_conns)
        return min(self._most_connections, idle + int(self.cfg.threads))

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._most_connections = most
