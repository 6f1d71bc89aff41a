"""`./run`: start everything, seed the demo, say where it is, stop it all on Ctrl-C."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

from psycopg2 import sql

from returns_portal.local import announce, ports, postgres
from returns_portal.local.children import Child
from returns_portal.local.environment import variables_of_run
from returns_portal.local.layout import CHECKOUT, KEPT, RUN_HOME, Layout, owned
from returns_portal.local.progress import LocalError, say
from returns_portal.local.running import write_environment
from returns_portal.local.stack import Stack, http_answers

WEB_PORT = 8000
MAIL_PORT = 8025
BUSY = "Returns Portal already runs from this folder: stop it there with Ctrl-C first"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line of `./run`."""
    parser = argparse.ArgumentParser(prog="./run", description="Start Returns Portal locally.")
    parser.add_argument("--reset", action="store_true", help="delete the local data and start over")
    parser.add_argument("--port", type=int, help=f"web port (usually {WEB_PORT})")
    parser.add_argument("--no-seed", action="store_true", help="do not create the demo merchant")
    return parser.parse_args(arguments)


def run(arguments: list[str]) -> int:
    """Run the stack until a signal; return the exit status."""
    options = parse(arguments)
    layout = Layout(RUN_HOME)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    with owned(KEPT / "run.lock", busy=BUSY):
        if options.reset:
            say("Deleting the local data")
            layout.wipe()
        with Stack(layout) as stack:
            try:
                serve(stack, options)
            except KeyboardInterrupt:
                say("Stopping (the data stays; Ctrl-C again to hurry)")
            finally:
                layout.environment.unlink(missing_ok=True)
    say("Stopped")
    return 0


def interrupt(number: int, frame: object) -> None:
    """Treat a polite request to end like Ctrl-C."""
    raise KeyboardInterrupt


def serve(stack: Stack, options: argparse.Namespace) -> None:
    """Bring the stack up, announce it, and watch it for ever."""
    layout = stack.layout
    say("Starting PostgreSQL and Valkey")
    stack.start_servers(durable=True)
    # After the leftovers of a killed run are gone, or its ports would seem taken.
    web_port = (
        ports.demanded(options.port)
        if options.port is not None
        else ports.preferred(WEB_PORT, "Returns Portal")
    )
    mail_port = ports.preferred(MAIL_PORT, "the page of caught e-mails")
    smtp_port = ports.any_free()
    stack.variables = variables_of_run(
        stack.cluster,
        stack.broker,
        stack.secrets,
        home=layout.home,
        web_port=web_port,
        smtp_port=smtp_port,
    )
    write_environment(layout.environment, stack.variables)
    mail = start_mail(stack, smtp_port, mail_port)
    prepare_database(stack, seed=not options.no_seed)
    say("Starting web, worker and beat")
    web = stack.start_web(web_port)
    stack.start_worker()
    stack.start_beat()
    web.wait_until(lambda: http_answers(web_port, "/healthz"), seconds=90)
    mail.wait_until(lambda: http_answers(mail_port, "/"), seconds=30)
    say("Returns Portal is running")
    merchants = announce.read_facts(layout.facts)
    print("\n".join(announce.addresses(merchants, web_port=web_port, mail_port=mail_port)))
    print(announce.row("Logs and data", f"{os.path.relpath(layout.home)}/"))
    print(
        "\n  Ctrl-C stops everything and keeps the data; ./run --reset starts over.\n", flush=True
    )
    while True:
        time.sleep(0.5)
        stack.watch_once()


def start_mail(stack: Stack, smtp_port: int, mail_port: int) -> Child:
    """Start the mail catcher, from which nothing leaves the machine."""
    command = ["-m", "returns_portal.local.mail_catcher", "--folder", str(stack.layout.mail)]
    command += ["--smtp-port", str(smtp_port), "--page-port", str(mail_port)]
    return stack.start_program("The mail catcher", command, log="mail", grace=5)


def prepare_database(stack: Stack, *, seed: bool) -> None:
    """Migrate when the code changed, and seed the demo into a database without merchants."""
    cluster = stack.cluster
    seeding = cluster.home / "seeding"
    migrated = cluster.home / "migrated"
    if seeding.exists():
        say("The demo data was not finished last time; making it anew")
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with cluster.connection() as opened, opened.cursor() as cursor:
            cursor.execute(drop.format(sql.Identifier(postgres.DATABASE)))
        migrated.unlink(missing_ok=True)
        stack.layout.facts.unlink(missing_ok=True)
        seeding.unlink()
    postgres.ensure_product_database(cluster)
    wanted = migrations_fingerprint()
    if not migrated.exists() or migrated.read_text() != wanted:
        say("Migrating the database")
        stack.manage("migrate", "--no-input", log="migrate")
        migrated.write_text(wanted)
    if seed and not has_merchant(stack):
        say("Creating the demo merchant")
        seeding.write_text("")
        stack.manage("seed_demo", log="seed", show=True)
        seeding.unlink()


def has_merchant(stack: Stack) -> bool:
    """Tell whether the database holds a merchant; the superuser sees past row-level security."""
    rows = stack.cluster.query(
        "SELECT EXISTS (SELECT 1 FROM tenancy_merchant)", database=postgres.DATABASE
    )
    return bool(rows[0][0])


def migrations_fingerprint() -> str:
    """Name the set of migrations in the code and in the locked packages."""
    digest = hashlib.sha256((CHECKOUT / "requirements.lock").read_bytes())
    for path in sorted(migration_files()):
        digest.update(str(path.relative_to(CHECKOUT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def migration_files() -> list[Path]:
    """Return every migration of the checkout: apps are one or two folders deep."""
    found: list[Path] = []
    for pattern in ("*/migrations/*.py", "*/*/migrations/*.py"):
        found += [path for path in CHECKOUT.glob(pattern) if ".venv" not in path.parts]
    return found


def main(arguments: list[str]) -> int:
    """Run and turn a LocalError into its sentence."""
    try:
        return run(arguments)
    except LocalError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
