-- RPU-seconds charged since $1; a superuser alone sees rows, and a minute only when it is over.
SELECT coalesce(sum(charged_seconds), 0) AS rpu_seconds FROM sys_serverless_usage
WHERE end_time >= cast($1 AS timestamp)
