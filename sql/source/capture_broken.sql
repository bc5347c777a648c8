-- Tables that have a trigger missing or not ALWAYS.
SELECT DISTINCT tbl FROM bikeops_capture.watched WHERE NOT intact ORDER BY tbl
