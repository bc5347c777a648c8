-- What an import needs for its own transaction: temporary functions.
CREATE FUNCTION pg_temp.midnight(day date) RETURNS timestamptz LANGUAGE sql AS $$
	SELECT day::timestamp AT TIME ZONE current_setting('bikeops.timezone') $$
;
SELECT pg_temp.midnight('2016-01-01') -- an unknown zone fails here, before any work
;
CREATE FUNCTION pg_temp.is_int(value text) RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE WHEN value ~ '^-?[0-9]{1,10}$'
		THEN value::bigint BETWEEN -2147483648 AND 2147483647 ELSE false END $$
;
CREATE FUNCTION pg_temp.is_date(value text) RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE WHEN value !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN false
		WHEN value < '0001' THEN false
		WHEN right(value, 2) <= '28' THEN true
		ELSE right(value, 2)::int <= extract(day FROM
			make_date(left(value, 4)::int, substr(value, 6, 2)::int, 1)
			+ interval '1 month' - interval '1 day') END $$
;
-- One row for each column of a file: what breaks it, after the type that it gets in the shop.
CREATE FUNCTION pg_temp.import_rules(file text,
	OUT n smallint, OUT col text, OUT target smallint, OUT broken text, OUT reason text)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT f.attnum, f.attname, t.attnum,
		CASE WHEN t.attnotnull THEN format('%I IS NULL OR ', f.attname) ELSE '' END
		|| CASE WHEN f.attname = 'order_status' THEN $f$order_status NOT IN ('1', '2', '3', '4')$f$
			ELSE format(CASE t.atttypid
				WHEN 'int'::regtype THEN 'NOT pg_temp.is_int(%I)'
				WHEN 'date'::regtype THEN 'NOT pg_temp.is_date(%I)'
				WHEN 'numeric'::regtype THEN '%I !~ ''^-?[0-9]{1,%s}([.][0-9]{1,%s})?$'''
				ELSE 'length(%I) > %s' END,
			f.attname,
			CASE t.atttypid WHEN 'numeric'::regtype
				THEN ((t.atttypmod - 4) >> 16) - ((t.atttypmod - 4) & 2047)
				ELSE t.atttypmod - 4 END,
			(t.atttypmod - 4) & 2047) END,
		CASE WHEN f.attname = 'order_status' THEN 'no order status, 1 to 4'
			WHEN t.atttypid = 'varchar'::regtype
				THEN format('longer than %s characters', t.atttypmod - 4)
			ELSE 'no ' || format_type(t.atttypid, t.atttypmod) END
	FROM pg_attribute f JOIN pg_attribute t
		ON t.attname IN (f.attname, f.attname || '_id')
	WHERE f.attrelid = ('pg_temp.import_' || file)::regclass AND f.attnum > 1
		AND t.attrelid = ('store.' || file)::regclass $$
;
-- The first line whose values break a rule.
CREATE FUNCTION pg_temp.import_type_fault(file text,
	OUT line bigint, OUT col text, OUT reason text)
LANGUAGE plpgsql AS $$
DECLARE
	bad text;
	named text;
BEGIN
	SELECT string_agg(broken, ' OR ' ORDER BY n),
		string_agg(format('(%s, %L, %I, %s, %L)', n, r.col, r.col, broken, r.reason), ', ')
	INTO bad, named FROM pg_temp.import_rules(file) AS r;
	EXECUTE format('SELECT i.line, v.col, '
		'CASE WHEN v.value IS NULL THEN ''NULL may not stand there'' '
		'ELSE format(''%%L is %%s'', left(v.value, 40), v.reason) END '
		'FROM (SELECT * FROM pg_temp.import_%s WHERE %s ORDER BY line LIMIT 1) AS i, '
		'LATERAL (VALUES %s) AS v(n, col, value, broken, reason) '
		'WHERE v.broken ORDER BY v.n LIMIT 1', file, bad, named)
	INTO line, col, reason;
END $$
;
-- The first line with a key that an earlier line has.
CREATE FUNCTION pg_temp.import_key_fault(file text,
	OUT line bigint, OUT col text, OUT reason text)
LANGUAGE plpgsql AS $$
DECLARE
	key text;
BEGIN
	SELECT string_agg(format('%I::%s', r.col, format_type(a.atttypid, NULL)), ', ' ORDER BY n),
		string_agg(r.col, ', ' ORDER BY n)
	INTO key, col
	FROM pg_constraint c, pg_temp.import_rules(file) AS r, pg_attribute a
	WHERE c.conrelid = ('store.' || file)::regclass AND c.contype = 'p'
		AND a.attrelid = c.conrelid AND a.attnum = r.target AND r.target = ANY (c.conkey);
	EXECUTE format('SELECT lines[2], ''the key of line '' || lines[1] || '' once more'' '
		'FROM (SELECT (array_agg(line ORDER BY line))[1:2] AS lines '
		'FROM pg_temp.import_%s GROUP BY %s HAVING count(*) > 1) AS twice '
		'ORDER BY 1 LIMIT 1', file, key)
	INTO line, reason;
END $$
;
-- The first line that refers to a row that no file has; staffs without a manager have '1'.
CREATE FUNCTION pg_temp.import_reference_fault(file text,
	OUT line bigint, OUT col text, OUT reason text)
LANGUAGE plpgsql AS $$
DECLARE
	f record;
	found_line bigint;
	value text;
BEGIN
	FOR f IN
		SELECT r.col, p.relname AS parent, k.attname AS parent_col,
			format_type(k.atttypid, NULL) AS type,
			CASE r.col WHEN 'manager_id' THEN $m$coalesce(manager_id, '1')$m$
				ELSE quote_ident(r.col) END AS child
		FROM pg_constraint c, pg_temp.import_rules(file) AS r, pg_class p, pg_attribute k
		WHERE c.conrelid = ('store.' || file)::regclass AND c.contype = 'f'
			AND c.conkey = ARRAY[r.target] AND p.oid = c.confrelid
			AND k.attrelid = p.oid AND k.attnum = c.confkey[1] AND p.relname <> 'order_status'
		ORDER BY r.n
	LOOP
		EXECUTE format('SELECT c.line, c.value '
			'FROM (SELECT line, %s AS value FROM pg_temp.import_%s) AS c '
			'WHERE c.value IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.import_%s AS p '
			'WHERE p.%I::%s = c.value::%5$s) ORDER BY 1 LIMIT 1',
			f.child, file, f.parent, f.parent_col, f.type)
		INTO found_line, value;
		IF found_line < line OR line IS NULL AND found_line IS NOT NULL THEN
			line := found_line;
			col := f.col;
			reason := format('%s has no %L', f.parent || '.csv', value);
		END IF;
	END LOOP;
END $$
