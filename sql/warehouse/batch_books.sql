SELECT tbl, what, n FROM bikeops.books WHERE k = $1 ORDER BY tbl, what
