-- Whom the sessions of this program in this database wait for, and whom those wait for in turn.
-- Of others' sessions state and age are hidden from one who is no member of pg_read_all_stats.
WITH RECURSIVE waits AS (
	SELECT pid, application_name AS waiter, holder
	FROM pg_stat_activity CROSS JOIN unnest(pg_blocking_pids(pid)) AS holder
	WHERE datname = current_database() AND application_name LIKE 'bikeops%'
	UNION
	SELECT w.holder, 'pid ' || w.holder, h.holder
	FROM waits w CROSS JOIN unnest(pg_blocking_pids(w.holder)) AS h (holder)
)
SELECT 'locks' AS name, coalesce(string_agg(DISTINCT w.waiter || ' waits for ' || CASE w.holder
		WHEN 0 THEN 'a prepared transaction'
		ELSE concat('pid ', w.holder, ', ',
			coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), 'a session'),
			' of ' || a.usename,
			', open for ' || date_trunc('second', clock_timestamp() - a.xact_start) || ': ' || a.state)
		END, '; '), 'nobody waits') AS value, 'nobody waits' AS "limit",
	CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warn' END AS state,
	CASE WHEN count(*) > 0 THEN coalesce('end its transaction, or the session: SELECT pg_terminate_backend('
		|| min(a.pid) FILTER (WHERE a.pid NOT IN (SELECT pid FROM waits)) || ')',
		'COMMIT PREPARED or ROLLBACK PREPARED ends it: pg_prepared_xacts has its name') END AS hint
FROM waits w LEFT JOIN pg_stat_activity a ON a.pid = w.holder
