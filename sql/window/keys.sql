-- The keys that a full run read: what is open in serving and not among them is gone.
SELECT 'customers' AS entity, customer_id AS id FROM store.customers
UNION ALL SELECT 'products', product_id FROM store.products
UNION ALL SELECT 'staffs', staff_id FROM store.staffs
UNION ALL SELECT 'stores', store_id FROM store.stores
