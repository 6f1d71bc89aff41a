"""Every tenant table is bound in the database itself."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

from returns_portal.core.checks import role_problems
from returns_portal.tenancy.base import TenantForeignKey, TenantModel

TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]
# Global by design: people, merchants, and Django's own tables.
GLOBAL = {
    "tenancy.User",
    "tenancy.Merchant",
    "auth.Permission",
    "auth.Group",
    "contenttypes.ContentType",
    "sessions.Session",
    "account.EmailAddress",
    "account.EmailConfirmation",
}

pytestmark = pytest.mark.django_db


def test_every_model_is_a_tenants_or_known_to_be_global() -> None:
    others = {m._meta.label for m in apps.get_models() if not issubclass(m, TenantModel)}
    assert others == GLOBAL


def test_the_test_role_is_bound_by_row_level_security(settings: object) -> None:
    assert role_problems() == []


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_table_has_forced_row_level_security(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        assert cursor.fetchone() == (True, True)
        cursor.execute(
            "SELECT qual, with_check FROM pg_policies WHERE tablename = %s",
            [model._meta.db_table],
        )
        rows = cursor.fetchall()
    assert len(rows) == 1
    using, check = rows[0]
    assert using == check
    assert "app.merchant_id" in using
    assert ("app.all_tenants" in using) == model.crosses_merchants  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_references_carry_the_merchant(model: type[models.Model]) -> None:
    columns = {
        field.column for field in model._meta.local_fields if isinstance(field, TenantForeignKey)
    }
    plain = [
        field.name
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and not isinstance(field, TenantForeignKey)
        and issubclass(field.remote_field.model, TenantModel)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype = 'f'",
            [model._meta.db_table],
        )
        definitions = [row[0] for row in cursor.fetchall()]
    assert plain == []
    for column in columns:
        assert any(f"(merchant_id, {column})" in text for text in definitions), column


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_unique_constraints_begin_with_the_merchant(model: type[models.Model]) -> None:
    """Or stand over one random or global value, which tells nothing about other merchants."""
    random_or_global = {"token", "token_hash", "key_id", "host", "webhook_token"}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            first = constraint.fields[0]
            assert first == "merchant" or first in random_or_global, constraint.name


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_references_that_ask_for_an_index_have_one(model: type[models.Model]) -> None:
    wanted = {
        field.column
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey) and field.db_index
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(indexdef FROM 'USING btree \\((\\w+)') FROM pg_indexes"
            " WHERE tablename = %s",
            [model._meta.db_table],
        )
        leading = {row[0] for row in cursor.fetchall()}
    assert wanted <= leading
