-- $1 warehouse: the books of the last run that published
SELECT what,
    max(n) FILTER (WHERE tbl = 'stores') AS stores,
    max(n) FILTER (WHERE tbl = 'customers') AS customers,
    max(n) FILTER (WHERE tbl = 'products') AS products,
    max(n) FILTER (WHERE tbl = 'staffs') AS staffs,
    max(n) FILTER (WHERE tbl = 'sales') AS sales,
    max(n) FILTER (WHERE tbl = 'dates') AS dates
FROM book
WHERE warehouse = $1
    AND run = (SELECT max(id) FROM run WHERE warehouse = $1 AND k IS NOT NULL)
GROUP BY what
ORDER BY array_position('{read,staged,superseded,rejected,before,inserted,updated,deleted,unchanged,removed,absent,after,inferred,repointed,keyless}'::text[], what);
