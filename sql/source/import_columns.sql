-- The columns of one file, in the order of its import table.
SELECT attname FROM pg_attribute
WHERE attrelid = ('pg_temp.import_' || $1)::regclass AND attnum > 1 ORDER BY attnum
