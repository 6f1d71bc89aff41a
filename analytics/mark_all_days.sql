-- Mark every local day that has facts or figures.
INSERT INTO analytics_dirtyday (id, merchant_id, day, marked_at)
SELECT gen_random_uuid(), %(merchant)s, known.day, %(now)s
FROM (
    SELECT (o.placed_at AT TIME ZONE shop.time_zone)::date AS day
    FROM commerce_order o JOIN tenancy_merchant shop ON shop.id = o.merchant_id
    WHERE o.merchant_id = %(merchant)s
    UNION
    SELECT (r.created_at AT TIME ZONE shop.time_zone)::date
    FROM rma_return r JOIN tenancy_merchant shop ON shop.id = r.merchant_id
    WHERE r.merchant_id = %(merchant)s
    UNION
    SELECT day FROM analytics_dailyreturnfact WHERE merchant_id = %(merchant)s
) AS known
ON CONFLICT DO NOTHING
