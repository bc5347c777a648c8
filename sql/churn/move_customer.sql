-- $1 a random number: another street, and often a telephone.
UPDATE store.customers
   SET street = (1 + $1::bigint % 9999) || ' Harbour Road',
       phone = CASE WHEN $1::bigint % 3 = 0 THEN phone
                    ELSE '(555) 555-' || lpad(($1::bigint / 3 % 10000)::text, 4, '0') END
 WHERE customer_id = (SELECT customer_id FROM store.customers
                       WHERE is_active = 'Y' AND customer_id >= ($1::bigint % 1000000007)::text
                       ORDER BY customer_id LIMIT 1)
;
