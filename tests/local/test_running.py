from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from returns_portal.local.progress import LocalError
from returns_portal.local.running import DECISIVE, adopt, read_environment, write_environment

VARIABLES = {"DATABASE_URL": "postgres://a@/b?host=/with space", "EMPTY": "", "Q": "it's"}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a running stack's file, and a caller who has set nothing."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in DECISIVE:
        os.environ.pop(name, None)
    write_environment(tmp_path / "environment", VARIABLES)
    return tmp_path / "environment"


def test_variables_read_back_as_written_and_are_private(path: Path) -> None:
    assert read_environment(path) == VARIABLES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_read_when_nothing_runs_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="start it with ./run"):
        read_environment(tmp_path / "environment")


def test_adopt_takes_the_running_stack(path: Path) -> None:
    assert adopt(path)
    assert {name: os.environ[name] for name in VARIABLES} == VARIABLES


@pytest.mark.parametrize("name", DECISIVE)
def test_adopt_leaves_a_caller_with_servers_of_their_own_alone(path: Path, name: str) -> None:
    os.environ[name] = "theirs"

    assert not adopt(path)
    assert "Q" not in os.environ


def test_adopt_when_nothing_runs_changes_nothing(tmp_path: Path, path: Path) -> None:
    before = dict(os.environ)

    assert not adopt(tmp_path / "nothing")
    assert os.environ == before
