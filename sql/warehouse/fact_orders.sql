SELECT DISTINCT order_id FROM serving.fact_sales
WHERE order_date BETWEEN replace($1, '-', '') AND replace($2, '-', '')
