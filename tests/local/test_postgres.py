from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors

from returns_portal.local import postgres
from returns_portal.local.children import Child
from returns_portal.local.layout import Layout
from returns_portal.local.postgres import Cluster
from returns_portal.local.progress import LocalError

pytestmark = pytest.mark.services


@pytest.fixture
def server(cluster: Cluster, layout: Layout) -> Iterator[Child]:
    started = postgres.server(cluster, layout.logs / "postgres.log", durable=False)
    started.start()
    started.wait_until(cluster.answers, seconds=30)
    yield started
    started.stop()


def run_as(cluster: Cluster, role: str, statement: str) -> None:
    opened = psycopg2.connect(
        host=str(cluster.sockets), user=role, dbname=postgres.DATABASE, connect_timeout=5
    )
    try:
        with opened, opened.cursor() as cursor:
            cursor.execute(statement)
    finally:
        opened.close()


def test_roles_are_bound_by_row_level_security(cluster: Cluster, server: Child) -> None:
    postgres.ensure_product_database(cluster)
    postgres.ensure_product_database(cluster)
    postgres.ensure_test_role(cluster)

    rows = cluster.query(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles "
        "WHERE rolname LIKE %s ORDER BY rolname",
        "rp\\_%",
    )

    assert rows == [
        ("rp_app", False, False, False, False),
        ("rp_owner", False, False, True, False),
        ("rp_test", False, False, True, False),
    ]


def test_serving_role_reads_and_writes_but_owns_nothing(cluster: Cluster, server: Child) -> None:
    postgres.ensure_product_database(cluster)
    run_as(cluster, "rp_owner", "CREATE TABLE t (id bigserial PRIMARY KEY, word text)")

    run_as(cluster, "rp_app", "INSERT INTO t (word) VALUES ('a')")
    run_as(cluster, "rp_app", "UPDATE t SET word = 'b'; DELETE FROM t WHERE word = 'x'")

    for forbidden in ("TRUNCATE t", "CREATE TABLE other (id int)"):
        with pytest.raises(errors.InsufficientPrivilege):
            run_as(cluster, "rp_app", forbidden)
    assert cluster.query("SELECT word FROM t", database=postgres.DATABASE) == [("b",)]


def test_words_with_accents_are_lower_cased(cluster: Cluster, server: Child) -> None:
    assert cluster.query("SELECT lower('ÉCOLE')") == [("école",)]


def test_prepare_first_time_creates_the_cluster(fresh_data: Path) -> None:
    assert (fresh_data / "PG_VERSION").exists()
    assert not fresh_data.with_name("data.new").exists()


def test_prepare_again_keeps_the_data(cluster: Cluster, server: Child) -> None:
    cluster.query("CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()

    assert postgres.prepare(cluster) is False

    server.start()
    server.wait_until(cluster.answers, seconds=30)
    assert cluster.query("SELECT one FROM kept") == [(1,)]


def test_killed_server_leaves_a_pid_file_that_stops_nobody(cluster: Cluster, server: Child) -> None:
    server.stop()
    # What a crash leaves, with a number that another program of ours has since been given.
    pid_file = cluster.folder / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{cluster.folder}\n1\n5432\n\n\n")

    assert postgres.prepare(cluster) is False

    assert not pid_file.exists()
    server.start()
    server.wait_until(cluster.answers, seconds=30)


def test_prepare_on_data_in_use_names_the_process(cluster: Cluster, server: Child) -> None:
    with pytest.raises(LocalError, match=rf"process {server.pid}\) already works"):
        postgres.prepare(cluster)
    assert server.is_alive()


def test_prepare_after_a_stopped_attempt_starts_anew(cluster: Cluster) -> None:
    draft = cluster.home / "data.new"
    draft.mkdir()
    (draft / "half").write_text("x")

    assert postgres.prepare(cluster) is False

    assert not draft.exists()


def test_prepare_on_data_of_another_version_says_both_ways_out(cluster: Cluster) -> None:
    (cluster.folder / "PG_VERSION").write_text("12\n")

    with pytest.raises(LocalError, match="made by PostgreSQL 12 .*RMS_PG_BIN.*--reset"):
        postgres.prepare(cluster)


def test_prepare_on_a_folder_that_is_no_cluster_says_so(cluster: Cluster) -> None:
    (cluster.folder / "PG_VERSION").unlink()

    with pytest.raises(LocalError, match="not a usable PostgreSQL data folder"):
        postgres.prepare(cluster)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its server another account")
def test_root_in_a_private_checkout_moves_programs_and_data(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "private")
    layout.prepare()
    tmp_path.chmod(0o700)
    try:
        programs, account, home = postgres.choose_home(layout)

        assert home.parent == layout.elsewhere()
        assert account.can_run(programs.program("postgres"), folder=home)
    finally:
        layout.wipe()
    assert not home.exists()
