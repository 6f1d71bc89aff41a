"""Keep codes with which gifts can be returned."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0005_linked_identities"),
        ("tenancy", "0004_own_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name="GiftCode",
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
                ("code_index", models.BinaryField(max_length=16)),
                ("made_by", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField(default=returns_portal.core.clock.now)),
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
                    "order",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gift_codes",
                        to="commerce.order",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "code_index"), name="gift_code_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("merchant", "order"),
                        name="gift_code_of_order",
                    ),
                ],
            },
        ),
        EnableTenancy("giftcode"),
    ]
