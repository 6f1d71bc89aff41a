-- Insert one day's figures of one merchant, from the facts as they are now: one statement, so one
-- snapshot. The columns are described in analytics/models.py, the definitions in
-- analytics/metrics.py; tests hold the two against each other. Rates come out of sums only.
WITH sold AS (
    SELECT o.id, o.currency, o.country FROM commerce_order o
    WHERE o.merchant_id = %(merchant)s AND o.placed_at >= %(start)s AND o.placed_at < %(end)s
        AND o.status <> 'cancelled'
), sold_lines AS (
    SELECT l.id, s.id AS order_id, s.currency, s.country, l.quantity, l.net_minor
    FROM sold s JOIN commerce_orderline l ON l.order_id = s.id
    WHERE NOT l.is_removed AND l.quantity > 0
), back AS (
    SELECT s.id, coalesce(nullif(rl.reason, ''), 'unknown') AS reason,
        sum(rl.quantity - rl.released_quantity) AS units
    FROM sold_lines s
    JOIN rma_returnline rl ON rl.order_line_id = s.id
    JOIN rma_return r ON r.id = rl.rma_id
    WHERE r.status NOT IN ('cancelled', 'declined', 'draft', 'expired') AND rl.quantity > rl.released_quantity
    GROUP BY 1, 2
), back_slices AS (
    SELECT id, reason, units FROM back
    UNION ALL SELECT id, '', sum(units) FROM back GROUP BY id
), cohort AS (
    SELECT currency, country, '' AS reason, count(*) AS orders, 0 AS units_sold,
        0 AS value_sold_minor, 0 AS orders_returned, 0 AS units_returned, 0 AS value_returned_minor
    FROM sold GROUP BY 1, 2
    UNION ALL
    SELECT currency, country, '', 0, sum(quantity), sum(net_minor), 0, 0, 0
    FROM sold_lines GROUP BY 1, 2
    UNION ALL
    SELECT s.currency, s.country, b.reason, 0, 0, 0, count(DISTINCT s.order_id),
        sum(least(b.units, s.quantity)),
        sum(((2 * s.net_minor * (least(b.units, s.quantity)::bigint) + s.quantity) / (2 * s.quantity)))
    FROM back_slices b JOIN sold_lines s ON s.id = b.id GROUP BY 1, 2, 3
), asked AS (
    SELECT r.id, r.currency, o.country, r.status, r.method, r.created_at,
        r.status NOT IN ('cancelled', 'declined', 'draft', 'expired') AS counted
    FROM rma_return r JOIN commerce_order o ON o.id = r.order_id
    WHERE r.merchant_id = %(merchant)s AND r.created_at >= %(start)s AND r.created_at < %(end)s
), owed AS (
    SELECT res.rma_id, res.kind, res.amount_minor, res.units,
        CASE WHEN res.kind IN ('exchange', 'replacement', 'repair') THEN 0
            ELSE coalesce((res.breakdown ->> 'fee_minor')::bigint, 0) END AS fee_minor,
        CASE res.kind
            WHEN 'exchange' THEN NULL
            WHEN 'store_credit' THEN e.created_at
            ELSE CASE WHEN f.status = 'succeeded' THEN f.settled_at END
        END AS paid_at
    FROM asked a
    JOIN rma_resolution res ON res.rma_id = a.id AND res.status <> 'cancelled'
    LEFT JOIN refunds_refund f ON f.id = res.refund_id
    LEFT JOIN refunds_storecreditentry e ON e.id = res.credit_entry_id
), swapped AS (
    SELECT o.rma_id, unit.key::uuid AS line_id, unit.value::int AS units
    FROM owed o CROSS JOIN LATERAL jsonb_each_text(o.units) AS unit
    WHERE o.kind IN ('exchange', 'replacement', 'repair')
), asked_lines AS (
    SELECT a.id, coalesce(nullif(rl.reason, ''), 'unknown') AS reason,
        CASE WHEN a.counted THEN rl.quantity - rl.released_quantity ELSE 0 END AS units,
        ((2 * l.paid_minor * (coalesce(s.units, 0)) + greatest(l.quantity, 1)) / (2 * greatest(l.quantity, 1)))
            AS given_minor,
        rl.exchange_unit_minor * coalesce(s.units, 0) AS costs_minor,
        ((2 * l.paid_minor * (greatest(rl.quantity - rl.released_quantity - coalesce(s.units, 0), 0)) + greatest(l.quantity, 1)) / (2 * greatest(l.quantity, 1))) AS claim_minor
    FROM asked a
    JOIN rma_returnline rl ON rl.rma_id = a.id
    JOIN commerce_orderline l ON l.id = rl.order_line_id
    LEFT JOIN swapped s ON s.line_id = rl.id
), goods AS (
    -- What a cheaper replacement leaves over of the item goes back and did not stay as goods.
    SELECT id, sum(claim_minor) AS claim_minor,
        sum(least(given_minor, coalesce(costs_minor, given_minor))) AS exchanged_minor,
        sum(greatest(given_minor - coalesce(costs_minor, given_minor), 0)) AS left_minor
    FROM asked_lines GROUP BY id
), money AS (
    SELECT rma_id AS id,
        coalesce(sum(amount_minor) FILTER (WHERE kind IN ('refund', 'keep_item', 'donate') AND paid_at IS NOT NULL), 0)
            AS refunded_minor,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'store_credit' AND paid_at IS NOT NULL), 0)
            AS credited_minor,
        bool_or(kind NOT IN ('exchange', 'replacement', 'repair') AND amount_minor > 0 AND paid_at IS NULL) AS is_owed,
        max(paid_at) AS paid_at,
        sum(fee_minor) AS fees_minor
    FROM owed GROUP BY rma_id
), labels AS (
    SELECT a.id, s.currency, sum(coalesce(s.cost_minor, 0)) AS labels_minor,
        count(*) FILTER (WHERE s.cost_minor IS NULL) AS labels_unpriced
    FROM asked a JOIN rma_shipment s ON s.rma_id = a.id
    WHERE a.method = 'label' AND s.status NOT IN ('pending', 'failed', 'void')
    GROUP BY 1, 2
), lost AS (
    SELECT a.id,
        coalesce(sum(v.cost_minor) FILTER (WHERE v.currency = a.currency), 0) AS lost_minor,
        count(*) FILTER (
            WHERE v.cost_minor IS NULL OR v.currency <> a.currency
        ) AS lost_unpriced
    FROM asked a
    JOIN rma_inspection i ON i.rma_id = a.id
    LEFT JOIN commerce_variant v ON v.id = i.variant_id
    WHERE i.status IN ('inspected', 'disposed') AND i.is_accepted
        AND i.disposition IN ('recycle', 'dispose')
    GROUP BY a.id
), whole AS (
    SELECT a.id, a.currency, a.country, a.status, a.counted,
        coalesce(m.refunded_minor, 0) AS refunded_minor,
        coalesce(m.credited_minor, 0) AS credited_minor,
        coalesce(g.exchanged_minor, 0) AS exchanged_minor,
        coalesce(g.left_minor, 0) AS left_minor,
        coalesce(g.claim_minor, 0) AS claim_minor,
        coalesce(m.fees_minor, 0) AS fees_minor,
        CASE WHEN m.paid_at >= a.created_at AND NOT m.is_owed
            THEN (extract(epoch FROM m.paid_at - a.created_at) / 60)::int END AS minutes,
        coalesce(l.lost_minor, 0) AS lost_minor, coalesce(l.lost_unpriced, 0) AS lost_unpriced
    FROM asked a
    LEFT JOIN goods g ON g.id = a.id
    LEFT JOIN money m ON m.id = a.id
    LEFT JOIN lost l ON l.id = a.id
), ended AS (
    SELECT w.*, CASE
        WHEN w.status <> 'closed' THEN NULL
        WHEN w.exchanged_minor > 0 AND w.refunded_minor + w.credited_minor <= w.left_minor
            THEN 'exchange'
        WHEN w.refunded_minor > 0 AND w.refunded_minor + w.credited_minor >= w.claim_minor - 1
            THEN 'full'
        WHEN w.refunded_minor > 0 THEN 'partial'
        WHEN w.credited_minor > 0 THEN 'credit'
        WHEN w.exchanged_minor > 0 THEN 'exchange'
        ELSE 'nothing' END AS outcome
    FROM whole w
), slices AS (
    SELECT id, '' AS reason, sum(units) AS units FROM asked_lines GROUP BY id
    UNION ALL SELECT id, reason, sum(units) FROM asked_lines GROUP BY id, reason
), requests AS (
    SELECT e.currency, e.country, s.reason,
        count(*) AS requested,
        count(*) FILTER (WHERE e.status = 'declined') AS declined,
        count(*) FILTER (WHERE e.status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE e.status = 'expired') AS expired,
        sum(s.units) AS units,
        count(*) FILTER (WHERE e.outcome = 'full') AS ended_full,
        count(*) FILTER (WHERE e.outcome = 'partial') AS ended_partial,
        count(*) FILTER (WHERE e.outcome = 'credit') AS ended_credit,
        count(*) FILTER (WHERE e.outcome = 'exchange') AS ended_exchange,
        count(*) FILTER (WHERE e.outcome = 'nothing') AS ended_nothing,
        sum(e.refunded_minor) AS refunded_minor,
        sum(e.credited_minor) AS credited_minor,
        sum(e.exchanged_minor) AS exchanged_minor,
        count(*) FILTER (WHERE e.counted AND e.status <> 'closed' AND e.minutes IS NULL)
            AS awaiting_money,
        0 AS labels_minor, 0 AS labels_unpriced,
        sum(e.lost_minor) AS lost_minor, sum(e.lost_unpriced) AS lost_unpriced,
        sum(e.fees_minor) AS fees_minor,
        array_agg(e.minutes ORDER BY e.minutes) FILTER (WHERE e.minutes IS NOT NULL)
            AS refund_minutes
    FROM ended e JOIN slices s ON s.id = e.id GROUP BY 1, 2, 3
    UNION ALL
    SELECT l.currency, e.country, s.reason, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        sum(l.labels_minor), sum(l.labels_unpriced), 0, 0, 0, NULL
    FROM labels l JOIN ended e ON e.id = l.id JOIN slices s ON s.id = e.id GROUP BY 1, 2, 3
), cells AS (
    SELECT currency, country, reason,
        orders, units_sold, value_sold_minor, orders_returned, units_returned,
        value_returned_minor,
        0 AS requested, 0 AS declined, 0 AS cancelled, 0 AS expired, 0 AS units, 0 AS
        ended_full, 0 AS ended_partial, 0 AS ended_credit, 0 AS ended_exchange, 0 AS
        ended_nothing, 0 AS refunded_minor, 0 AS credited_minor, 0 AS exchanged_minor, 0 AS
        awaiting_money, 0 AS labels_minor, 0 AS labels_unpriced, 0 AS lost_minor, 0 AS
        lost_unpriced, 0 AS fees_minor,
        NULL::int[] AS refund_minutes
    FROM cohort
    UNION ALL
    SELECT currency, country, reason,
        0, 0, 0, 0, 0, 0,
        requested, declined, cancelled, expired, units, ended_full, ended_partial, ended_credit,
        ended_exchange, ended_nothing, refunded_minor, credited_minor, exchanged_minor,
        awaiting_money, labels_minor, labels_unpriced, lost_minor, lost_unpriced, fees_minor,
        refund_minutes
    FROM requests
)
INSERT INTO analytics_dailyreturnfact (
    id, merchant_id, day, currency, country, reason,
    orders, units_sold, value_sold_minor, orders_returned, units_returned, value_returned_minor,
    requested, declined, cancelled, expired, units, ended_full, ended_partial, ended_credit,
    ended_exchange, ended_nothing, refunded_minor, credited_minor, exchanged_minor,
    awaiting_money, labels_minor, labels_unpriced, lost_minor, lost_unpriced, fees_minor,
    refund_minutes
)
SELECT gen_random_uuid(), %(merchant)s, %(day)s, currency, country, reason,
    sum(orders), sum(units_sold), sum(value_sold_minor), sum(orders_returned),
    sum(units_returned), sum(value_returned_minor), sum(requested), sum(declined),
    sum(cancelled), sum(expired), sum(units), sum(ended_full), sum(ended_partial),
    sum(ended_credit), sum(ended_exchange), sum(ended_nothing), sum(refunded_minor),
    sum(credited_minor), sum(exchanged_minor), sum(awaiting_money), sum(labels_minor),
    sum(labels_unpriced), sum(lost_minor), sum(lost_unpriced), sum(fees_minor),
    coalesce(max(refund_minutes), ARRAY[]::int[])
FROM cells GROUP BY currency, country, reason
