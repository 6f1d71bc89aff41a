"""Replace goods by the same again, and keep repairs of the shopper's own."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0021_exchange_difference"),
        ("tenancy", "0004_own_texts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="resolution",
            name="kind",
            field=models.CharField(
                choices=[
                    ("refund", "Refund"),
                    ("store_credit", "Store Credit"),
                    ("exchange", "Exchange"),
                    ("replacement", "Replacement"),
                    ("repair", "Repair"),
                ],
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="Repair",
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
                ("quantity", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("in_repair", "In repair"),
                            ("sent_back", "Sent back"),
                            ("given_up", "Given up"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tracking_code", models.CharField(blank=True, max_length=80)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=returns_portal.core.clock.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                    "return_line",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repairs",
                        to="rma.returnline",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["merchant", "status", "created_at"], name="repair_status")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "given_up"), _negated=True),
                        fields=("merchant", "return_line"),
                        name="repair_alive_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="repair_positive"
                    ),
                ],
            },
        ),
        EnableTenancy("repair"),
    ]
