-- May the whole shop be counted beside this window?
SELECT current_setting('bikeops.full')::boolean OR reltuples < 200000 AS cheap
FROM pg_class WHERE oid = 'store.order_items'::regclass
