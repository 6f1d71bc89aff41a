-- Mark every local day that has facts or figures.
INSERT INTO analytics_dirtyday (id, merchant_id, day, marked_at)
SELECT gen_random_uuid(), %(merchant)s, known.day, %(now)s
FROM (
    SELECT (placed_at AT TIME ZONE %(zone)s)::date AS day
    FROM commerce_order WHERE merchant_id = %(merchant)s
    UNION
    SELECT (created_at AT TIME ZONE %(zone)s)::date
    FROM rma_return WHERE merchant_id = %(merchant)s
    UNION
    SELECT day FROM analytics_dailyreturnfact WHERE merchant_id = %(merchant)s
) AS known
ON CONFLICT DO NOTHING
