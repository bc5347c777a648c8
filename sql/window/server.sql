-- May this server be asked at all?
SELECT pg_is_in_recovery() AS standby,
	EXISTS (SELECT FROM pg_namespace WHERE nspname = 'bikeops_capture') AS captured
