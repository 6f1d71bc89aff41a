"""Keep what shoppers object to, and the answers."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0006_promises"),
        ("tenancy", "0002_tenancy"),
    ]

    operations = [
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=returns_portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Waits for a person"),
                            ("upheld", "Decision upheld"),
                            ("granted", "Decision changed"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("decision", models.CharField(blank=True, max_length=500)),
                ("words", models.CharField(max_length=4000)),
                ("answer", models.CharField(blank=True, max_length=1000)),
                ("answered_by", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(default=returns_portal.core.clock.now)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.merchant",
                    ),
                ),
                (
                    "rma",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="rma.return",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["merchant", "created_at"],
                        name="appeal_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("merchant", "rma"),
                        name="appeal_open_once",
                    )
                ],
            },
        ),
        EnableTenancy("appeal"),
    ]
