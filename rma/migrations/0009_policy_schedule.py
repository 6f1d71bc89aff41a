"""Let a policy version wait for its day, and let the database keep what was published."""

from __future__ import annotations

from django.db import migrations, models

STAYS = """
CREATE FUNCTION policy_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'draft' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'policy v% was published: it stays', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> 'draft' AND (NEW.merchant_id, NEW.number, NEW.document)
            IS DISTINCT FROM (OLD.merchant_id, OLD.number, OLD.document) THEN
        RAISE EXCEPTION 'policy v% was published: start another version from it', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
            ('draft', 'scheduled'), ('draft', 'live'), ('scheduled', 'draft'),
            ('scheduled', 'live'), ('live', 'retired')) THEN
        RAISE EXCEPTION 'policy v% is %: it cannot become %', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_stays BEFORE UPDATE OR DELETE ON rma_policyversion
    FOR EACH ROW EXECUTE FUNCTION policy_version_stays();
"""
UNBIND = """
DROP TRIGGER published_stays ON rma_policyversion;
DROP FUNCTION policy_version_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("rma", "0008_order_link"),
    ]

    operations = [
        migrations.AddField(
            model_name="policyversion",
            name="effective_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("scheduled", "Scheduled"),
                    ("live", "Live"),
                    ("retired", "Retired"),
                ],
                default="draft",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "scheduled")),
                fields=("merchant",),
                name="policy_version_scheduled",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "scheduled"), _negated=True),
                    ("effective_at__isnull", False),
                    _connector="OR",
                ),
                name="policy_version_when",
            ),
        ),
        migrations.RunSQL(STAYS, UNBIND),
    ]
