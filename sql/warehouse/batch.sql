INSERT INTO staging.batch (k, run, prev_epoch, epoch, prev_s, s, seq, xid, at,
	business_timezone, first_year, last_year, run_day, is_full, max_reject_percent, manifest,
	loaded_at, prev_seq, prev_xid, prev_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
