"""The ground the simulators stand on: a threaded loopback server, faults on order, a movable clock.

A simulator is a witness: it keeps its own ledger, follows the provider's published rules and shares
no code with the product.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Fault:
    """One accident. ``when`` is before or after the provider acted.

    ``kind``: ``status`` (answer with ``status`` and ``body``), ``drop`` (reset the connection),
    ``hang`` (say nothing for ``seconds``), ``garbage`` (HTML with status 200).
    """

    kind: str
    when: str = "after"
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


@dataclass
class Answer:
    """What the simulator says."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"

    def payload(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.body).encode()


class Simulator:
    """Serve one provider on loopback; use as a context manager.

    ``fail_next`` queues faults; each request that changes something takes one. ``seen`` keeps every
    request. ``clock`` is the provider's own time in Unix seconds.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.lock = threading.RLock()
        self._faults: list[Fault] = []
        self._shift = 0.0
        self._server: ThreadingHTTPServer | None = None

    def _listen(self) -> ThreadingHTTPServer:
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                """Keep the test output clean."""

            def _serve(self) -> None:
                simulator.serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        return server

    @property
    def address(self) -> str:
        if self._server is None:
            raise RuntimeError("start the simulator first: with StripeSimulator() as simulator")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def clock(self) -> float:
        return time.time() + self._shift

    def move_clock(self, seconds: float) -> None:
        """Let time pass at the provider."""
        self._shift += seconds

    def fail_next(self, *faults: Fault) -> None:
        """Queue accidents for the next requests that would change something."""
        self._faults.extend(faults)

    def __enter__(self) -> Any:
        self._server = self._listen()
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def changes(self, request: Seen) -> bool:
        """Tell whether a request may take a queued fault."""
        return request.method != "GET"

    def answer(self, request: Seen) -> Answer:
        """Act on a request; subclasses implement the provider here."""
        raise NotImplementedError

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        request = _read(handler)
        with self.lock:
            self.seen.append(request)
            fault = self._faults.pop(0) if self._faults and self.changes(request) else None
        if fault and fault.when == "before":
            self._break(handler, fault)
            return
        answer = self.answer(request)
        if fault:
            self._break(handler, fault)
            return
        _write(handler, answer)

    def _break(self, handler: BaseHTTPRequestHandler, fault: Fault) -> None:
        if fault.kind == "status":
            _write(handler, Answer(fault.status, fault.body, dict(fault.headers)))
        elif fault.kind == "garbage":
            page = b"<html><body>Bad gateway</body></html>"
            _write(handler, Answer(200, None, raw=page, content_type="text/html"))
        elif fault.kind == "hang":
            time.sleep(fault.seconds)
            handler.close_connection = True
        else:
            # A reset, not a tidy close: linger zero makes the kernel send RST.
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.close_connection = True


def closed_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(handler: BaseHTTPRequestHandler) -> Seen:
    target = urlsplit(handler.path)
    length = int(handler.headers.get("Content-Length") or 0)
    return Seen(
        method=handler.command,
        path=target.path,
        query=dict(parse_qsl(target.query)),
        headers={name.lower(): value for name, value in handler.headers.items()},
        body=handler.rfile.read(length),
    )


def _write(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    payload = answer.payload()
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.content_type)
    handler.send_header("Content-Length", str(len(payload)))
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(payload)
