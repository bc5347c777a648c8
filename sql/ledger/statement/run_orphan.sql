-- Run $1's process is gone: say so where its rows still speak of running.
WITH lease AS (
    DELETE FROM ledger.lease WHERE run = $1::bigint
), task AS (
    UPDATE ledger.task SET state = 'failed', ended_at = clock_timestamp(), error = 'the worker died'
    WHERE run = $1::bigint AND state = 'running'
), step AS (
    UPDATE ledger.step SET state = 'failed', ended_at = clock_timestamp()
    WHERE run = $1::bigint AND state = 'running'
)
UPDATE ledger.run
SET state = 'failed', ended_at = clock_timestamp(), error_code = 'remote', error = 'the worker died',
    hint = 'the next run takes everything; ''bikeops run resume ' || id || ''' goes on where it stood'
WHERE id = $1::bigint AND state IN ('queued', 'running');
