-- The last row that a COPY of this session would not take; texts come padded.
SELECT trim(file_name) AS object, line_number AS line, trim(column_name) AS column_name,
	trim(column_type) AS column_type, trim(column_length) AS column_length,
	trim(error_message) AS message
FROM sys_load_error_detail
WHERE session_id = pg_backend_pid()
ORDER BY query_id DESC, start_time DESC
LIMIT 1
