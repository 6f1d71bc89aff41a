"""Where the embedded default keeps things, and the lock that lets one run own them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from returns_portal.local.progress import LocalError

CHECKOUT = Path(__file__).resolve().parent.parent.parent
KEPT = Path(os.environ.get("RP_DATA") or CHECKOUT / ".data").resolve()
RUN_HOME = KEPT / "local"
TEST_HOME = KEPT / "test"
# The kernel's limit of a socket path is 107 bytes; PostgreSQL appends "/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
SYSTEM_HOMES = (Path("/var/lib/returns-portal"), Path("/var/tmp/returns-portal"))  # noqa: S108


@dataclass(frozen=True)
class Layout:
    """The folders of one embedded stack, all under one home."""

    home: Path

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def mail(self) -> Path:
        return self.home / "mail"

    @property
    def media(self) -> Path:
        return self.home / "media"

    @property
    def facts(self) -> Path:
        return self.home / "demo-facts.json"

    @property
    def environment(self) -> Path:
        return self.home / "environment"

    @property
    def children(self) -> Path:
        return self.home / "children.json"

    @property
    def beat_schedule(self) -> Path:
        return self.home / "beat-schedule"

    def elsewhere(self) -> Path:
        """Return root's folder outside the checkout, for an account that cannot enter it."""
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        for base in SYSTEM_HOMES:
            with contextlib.suppress(OSError):
                base.mkdir(mode=0o755, parents=True, exist_ok=True)
                found = base.lstat()
                # /var/tmp is everyone's: a folder somebody else made there is not used.
                if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                    base.chmod(0o755)
                    return base / name
        raise LocalError(
            f"Neither {SYSTEM_HOMES[0]} nor {SYSTEM_HOMES[1]} can be written: put the checkout "
            "where the account `postgres` can enter it (not under /root) and run this again."
        )

    def prepare(self) -> None:
        """Create the folders that every part expects."""
        try:
            for folder in (self.home, self.logs, self.mail, self.media, self.valkey):
                folder.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                # PostgreSQL's account has to pass through, not to look around.
                self.home.chmod(0o711)
            probe = self.home / ".writable"
            probe.write_text("")
            probe.unlink()
        except OSError as refused:
            raise LocalError(
                f"{self.home} cannot be written ({refused.strerror}): it may belong to another "
                "user; run this as that user, or delete the folder."
            ) from refused

    def wipe(self) -> None:
        """Delete everything, also what lives outside the checkout."""
        targets = [self.home]
        if os.geteuid() == 0:
            targets += [base / self.elsewhere().name for base in SYSTEM_HOMES]
        try:
            for target in targets:
                if target.exists():
                    shutil.rmtree(target)
        except OSError as refused:
            raise LocalError(
                f"{refused.filename} cannot be deleted ({refused.strerror}): "
                "run this as the user it belongs to."
            ) from refused


@contextlib.contextmanager
def owned(lock: Path, *, busy: str) -> Iterator[None]:
    """Hold a lock file for the life of this process; the kernel frees it, even after kill -9.

    Raises: LocalError with the text `busy` and what the holder wrote when another one holds it.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a+")
    except OSError as refused:
        raise LocalError(
            f"{lock.parent} cannot be written ({refused.strerror}): it may belong to another "
            "user; run this as that user, or delete the folder."
        ) from refused
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise LocalError(f"{busy} (process {handle.read().strip() or 'unknown'}).") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


@contextlib.contextmanager
def socket_folder(near: Path) -> Iterator[Path]:
    """Give a private folder for unix sockets: beside the data, or a short temporary one.

    Its mode 0700 is what protects a database that trusts whoever reaches the socket.
    """
    wanted = near / "socket"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_FOLDER:
        wanted.mkdir(mode=0o700, exist_ok=True)
        wanted.chmod(0o700)
        yield wanted
        return
    made = Path(tempfile.mkdtemp(prefix="rp-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def read_secrets(path: Path) -> dict[str, str]:
    """Return the installation's own keys, made on the first start and kept with the data."""
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "FIELD_KEYS": "local1:" + b64encode(secrets.token_bytes(32)).decode(),
            "BROKER_PASSWORD": secrets.token_hex(24),
        }
        write_private(path, json.dumps(kept, indent=2) + "\n")
    except ValueError as broken:
        raise LocalError(
            f"{path} is damaged and the data cannot be read without it: "
            "restore it, or start over with ./run --reset."
        ) from broken
    return kept


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner reads, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    draft.replace(path)
