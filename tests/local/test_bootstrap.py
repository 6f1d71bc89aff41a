from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from returns_portal.local.layout import CHECKOUT


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a finished installation of two tiny locks."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for profile in ("runtime", "dev"):
        (tmp_path / f"{profile}.lock").write_text(f"{profile}==1\n")
    locks = {profile: tmp_path / f"{profile}.lock" for profile in ("runtime", "dev")}
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "STAMP", venv / "installed.json")
    monkeypatch.setattr(bootstrap, "LOCKS", locks)
    return venv


def stamp(profile: str) -> None:
    bootstrap.write_stamp(
        profile=profile,
        lock=bootstrap.digest(bootstrap.LOCKS[profile]),
        runtime_lock=bootstrap.digest(bootstrap.LOCKS["runtime"]),
        python=list(sys.version_info[:2]),
    )


def test_environment_without_a_stamp_is_not_installed(environment: Path) -> None:
    assert not bootstrap.is_installed("runtime")


def test_stamped_runtime_serves_run_but_not_test(environment: Path) -> None:
    stamp("runtime")

    assert bootstrap.is_installed("runtime")
    assert not bootstrap.is_installed("dev")


def test_stamped_development_serves_both(environment: Path) -> None:
    stamp("dev")

    assert bootstrap.is_installed("runtime")
    assert bootstrap.is_installed("dev")


@pytest.mark.parametrize("changed", ["runtime", "dev"])
def test_changed_lock_is_installed_again(environment: Path, changed: str) -> None:
    stamp("dev")
    bootstrap.LOCKS[changed].write_text("other==2\n")

    assert not bootstrap.is_installed("dev")


def test_changed_python_is_installed_again(environment: Path) -> None:
    stamp("dev")
    facts = json.loads((environment / "installed.json").read_text())
    bootstrap.write_stamp(**dict(facts, python=[3, 1]))

    assert not bootstrap.is_installed("dev")


def test_interpreter_is_gone_is_installed_again(environment: Path) -> None:
    stamp("dev")
    (environment / "bin" / "python").unlink()

    assert not bootstrap.is_installed("dev")


def test_damaged_stamp_is_installed_again(environment: Path) -> None:
    (environment / "installed.json").write_text('{"profile": "d')

    assert not bootstrap.is_installed("dev")


def test_missing_lock_says_how_to_restore_it(environment: Path) -> None:
    stamp("dev")
    bootstrap.LOCKS["dev"].unlink()

    with pytest.raises(bootstrap.BootstrapError, match="git checkout dev.lock"):
        bootstrap.is_installed("dev")


def test_folder_that_is_no_environment_is_left_alone(environment: Path) -> None:
    (environment / "bin" / "python").unlink()
    (environment / "thesis.txt").write_text("precious")

    with pytest.raises(bootstrap.BootstrapError, match="is not a Python environment"):
        bootstrap.ensure_venv(sys.executable)
    assert (environment / "thesis.txt").read_text() == "precious"


def test_old_python_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "MINIMUM", (99, 0))

    with pytest.raises(bootstrap.BootstrapError, match="apt-get install python3"):
        bootstrap.find_interpreter()


def test_unknown_command_prints_the_usage() -> None:
    done = subprocess.run(
        [sys.executable, "bootstrap.py"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout[:6]) == (2, "Usage:")


def pins(name: str) -> dict[str, str]:
    text = (CHECKOUT / name).read_text()
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE))


def test_locks_agree_and_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")

    assert runtime
    assert {name: development.get(name) for name in runtime} == runtime
    assert pins("requirements-uv.lock") == {"uv": bootstrap.UV_VERSION}


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"]
)
def test_lock_has_hashes_no_addresses_and_no_second_driver(name: str) -> None:
    text = (CHECKOUT / name).read_text()

    assert "://" not in text
    # Django would silently prefer psycopg 3 to the driver everything was measured with.
    assert not {"psycopg", "psycopg-binary", "psycopg-c"} & set(pins(name))
    assert text.count("--hash=sha256:") >= len(pins(name))
