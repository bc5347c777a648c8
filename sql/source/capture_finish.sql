-- Remember the shop's shape; where columns were lost, the journal's images are of another one.
UPDATE bikeops_capture.epoch
SET shape = ARRAY(SELECT col FROM bikeops_capture.shape ORDER BY col),
	id = CASE WHEN EXISTS (SELECT FROM bikeops_capture.lost_columns) THEN gen_random_uuid()
		ELSE id END
