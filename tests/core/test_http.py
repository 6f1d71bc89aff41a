"""The outbound door: public addresses, one connection, no redirect, bounded size and time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from pytest_django import Settings
from urllib3.exceptions import NewConnectionError

from returns_portal.core import http

Conversation = Callable[[socket.socket], None]


@contextmanager
def serving(talk: Conversation) -> Iterator[str]:
    """Run one raw conversation on loopback; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            line, _ = server.accept()
            with line:
                talk(line)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        thread.join(5)


def saying(answer: bytes) -> Conversation:
    def talk(line: socket.socket) -> None:
        line.recv(65_536)
        line.sendall(answer)

    return talk


@pytest.fixture
def loopback(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_OUTBOUND = True


@pytest.fixture
def guarded(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_OUTBOUND = False


@pytest.mark.usefixtures("loopback")
def test_request_returns_status_headers_and_body() -> None:
    heard: list[bytes] = []

    def talk(line: socket.socket) -> None:
        heard.append(line.recv(65_536))
        while not heard[0].endswith(b"hello"):
            heard[0] += line.recv(65_536)
        line.sendall(b"HTTP/1.1 202 OK\r\nX-Name: Value\r\nContent-Length: 4\r\n\r\ndone")

    with serving(talk) as address:
        answer = http.request(
            "POST", address + "?a=1", body=b"hello", headers={"X-Ours": "1"}, max_bytes=100
        )

    assert (answer.status, answer.body, answer.headers["x-name"]) == (202, b"done", "Value")
    assert heard[0].startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"X-Ours: 1\r\n" in heard[0]
    assert heard[0].count(b"Host:") == 1
    assert heard[0].endswith(b"\r\n\r\nhello")


@pytest.mark.usefixtures("loopback")
def test_redirect_is_returned_not_followed() -> None:
    location = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n"

    with serving(saying(location)) as address:
        answer = http.request("GET", address, max_bytes=100)

    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/x")


@pytest.mark.usefixtures("loopback")
def test_body_over_the_cap_is_refused_without_reading_it_all() -> None:
    def talk(line: socket.socket) -> None:
        line.recv(65_536)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        sent = 0
        try:
            while sent < 50_000_000:
                sent += line.send(b"x" * 65_536)
        except OSError:
            pass
        finally:
            totals.append(sent)

    totals: list[int] = []
    with serving(talk) as address, pytest.raises(http.AnswerTooBig):
        http.request("GET", address, max_bytes=100_000)

    assert totals[0] < 20_000_000


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
    ids=["nothing", "cut", "nonsense", "bad-chunk", "too-many-headers"],
)
def test_broken_answer_is_lost(answer: bytes) -> None:
    with serving(saying(answer)) as address, pytest.raises(http.AnswerLost):
        http.request("GET", address, max_bytes=1000)


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("part", ["headers", "body"])
def test_slow_drip_ends_at_the_deadline(part: str) -> None:
    def talk(line: socket.socket) -> None:
        line.recv(65_536)
        try:
            line.sendall(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b""))
            for _ in range(100):
                line.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    started = time.monotonic()
    with serving(talk) as address, pytest.raises(http.AnswerLost):
        answer = http.request("GET", address, max_bytes=1000, total_timeout=0.4)
        pytest.fail(f"got {answer}")

    assert time.monotonic() - started < 2


@pytest.mark.usefixtures("loopback")
def test_silence_ends_at_the_deadline() -> None:
    with serving(lambda line: time.sleep(1)) as address, pytest.raises(http.AnswerLost):
        http.request("GET", address, max_bytes=1000, total_timeout=0.3)


@pytest.mark.usefixtures("loopback")
def test_nobody_listening_is_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(http.NotSent):
        http.request("GET", f"http://127.0.0.1:{port}/", max_bytes=10)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://0/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://10.0.0.1/",
        "https://172.16.5.5/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25lo]/",
        "https://[ff02::1]/",
        "http://93.184.215.14/",
        "ftp://93.184.215.14/",
        "file:///etc/passwd",
        "gopher://93.184.215.14/",
        "//93.184.215.14/",
        "https://",
        "https:///x",
        "https://user@93.184.215.14/",
        "https://user:secret@93.184.215.14/",
        "https://93.184.215.14@127.0.0.1/",
        "https://93.184.215.14\\@127.0.0.1/",
        "https://93.184.215.14/\r\nHost: x",
        "https://93.184.215.14/ x",
        "https://93.184.215.14:22/",
        "https://93.184.215.14:6379/",
        "https://93.184.215.14:99999/",
        "https://[::1/",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises((http.AddressRefused, http.NotSent)):
        http.checked_target(address)


@pytest.mark.usefixtures("guarded")
def test_name_with_one_private_answer_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answers(host: str, port: int, **options: object) -> list[object]:
        return [(2, 1, 6, "", ("93.184.215.14", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(http.socket, "getaddrinfo", answers)

    with pytest.raises(http.AddressRefused, match="private address"):
        http.checked_target("https://hooks.example.com/")


@pytest.mark.usefixtures("guarded")
def test_public_name_is_resolved_once_and_that_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    connected: list[str] = []

    def answers(host: str, port: int, **options: object) -> list[object]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    def connect(self: object) -> None:
        connected.append(self.host)  # type: ignore[attr-defined]
        raise NewConnectionError(self, "no route")  # type: ignore[arg-type]

    monkeypatch.setattr(http.socket, "getaddrinfo", answers)
    monkeypatch.setattr(http.HTTPSConnection, "connect", connect)

    with pytest.raises(http.NotSent):
        http.request("GET", "https://rebind.example.com/", max_bytes=10)

    assert (asked, connected) == (["rebind.example.com"], ["93.184.215.14"])


def test_never_connected_believes_only_connection_errors() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(requests.ConnectionError) as refused:
        requests.get(f"http://127.0.0.1:{port}/", timeout=1)
    with (
        serving(lambda line: line.recv(10)) as address,
        pytest.raises(requests.ConnectionError) as reset,
    ):
        requests.get(address, timeout=1)
    with (
        serving(lambda line: time.sleep(0.5)) as address,
        pytest.raises(requests.ReadTimeout) as silent,
    ):
        requests.get(address, timeout=0.1)

    assert http.never_connected(refused.value)
    assert not http.never_connected(reset.value)
    assert not http.never_connected(silent.value)
    assert not http.never_connected(ValueError("x"))
