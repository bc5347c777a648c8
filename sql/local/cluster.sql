-- Runs once, without a server, in a cluster just made: the login role and its three databases.
CREATE ROLE bikeops LOGIN CREATEROLE
;
DO $$
BEGIN
    EXECUTE format('ALTER ROLE bikeops PASSWORD %L', current_setting('bikeops.password'));
END
$$
;
CREATE DATABASE bikestore OWNER bikeops
;
CREATE DATABASE warehouse OWNER bikeops
;
CREATE DATABASE bikeops OWNER bikeops
;
