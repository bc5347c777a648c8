-- $1 a random number: an order was a mistake.  Where soft-delete rules stand, it stays, inactive.
DELETE FROM store.orders
 WHERE order_id = (SELECT order_id FROM store.orders
                    WHERE is_active = 'Y' AND order_id >= ($1::bigint % 1000000007)::text
                    ORDER BY order_id LIMIT 1)
;
