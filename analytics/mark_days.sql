-- Mark the local days of one return and its order, or of one order and its returns.
INSERT INTO analytics_dirtyday (id, merchant_id, day, marked_at)
SELECT gen_random_uuid(), %(merchant)s, changed.day, %(now)s
FROM (
    SELECT DISTINCT (facts.moment AT TIME ZONE shop.time_zone)::date AS day
    FROM (
        SELECT r.created_at AS moment FROM rma_return r
        WHERE r.merchant_id = %(merchant)s AND (r.id = %(about)s OR r.order_id = %(about)s)
        UNION ALL
        SELECT o.placed_at FROM commerce_order o
        WHERE o.merchant_id = %(merchant)s AND (
            o.id = %(about)s OR o.id = (SELECT r.order_id FROM rma_return r WHERE r.id = %(about)s)
        )
    ) AS facts
    CROSS JOIN tenancy_merchant AS shop WHERE shop.id = %(merchant)s
) AS changed
ON CONFLICT DO NOTHING
