-- staffs.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_staffs (line bigint, staff_id text, first_name text, last_name text,
	email text, phone text, active text, store_id text, manager_id text) ON COMMIT DROP
;
COPY import_staffs FROM STDIN
;
INSERT INTO store.staffs
SELECT staff_id, first_name, last_name, email, phone, active::int, store_id,
	coalesce(manager_id, '1'), at, at, 'Y'
FROM import_staffs, pg_temp.midnight('2016-01-01') AS at
