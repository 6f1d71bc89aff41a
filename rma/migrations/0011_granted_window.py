"""Let staff give one order, or one of its lines, a later last day."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0003_order_phone"),
        ("rma", "0010_promised_window"),
        ("tenancy", "0003_languages"),
    ]

    operations = [
        migrations.CreateModel(
            name="GrantedWindow",
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
                ("until", models.DateField()),
                ("reason", models.CharField(max_length=300)),
                ("granted_by", models.CharField(max_length=120)),
                ("granted_at", models.DateTimeField(default=returns_portal.core.clock.now)),
                ("withdrawn_by", models.CharField(blank=True, max_length=120)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("operation_id", models.CharField(max_length=64)),
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commerce.order",
                    ),
                ),
                (
                    "order_line",
                    returns_portal.tenancy.base.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commerce.orderline",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["merchant", "order"], name="granted_window_order")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "operation_id"), name="granted_window_operation"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("merchant", "order", "order_line"),
                        name="granted_window_one",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        EnableTenancy("grantedwindow"),
    ]
