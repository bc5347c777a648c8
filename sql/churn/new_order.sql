-- $1 a random number, $2 the key: an order of today with one to five lines.
WITH customer AS (
    (SELECT customer_id FROM store.customers
      WHERE is_active = 'Y' AND customer_id >= ($1::bigint % 1000000007)::text
      ORDER BY customer_id LIMIT 1)
    UNION ALL
    (SELECT customer_id FROM store.customers WHERE is_active = 'Y' ORDER BY customer_id LIMIT 1)
    LIMIT 1
), staff AS (
    SELECT staff_id, store_id FROM store.staffs
     WHERE is_active = 'Y' ORDER BY md5(staff_id || $1) LIMIT 1
), ordered AS (
    INSERT INTO store.orders (order_id, customer_id, order_status_id, order_date, required_date,
                              store_id, staff_id)
    SELECT $2, customer_id, 1, current_date, current_date + 1 + ($1::bigint % 3)::int,
           store_id, staff_id
      FROM customer, staff
    RETURNING order_id
)
INSERT INTO store.order_items (order_id, item_id, product_id, quantity, list_price, discount)
SELECT order_id, row_number() OVER (ORDER BY product_id), product_id,
       1 + (ascii(md5(product_id || $1)) % 2), list_price,
       (ARRAY[0.05, 0.07, 0.1, 0.2])[1 + ($1::bigint / 5 % 4)::int]
  FROM ordered,
       (SELECT product_id, list_price FROM store.products
         WHERE is_active = 'Y' ORDER BY md5(product_id || $1)
         LIMIT 1 + ($1::bigint / 11 % 5)::int) AS product
;
