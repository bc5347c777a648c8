DROP SCHEMA IF EXISTS staging, serving, bikeops CASCADE
