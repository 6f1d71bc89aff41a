"""Who PostgreSQL runs as. It refuses to run as root, so root lends it a harmless account."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from returns_portal.local.progress import LocalError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A system account; `switch` says whether this process has to change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> dict[str, Any]:
        """Return the subprocess options that start a program as this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make this account the owner of a folder or file that root created."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_run(self, program: Path, *, folder: Path) -> bool:
        """Tell whether the account reaches both a program and the folder it would work in."""
        try:
            done = subprocess.run(
                [str(program), "--version"],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                **self.popen_options(),
            )
            if done.returncode != 0:
                return False
            reach = subprocess.run(
                ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
                stderr=subprocess.DEVNULL,
                cwd="/",
                check=False,
                **self.popen_options(),
            )
        except OSError:
            return False
        return reach.returncode == 0


def database_account(existing: Path | None = None) -> Account:
    """Return the account for PostgreSQL: ourselves, or for root the owner of the data.

    Without data root takes `postgres`, else `nobody`.
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
    if existing is not None and existing.exists() and existing.stat().st_uid != 0:
        owner = existing.stat()
        return Account(str(owner.st_uid), owner.st_uid, owner.st_gid, switch=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise LocalError(
        "PostgreSQL does not run as root and this machine has no account `postgres` or `nobody`: "
        "create one (useradd --system postgres) or run this as another user."
    )
