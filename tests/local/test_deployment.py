"""The files of a deployment agree with the settings and with each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from returns_portal.local import postgres
from returns_portal.local.layout import CHECKOUT

COMPOSE_ALONE = {
    "POSTGRES_PASSWORD",
    "RP_OWNER_PASSWORD",
    "RP_APP_PASSWORD",
    "REDIS_PASSWORD",
    "WEB_PORT",
    "MAIL_PORT",
}


def settings_variables() -> set[str]:
    """Return every variable that the settings read: the first argument of each `env.` call."""
    tree = ast.parse((CHECKOUT / "returns_portal" / "settings.py").read_text())
    names = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
        ):
            literals = (part for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant))
            names |= {str(part.value) for part in literals if str(part.value).isupper()}
    return names


def example_variables() -> set[str]:
    text = (CHECKOUT / ".env.example").read_text()
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())


def test_example_environment_lists_exactly_what_the_settings_read() -> None:
    assert len(settings_variables()) > 20
    assert example_variables() - COMPOSE_ALONE == settings_variables()


def test_operations_guide_explains_every_variable() -> None:
    guide = (CHECKOUT / "docs" / "operations.md").read_text()

    missing = {name for name in example_variables() if f"`{name}`" not in guide}

    assert missing == set()


def test_compose_asks_only_for_variables_of_the_example() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))

    assert asked <= example_variables()


def test_compose_has_every_part_and_one_beat(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert {"web", "worker", "beat", "postgres", "redis", "mail"} <= set(services)
    assert "beat" in services["beat"]["command"]
    assert "--beat" not in services["worker"]["command"]


def test_compose_serves_as_the_bound_role_and_migrates_as_the_owner(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]

    for name in ("web", "worker", "beat"):
        variables = services[name]["environment"]
        assert variables["DATABASE_URL"].startswith(f"postgres://{postgres.SERVING}:")
        assert "MIGRATE_DATABASE_URL" not in variables
    migrate = services["migrate"]["environment"]
    assert migrate["MIGRATE_DATABASE_URL"].startswith(f"postgres://{postgres.OWNER}:")


def test_compose_mounts_files_that_exist(compose: dict[str, Any]) -> None:
    mounts = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]

    assert mounts
    assert [path for path in mounts if not (CHECKOUT / path).is_file()] == []


def test_role_script_makes_the_roles_of_the_embedded_default() -> None:
    script = (CHECKOUT / "docker" / "postgres" / "10-roles.sh").read_text()
    grants = postgres.GRANTS.read_text()

    for role in (postgres.OWNER, postgres.SERVING):
        assert f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS" in script
        assert role in grants
    assert f"CREATE DATABASE {postgres.DATABASE} OWNER {postgres.OWNER}" in script


@pytest.mark.parametrize("name", ["run", "test", ".ci/run", "docker/postgres/10-roles.sh"])
def test_script_can_be_executed(name: str) -> None:
    path = Path(CHECKOUT / name)

    assert path.stat().st_mode & 0o111
    assert path.read_text().startswith("#!")
