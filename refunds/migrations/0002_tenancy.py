"""Bind the tables to their merchant."""

from __future__ import annotations

from django.db import migrations

from returns_portal.tenancy.operations import AppendOnly, EnableTenancy

# The legs of a journal are written in one transaction; at its end they must sum to zero.
BALANCED = """
CREATE FUNCTION journal_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_minor) FROM refunds_journalentry
        WHERE merchant_id = NEW.merchant_id AND journal_id = NEW.journal_id) <> 0 THEN
        RAISE EXCEPTION 'journal % does not balance', NEW.journal_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON refunds_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_must_balance();
"""
UNBALANCE = """
DROP TRIGGER journal_balances ON refunds_journalentry;
DROP FUNCTION journal_must_balance();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("refunds", "0001_initial"),
        ("commerce", "0002_tenancy"),
        ("integrations", "0002_tenancy"),
    ]

    operations = [
        EnableTenancy(
            "journal",
            "journalentry",
            "storecredit",
            "storecreditentry",
            "builtingatewayrefund",
            "refund",
            "refundallocation",
        ),
        AppendOnly("storecreditentry", "journal", "journalentry"),
        migrations.RunSQL(BALANCED, UNBALANCE),
    ]
