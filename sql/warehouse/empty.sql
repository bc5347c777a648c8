-- Whoever publishes from staging holds a lock on batch, which is therefore named first.
TRUNCATE staging.batch, staging.counted, staging.stg_orders, staging.keys_read,
	staging.stg_customers, staging.stg_products, staging.stg_staffs, staging.stg_stores,
	staging.stg_date, staging.stg_sales
