-- The first fault of one file that the reader could not see, of one kind: type, key, reference.
SELECT line, col, reason FROM pg_temp.import_type_fault($1) WHERE line IS NOT NULL
;
SELECT line, col, reason FROM pg_temp.import_key_fault($1) WHERE line IS NOT NULL
;
SELECT line, col, reason FROM pg_temp.import_reference_fault($1) WHERE line IS NOT NULL
