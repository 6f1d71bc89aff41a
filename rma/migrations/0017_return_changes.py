"""Let shoppers change a return, and keep what it was before."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy

# EnableTenancy binds whole tables; this column joins one that is bound already.
_REFERENCE = """
ALTER TABLE rma_returndraft ADD CONSTRAINT rma_returndraft_changes_id_own
FOREIGN KEY (merchant_id, changes_id) REFERENCES rma_return (merchant_id, id)
DEFERRABLE INITIALLY DEFERRED
"""
_FREE = "ALTER TABLE rma_returndraft DROP CONSTRAINT rma_returndraft_changes_id_own"


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0016_policy_cancelled"),
        ("tenancy", "0003_languages"),
    ]

    operations = [
        migrations.AddField(
            model_name="returndraft",
            name="changes",
            field=returns_portal.tenancy.base.TenantForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="rma.return",
            ),
        ),
        migrations.AddField(
            model_name="returndraft",
            name="revision",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="ReturnChange",
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
                ("revision", models.PositiveSmallIntegerField()),
                ("operation_id", models.CharField(max_length=64)),
                ("before", models.JSONField()),
                ("changed_by", models.CharField(max_length=120)),
                ("changed_at", models.DateTimeField(default=returns_portal.core.clock.now)),
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
                        related_name="changes",
                        to="rma.return",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "rma", "revision"), name="return_change_revision"
                    ),
                    models.UniqueConstraint(
                        fields=("merchant", "operation_id"), name="return_change_operation"
                    ),
                ],
            },
        ),
        migrations.RunSQL(_REFERENCE, _FREE),
        EnableTenancy("returnchange"),
        AppendOnly("returnchange"),
    ]
