-- The records of import table $1 come from bucket $3, key $4, in region $5; $2: the file's columns.
-- "N rows imported into relation .."
SELECT aws_s3.table_import_from_s3('import_' || $1::text, $2::text,
	$o$(format csv, header true, null 'NULL')$o$, $3::text, $4::text, $5::text) AS said
