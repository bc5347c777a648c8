-- What views and extracts read, until the transaction ends.
SELECT set_config('bikeops.full', $1, true), set_config('bikeops.prev_snapshot', $2, true),
	set_config('bikeops.timezone', $3, true), set_config('bikeops.from', $4, true),
	set_config('bikeops.to', $5, true), set_config('bikeops.extra_orders', $6, true)
