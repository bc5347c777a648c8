-- A run reads, and remembers what it took; bikeops_read sees how far the journal is, no images.
SET LOCAL ROLE bikeops_owner
;
GRANT USAGE ON SCHEMA bikeops_capture TO bikeops_run, bikeops_read
;
GRANT SELECT ON bikeops_capture.journal, bikeops_capture.changes, bikeops_capture.dirty_orders
	TO bikeops_run
;
GRANT SELECT (seq, xid, at, tbl, op) ON bikeops_capture.journal TO bikeops_read
;
GRANT SELECT ON bikeops_capture.epoch, bikeops_capture.consumers, bikeops_capture.watched,
	bikeops_capture.lost_columns TO bikeops_run, bikeops_read
;
GRANT INSERT, UPDATE ON bikeops_capture.consumers TO bikeops_run
;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA bikeops_capture FROM PUBLIC
;
GRANT EXECUTE ON FUNCTION bikeops_capture.current_epoch(), bikeops_capture.open_transactions()
	TO bikeops_run, bikeops_read
;
RESET ROLE
