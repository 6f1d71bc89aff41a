"""Folders that a server of another account can reach, and a cluster in one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from returns_portal.local import postgres
from returns_portal.local.layout import Layout, socket_folder
from returns_portal.local.postgres import Cluster


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every account may pass through; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="rp-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """Give a prepared cluster whose server has not been started."""
    layout = Layout(open_folder)
    layout.prepare()
    programs, account, home = postgres.choose_home(layout)
    with socket_folder(home) as sockets:
        account.give(sockets)
        made = Cluster(programs, account, home, sockets)
        postgres.prepare(made)
        yield made
