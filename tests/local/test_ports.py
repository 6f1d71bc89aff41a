from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from returns_portal.local import ports
from returns_portal.local.progress import LocalError


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_demanded_port_in_use_is_refused_with_advice(taken_port: int) -> None:
    with pytest.raises(LocalError, match=rf"Port {taken_port} is in use: stop .* --port N"):
        ports.demanded(taken_port)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_demanded_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(LocalError, match="is not a port"):
        ports.demanded(port)


def test_demanded_port_that_is_free_is_taken() -> None:
    port = ports.any_free()

    assert ports.demanded(port) == port


def test_preferred_port_in_use_moves_on_and_says_so(
    taken_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ports.preferred(taken_port, "the page")

    assert chosen > taken_port
    assert f"Port {taken_port} is in use; the page is on {chosen}" in capsys.readouterr().out


def test_preferred_port_that_is_free_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    port = ports.any_free()

    assert ports.preferred(port, "the page") == port
    assert capsys.readouterr().out == ""
