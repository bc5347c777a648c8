-- stg_stores: the last image of a store on each business day.
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
		CASE WHEN bit_length(store_name) <= 8 * 255 THEN store_name END AS store_name_v,
		CASE WHEN bit_length(phone) <= 8 * 15 THEN phone END AS phone_v,
		CASE WHEN bit_length(email) <= 8 * 255 THEN email END AS email_v,
		CASE WHEN bit_length(street) <= 8 * 255 THEN street END AS street_v,
		CASE WHEN bit_length(city) <= 8 * 255 THEN city END AS city_v,
		CASE WHEN bit_length(state) <= 8 * 2 THEN state END AS state_v,
		CASE WHEN bit_length(zip_code) <= 8 * 5 THEN zip_code END AS zip_code_v
	FROM raw_stores
),
ruled AS (
	SELECT
		*,
		CASE
			WHEN seq_v IS NULL THEN 'seq: not a number'
			WHEN store_id IS NULL THEN 'store_id: missing'
			WHEN bit_length(store_id) > 8 * 15 THEN 'store_id: longer than 15 bytes'
			WHEN day_v IS NULL THEN 'updated_at: not a day from 1900 to 2199'
			WHEN is_active IS NULL OR is_active NOT IN ('Y', 'N')
				THEN 'is_active: not Y or N'
			WHEN is_active = 'N' THEN NULL
			WHEN store_name_v IS NULL AND store_name IS NOT NULL
				THEN 'store_name: longer than 255 bytes'
			WHEN phone_v IS NULL AND phone IS NOT NULL
				THEN 'phone: longer than 15 bytes'
			WHEN email_v IS NULL AND email IS NOT NULL
				THEN 'email: longer than 255 bytes'
			WHEN street_v IS NULL AND street IS NOT NULL
				THEN 'street: longer than 255 bytes'
			WHEN city_v IS NULL AND city IS NOT NULL THEN 'city: longer than 255 bytes'
			WHEN state_v IS NULL AND state IS NOT NULL THEN 'state: longer than 2 bytes'
			WHEN zip_code_v IS NULL AND zip_code IS NOT NULL
				THEN 'zip_code: longer than 5 bytes'
		END AS _rule
	FROM typed
),
-- A day never goes backwards within a key, whatever a clock did.
dated AS (
	SELECT
		*,
		max(day_v) OVER (
			PARTITION BY store_id, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
			ORDER BY seq_v NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
		) AS eff_day
	FROM ruled
)
SELECT
	cast(store_id AS string) AS store_id,
	cast(store_name_v AS string) AS store_name,
	cast(phone_v AS string) AS phone,
	cast(email_v AS string) AS email,
	cast(street_v AS string) AS street,
	cast(city_v AS string) AS city,
	cast(state_v AS string) AS state,
	cast(zip_code_v AS string) AS zip_code,
	cast(eff_day AS date) AS eff_date,
	cast(is_active AS string) AS is_active,
	_rule,
	cast(store_id AS string) AS _key,
	CASE WHEN _rule IS NULL THEN row_number() OVER (
		PARTITION BY store_id, eff_day, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
		ORDER BY seq_v DESC NULLS LAST
	) ELSE 0 END AS _n,
	CASE WHEN _rule IS NOT NULL THEN concat_ws(
		',',
		coalesce('"' || replace(seq, '"', '""') || '"', ''),
		coalesce('"' || replace(op, '"', '""') || '"', ''),
		coalesce('"' || replace(day, '"', '""') || '"', ''),
		coalesce('"' || replace(store_id, '"', '""') || '"', ''),
		coalesce('"' || replace(store_name, '"', '""') || '"', ''),
		coalesce('"' || replace(phone, '"', '""') || '"', ''),
		coalesce('"' || replace(email, '"', '""') || '"', ''),
		coalesce('"' || replace(street, '"', '""') || '"', ''),
		coalesce('"' || replace(city, '"', '""') || '"', ''),
		coalesce('"' || replace(state, '"', '""') || '"', ''),
		coalesce('"' || replace(zip_code, '"', '""') || '"', ''),
		coalesce('"' || replace(is_active, '"', '""') || '"', '')
	) END AS _raw,
	_object
FROM dated
