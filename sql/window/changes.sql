-- How much the window holds, and the oldest transaction that still writes or is prepared.
SELECT (SELECT count(*) FROM bikeops_capture.changes) AS changes,
	(SELECT count(*) FROM bikeops_capture.dirty_orders) AS dirty_orders,
	(SELECT who FROM bikeops_capture.open_transactions() ORDER BY since NULLS LAST LIMIT 1)
		AS oldest_xact
