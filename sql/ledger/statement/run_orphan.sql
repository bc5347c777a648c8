-- Run $1's process is gone: say so where its rows still speak of running, and give its id then.  Each beat had given its
-- lease 60 s more.
WITH lease AS (
    DELETE FROM ledger.lease WHERE run = $1::bigint RETURNING expires_at - interval '60 s' AS beat
), died AS (
    SELECT concat('the worker died: pid ', r.pid, ' on ', r.host,
        ', last heartbeat ' || to_char(l.beat, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS error
    FROM ledger.run r LEFT JOIN lease l ON true WHERE r.id = $1::bigint
), task AS (
    UPDATE ledger.task t SET state = 'failed', ended_at = clock_timestamp(), error = d.error
    FROM died d WHERE t.run = $1::bigint AND t.state = 'running'
), step AS (
    UPDATE ledger.step SET state = 'failed', ended_at = clock_timestamp()
    WHERE run = $1::bigint AND state = 'running'
)
UPDATE ledger.run r
SET state = 'failed', ended_at = clock_timestamp(), error_code = 'remote', error = d.error,
    hint = 'the next run takes everything; ''bikeops run resume ' || r.id || ''' goes on where it stood'
FROM died d
WHERE r.id = $1::bigint AND r.state IN ('queued', 'running')
RETURNING r.id;
