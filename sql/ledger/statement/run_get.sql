SELECT id, pipeline, mode, warehouse, options, state, prefix, manifest, attempt, engine
FROM ledger.run WHERE id = $1::bigint;
