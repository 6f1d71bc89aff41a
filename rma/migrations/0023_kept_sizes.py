"""Count which sizes were kept after others did not fit, those of earlier exchanges included."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.db import migrations, models

from returns_portal.tenancy.operations import EnableTenancy

FILL = """
DO $$
DECLARE shop uuid;
BEGIN
    FOR shop IN SELECT id FROM tenancy_merchant LOOP
        PERFORM set_config('app.merchant_id', shop::text, true);
        INSERT INTO rma_keptsize (id, merchant_id, variant_id, reason, kept_id, exchanges)
        SELECT gen_random_uuid(), shop, sold.variant_id, line.reason, swap.variant_id, count(*)
        FROM rma_exchange swap
        JOIN rma_returnline line ON line.id = swap.return_line_id
        JOIN commerce_orderline sold ON sold.id = line.order_line_id
        JOIN commerce_variant own ON own.id = sold.variant_id
        JOIN commerce_variant kept ON kept.id = swap.variant_id
        WHERE swap.status = 'shipped' AND line.reason IN ('too_small', 'too_large')
        AND own.product_id = kept.product_id AND own.id <> kept.id
        GROUP BY sold.variant_id, line.reason, swap.variant_id;
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0005_linked_identities"),
        ("rma", "0022_repair"),
        ("tenancy", "0006_domains"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptSize",
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
                ("reason", models.CharField(max_length=40)),
                ("exchanges", models.PositiveIntegerField(default=0)),
                (
                    "kept",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commerce.variant",
                    ),
                ),
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
                    "variant",
                    returns_portal.tenancy.base.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commerce.variant",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "variant", "reason", "kept"), name="kept_size_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("exchanges__gt", 0)), name="kept_size_positive"
                    ),
                ],
            },
        ),
        EnableTenancy("keptsize"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
