ANALYZE staging.{table}
