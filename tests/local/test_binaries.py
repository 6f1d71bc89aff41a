from __future__ import annotations

from pathlib import Path

import pytest

from returns_portal.local import binaries
from returns_portal.local.progress import LocalError


def installation(folder: Path, version: str) -> Path:
    """Make a bin folder whose `postgres` only knows its version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty machine: no override, no wheels, no Debian packages, nothing on the PATH."""
    monkeypatch.delenv("RMS_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", ())
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/bin")
    return tmp_path


def test_find_postgres_without_any_says_what_to_install(places: Path) -> None:
    with pytest.raises(LocalError, match="no place has one.*apt-get install postgresql"):
        binaries.find_postgres()


def test_find_postgres_takes_the_path_last(places: Path) -> None:
    on_path = installation(places / "path", "16.2")

    assert binaries.find_postgres().folder == on_path

    debian = installation(places / "debian" / "15" / "bin", "15.18")
    assert binaries.find_postgres().folder == debian


def test_find_postgres_takes_the_newest_of_debian(places: Path) -> None:
    installation(places / "debian" / "9" / "bin", "9.6")
    installation(places / "debian" / "15" / "bin", "15.18")
    newest = installation(places / "debian" / "17" / "bin", "17.10")

    found = binaries.find_postgres()

    assert (found.folder, found.version, found.major) == (newest, (17, 10), 17)


def test_find_postgres_prefers_a_wheel_to_debian(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation(places / "debian" / "17" / "bin", "17.10")
    package = places / "wheels" / "some_postgres"
    programs = installation(package / "pginstall" / "bin", "18.6")
    (package / "__init__.py").write_text("raise RuntimeError('its own code must not run')\n")
    monkeypatch.syspath_prepend(str(places / "wheels"))
    monkeypatch.setattr(binaries, "WHEELS", ("absent_postgres", "some_postgres"))

    found = binaries.find_postgres()

    assert (found.folder, found.package) == (programs, package)


def test_find_postgres_with_an_override_looks_nowhere_else(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation(places / "path", "16.2")
    monkeypatch.setenv("RMS_PG_BIN", str(places / "missing"))

    with pytest.raises(LocalError, match=r"missing does not start here"):
        binaries.find_postgres()


def test_find_postgres_refuses_one_that_is_too_old(places: Path) -> None:
    installation(places / "path", "14.9")

    with pytest.raises(LocalError, match="is version 14"):
        binaries.find_postgres()


def test_copy_to_brings_the_libraries_along_and_reuses_the_copy(tmp_path: Path) -> None:
    package = tmp_path / "site" / "some_postgres"
    programs = installation(package / "pginstall" / "bin", "18.6")
    libraries = tmp_path / "site" / "some_postgres.libs"
    libraries.mkdir()
    (libraries / "libpq.so").write_text("library")
    found = binaries.PostgresPrograms(programs, (18, 6), package)

    copied = found.copy_to(tmp_path / "elsewhere")

    assert binaries.postgres_version(copied.folder) == (18, 6)
    assert (copied.folder / "../../../some_postgres.libs/libpq.so").resolve().read_text()
    before = copied.folder.stat().st_mtime_ns
    assert found.copy_to(tmp_path / "elsewhere").folder.stat().st_mtime_ns == before


def test_find_valkey_finds_a_program_that_runs() -> None:
    assert binaries.find_valkey().is_file()
