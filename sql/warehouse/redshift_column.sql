-- Where a column of a staging table stands: 1 is the first.
SELECT ordinal_position AS place FROM information_schema.columns
WHERE table_schema = 'staging' AND table_name = $1 AND column_name = $2
