"""Keep what shoppers declare when they withdraw from a contract."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.fields
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0002_tenancy"),
        ("rma", "0004_rehearsal"),
        ("tenancy", "0002_tenancy"),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
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
                ("token", models.CharField(max_length=48)),
                ("operation_id", models.CharField(max_length=64)),
                ("name", returns_portal.core.fields.SealedTextField()),
                ("email", returns_portal.core.fields.SealedTextField()),
                ("order_number", models.CharField(max_length=60)),
                ("text", returns_portal.core.fields.SealedTextField()),
                ("lines", models.JSONField(default=list)),
                ("answers", models.JSONField(default=list)),
                ("event_id", models.UUIDField()),
                ("locale", models.CharField(blank=True, max_length=16)),
                ("declared_at", models.DateTimeField(default=returns_portal.core.clock.now)),
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
                    "order",
                    returns_portal.tenancy.base.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="commerce.order",
                    ),
                ),
                (
                    "rma",
                    returns_portal.tenancy.base.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="rma.return",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("token",), name="withdrawal_token"),
                    models.UniqueConstraint(
                        fields=("merchant", "operation_id"), name="withdrawal_operation"
                    ),
                ],
            },
        ),
        EnableTenancy("withdrawal"),
        AppendOnly("withdrawal"),
    ]
