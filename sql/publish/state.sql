-- Why the watermark did not move: where it stands, and whose batch staging holds.
SELECT w.k, w.run, b.k AS staged_k, b.run AS staged_run
FROM bikeops.watermark w LEFT JOIN staging.batch b ON 1 = 1
