"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial")]

    operations = [
        EnableTenancy(
            crossing=(
                "event",
                "delivery",
                "eventseal",
                "stafftask",
            ),
        ),
        AppendOnly("event", "eventseal"),
    ]
