-- What run $1 published, a row a table.
SELECT tbl AS "table",
    sum(n) FILTER (WHERE what = 'read')::bigint AS read,
    sum(n) FILTER (WHERE what = 'rejected')::bigint AS rejected,
    sum(n) FILTER (WHERE what = 'staged')::bigint AS staged,
    sum(n) FILTER (WHERE what = 'inserted')::bigint AS inserted,
    sum(n) FILTER (WHERE what = 'updated')::bigint AS updated,
    sum(n) FILTER (WHERE what = 'unchanged')::bigint AS unchanged,
    sum(n) FILTER (WHERE what IN ('deleted', 'removed'))::bigint AS removed,
    sum(n) FILTER (WHERE what = 'repointed')::bigint AS repointed
FROM book
WHERE run = $1::bigint
GROUP BY tbl
ORDER BY array_position(ARRAY['stores', 'customers', 'dates', 'products', 'staffs', 'sales'], tbl);
