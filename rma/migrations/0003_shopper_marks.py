"""Shoppers on the allow list or the block list, and the risk score of a return."""

import django.db.models.deletion
from django.db import migrations, models

import returns_portal.core.clock
import returns_portal.core.ids
from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [("rma", "0002_tenancy"), ("tenancy", "0002_tenancy")]

    operations = [
        migrations.AddField(
            model_name="return",
            name="risk_score",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="ShopperMark",
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
                ("email_index", models.BinaryField(max_length=16)),
                ("hint", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[("allow", "Allow list"), ("block", "Block list")], max_length=5
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("created_by", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(default=returns_portal.core.clock.now)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, max_length=120)),
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
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("merchant", "email_index"),
                        name="shopper_mark_one",
                    )
                ],
            },
        ),
        EnableTenancy("shoppermark"),
    ]
