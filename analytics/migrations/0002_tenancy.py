"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [
        EnableTenancy(
            "dailyreturnfact",
            "dirtyday",
        ),
    ]
