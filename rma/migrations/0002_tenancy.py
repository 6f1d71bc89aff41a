"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0001_initial"),
        ("commerce", "0002_tenancy"),
        ("integrations", "0002_tenancy"),
        ("inventory", "0002_tenancy"),
        ("refunds", "0002_tenancy"),
    ]

    operations = [
        EnableTenancy(
            "builtinparcel",
            "returndraft",
            "policyversion",
            "return",
            "returnline",
            "receipt",
            "receiptline",
            "inspection",
            "note",
            "photo",
            "exchange",
            "resolution",
            "shipment",
            "trackingevent",
        ),
        AppendOnly("trackingevent"),
    ]
