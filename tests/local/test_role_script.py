"""The script that prepares a production database, run against a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import psycopg2
import pytest

from returns_portal.local import postgres
from returns_portal.local.layout import CHECKOUT, Layout
from returns_portal.local.postgres import Cluster

pytestmark = pytest.mark.services


@pytest.fixture
def served(cluster: Cluster, layout: Layout) -> Iterator[Cluster]:
    started = postgres.server(cluster, layout.logs / "postgres.log", durable=False)
    started.start()
    started.wait_until(cluster.answers, seconds=30)
    yield cluster
    started.stop()


def run_script(cluster: Cluster, **passwords: str) -> subprocess.CompletedProcess[str]:
    script = (CHECKOUT / "docker" / "postgres" / "10-roles.sh").read_text()
    programs = cluster.programs.folder
    if not (programs / "psql").exists():
        pytest.skip("this PostgreSQL comes without psql")
    return subprocess.run(
        ["/bin/sh", "-c", script.replace("/roles/grants.sql", str(postgres.GRANTS))],
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "PGHOST": str(cluster.sockets),
            "POSTGRES_USER": postgres.SUPERUSER,
            **passwords,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_role_script_makes_a_serving_role_that_owns_nothing(served: Cluster) -> None:
    done = run_script(served, RP_OWNER_PASSWORD="it's 'quoted'", RP_APP_PASSWORD="b")

    assert (done.returncode, done.stderr) == (0, "")
    for role, expected in ((postgres.OWNER, True), (postgres.SERVING, False)):
        opened = psycopg2.connect(host=str(served.sockets), user=role, dbname=postgres.DATABASE)
        with opened, opened.cursor() as cursor:
            cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
            assert cursor.fetchone() == (expected,)
        opened.close()


def test_role_script_without_passwords_stops_with_what_to_set(served: Cluster) -> None:
    done = run_script(served)

    assert done.returncode != 0
    assert "Set RP_OWNER_PASSWORD" in done.stderr
    assert served.query("SELECT 1 FROM pg_roles WHERE rolname = %s", postgres.OWNER) == []
