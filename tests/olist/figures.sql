-- The figures that the Olist data allows, straight from its raw files and by the definitions in words only:
-- nothing of the product is read. Parameters: day (as of its end), agency ('sp', 'br', or '' for both).
-- Tables sellers, orders, items, leads, deals hold the raw files as text.
WITH zone AS (SELECT 'America/Sao_Paulo' AS z),
moment AS (
    SELECT (d + 1)::timestamp AT TIME ZONE z AS until,                       -- first instant after the day
           (d + 1 - 90)::timestamp AT TIME ZONE z AS since_90,               -- days of the calendar
           (d + 1 - 365)::timestamp AT TIME ZONE z AS since_365,
           date_trunc('month', d::timestamp) AT TIME ZONE z AS month_start,
           (date_trunc('month', d::timestamp) - interval '90 days') AT TIME ZONE z AS month_start_90,
           (date_trunc('month', d::timestamp) - interval '1 month') AT TIME ZONE z AS before_start,
           (least(d, (date_trunc('month', d::timestamp) - interval '1 day')::date
                     - CASE WHEN extract(day FROM d)
                                 >= extract(day FROM date_trunc('month', d::timestamp) - interval '1 day')
                            THEN 0
                            ELSE (extract(day FROM date_trunc('month', d::timestamp) - interval '1 day')
                                  - extract(day FROM d))::int END) + 1)::timestamp AT TIME ZONE z AS before_until
      FROM zone, (SELECT %(day)s::date AS d) given
),
seller AS (
    SELECT seller_id, CASE WHEN seller_state = 'SP' THEN 'sp' ELSE 'br' END AS agency FROM sellers
),
owner AS (   -- an order is of the seller of its first item
    SELECT DISTINCT ON (order_id) order_id, seller_id FROM items ORDER BY order_id, order_item_id::int
),
worth AS (
    SELECT order_id, sum(price::numeric + freight_value::numeric) AS value FROM items GROUP BY order_id
),
project AS (
    SELECT o.order_id, w.seller_id, coalesce(s.agency, 'br') AS agency, v.value, o.order_status AS status,
           to_timestamp(o.order_purchase_timestamp, 'MM/DD/YYYY HH24:MI')::timestamp AT TIME ZONE z AS created,
           to_timestamp(nullif(o.order_approved_at, ''), 'MM/DD/YYYY HH24:MI')::timestamp AT TIME ZONE z AS paid,
           to_timestamp(nullif(o.order_delivered_customer_date, ''), 'MM/DD/YYYY HH24:MI')::timestamp
               AT TIME ZONE z AS delivered
      FROM zone, orders o
      LEFT JOIN owner w USING (order_id) LEFT JOIN worth v USING (order_id) LEFT JOIN seller s USING (seller_id)
),
mine AS (SELECT * FROM project WHERE %(agency)s IN ('', agency)),
payment AS (SELECT * FROM mine WHERE value IS NOT NULL AND paid IS NOT NULL),
-- When a project was open: until the earlier of its delivery and its cancellation. The files date only the first,
-- for cancelled orders too; an order that is over and has no date was never known to be open.
span AS (
    SELECT seller_id, created,
           CASE WHEN status IN ('delivered', 'canceled', 'unavailable')
                THEN coalesce(delivered, created) ELSE 'infinity' END AS ended
      FROM mine
),
client AS (
    SELECT seller_id, min(at) AS first_at FROM (
        SELECT seller_id, created AS at FROM mine WHERE seller_id IS NOT NULL
        UNION ALL SELECT seller_id, paid FROM payment) x GROUP BY seller_id
),
activity AS (
    SELECT c.seller_id, c.first_at,
           EXISTS (SELECT FROM span s WHERE s.seller_id = c.seller_id
                                        AND s.created < month_start AND s.ended >= month_start)
        OR EXISTS (SELECT FROM payment p WHERE p.seller_id = c.seller_id
                                          AND p.paid < month_start AND p.paid >= month_start_90)
           AS at_start,
           EXISTS (SELECT FROM span s WHERE s.seller_id = c.seller_id AND s.created < until AND s.ended >= until)
        OR EXISTS (SELECT FROM payment p WHERE p.seller_id = c.seller_id
                                          AND p.paid < until AND p.paid >= since_90)
           AS at_end
      FROM client c, moment
),
lead AS (
    SELECT coalesce(s.agency, 'br') AS agency,
           CASE WHEN d.mql_id IS NOT NULL THEN 'won'
                WHEN l.first_contact_date::date + 90 <= (SELECT max(won_date)::date FROM deals) THEN 'lost'
                ELSE 'open' END AS outcome,
           CASE WHEN d.mql_id IS NOT NULL THEN d.won_date::timestamp
                WHEN l.first_contact_date::date + 90 <= (SELECT max(won_date)::date FROM deals)
                THEN (l.first_contact_date::date + 90)::timestamp END AT TIME ZONE z AS closed
      FROM zone, leads l LEFT JOIN deals d USING (mql_id) LEFT JOIN seller s ON s.seller_id = d.seller_id
),
revenue AS (
    SELECT coalesce(sum(value) FILTER (WHERE paid >= month_start AND paid < until), 0) AS month,
           coalesce(sum(value) FILTER (WHERE paid >= before_start AND paid < before_until), 0) AS base,
           count(*) AS ever                                                  -- whatever its date
      FROM payment, moment
)
SELECT (SELECT CASE WHEN ever > 0 THEN month END FROM revenue) AS revenue_month,
       (SELECT CASE WHEN base > 0 THEN round((month - base) / base * 100, 4) END FROM revenue) AS revenue_growth_pct,
       (SELECT CASE WHEN count(*) > 0 THEN
                    count(*) FILTER (WHERE m.created < until AND CASE
                        WHEN m.status IN ('delivered', 'canceled', 'unavailable') THEN m.delivered >= until
                        ELSE true END) END
          FROM mine m, moment) AS active_projects,
       (SELECT round(avg(m.value), 2) FROM mine m, moment
         WHERE m.created < until AND m.created >= since_365
           AND m.status NOT IN ('canceled', 'unavailable')) AS project_value_avg,
       (SELECT CASE WHEN EXISTS (SELECT FROM seller WHERE %(agency)s IN ('', agency)) THEN
                    count(*) FILTER (WHERE first_at >= month_start AND first_at < until) END
          FROM client, moment) AS new_clients_month,
       (SELECT round(count(*) FILTER (WHERE outcome = 'won') * 100.0 / nullif(count(*), 0), 4) FROM lead, moment
         WHERE %(agency)s IN ('', agency) AND closed < until AND closed >= since_90)
           AS conversion_pct,
       (SELECT round(count(*) FILTER (WHERE at_start AND NOT at_end) * 100.0
                     / nullif(count(*) FILTER (WHERE at_start), 0), 4) FROM activity) AS churn_pct
