"""The one outbound HTTP door for addresses that other people chose.

A host is resolved once, every answer must be a public address, and the connection goes to exactly
the address that was checked, so that a second DNS answer cannot lead elsewhere. No redirect is
followed, the body is capped, and a watchdog ends the exchange at its deadline however slowly the
other side drips. Provider libraries with a fixed base address keep their own connections; what
they raise is judged by :func:`never_connected`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from time import monotonic
from urllib.parse import SplitResult, urlsplit

import certifi
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import HTTPResponse

PUBLIC_PORTS = frozenset({443, 8443})
# Resolvers read 0x7f.1 and 2130706433 as addresses too; nobody writes those in good faith.
_ODD_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutboundError(Exception):
    """An exchange that brought no usable answer."""


class AddressRefused(OutboundError):
    """The address may not be contacted at all. Nothing was sent; trying again changes nothing."""


class NotSent(OutboundError):
    """No connection came about. Nothing was sent; it may work later."""


class AnswerLost(OutboundError):
    """The request was sent and its answer never fully arrived: it may have had its effect."""


class AnswerTooBig(OutboundError):
    """The body is longer than the caller accepts."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer of any status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    max_bytes: int,
    connect_timeout: float = 5.0,
    total_timeout: float = 15.0,
) -> HttpAnswer:
    """Send one request and return its answer, whatever the status; 3xx is returned, not followed.

    Raises AddressRefused, NotSent, AnswerLost or AnswerTooBig.
    """
    target, addresses = checked_target(url)
    with _connected(target, addresses, connect_timeout, total_timeout) as (connection, cut):
        try:
            connection.request(
                method,
                _path(target),
                body=body,
                headers={
                    "Host": target.netloc,
                    "Accept-Encoding": "identity",
                    "User-Agent": "returns-portal",
                    **(headers or {}),
                },
                preload_content=False,
                decode_content=False,
            )
            answer = connection.getresponse()
            content = _read_capped(answer, max_bytes)
        except (HTTPError, HTTPException, OSError) as error:
            raise AnswerLost(f"{target.hostname}: {error}") from error
        if cut.is_set():
            # A line that is cut looks like an answer that ends; it is not a complete one.
            raise AnswerLost(f"{target.hostname} took longer than {total_timeout} seconds.")
    return HttpAnswer(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=content,
    )


def checked_target(url: str) -> tuple[SplitResult, list[str]]:
    """Return the parsed address and its public IP addresses. Raises AddressRefused or NotSent."""
    private_allowed = settings.ALLOW_PRIVATE_OUTBOUND
    target = _parsed(url)
    if target.scheme != "https" and not (private_allowed and target.scheme == "http"):
        raise AddressRefused("Only https addresses can be used.")
    if target.username is not None or target.password is not None or "@" in target.netloc:
        raise AddressRefused("The address must not hold a user name or password.")
    if not target.hostname:
        raise AddressRefused("The address names no host.")
    if _ODD_NUMBER.fullmatch(target.hostname) and not is_address(target.hostname):
        raise AddressRefused("Write the address with its name, not as a number.")
    port = _port(target)
    if not private_allowed and port not in PUBLIC_PORTS:
        raise AddressRefused(f"Port {port} can not be used; use 443.")
    addresses = _resolve(target.hostname, port)
    if not private_allowed:
        for address in addresses:
            if not is_public(address):
                raise AddressRefused(f"{target.hostname} leads to a private address.")
    return target, addresses


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public internet, also when it hides another inside."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address):
        if number.scope_id is not None:
            return False
        inner = number.ipv4_mapped or number.sixtofour
        if inner is None and number in _NAT64:
            inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return number.is_global and not number.is_multicast


def never_connected(error: BaseException) -> bool:
    """Tell whether a client library's error means that no connection came about.

    True only where urllib3 says so; anything else, a reset on a kept connection included, may have
    reached the other side.
    """
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, NewConnectionError | ConnectTimeoutError):
            return True
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return False


def is_address(host: str) -> bool:
    """Tell whether ``host`` is an IP address, written as such, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _parsed(url: str) -> SplitResult:
    if any(ord(sign) <= 0x20 or ord(sign) == 0x7F or sign == "\\" for sign in url):
        raise AddressRefused("The address holds a space, backslash or control character.")
    try:
        target = urlsplit(url)
        target.port  # noqa: B018 - a bad port raises on access
    except ValueError as error:
        raise AddressRefused("The address can not be read.") from error
    return target


def _port(target: SplitResult) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _path(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent(f"{host} can not be resolved.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@contextmanager
def _connected(
    target: SplitResult, addresses: list[str], connect_timeout: float, total_timeout: float
) -> Iterator[tuple[HTTPConnection, threading.Event]]:
    """Connect to the first address that answers; cut the line at the deadline and say so."""
    deadline = monotonic() + total_timeout
    connection = _first_reachable(target, addresses, connect_timeout, deadline)
    line = connection.sock
    line.settimeout(max(deadline - monotonic(), 0.001))
    cut = threading.Event()
    watchdog = threading.Timer(max(deadline - monotonic(), 0), _cut, [line, cut])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield connection, cut
    finally:
        watchdog.cancel()
        connection.close()


def _first_reachable(
    target: SplitResult, addresses: list[str], connect_timeout: float, deadline: float
) -> HTTPConnection:
    problem: Exception | None = None
    for address in addresses:
        left = deadline - monotonic()
        if left <= 0:
            break
        connection = _connection(target, address, min(connect_timeout, left))
        try:
            connection.connect()
        except (HTTPError, OSError) as error:
            problem = error
            connection.close()
        else:
            return connection
    raise NotSent(f"{target.hostname} can not be reached: {problem}") from problem


def _connection(target: SplitResult, address: str, timeout: float) -> HTTPConnection:
    if target.scheme == "http":
        return HTTPConnection(address, _port(target), timeout=timeout)
    return HTTPSConnection(
        address,
        _port(target),
        timeout=timeout,
        server_hostname=target.hostname,
        assert_hostname=target.hostname,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
    )


def _cut(line: socket.socket, cut: threading.Event) -> None:
    cut.set()
    # The exchange may have ended at this very moment; then there is nothing left to cut.
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _read_capped(answer: HTTPResponse, max_bytes: int) -> bytes:
    """Read the body and refuse one that is too long or ends before its stated length."""
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read1(65_536):
        size += len(chunk)
        if size > max_bytes:
            raise AnswerTooBig(f"The answer is longer than {max_bytes} bytes.")
        chunks.append(chunk)
    stated = answer.headers.get("Content-Length", "")
    if stated.isdigit() and answer.status not in (204, 304) and size < int(stated):
        raise AnswerLost(f"Only {size} of {stated} bytes arrived.")
    return b"".join(chunks)
