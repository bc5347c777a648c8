-- Is no other churn playing, and which keys come next?  The lock ends with the session.
SELECT pg_try_advisory_lock(hashtext('bikeops churn')) AS alone,
       (SELECT coalesce(max(order_id::bigint), 0) + 1 FROM store.orders
         WHERE order_id ~ '^[0-9]{1,14}$') AS next_order,
       (SELECT coalesce(max(customer_id::bigint), 0) + 1 FROM store.customers
         WHERE customer_id ~ '^[0-9]{1,14}$') AS next_customer
;
