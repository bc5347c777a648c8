-- stg_products: the last image of a product on each business day.
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
		CASE WHEN bit_length(replace(product_name, '"', '')) <= 8 * 255
			THEN replace(product_name, '"', '') END AS product_name_v,
		CASE WHEN bit_length(brand_name) <= 8 * 255 THEN brand_name END AS brand_name_v,
		CASE WHEN bit_length(category_name) <= 8 * 255
			THEN category_name END AS category_name_v,
		CASE WHEN cast(try_cast(model_year AS int) AS string) = model_year
			THEN try_cast(model_year AS int) END AS model_year_v,
		CASE WHEN cast(try_cast(list_price AS decimal(10,2)) AS string) = list_price
			THEN try_cast(list_price AS decimal(10,2)) END AS list_price_v
	FROM raw_products
),
ruled AS (
	SELECT
		*,
		CASE
			WHEN seq_v IS NULL THEN 'seq: not a number'
			WHEN product_id IS NULL THEN 'product_id: missing'
			WHEN bit_length(product_id) > 8 * 15 THEN 'product_id: longer than 15 bytes'
			WHEN day_v IS NULL THEN 'updated_at: not a day from 1900 to 2199'
			WHEN is_active IS NULL OR is_active NOT IN ('Y', 'N')
				THEN 'is_active: not Y or N'
			WHEN is_active = 'N' THEN NULL
			WHEN product_name_v IS NULL AND product_name IS NOT NULL
				THEN 'product_name: longer than 255 bytes'
			WHEN brand_name_v IS NULL AND brand_name IS NOT NULL
				THEN 'brand_name: longer than 255 bytes'
			WHEN category_name_v IS NULL AND category_name IS NOT NULL
				THEN 'category_name: longer than 255 bytes'
			WHEN model_year_v IS NULL AND model_year IS NOT NULL
				THEN 'model_year: not an integer'
			WHEN list_price_v IS NULL AND list_price IS NOT NULL
				THEN 'list_price: not a decimal(10,2)'
		END AS _rule
	FROM typed
),
-- A day never goes backwards within a key, whatever a clock did.
dated AS (
	SELECT
		*,
		max(day_v) OVER (
			PARTITION BY product_id, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
			ORDER BY seq_v NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
		) AS eff_day
	FROM ruled
)
SELECT
	cast(product_id AS string) AS product_id,
	cast(product_name_v AS string) AS product_name,
	cast(brand_name_v AS string) AS brand_name,
	cast(category_name_v AS string) AS category_name,
	cast(model_year_v AS int) AS model_year,
	cast(list_price_v AS decimal(10,2)) AS list_price,
	cast(eff_day AS date) AS eff_date,
	cast(is_active AS string) AS is_active,
	_rule,
	cast(product_id AS string) AS _key,
	CASE WHEN _rule IS NULL THEN row_number() OVER (
		PARTITION BY product_id, eff_day, CASE WHEN _rule IS NULL THEN 0 ELSE 1 END
		ORDER BY seq_v DESC NULLS LAST
	) ELSE 0 END AS _n,
	CASE WHEN _rule IS NOT NULL THEN concat_ws(
		',',
		coalesce('"' || replace(seq, '"', '""') || '"', ''),
		coalesce('"' || replace(op, '"', '""') || '"', ''),
		coalesce('"' || replace(day, '"', '""') || '"', ''),
		coalesce('"' || replace(product_id, '"', '""') || '"', ''),
		coalesce('"' || replace(product_name, '"', '""') || '"', ''),
		coalesce('"' || replace(brand_name, '"', '""') || '"', ''),
		coalesce('"' || replace(category_name, '"', '""') || '"', ''),
		coalesce('"' || replace(model_year, '"', '""') || '"', ''),
		coalesce('"' || replace(list_price, '"', '""') || '"', ''),
		coalesce('"' || replace(is_active, '"', '""') || '"', '')
	) END AS _raw,
	_object
FROM dated
