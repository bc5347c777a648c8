-- $1 a random number: a pending order is turned down.
UPDATE store.orders
   SET order_status_id = 2
 WHERE order_id = (SELECT order_id FROM store.orders
                    WHERE is_active = 'Y' AND order_status_id = 1
                    ORDER BY order_id >= ($1::bigint % 1000000007)::text DESC, order_id LIMIT 1)
;
