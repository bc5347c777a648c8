-- $1 a random number, $2 the key: somebody new, in a town where the shop has customers.
INSERT INTO store.customers (customer_id, first_name, last_name, phone, email, street, city, state,
                             zip_code)
SELECT $2::text, first_name, last_name, NULL, 'customer' || $2::text || '@example.net',
       (1 + $1::bigint % 999) || ' New Street', city, state, zip_code
  FROM store.customers
 WHERE customer_id >= ($1::bigint % 1000000007)::text
 ORDER BY customer_id LIMIT 1
;
