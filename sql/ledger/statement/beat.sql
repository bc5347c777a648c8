-- $1 run: 60 s more, and has anybody asked for its end?
WITH lease AS (
    UPDATE ledger.lease SET expires_at = clock_timestamp() + interval '60 s' WHERE run = $1::bigint
)
SELECT cancel_requested FROM ledger.run WHERE id = $1::bigint;
