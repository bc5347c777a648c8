-- $1 run
SELECT (extract(epoch FROM began) * 1000000)::bigint AS began_us,
    (extract(epoch FROM ended) * 1000000)::bigint AS ended_us
FROM ledger.busy WHERE run = $1::bigint ORDER BY began;
