SELECT id AS run, mode, state, k, note,
    (extract(epoch FROM ended_at - started_at) * 1000)::bigint AS ms
FROM run WHERE id = $1::bigint;
