-- Every order that the window reads again, also one that lost its lines or went away.
SELECT order_id, reason FROM bikeops_capture.dirty_orders
