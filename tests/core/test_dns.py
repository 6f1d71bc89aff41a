"""The stub resolver against a name server on loopback that behaves well and badly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from returns_portal.core.dns import NoAnswer, txt_records
from tests.simulators.dns import NameServer, name_server

NAME = "_returns-portal.returns.example.com"


@pytest.fixture
def server(settings: Any) -> Iterator[NameServer]:
    with name_server() as running:
        settings.DNS_SERVERS = [running.address]
        settings.DNS_TIMEOUT = 2
        yield running


def test_every_record_of_a_name_is_read_long_ones_whole(server: NameServer) -> None:
    server.records[NAME] = ["v=spf1 -all", "x" * 600, "Grüße"]

    assert txt_records(NAME) == ["v=spf1 -all", "x" * 600, "Grüße"]


def test_name_without_records_has_none(server: NameServer) -> None:
    assert txt_records(NAME) == []


def test_answer_cut_short_is_asked_for_again_by_tcp(server: NameServer) -> None:
    server.records[NAME], server.mood = ["kept"], "cut"

    assert txt_records(NAME) == ["kept"]
    assert server.asked == {"udp": 1, "tcp": 1}


def test_answer_to_another_question_is_not_taken(server: NameServer) -> None:
    server.records[NAME], server.mood = ["right"], "forged"

    assert txt_records(NAME) == ["right"]


@pytest.mark.parametrize("mood", ["silent", "broken", "garbage"])
def test_server_that_says_nothing_usable_proves_nothing(
    server: NameServer, settings: Any, mood: str
) -> None:
    server.mood, settings.DNS_TIMEOUT = mood, 0.05

    with pytest.raises(NoAnswer):
        txt_records(NAME)


def test_second_server_answers_where_the_first_is_away(server: NameServer, settings: Any) -> None:
    server.records[NAME] = ["kept"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        away = free.getsockname()[1]
    settings.DNS_SERVERS = [f"127.0.0.1#{away}", server.address]

    assert txt_records(NAME) == ["kept"]
    settings.DNS_SERVERS = [f"127.0.0.1#{away}"]
    with pytest.raises(NoAnswer):
        txt_records(NAME)
