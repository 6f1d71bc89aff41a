"""Let whoever was given an order's goods return them."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.tenancy.base
from django.db import migrations

# EnableTenancy binds whole tables; these columns join tables that are bound already.
_REFERENCE = """
ALTER TABLE {table} ADD CONSTRAINT {table}_receiver_id_own
FOREIGN KEY (merchant_id, receiver_id) REFERENCES commerce_customer (merchant_id, id)
DEFERRABLE INITIALLY DEFERRED
"""
_FREE = "ALTER TABLE {table} DROP CONSTRAINT {table}_receiver_id_own"
_TABLES = ("rma_return", "rma_returndraft")


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0006_gift_codes"),
        ("rma", "0019_resolution_appeal"),
    ]

    operations = [
        migrations.AddField(
            model_name="return",
            name="receiver",
            field=returns_portal.tenancy.base.TenantForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="commerce.customer",
            ),
        ),
        migrations.AddField(
            model_name="returndraft",
            name="receiver",
            field=returns_portal.tenancy.base.TenantForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="commerce.customer",
            ),
        ),
        *(
            migrations.RunSQL(_REFERENCE.format(table=table), _FREE.format(table=table))
            for table in _TABLES
        ),
    ]
