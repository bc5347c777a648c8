-- The shop's own role, for churn: rights on schema store and nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bikeops_shop') THEN
        CREATE ROLE bikeops_shop NOLOGIN;
        EXECUTE format('GRANT bikeops_shop TO %I', current_user);
    END IF;
END
$$
;
GRANT USAGE ON SCHEMA store TO bikeops_shop
;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA store TO bikeops_shop
;
