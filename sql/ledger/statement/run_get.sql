SELECT id, pipeline, mode, warehouse, options, state, prefix, manifest, attempt
FROM ledger.run WHERE id = $1::bigint;
