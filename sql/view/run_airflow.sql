SELECT options ->> 'airflow' AS airflow FROM ledger.run WHERE id = $1::bigint;
