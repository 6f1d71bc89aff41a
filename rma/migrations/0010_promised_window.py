"""Keep what order lines were sold with, however the policy changes later."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0003_order_phone"),
        ("rma", "0009_policy_schedule"),
        ("tenancy", "0003_languages"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromisedWindow",
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
                ("terms", models.JSONField()),
                ("kept_at", models.DateTimeField(default=returns_portal.core.clock.now)),
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
                    "order_line",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commerce.orderline",
                    ),
                ),
                (
                    "policy_version",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rma.policyversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "order_line"), name="promised_window_once"
                    )
                ],
            },
        ),
        EnableTenancy("promisedwindow"),
        AppendOnly("promisedwindow"),
    ]
