from __future__ import annotations

import socket

import pytest

from tests.network_ban import NetworkBanned, is_local


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "a.localhost", "0.0.0.0", b"::1"]
)
def test_this_machine_is_local(host: str | bytes) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.0.2.7", "example.com", "2001:db8::1"])
def test_other_machines_are_not_local(host: str) -> None:
    assert not is_local(host)


def test_connect_to_another_machine_fails_the_test() -> None:
    with socket.socket() as opened, pytest.raises(NetworkBanned, match="simulator on loopback"):
        opened.connect(("192.0.2.7", 443))


def test_resolve_another_name_fails_the_test() -> None:
    with pytest.raises(NetworkBanned, match="example.com"):
        socket.getaddrinfo("example.com", 443)


def test_connect_on_loopback_works() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as opened,
    ):
        assert opened.getpeername() == listener.getsockname()
