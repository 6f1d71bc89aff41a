"""A role that row-level security does not bind is refused at the start."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from returns_portal.core.checks import refuse_unbound_role, role_problems


@pytest.mark.django_db
def test_role_that_owns_the_tables_is_refused_in_production(settings: Any) -> None:
    settings.ALLOW_OWNER_ROLE = False

    assert any("owns the tables" in problem for problem in role_problems())
    [error] = [one for one in run_checks(databases=["default"]) if one.id == "core.E001"]
    assert "rp_app" in error.msg


@pytest.mark.django_db(transaction=True)
def test_server_does_not_start_under_an_unbound_role(settings: Any) -> None:
    refuse_unbound_role()
    settings.ALLOW_OWNER_ROLE = False

    with pytest.raises(ImproperlyConfigured, match="rp_app"):
        refuse_unbound_role()
