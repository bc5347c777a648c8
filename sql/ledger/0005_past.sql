-- The ledger as of the moment in bikeops.at, for a session whose search_path begins with past.
-- Nothing is recorded for it: what ended later had not ended then.
CREATE SCHEMA past;

CREATE FUNCTION past.at() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT current_setting('bikeops.at')::timestamptz $$;

CREATE VIEW past.task AS
SELECT run, name, attempt, ordinal, CASE WHEN over THEN state ELSE 'running' END AS state,
    started_at, CASE WHEN over THEN ended_at END AS ended_at,
    CASE WHEN over THEN peak_kib END AS peak_kib, CASE WHEN over THEN error END AS error
FROM ledger.task, LATERAL (SELECT coalesce(ended_at <= past.at(), false) AS over) o
WHERE started_at <= past.at();

-- How far a step had come is not known until it ended.
CREATE VIEW past.step AS
SELECT run, name, attempt, ordinal, CASE WHEN over THEN state ELSE 'running' END AS state,
    CASE WHEN over THEN rows ELSE 0 END AS rows, CASE WHEN over THEN bytes ELSE 0 END AS bytes,
    total, started_at, CASE WHEN over THEN ended_at END AS ended_at, NULL::text AS note
FROM ledger.step, LATERAL (SELECT coalesce(ended_at <= past.at(), false) AS over) o
WHERE started_at <= past.at();

-- One that was resumed later had failed: its last task of then tells.
CREATE VIEW past.run AS
SELECT id, pipeline, mode,
    CASE WHEN over THEN r.state WHEN failed THEN 'failed'
        WHEN r.started_at <= past.at() THEN 'running' ELSE 'queued' END AS state,
    warehouse, requested_by, options, host, pid, pid_start, coalesce(t.attempt, 0) AS attempt,
    created_at, CASE WHEN r.started_at <= past.at() THEN r.started_at END AS started_at,
    CASE WHEN over THEN r.ended_at WHEN failed THEN t.ended_at END AS ended_at,
    false AS cancel_requested, prefix, CASE WHEN over THEN manifest END AS manifest,
    CASE WHEN over THEN k END AS k, note, engine, program,
    CASE WHEN over THEN error_code END AS error_code,
    CASE WHEN over THEN r.error WHEN failed THEN t.name || ' failed: ' || t.error END AS error,
    CASE WHEN over THEN hint END AS hint
FROM ledger.run r
LEFT JOIN LATERAL (
    SELECT name, attempt, state, ended_at, error FROM past.task
    WHERE run = r.id
    ORDER BY attempt DESC, ordinal DESC
    LIMIT 1
) t ON true,
    LATERAL (SELECT coalesce(r.ended_at <= past.at(), false) AS over,
        coalesce(t.state = 'failed', false) AS failed) o
WHERE created_at <= past.at();

CREATE VIEW past.layer AS SELECT * FROM ledger.layer WHERE at <= past.at();

CREATE VIEW past.event AS SELECT * FROM ledger.event WHERE at <= past.at();

CREATE VIEW past.cost AS SELECT * FROM ledger.cost WHERE at <= past.at();

CREATE VIEW past.book AS
SELECT b.* FROM ledger.book b JOIN ledger.run r ON r.id = b.run WHERE r.ended_at <= past.at();

-- Who held it then is not known.
CREATE VIEW past.lease AS SELECT * FROM ledger.lease WHERE false;
