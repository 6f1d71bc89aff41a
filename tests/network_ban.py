"""Refuse every connection that leaves the machine, for the whole test run.

Loopback addresses and unix sockets stay open: PostgreSQL, the broker and our provider simulators
live there. Names other than localhost are not even resolved.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

_REAL_CONNECT = socket.socket.connect
_REAL_CONNECT_EX = socket.socket.connect_ex
_REAL_SENDTO = socket.socket.sendto
_REAL_GETADDRINFO = socket.getaddrinfo
_LOCAL_NAMES = {"localhost", "localhost.", "ip6-localhost", "", None}


class NetworkBanned(AssertionError):
    """Fail the test that tried to reach a machine other than this one."""


def is_local(host: object) -> bool:
    """Tell whether a host is this machine, without asking a name server."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in _LOCAL_NAMES:
        return True
    if isinstance(host, str) and host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_remote(family: int, address: Any) -> None:
    """Raise unless the address is local."""
    if family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
        raise NetworkBanned(
            f"A test tried to reach {address[0]}:{address[1]}; use a simulator on loopback."
        )


def ban() -> None:
    """Patch the socket functions; calling it twice changes nothing."""

    def connect(self: socket.socket, address: Any) -> None:
        refuse_remote(self.family, address)
        return _REAL_CONNECT(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        refuse_remote(self.family, address)
        return _REAL_CONNECT_EX(self, address)

    def sendto(self: socket.socket, payload: bytes, *rest: Any) -> int:
        refuse_remote(self.family, rest[-1])
        return _REAL_SENDTO(self, payload, *rest)

    def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        # Addresses pass: connect() judges them, and code under test may look at them first.
        if not is_local(host) and not is_address(host):
            raise NetworkBanned(f"A test tried to resolve {host!r}; use a simulator on loopback.")
        return _REAL_GETADDRINFO(host, *rest, **options)

    replacements: dict[str, Callable[..., Any]] = {
        "connect": connect,
        "connect_ex": connect_ex,
        "sendto": sendto,
    }
    for name, replacement in replacements.items():
        setattr(socket.socket, name, replacement)
    socket.getaddrinfo = getaddrinfo


def is_address(host: object) -> bool:
    """Tell whether a host is already a numeric address."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return True
