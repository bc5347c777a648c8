-- The shop and its capture; login roles and their memberships stay.
DROP SCHEMA IF EXISTS store, bikeops_capture CASCADE
