-- What changed in the shop, written by its triggers in the transaction of the change.
SET LOCAL ROLE bikeops_owner
;
CREATE TABLE bikeops_capture.journal (
	seq bigint PRIMARY KEY, -- drawn under the row's lock: the order within a key
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(), -- the top-level one: savepoints are safe
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	tbl text NOT NULL,
	op text NOT NULL, -- I, U, D; T: the table was truncated
	key text NOT NULL,
	agg text NOT NULL, -- what is read again whole: the order; a dimension's own key
	img jsonb -- the whole new row of a dimension
)
;
CREATE SEQUENCE bikeops_capture.journal_seq CACHE 1 OWNED BY bikeops_capture.journal.seq
;
ALTER TABLE bikeops_capture.journal
	ALTER seq SET DEFAULT nextval('bikeops_capture.journal_seq')
;
CREATE INDEX journal_xid ON bikeops_capture.journal (xid)
;
-- One row.  A new id where changes may have been missed: it makes the next run a full one.
CREATE TABLE bikeops_capture.epoch (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	at timestamptz NOT NULL DEFAULT now(),
	shape text[] NOT NULL DEFAULT '{}', -- the columns that were there
	trimmed_below xid8 NOT NULL DEFAULT '0' -- the journal may lack rows of earlier ones
)
;
INSERT INTO bikeops_capture.epoch DEFAULT VALUES
;
CREATE TABLE bikeops_capture.consumers (
	warehouse text PRIMARY KEY,
	s pg_snapshot, -- what it has; NULL: nothing yet
	at timestamptz NOT NULL DEFAULT now(),
	business_timezone text
)
;
-- The id together with what else tells this server from a copy of it.  The owner's rights, so
-- that every role reads the same.
CREATE FUNCTION bikeops_capture.current_epoch() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	server text := '';
BEGIN
	BEGIN
		SELECT system_identifier INTO server FROM pg_control_system();
	EXCEPTION WHEN insufficient_privilege THEN NULL;
	END;
	RETURN (SELECT md5(concat_ws(' ', id, server, d.oid,
			substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)))::uuid -- the timeline
		FROM bikeops_capture.epoch, pg_database d WHERE datname = current_database());
END $$
;
-- The rows of the window that begins after bikeops.prev_snapshot and ends with the reader's
-- own snapshot.  = ANY (ARRAY (...)): IN (SELECT ...) would read the whole journal.
CREATE VIEW bikeops_capture.changes AS
SELECT * FROM bikeops_capture.journal
WHERE xid >= pg_snapshot_xmax(nullif(current_setting('bikeops.prev_snapshot'), '')::pg_snapshot)
	OR xid = ANY (ARRAY(SELECT pg_snapshot_xip(
		nullif(current_setting('bikeops.prev_snapshot'), '')::pg_snapshot)))
;
-- The orders that a window reads again whole, each with the first reason that holds.
CREATE VIEW bikeops_capture.dirty_orders AS
SELECT order_id, min(reason) AS reason
FROM (
	SELECT agg AS order_id, 'journal' AS reason FROM bikeops_capture.changes
	WHERE tbl IN ('orders', 'order_items') AND op <> 'T'
	UNION ALL
	SELECT order_id, 'range' FROM store.orders
	WHERE current_setting('bikeops.from') <> ''
		AND order_date BETWEEN nullif(current_setting('bikeops.from'), '')::date
			AND nullif(current_setting('bikeops.to'), '')::date
	UNION ALL
	SELECT unnest(current_setting('bikeops.extra_orders')::text[]), 'range'
) AS dirty
GROUP BY order_id
;
-- Transactions of this database that write, or are prepared: their changes are in a later batch.
-- How long and what of others, if the owner may read pg_stat_activity whole.
CREATE FUNCTION bikeops_capture.open_transactions(OUT prepared boolean, OUT since timestamptz,
	OUT who text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT false, a.xact_start, format('pid %s', a.pid)
		|| coalesce(format(', %s: %s', date_trunc('second', now() - a.xact_start), a.state), '')
	FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock'
		AND a.datname = current_database() AND a.pid <> pg_backend_pid()
	UNION ALL
	SELECT true, p.prepared,
		format('prepared %L, %s', p.gid, date_trunc('second', now() - p.prepared))
	FROM pg_prepared_xacts p WHERE p.database = current_database() $$
;
-- The triggers without which changes are lost.
CREATE VIEW bikeops_capture.watched AS
SELECT w.tbl, w.tgname, coalesce(t.tgenabled = 'A', false) AS intact
FROM (
	SELECT tbl, tgname FROM unnest(
		'{customers,staffs,products,stores,orders,order_items}'::text[]) AS tbl,
		unnest('{bikeops_row,bikeops_truncate}'::text[]) AS tgname
	UNION ALL
	SELECT tbl, 'bikeops_touch' FROM unnest('{brands,categories}'::text[]) AS tbl
	UNION ALL
	SELECT tbl, 'audit' FROM unnest('{customers,staffs,products,stores,orders}'::text[]) AS tbl
) AS w
LEFT JOIN pg_namespace n ON n.nspname = 'store'
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.tbl
LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = w.tgname
;
CREATE VIEW bikeops_capture.shape AS
SELECT format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)) AS col
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'store' AND a.attnum > 0 AND NOT a.attisdropped
	AND c.relname = ANY ('{customers,staffs,products,stores,orders,order_items,brands,categories}')
;
-- Columns that are gone or of another type since capture was installed; new ones do no harm.
CREATE VIEW bikeops_capture.lost_columns AS
SELECT unnest(shape) AS col FROM bikeops_capture.epoch
EXCEPT SELECT col FROM bikeops_capture.shape
;
RESET ROLE
