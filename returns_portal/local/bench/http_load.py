"""A small HTTP client that keeps many connections busy from one process, over loopback only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_TIMEOUT = 60.0


@dataclass(slots=True)
class Outcome:
    """What came back: seconds of each answer, and the statuses that were not expected."""

    seconds: list[float] = field(default_factory=list)
    wrong: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0
    sample: str = ""

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0


def run(
    port: int, requests: Iterator[bytes], *, clients: int, seconds: float, expected: int
) -> Outcome:
    """Send ``requests`` from ``clients`` connections until they or the ``seconds`` run out."""
    return asyncio.run(_run(port, requests, clients, seconds, expected))


async def _run(
    port: int, requests: Iterator[bytes], clients: int, seconds: float, expected: int
) -> Outcome:
    outcome = Outcome()
    started = time.perf_counter()

    def more() -> bytes | None:
        if time.perf_counter() - started >= seconds:
            return None
        return next(requests, None)

    await asyncio.gather(*(_client(port, more, expected, outcome) for _ in range(clients)))
    outcome.elapsed = time.perf_counter() - started
    return outcome


async def _client(
    port: int, more: Callable[[], bytes | None], expected: int, outcome: Outcome
) -> None:
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (request := more()) is not None:
        started = time.perf_counter()
        if connection is None:
            connection = await asyncio.open_connection("127.0.0.1", port)
        status, body, keep = await asyncio.wait_for(_exchange(*connection, request), _TIMEOUT)
        if not keep:
            connection[1].close()
            connection = None
        if status == expected:
            outcome.seconds.append(time.perf_counter() - started)
        else:
            outcome.wrong[status] = outcome.wrong.get(status, 0) + 1
            outcome.sample = outcome.sample or body[:400].decode("utf-8", "replace")
    if connection is not None:
        connection[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readline()).strip() or b"0", 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(lines[0].split()[1]), body, headers.get("connection") != "close"


def get(port: int, path: str, *, cookie: str = "") -> bytes:
    """Return a GET request as bytes."""
    extra = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{extra}\r\n".encode()


def post_json(port: int, path: str, body: bytes, *, key: str, operation: str) -> bytes:
    """Return a POST of JSON with an API key and an Idempotency-Key as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Idempotency-Key: {operation}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
