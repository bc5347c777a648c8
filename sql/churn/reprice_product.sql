-- $1 a random number: a price goes up or down by a twentieth, to .99.
UPDATE store.products
   SET list_price = greatest(trunc(list_price * (95 + $1::bigint % 11) / 100) + 0.99, 9.99)
 WHERE product_id = (SELECT product_id FROM store.products
                      WHERE is_active = 'Y' ORDER BY md5(product_id || $1) LIMIT 1)
;
