from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from returns_portal.local.layout import CHECKOUT, Layout, owned, read_secrets, socket_folder
from returns_portal.local.progress import LocalError

HOLD = """
import sys, time
from pathlib import Path
from returns_portal.local.layout import owned
with owned(Path(sys.argv[1]), busy="busy"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_owned_refuses_a_second_process_and_is_free_after_kill(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        refused = pytest.raises(LocalError, match=rf"busy \(process {holder.pid}\)")
        with refused, owned(lock, busy="busy"):
            pytest.fail("the lock was given twice")

        holder.kill()
        holder.wait()
    with owned(lock, busy="busy"):
        assert lock.read_text() == str(os.getpid())


def test_read_secrets_makes_private_keys_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first = read_secrets(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first["SECRET_KEY"]) >= 50
    assert read_secrets(path) == first


def test_read_secrets_damaged_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")

    with pytest.raises(LocalError, match="damaged.*--reset"):
        read_secrets(path)


def test_socket_folder_beside_the_data_is_private(tmp_path: Path) -> None:
    with socket_folder(tmp_path) as folder:
        assert folder == tmp_path / "socket"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_socket_folder_for_a_deep_checkout_is_short_and_removed(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()

    with socket_folder(deep) as folder:
        assert len(str(folder / ".s.PGSQL.5432")) < 107
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_prepare_where_a_file_stands_says_so(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")

    with pytest.raises(LocalError, match="cannot be written"):
        Layout(tmp_path / "home").prepare()


def test_wipe_deletes_everything_and_is_repeatable(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "home")
    layout.prepare()
    (layout.mail / "one.eml").write_text("x")

    layout.wipe()
    layout.wipe()

    assert not layout.home.exists()
