-- RDS runs the query $1 in this snapshot and writes its rows to bucket $2, key $3, in region $4.
-- Larger than about 6 GB: more objects, KEY_part2 and so on.
SELECT rows_uploaded, files_uploaded, bytes_uploaded
FROM aws_s3.query_export_to_s3($1::text, $2::text, $3::text, $4::text, 'format csv, header true')
