"""Loopback ports: is one free, and which is the next."""

from __future__ import annotations

import socket

from returns_portal.local.progress import LocalError, say

LOOPBACK = "127.0.0.1"
HIGHEST = 65_535


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def any_free() -> int:
    """Return a port the system has free, for servers nobody types the address of."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def demanded(port: int) -> int:
    """Return a port the person asked for, or refuse: an address typed in must not move.

    Raises: LocalError when it is not a port or in use.
    """
    if not 1 <= port <= HIGHEST:
        raise LocalError(f"{port} is not a port: choose one from 1024 to {HIGHEST}.")
    if not is_free(port):
        raise LocalError(
            f"Port {port} is in use: stop the program that listens on it, "
            "or choose another with ./run --port N."
        )
    return port


def preferred(port: int, purpose: str) -> int:
    """Return the usual port, or the next free one after it, saying so."""
    for candidate in range(port, min(port + 100, HIGHEST)):
        if is_free(candidate):
            if candidate != port:
                say(f"Port {port} is in use; {purpose} is on {candidate}")
            return candidate
    raise LocalError(
        f"Ports {port} to {port + 99} are all in use: choose a free one with ./run --port N."
    )
