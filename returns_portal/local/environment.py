"""The environment variables the product reads, for the embedded servers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from returns_portal.local.layout import CHECKOUT
from returns_portal.local.postgres import OWNER, SERVING, TEST_DATABASE, TESTING, Cluster
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
    return cluster.url(TESTING, TEST_DATABASE)
