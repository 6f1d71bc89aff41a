"""`./run` as a whole, in a data folder of its own and without the demo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from returns_portal.local import ports, postgres
from returns_portal.local.environment import inherited
from returns_portal.local.layout import CHECKOUT, Layout
from returns_portal.local.run_command import (
    migration_files,
    migrations_fingerprint,
    prepare_database,
)
from returns_portal.local.stack import Stack, http_answers
from tests.local.conftest import folder_for_all

pytestmark = pytest.mark.services


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start `./run` with its output in a file, and end it whatever happens."""
    output = folder / "output"
    with output.open("w") as stream:
        started = subprocess.Popen(
            [sys.executable, "-m", "returns_portal.local", "run", "--no-seed", *options],
            cwd=CHECKOUT,
            env=inherited() | {"RP_DATA": str(folder)},
            stdout=stream,
            stderr=subprocess.STDOUT,
            text=True,
            # A suite that runs in the background has Ctrl-C ignored, and a child would inherit it.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )
        try:
            yield started
        finally:
            started.send_signal(signal.SIGINT)
            started.wait(60)


def said(folder: Path) -> str:
    return (folder / "output").read_text()


def wait_for(folder: Path, words: str, started: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while words not in said(folder):
        assert started.poll() is None, said(folder)
        assert time.monotonic() < deadline, said(folder)
        time.sleep(0.1)


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as made:
        yield made


def test_run_serves_survives_a_kill_and_stops_on_interrupt(folder: Path) -> None:
    port = ports.any_free()

    with running(folder, "--port", str(port)) as first:
        wait_for(folder, "Ctrl-C stops everything", first)
        assert f"http://localhost:{port}/" in said(folder)
        assert http_answers(port, "/healthz")

        again = subprocess.run(
            [sys.executable, "-m", "returns_portal.local", "run"],
            cwd=CHECKOUT,
            env=inherited() | {"RP_DATA": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 1
        assert "already runs from this folder" in again.stderr
        assert f"process {first.pid}" in again.stderr
        first.kill()
        first.wait()

    with running(folder, "--port", str(port)) as second:
        wait_for(folder, "Ctrl-C stops everything", second)
        assert "Migrating" not in said(folder)
        assert http_answers(port, "/healthz")
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 0
    assert said(folder).endswith("Stopped\n")
    assert not http_answers(port, "/healthz")
    assert not (folder / "local" / "environment").exists()


def test_run_on_a_port_in_use_is_one_sentence_and_starts_nothing(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with running(folder, "--port", str(number)) as started:
            assert started.wait(60) == 1

    assert f"Port {number} is in use: stop the program" in said(folder)
    assert "Migrating" not in said(folder)


def test_demo_cut_off_half_way_is_made_anew(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[str] = []
    with Stack(layout) as stack:
        stack.start_servers(durable=False)
        monkeypatch.setattr(stack, "manage", lambda *words, **_: commands.append(words[0]))
        prepare_database(stack, seed=False)
        make = "CREATE TABLE tenancy_merchant AS SELECT 'half' AS name"
        stack.cluster.query(make, database=postgres.DATABASE)
        layout.facts.write_text("{}")
        (stack.cluster.home / "seeding").write_text("")

        prepare_database(stack, seed=False)

        found = stack.cluster.query(
            "SELECT to_regclass('tenancy_merchant')", database=postgres.DATABASE
        )
        prepare_database(stack, seed=False)

    assert commands == ["migrate", "migrate"]
    assert found == [(None,)]
    assert not layout.facts.exists()
    assert "was not finished last time" in capsys.readouterr().out


@pytest.mark.parametrize(("rows", "expected"), [(0, ["migrate", "seed_demo"]), (1, ["migrate"])])
def test_demo_is_made_only_where_there_is_no_merchant(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, rows: int, expected: list[str]
) -> None:
    commands: list[str] = []
    with Stack(layout) as stack:
        stack.start_servers(durable=False)
        postgres.ensure_product_database(stack.cluster)
        make = f"CREATE TABLE tenancy_merchant AS SELECT n FROM generate_series(1, {rows}) n"
        stack.cluster.query(make, database=postgres.DATABASE)
        monkeypatch.setattr(stack, "manage", lambda *words, **_: commands.append(words[0]))

        prepare_database(stack, seed=True)

        assert not (stack.cluster.home / "seeding").exists()
    assert commands == expected


def test_fingerprint_covers_every_app_and_is_stable() -> None:
    apps = {path.parent.parent.name for path in migration_files()}

    assert {"rma", "refunds", "inventory", "tenancy", "commerce"} <= apps
    assert migrations_fingerprint() == migrations_fingerprint()
    assert os.path.commonpath([*migration_files(), CHECKOUT]) == str(CHECKOUT)
