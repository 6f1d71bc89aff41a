"""A point armed from outside kills at the passage it names, and never in production."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import LazySettings

from returns_portal.core import crashpoints
from returns_portal.core.crashpoints import VARIABLE, armed, crashpoint


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """Note whom the code would kill."""
    noted: list[tuple[int, int]] = []
    monkeypatch.setattr(crashpoints.os, "kill", lambda pid, sign: noted.append((pid, sign)))
    yield noted
    armed.clear()


def start(settings: LazySettings, *, debug: bool) -> None:
    settings.DEBUG = debug
    apps.get_app_config("core").ready()


@pytest.mark.parametrize(("wanted", "passages"), [("call.answered", 1), ("call.answered#3", 3)])
def test_armed_point_kills_this_process_at_the_passage_it_names(
    kills: list[tuple[int, int]],
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    passages: int,
) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    start(settings, debug=True)

    for _ in range(passages - 1):
        crashpoint("call.answered")
        crashpoint("call.claimed")
    assert kills == []
    crashpoint("call.answered")

    assert kills == [(os.getpid(), signal.SIGKILL)]


def test_production_ignores_the_variable(
    kills: list[tuple[int, int]], settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "call.answered")

    start(settings, debug=False)
    crashpoint("call.answered")

    assert (kills, armed) == ([], {})
