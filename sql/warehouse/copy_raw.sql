COPY staging.{table} FROM STDIN (FORMAT csv, HEADER true)
