-- The three roles, of the whole cluster: other databases may be making them at this moment.
DO $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY ARRAY['bikeops_owner', 'bikeops_run', 'bikeops_read'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', role);
			EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
			END;
		END IF;
		FOR try IN 1..10 LOOP
			-- A member by creation (PostgreSQL 16) may not act as the role yet.
			EXIT WHEN EXISTS (SELECT FROM pg_auth_members m
				WHERE m.roleid = role::regrole AND m.member = current_user::regrole
				AND (to_jsonb(m) ->> 'set_option') IS DISTINCT FROM 'false');
			BEGIN
				EXECUTE format('GRANT %I TO CURRENT_USER', role);
			EXCEPTION WHEN unique_violation OR internal_error THEN
				PERFORM pg_sleep(0.05);
			END;
		END LOOP;
	END LOOP;
	-- To say how long others' transactions are open; it works without.
	BEGIN
		GRANT pg_read_all_stats TO bikeops_owner;
	EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN NULL;
	END;
END $$
;
CREATE SCHEMA IF NOT EXISTS bikeops_capture AUTHORIZATION bikeops_owner
