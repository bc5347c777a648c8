-- $1 a random number: the last line of an order that has others.
DELETE FROM store.order_items
 WHERE (order_id, item_id) = (SELECT order_id, item_id FROM store.order_items
                               WHERE order_id >= ($1::bigint % 1000000007)::text AND item_id > 1
                               ORDER BY order_id, item_id DESC LIMIT 1)
;
