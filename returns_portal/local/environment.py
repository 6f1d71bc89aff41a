"""The environment variables the product reads, for the embedded servers."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from returns_portal.local.layout import CHECKOUT, write_private
from returns_portal.local.postgres import OWNER, SERVING, TESTING, Cluster
from returns_portal.local.progress import LocalError
from returns_portal.local.valkey import Broker

# A caller's value of these would point the embedded product at something else.
FOREIGN = (
    "ALLOW_OWNER_ROLE",
    "BROKER_URL",
    "BUILT_STATIC",
    "CELERY_TASK_ALWAYS_EAGER",
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "PYTHONDONTWRITEBYTECODE",
    "REDIS_URL",
    "SECRET_KEY_FILE",
    "FIELD_KEYS_FILE",
)
TEST_SECRET_KEY = "tests-only-" + "0123456789" * 5


def inherited() -> dict[str, str]:
    """Return the caller's environment without what would mislead the product."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    kept["PYTHONPATH"] = str(CHECKOUT)
    kept["DJANGO_SETTINGS_MODULE"] = "returns_portal.settings"
    return kept


def variables_of_run(
    cluster: Cluster,
    broker: Broker,
    secrets: Mapping[str, str],
    *,
    home: Path,
    web_port: int,
    smtp_port: int,
) -> dict[str, str]:
    """Return what `./run` sets: the serving role, the owner for migrations, the mail catcher."""
    return {
        "DEBUG": os.environ.get("DEBUG", "0"),
        "SECRET_KEY": secrets["SECRET_KEY"],
        "FIELD_KEYS": secrets["FIELD_KEYS"],
        "DATABASE_URL": cluster.url(SERVING),
        "MIGRATE_DATABASE_URL": cluster.url(OWNER),
        "REDIS_URL": broker.url,
        "PUBLIC_URL": f"http://localhost:{web_port}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,.localhost",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(smtp_port),
        "EMAIL_HOST_USER": "",
        "EMAIL_USE_TLS": "0",
        "MEDIA_ROOT": str(home / "media"),
        "DEMO_PROVIDERS": "1",
        "RP_DEMO_FACTS": str(home / "demo-facts.json"),
    }


def variables_of_tests(database_url: str, redis_url: str, *, media: Path) -> dict[str, str]:
    """Return what the test suite runs with; the role owns its throw-away databases."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": TEST_SECRET_KEY,
        "DEBUG": "1",
        "ALLOW_OWNER_ROLE": "1",
        # Playwright's loop and Django's thread check do not go together.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        "MEDIA_ROOT": str(media),
    }


def url_of_tests(cluster: Cluster) -> str:
    """Return the address of the test role; Django derives the test database's name from it."""
    return cluster.url(TESTING, "rp")


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Keep the variables of a running stack, for management commands in another terminal."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    write_private(path, "".join(lines))


def read_environment(path: Path) -> dict[str, str]:
    """Return the variables of the running stack.

    Raises: LocalError when nothing runs.
    """
    try:
        text = path.read_text()
    except OSError as missing:
        raise LocalError(
            "Returns Portal does not run here: start it with ./run first."
        ) from missing
    variables = {}
    for line in text.splitlines():
        name, _, quoted = line.partition("=")
        variables[name] = shlex.split(quoted)[0] if quoted else ""
    return variables
