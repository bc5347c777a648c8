-- A warehouse holds everything that $2 sees: the journal may forget it one day.
INSERT INTO bikeops_capture.consumers (warehouse, s, at, business_timezone)
VALUES ($1, $2, now(), $3)
ON CONFLICT (warehouse) DO UPDATE
SET s = excluded.s, at = excluded.at, business_timezone = excluded.business_timezone
