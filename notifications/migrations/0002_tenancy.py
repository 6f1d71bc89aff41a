"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("rma", "0002_tenancy")]

    operations = [
        EnableTenancy(
            "messagetemplate",
            "suppression",
            crossing=("message",),
        ),
    ]
