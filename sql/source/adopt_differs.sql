-- What of a store that is there cannot be captured, complete: table, column, what it has, what it
-- needs.  Columns more than these do no harm.  The catalogue alone is read: one who may not use the
-- schema is told so.
WITH need(tbl, col, kind) AS (
	SELECT tbl, unnest(string_to_array(cols, ' ')), kind
	FROM (VALUES ('stores', 'store_id store_name phone email street city state zip_code', 'text'),
		('staffs', 'staff_id first_name last_name email phone manager_id', 'text'),
		('brands', 'brand_id', 'int'), ('brands', 'brand_name', 'text'),
		('categories', 'category_id', 'int'), ('categories', 'category_name', 'text'),
		('products', 'product_id product_name', 'text'),
		('products', 'brand_id category_id model_year', 'int'), ('products', 'list_price', 'money'),
		('customers', 'customer_id first_name last_name phone email street city state zip_code',
			'text'),
		('orders', 'order_id customer_id store_id staff_id', 'text'),
		('orders', 'order_status_id', 'int'),
		('orders', 'order_date required_date shipped_date', 'date'),
		('order_items', 'order_id product_id', 'text'), ('order_items', 'item_id quantity', 'int'),
		('order_items', 'list_price discount', 'money')) AS n(tbl, cols, kind)
	UNION ALL
	SELECT unnest('{customers,staffs,products,stores,orders}'::text[]), col, kind
	FROM (VALUES ('created_at', 'time'), ('updated_at', 'audit'), ('is_active', 'active')) AS a(col, kind)
), key(tbl, cols) AS (VALUES ('stores', '{store_id}'::text[]), ('staffs', '{staff_id}'),
	('brands', '{brand_id}'), ('categories', '{category_id}'), ('products', '{product_id}'),
	('customers', '{customer_id}'), ('orders', '{order_id}'), ('order_items', '{order_id,item_id}')
), audit AS (
	SELECT oid, prosrc FROM pg_proc
	WHERE proname = 'audit' AND pronamespace = to_regnamespace('store') AND pronargs = 0
), tables AS (
	SELECT k.tbl, k.cols, c.oid, c.relkind, c.relowner, c.relrowsecurity
	FROM key k LEFT JOIN pg_class c ON c.relname = k.tbl
		AND c.relnamespace = to_regnamespace('store')
), columns AS (
	SELECT n.tbl, n.col, n.kind, a.attnum, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS has,
		CASE n.kind WHEN 'text' THEN a.atttypid IN ('varchar'::regtype, 'text'::regtype)
			WHEN 'int' THEN a.atttypid IN ('int4'::regtype, 'int2'::regtype)
			WHEN 'date' THEN a.atttypid = 'date'::regtype
			WHEN 'money' THEN a.atttypid = 'numeric'::regtype AND a.atttypmod > 0
				AND (a.atttypmod - 4) & 2047 = 2
			WHEN 'time' THEN a.atttypid = 'timestamptz'::regtype
			WHEN 'audit' THEN a.atttypid = 'timestamptz'::regtype AND a.attnotnull
			ELSE a.atttypid IN ('varchar'::regtype, 'text'::regtype) AND a.attnotnull END AS fits
	FROM need n JOIN tables t ON t.tbl = n.tbl AND t.relkind = 'r'
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = n.col AND NOT a.attisdropped
)
SELECT "table", "column", has, needs
FROM (
	SELECT 1 AS part, tbl AS "table", NULL AS "column",
		CASE WHEN oid IS NULL THEN 'no such table' ELSE 'no plain table' END AS has, 'a table' AS needs
	FROM tables WHERE relkind IS DISTINCT FROM 'r'
	UNION ALL
	SELECT 2, tbl, NULL, 'owned by ' || relowner::regrole,
		format('%s to be a member of %s', current_user, relowner::regrole)
	FROM tables WHERE NOT pg_has_role(relowner, 'USAGE')
	UNION ALL
	SELECT 3, tbl, col, CASE WHEN attnum IS NULL THEN 'no such column'
			ELSE has || CASE WHEN kind IN ('audit', 'active') AND NOT attnotnull THEN ', may be NULL'
				ELSE '' END END,
		CASE kind WHEN 'text' THEN 'varchar or text' WHEN 'int' THEN 'integer or smallint'
			WHEN 'money' THEN 'numeric with 2 decimals' WHEN 'date' THEN 'date'
			WHEN 'time' THEN 'timestamptz' WHEN 'audit' THEN 'timestamptz NOT NULL'
			ELSE 'varchar or text, NOT NULL' END
	FROM columns WHERE attnum IS NULL AND kind NOT IN ('time', 'audit', 'active')
		OR attnum IS NOT NULL AND NOT fits
	UNION ALL
	SELECT 4, tbl, array_to_string(cols, ', '), 'no primary key of this', 'primary key'
	FROM tables t WHERE relkind = 'r' AND NOT EXISTS (
		SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary
			AND cols @> ARRAY(SELECT attname::text FROM pg_attribute
				WHERE attrelid = t.oid AND attnum = ANY (i.indkey)))
	UNION ALL
	SELECT 5, tbl, NULL, 'row level security', 'none: rows would be left out unseen'
	FROM tables WHERE relrowsecurity
	UNION ALL
	SELECT 5, tbl, NULL, 'child tables', 'none: their changes fire no trigger'
	FROM tables t WHERE EXISTS (SELECT FROM pg_inherits WHERE inhparent = t.oid)
	UNION ALL
	SELECT 6, tbl, 'trigger ' || tgname, 'runs ' || tgfoid::regprocedure, 'no other trigger of this name'
	FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid
	WHERE tgname = 'audit' AND tgfoid NOT IN (SELECT oid FROM audit)
	UNION ALL
	SELECT 6, tbl, 'rule ' || rulename, pg_get_ruledef(r.oid), 'no other rule'
	FROM tables t JOIN pg_rewrite r ON r.ev_class = t.oid
	WHERE t.relkind = 'r' AND rulename <> 'soft_delete'
	UNION ALL
	SELECT 7, NULL, 'function store.audit()', 'another one', 'none of this name'
	FROM audit WHERE prosrc NOT LIKE '%OLD.updated_at%'
	UNION ALL
	SELECT 8, NULL, 'schema store', 'no right to create', format('GRANT CREATE to %s', current_user)
	WHERE NOT has_schema_privilege('store', 'CREATE')
	UNION ALL
	SELECT 8, NULL, 'database ' || current_database(), 'no right to create',
		format('GRANT CREATE to %s', current_user)
	WHERE to_regnamespace('bikeops_capture') IS NULL
		AND NOT has_database_privilege(current_database(), 'CREATE')
	UNION ALL
	SELECT 8, NULL, 'role ' || current_user, 'no CREATEROLE', 'CREATEROLE, to make bikeops_owner, bikeops_run, bikeops_read'
	FROM pg_roles WHERE rolname = current_user AND NOT rolcreaterole AND NOT rolsuper
		AND (SELECT count(*) FROM pg_roles
			WHERE rolname IN ('bikeops_owner', 'bikeops_run', 'bikeops_read')) < 3
) AS d
ORDER BY part, "table" NULLS LAST, "column"
