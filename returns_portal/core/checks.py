"""Start-up checks: refuse to serve in a way that would void a promise."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

_ROLE = """
    SELECT r.rolsuper, r.rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relowner = r.oid)
    FROM pg_roles r WHERE r.rolname = current_user
"""


@register(Tags.database)
def serving_role_is_bound(databases: Any = None, **kwargs: Any) -> list[Error]:
    """Refuse a database role that row-level security would not bind."""
    if not databases or "default" not in databases:
        return []
    return [Error(problem, id="core.E001") for problem in role_problems()]


def role_problems() -> list[str]:
    """Name what lets the present database role step around row-level security."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        superuser, bypass, owner = cursor.fetchone()
    problems = []
    if superuser:
        problems.append("DATABASE_URL names a superuser; use the serving role (rp_app).")
    if bypass:
        problems.append("The role of DATABASE_URL has BYPASSRLS; take it away.")
    if owner and not settings.ALLOW_OWNER_ROLE:
        problems.append("The role of DATABASE_URL owns the tables; serve as another role (rp_app).")
    return problems


def refuse_unbound_role() -> None:
    """Stop a server or worker that would serve under a role row-level security does not bind.

    Without a database there is nothing to serve either, so that is left to the first request.
    """
    try:
        problems = role_problems()
    except OperationalError:
        logger.warning("core.role_not_checked")
        return
    finally:
        connection.close()
    if problems:
        raise ImproperlyConfigured(" ".join(problems))
