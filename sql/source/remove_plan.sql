-- What is bikeops' own here, in the order in which it goes.
-- $1: the audit columns with their triggers and rules go too.
SELECT part, "table", does
FROM (
	SELECT 1 AS rank, 'capture' AS part, c.relname AS "table",
		'drop trigger ' || string_agg(tgname, ' and ' ORDER BY tgname) AS does
	FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
	WHERE c.relnamespace = to_regnamespace('store')
		AND tgname IN ('bikeops_row', 'bikeops_truncate', 'bikeops_touch')
	GROUP BY c.relname
	UNION ALL
	SELECT 2, 'server', NULL, 'drop schema bikeops_capture with the journal'
	WHERE to_regnamespace('bikeops_capture') IS NOT NULL
	UNION ALL
	SELECT 3, 'audit', tbl, 'drop created_at, updated_at, is_active, their trigger and rule'
	FROM unnest('{customers,orders,products,staffs,stores}'::text[]) AS tbl
	WHERE $1::boolean AND EXISTS (SELECT FROM pg_trigger
		WHERE tgrelid = to_regclass('store.' || tbl) AND tgfoid = to_regprocedure('store.audit()'))
) AS p
ORDER BY rank, "table"
