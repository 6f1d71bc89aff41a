"""Keep which own rules spoke on which return."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0011_granted_window"),
        ("tenancy", "0003_languages"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleMatch",
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
                ("rule", models.CharField(max_length=40)),
                ("asked_at", models.DateTimeField()),
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rule_matches",
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
                        fields=["merchant", "rule", "-asked_at", "rma"], name="rule_match_when"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "rma", "rule"), name="rule_match_once"
                    )
                ],
            },
        ),
        EnableTenancy("rulematch"),
    ]
