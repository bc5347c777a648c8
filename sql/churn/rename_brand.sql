-- $1 a random number: a brand adds "& Sons" to its name, or drops it again.
UPDATE store.brands
   SET brand_name = CASE WHEN brand_name LIKE '% & Sons' THEN left(brand_name, -7)
                         ELSE brand_name || ' & Sons' END
 WHERE brand_id = (SELECT brand_id FROM store.brands ORDER BY md5(brand_id || $1) LIMIT 1)
;
