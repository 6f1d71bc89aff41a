"""Folders that a server of another account can reach, and a cluster in one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from returns_portal.local import postgres
from returns_portal.local.layout import Layout, socket_folder
from returns_portal.local.postgres import Cluster


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Give a folder that every account may pass through; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="rp-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def prepared_cluster(layout: Layout) -> Iterator[Cluster]:
    """Give a cluster in a layout, created unless its data is already there."""
    layout.prepare()
    programs, account, home = postgres.choose_home(layout)
    with socket_folder(home) as sockets:
        account.give(sockets)
        made = Cluster(programs, account, home, sockets)
        postgres.prepare(made)
        yield made


@pytest.fixture(scope="session")
def fresh_data() -> Iterator[Path]:
    """Create one cluster for the run; tests copy its folder, which is quicker than initdb."""
    with folder_for_all() as folder, prepared_cluster(Layout(folder)) as made:
        yield made.folder


@pytest.fixture
def layout(fresh_data: Path) -> Iterator[Layout]:
    """Give a layout of the test's own with a fresh, stopped cluster in it."""
    with folder_for_all() as folder:
        made = Layout(folder)
        made.prepare()
        made.postgres.mkdir()
        subprocess.run(["cp", "-a", str(fresh_data), str(made.postgres / "data")], check=True)
        yield made


@pytest.fixture
def cluster(layout: Layout) -> Iterator[Cluster]:
    """Give a prepared cluster whose server has not been started."""
    with prepared_cluster(layout) as made:
        yield made
