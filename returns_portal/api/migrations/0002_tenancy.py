"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("tenancy", "0002_tenancy")]

    operations = [
        EnableTenancy(
            "idempotencyrecord",
        ),
    ]
