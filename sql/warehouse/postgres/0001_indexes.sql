-- A batch finds the versions of a key, the lines of an order, and the facts of a version from a
-- day on.  All else is read whole.
CREATE UNIQUE INDEX dim_customers_version ON serving.dim_customers (customer_id, eff_date)
;
CREATE UNIQUE INDEX dim_products_version ON serving.dim_products (product_id, eff_date)
;
CREATE UNIQUE INDEX dim_staffs_version ON serving.dim_staffs (staff_id, eff_date)
;
CREATE UNIQUE INDEX dim_stores_version ON serving.dim_stores (store_id, eff_date)
;
CREATE UNIQUE INDEX fact_sales_line ON serving.fact_sales (order_id, item_id)
;
CREATE INDEX fact_sales_customer ON serving.fact_sales (customer_key, order_date)
;
CREATE INDEX fact_sales_product ON serving.fact_sales (product_key, order_date)
;
CREATE INDEX fact_sales_staff ON serving.fact_sales (staff_key, order_date)
;
CREATE INDEX fact_sales_store ON serving.fact_sales (store_key, order_date)
