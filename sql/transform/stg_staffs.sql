-- stg_staffs: the last image of a staff on each business day.
-- typed: each value as staging holds it (*_v), NULL where it does not fit.  A value that did not
-- come through breaks a rule; a deletion is not refused for its attributes, they stay NULL.
WITH typed AS (
	SELECT
		*,
		CASE WHEN cast(try_cast(seq AS bigint) AS string) = seq
			THEN try_cast(seq AS bigint) END AS seq_v,
		CASE WHEN cast(try_cast(day AS date) AS string) = day
			AND try_cast(day AS date) BETWEEN date '1900-01-01' AND date '2199-12-31'
			THEN try_cast(day AS date) END AS day_v,
		CASE WHEN bit_length(first_name) <= 8 * 255 THEN first_name END AS first_name_v,
		CASE WHEN bit_length(last_name) <= 8 * 255 THEN last_name END AS last_name_v,
		CASE WHEN bit_length(email) <= 8 * 255 THEN email END AS email_v,
		CASE WHEN bit_length(phone) <= 8 * 15 THEN phone END AS phone_v,
		CASE WHEN bit_length(manager_id) <= 8 * 15 THEN manager_id END AS manager_id_v
	FROM raw_staffs
),
ruled AS (
	SELECT
		*,
		CASE
			WHEN seq_v IS NULL THEN 'seq: not a number'
			WHEN staff_id IS NULL THEN 'staff_id: missing'
			WHEN bit_length(staff_id) > 8 * 15 THEN 'staff_id: longer than 15 bytes'
			WHEN day_v IS NULL THEN 'updated_at: not a day from 1900 to 2199'
			WHEN is_active IS NULL OR is_active NOT IN ('Y', 'N')
				THEN 'is_active: not Y or N'
			WHEN is_active = 'N' THEN NULL
			WHEN first_name_v IS NULL AND first_name IS NOT NULL
				THEN 'first_name: longer than 255 bytes'
			WHEN last_name_v IS NULL AND last_name IS NOT NULL
				THEN 'last_name: longer than 255 bytes'
			WHEN email_v IS NULL AND email IS NOT NULL
				THEN 'email: longer than 255 bytes'
			WHEN phone_v IS NULL AND phone IS NOT NULL
				THEN 'phone: longer than 15 bytes'
			WHEN manager_id_v IS NULL AND manager_id IS NOT NULL
				THEN 'manager_id: longer than 15 bytes'
		END AS _rule
	FROM typed
),
-- A day never goes backwards within a key, whatever a clock did.
dated AS (
	SELECT
		*,
		max(day_v) OVER (
			PARTITION BY staff_id, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
			ORDER BY seq_v NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
		) AS eff_day
	FROM ruled
)
SELECT
	cast(staff_id AS string) AS staff_id,
	cast(first_name_v AS string) AS first_name,
	cast(last_name_v AS string) AS last_name,
	cast(email_v AS string) AS email,
	cast(phone_v AS string) AS phone,
	cast(manager_id_v AS string) AS manager_id,
	cast(eff_day AS date) AS eff_date,
	cast(is_active AS string) AS is_active,
	_rule,
	cast(staff_id AS string) AS _key,
	CASE WHEN _rule IS NULL THEN row_number() OVER (
		PARTITION BY staff_id, eff_day, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
		ORDER BY seq_v DESC NULLS LAST
	) ELSE 0 END AS _n,
	CASE WHEN _rule IS NOT NULL THEN concat_ws(
		',',
		coalesce('"' || replace(seq, '"', '""') || '"', ''),
		coalesce('"' || replace(op, '"', '""') || '"', ''),
		coalesce('"' || replace(day, '"', '""') || '"', ''),
		coalesce('"' || replace(staff_id, '"', '""') || '"', ''),
		coalesce('"' || replace(first_name, '"', '""') || '"', ''),
		coalesce('"' || replace(last_name, '"', '""') || '"', ''),
		coalesce('"' || replace(email, '"', '""') || '"', ''),
		coalesce('"' || replace(phone, '"', '""') || '"', ''),
		coalesce('"' || replace(manager_id, '"', '""') || '"', ''),
		coalesce('"' || replace(is_active, '"', '""') || '"', '')
	) END AS _raw,
	_object
FROM dated
