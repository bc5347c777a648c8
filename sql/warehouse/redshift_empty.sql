-- TRUNCATE would commit.  Whoever publishes from staging has read batch: wait for its end.
LOCK staging.batch
;
DELETE FROM staging.stg_customers
;
DELETE FROM staging.stg_products
;
DELETE FROM staging.stg_staffs
;
DELETE FROM staging.stg_stores
;
DELETE FROM staging.stg_date
;
DELETE FROM staging.stg_sales
;
DELETE FROM staging.stg_orders
;
DELETE FROM staging.keys_read
;
DELETE FROM staging.counted
;
DELETE FROM staging.batch
