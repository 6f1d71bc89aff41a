"""A private PostgreSQL: create the cluster, start it, make the two roles and the database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from returns_portal.local.accounts import Account, database_account
from returns_portal.local.binaries import PostgresPrograms, find_postgres
from returns_portal.local.children import Child, identity
from returns_portal.local.layout import Layout
from returns_portal.local.progress import LocalError, say

SUPERUSER = "postgres"
OWNER = "rp_owner"
SERVING = "rp_app"
TESTING = "rp_test"
DATABASE = "returns_portal"
TEST_DATABASE = "rp"
GRANTS = Path(__file__).with_name("grants.sql")
# Nothing of the caller's environment reaches the server: a PG* variable would change its answer.
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Cluster:
    """A prepared cluster: programs, the account that runs them, and its folders."""

    programs: PostgresPrograms
    account: Account
    home: Path
    sockets: Path

    @property
    def folder(self) -> Path:
        return self.home / "data"

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the connection address of a role, over the unix socket."""
        return f"postgres://{role}@/{database}?host={quote(str(self.sockets))}"

    @contextmanager
    def connection(self, database: str = "postgres") -> Iterator[psycopg2.extensions.connection]:
        """Connect as the superuser, in autocommit, and close afterwards."""
        opened = psycopg2.connect(
            host=str(self.sockets), user=SUPERUSER, dbname=database, connect_timeout=5
        )
        try:
            opened.autocommit = True
            yield opened
        finally:
            opened.close()

    def answers(self) -> bool:
        try:
            with self.connection():
                return True
        except psycopg2.OperationalError:
            return False

    def query(
        self, statement: str, *values: object, database: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser and return its rows."""
        with self.connection(database) as opened, opened.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


def choose_home(layout: Layout) -> tuple[PostgresPrograms, Account, Path]:
    """Return programs, account and a folder such that the account reaches both.

    Root lends PostgreSQL another account; when that one cannot enter the checkout, programs and
    data live in a system folder instead.
    """
    programs = find_postgres()
    inside = layout.postgres
    account = database_account(inside / "data")
    inside.mkdir(mode=0o755, exist_ok=True)
    if not account.switch or account.can_run(programs.program("postgres"), folder=inside):
        account.give(inside)
        return programs, account, inside
    outside = layout.elsewhere()
    outside.mkdir(mode=0o755, exist_ok=True)
    account = database_account(outside / "postgres" / "data")
    if not account.can_run(programs.program("postgres"), folder=outside):
        programs = programs.copy_to(outside / "programs")
    home = outside / "postgres"
    home.mkdir(mode=0o755, exist_ok=True)
    account.give(home)
    if not account.can_run(programs.program("postgres"), folder=home):
        raise LocalError(
            f"The account {account.name} can run PostgreSQL neither from the checkout nor from "
            f"{outside}: run this as a user other than root."
        )
    if not (home / "data").exists():
        say(f"The database lives in {home}, because {account.name} cannot enter the checkout")
    return programs, account, home


def prepare(cluster: Cluster) -> bool:
    """Create the cluster when there is none; return whether it is new.

    The cluster is built beside its place and moved there at the end, so a stopped attempt is
    simply made again.

    Raises: LocalError for data of another PostgreSQL, or data in use.
    """
    folder = cluster.folder
    draft = cluster.home / "data.new"
    if draft.exists():
        shutil.rmtree(draft)
    if folder.exists():
        check_version(cluster)
        clear_stale_pid(folder)
        return False
    say(
        f"Creating the database cluster (PostgreSQL {'.'.join(map(str, cluster.programs.version))})"
    )
    for locale in locales(cluster.programs.major):
        done = subprocess.run(
            [str(cluster.programs.program("initdb")), "-D", str(draft), "-U", SUPERUSER]
            + ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", *locale],
            cwd=cluster.home,
            env=SERVER_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            **cluster.account.popen_options(),
        )
        if done.returncode == 0:
            break
        shutil.rmtree(draft, ignore_errors=True)
    else:
        reason = (done.stderr or done.stdout).strip().splitlines()
        raise LocalError(
            f"The database cluster could not be created: {reason[-1] if reason else 'no reason'}."
        )
    draft.rename(folder)
    return True


def locales(major: int) -> list[list[str]]:
    """Return the locale options to try; each one lower-cases accents, unlike plain C."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    system = [["--locale=C.UTF-8"], ["--locale=en_US.UTF-8"]]
    return [builtin, *system] if major >= 17 else system


def check_version(cluster: Cluster) -> None:
    """Refuse data of another major version or a folder that is no cluster."""
    folder = cluster.folder
    try:
        made_by = int((folder / "PG_VERSION").read_text())
    except (OSError, ValueError) as unreadable:
        raise LocalError(
            f"{folder} is not a usable PostgreSQL data folder: "
            "start over with ./run --reset (this deletes the local data)."
        ) from unreadable
    if made_by != cluster.programs.major:
        raise LocalError(
            f"The local data was made by PostgreSQL {made_by} and this machine now runs "
            f"{cluster.programs.major}: point RMS_PG_BIN at the bin folder of a PostgreSQL "
            f"{made_by}, or start over with ./run --reset (this deletes the local data)."
        )


def clear_stale_pid(folder: Path) -> None:
    """Remove the pid file of a server that is gone; refuse when it still serves this folder.

    PostgreSQL itself only asks whether any process has that number, so after a crash an
    unrelated one can keep it from starting.
    """
    pid_file = folder / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
    except FileNotFoundError:
        return
    except (OSError, ValueError, IndexError):
        pid = 0
    if pid > 0 and serves(pid, folder):
        raise LocalError(
            f"A PostgreSQL (process {pid}) already works on {folder}: stop it (kill {pid}) "
            "and run this again."
        )
    pid_file.unlink(missing_ok=True)


def serves(pid: int, folder: Path) -> bool:
    """Tell whether a process is a PostgreSQL server of this data folder."""
    if identity(pid) is None:
        return False
    if Path("/proc/self/cwd").exists():
        try:
            # The postmaster changes into its data folder at start.
            return Path(os.readlink(f"/proc/{pid}/cwd")) == folder.resolve()
        except OSError:
            return False
    done = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(folder) in done.stdout


def server(cluster: Cluster, log: Path, *, durable: bool) -> Child:
    """Return the server as a child; `durable=False` skips fsync, for data thrown away."""
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "log_checkpoints": "off",
        "log_min_messages": "warning",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(cluster.programs.program("postgres")), "-D", str(cluster.folder)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return Child(
        name="PostgreSQL",
        command=command,
        log=log,
        environment=SERVER_ENVIRONMENT,
        # SIGINT is the fast shutdown; SIGTERM would wait for every client to leave.
        stop_signal=signal.SIGINT,
        grace=30,
        account=cluster.account if cluster.account.switch else None,
        folder=cluster.home,
    )


def ensure_role(cluster: Cluster, name: str, *, createdb: bool) -> None:
    """Create a login role that row-level security binds, or put an existing one right."""
    exists = cluster.query("SELECT 1 FROM pg_roles WHERE rolname = %s", name)
    verb = sql.SQL("ALTER" if exists else "CREATE")
    rights = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION "
    rights += "CREATEDB" if createdb else "NOCREATEDB"
    statement = sql.SQL("{} ROLE {} {}").format(verb, sql.Identifier(name), sql.SQL(rights))
    with cluster.connection() as opened, opened.cursor() as cursor:
        cursor.execute(statement)


def ensure_product_database(cluster: Cluster) -> None:
    """Make the owner, the serving role and the database between them; idempotent."""
    ensure_role(cluster, OWNER, createdb=True)
    ensure_role(cluster, SERVING, createdb=False)
    ensure_database(cluster, DATABASE, owner=OWNER)
    cluster.query(GRANTS.read_text(), database=DATABASE)


def ensure_database(cluster: Cluster, name: str, *, owner: str) -> None:
    """Create a database unless it is there."""
    if not cluster.query("SELECT 1 FROM pg_database WHERE datname = %s", name):
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        with cluster.connection() as opened, opened.cursor() as cursor:
            cursor.execute(create.format(sql.Identifier(name), sql.Identifier(owner)))


def ensure_test_role(cluster: Cluster) -> None:
    """Make the role of the test suite, which creates its databases and is no superuser.

    The suite works in `test_<name>`; commands run on the test servers work in `<name>`.
    """
    ensure_role(cluster, TESTING, createdb=True)
    ensure_database(cluster, TEST_DATABASE, owner=TESTING)
