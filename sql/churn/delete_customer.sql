-- $1 a random number: somebody leaves.  Where soft-delete rules stand, the row stays, inactive.
DELETE FROM store.customers
 WHERE customer_id = (SELECT customer_id FROM store.customers
                       WHERE is_active = 'Y' AND customer_id >= ($1::bigint % 1000000007)::text
                       ORDER BY customer_id LIMIT 1)
;
