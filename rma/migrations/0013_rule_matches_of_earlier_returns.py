"""Read off the stored decisions which own rules spoke on the returns there are."""

from __future__ import annotations

from django.db import migrations

FILL = """
DO $$
DECLARE shop uuid;
BEGIN
    FOR shop IN SELECT id FROM tenancy_merchant LOOP
        PERFORM set_config('app.merchant_id', shop::text, true);
        INSERT INTO rma_rulematch (id, merchant_id, rma_id, rule, asked_at)
        SELECT gen_random_uuid(), merchant_id, id, rule, created_at
        FROM (
            SELECT DISTINCT r.merchant_id, r.id, r.created_at,
                substr(spoken ->> 'key', length('rule:') + 1) AS rule
            FROM rma_return r, jsonb_array_elements(r.decision -> 'rules_spoken') AS spoken
            WHERE spoken ->> 'key' LIKE 'rule:%'
        ) AS found;
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("rma", "0012_rule_matches")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
