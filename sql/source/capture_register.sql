-- A warehouse that will read: the journal may not be trimmed before it has.
INSERT INTO bikeops_capture.consumers (warehouse) VALUES ($1) ON CONFLICT DO NOTHING
