-- $1 a random number: a customer wants one more, or one less.
UPDATE store.order_items
   SET quantity = CASE WHEN quantity > 1 THEN quantity - 1 ELSE quantity + 1 END
 WHERE (order_id, item_id) = (SELECT order_id, item_id FROM store.order_items
                               WHERE order_id >= ($1::bigint % 1000000007)::text
                               ORDER BY order_id, item_id LIMIT 1)
;
