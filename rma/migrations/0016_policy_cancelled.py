"""Let a scheduled policy version be cancelled while another draft is written."""

from __future__ import annotations

from django.db import migrations

STAYS = """
CREATE OR REPLACE FUNCTION policy_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
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
            ('scheduled', 'live'), ('scheduled', 'retired'), ('live', 'retired')) THEN
        RAISE EXCEPTION 'policy v% is %: it cannot become %', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
STAYED = STAYS.replace(" ('scheduled', 'retired'),", "")


class Migration(migrations.Migration):
    dependencies = [("rma", "0015_processing")]

    operations = [migrations.RunSQL(STAYS, STAYED)]
