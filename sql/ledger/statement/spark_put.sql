-- $1 run, $2 name of an application of its own, $3 job, $4 its state, $5 open.  On disk at once: nobody else knows of it.
INSERT INTO ledger.spark_job (run, application, job, state, open)
VALUES ($1::bigint, $2, $3, $4, $5::boolean)
ON CONFLICT (run) DO UPDATE
SET application = excluded.application, job = excluded.job, state = excluded.state, open = excluded.open
RETURNING set_config('synchronous_commit', 'on', true);
