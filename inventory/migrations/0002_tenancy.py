"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("commerce", "0002_tenancy")]

    operations = [
        EnableTenancy(
            "location",
            "stocklevel",
            "stockmovement",
            "reservation",
        ),
        AppendOnly("stockmovement"),
    ]
