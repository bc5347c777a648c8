-- A full run read every order: a line of the fact that is not staged leaves it.
INSERT INTO staging.stg_orders (order_id)
SELECT order_id FROM staging.stg_sales UNION SELECT order_id FROM serving.fact_sales
