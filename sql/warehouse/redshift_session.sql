-- After the login.  Of several rows that match one of an UPDATE Redshift would take any.
SET timezone TO 'UTC'; SET datestyle TO 'ISO, YMD'; SET error_on_nondeterministic_update TO true
