-- What an adoption does where nothing differs: part is audit, capture or server.
SELECT part, "table", does
FROM (
	SELECT 1 AS rank, 'audit' AS part, tbl AS "table",
		concat_ws(', ', 'add column ' || lacks, CASE WHEN NOT triggered THEN 'create trigger audit' END,
			CASE WHEN NOT ruled THEN 'create rule soft_delete on delete' END) AS does
	FROM (
		SELECT tbl,
			(SELECT string_agg(col, ' and ' ORDER BY n)
				FROM unnest('{created_at,updated_at,is_active}'::text[]) WITH ORDINALITY AS c(col, n)
				WHERE NOT EXISTS (SELECT FROM pg_attribute
					WHERE attrelid = rel AND attname = col AND NOT attisdropped)) AS lacks,
			EXISTS (SELECT FROM pg_trigger WHERE tgrelid = rel AND tgname = 'audit') AS triggered,
			EXISTS (SELECT FROM pg_rewrite WHERE ev_class = rel AND rulename = 'soft_delete') AS ruled
		FROM unnest('{customers,orders,products,staffs,stores}'::text[]) AS tbl
			LEFT JOIN (SELECT oid AS rel, relname FROM pg_class
				WHERE relnamespace = to_regnamespace('store')) AS c ON relname = tbl
	) AS a
	UNION ALL
	SELECT 2, 'server', NULL, 'create role ' || role
	FROM unnest('{bikeops_owner,bikeops_read,bikeops_run}'::text[]) AS role
	WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
	UNION ALL
	SELECT 3, 'server', NULL, 'create schema bikeops_capture'
	WHERE to_regnamespace('bikeops_capture') IS NULL
	UNION ALL
	SELECT 4, 'capture', tbl, 'create trigger ' || string_agg(name, ' and ' ORDER BY name)
	FROM (VALUES ('{customers,orders,order_items,products,staffs,stores}'::text[],
			'{bikeops_row,bikeops_truncate}'::text[]), ('{brands,categories}', '{bikeops_touch}'))
		AS w(tables, names), unnest(tables) AS tbl, unnest(names) AS name
	WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE c.relnamespace = to_regnamespace('store') AND c.relname = tbl AND t.tgname = name)
	GROUP BY tbl
) AS p
WHERE does <> ''
ORDER BY rank, "table"
