"""Keep what shoppers were promised, step by step."""

from __future__ import annotations

import django.db.models.deletion
import returns_portal.core.clock
import returns_portal.core.ids
import returns_portal.tenancy.base
from django.conf import settings
from django.db import migrations, models

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0002_tenancy"),
        ("rma", "0005_withdrawal"),
        ("tenancy", "0002_tenancy"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Promise",
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
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("made", "Promised"),
                            ("changed", "Moved"),
                            ("kept", "Kept"),
                            ("missed", "Missed"),
                            ("paid_late", "Paid late"),
                        ],
                        max_length=10,
                    ),
                ),
                ("promised_on", models.DateField()),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("send_window", "Last day to send, plus the days for the refund"),
                            ("arrival", "Day of arrival, plus the days for the refund"),
                        ],
                        max_length=12,
                    ),
                ),
                ("settled_on", models.DateField(blank=True, null=True)),
                ("stage", models.CharField(blank=True, max_length=12)),
                ("recorded_at", models.DateTimeField(default=returns_portal.core.clock.now)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["merchant", "refund_promised_on"],
                name="return_promise",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.merchant",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="rma",
            field=returns_portal.tenancy.base.TenantForeignKey(
                db_constraint=False,
                db_index=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promises",
                to="rma.return",
            ),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(
                condition=models.Q(("step__in", ["kept", "missed"])),
                fields=["merchant", "promised_on"],
                name="promise_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(
                condition=models.Q(("step__in", ["kept", "missed"])),
                fields=("merchant", "rma"),
                name="promise_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(
                condition=models.Q(("step", "paid_late")),
                fields=("merchant", "rma"),
                name="promise_paid_once",
            ),
        ),
        EnableTenancy("promise"),
        AppendOnly("promise"),
    ]
