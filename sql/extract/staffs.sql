-- staffs: every row in a full run, else the images that the window's journal rows carry.
SELECT 0 AS seq, 'F' AS op,
	(updated_at AT TIME ZONE current_setting('bikeops.timezone'))::date AS day,
	staff_id, first_name, last_name, email, phone, manager_id, is_active
FROM store.staffs
WHERE current_setting('bikeops.full')::boolean
UNION ALL
SELECT seq, op,
	((img ->> 'updated_at')::timestamptz AT TIME ZONE current_setting('bikeops.timezone'))::date,
	img ->> 'staff_id', img ->> 'first_name', img ->> 'last_name', img ->> 'email',
	img ->> 'phone', img ->> 'manager_id', img ->> 'is_active'
FROM bikeops_capture.changes
WHERE tbl = 'staffs' AND op <> 'T' AND NOT current_setting('bikeops.full')::boolean
