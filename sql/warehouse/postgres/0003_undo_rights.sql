-- Publish keeps and trims; an undo reads and notes.
GRANT SELECT ON bikeops.kept, bikeops.kept_keys, bikeops.kept_dim_customers,
	bikeops.kept_dim_products, bikeops.kept_dim_staffs, bikeops.kept_dim_stores,
	bikeops.kept_fact_sales, bikeops.undone TO bikeops_run, bikeops_read
;
GRANT INSERT, DELETE ON bikeops.kept, bikeops.kept_keys, bikeops.kept_dim_customers,
	bikeops.kept_dim_products, bikeops.kept_dim_staffs, bikeops.kept_dim_stores,
	bikeops.kept_fact_sales TO bikeops_run
;
GRANT INSERT ON bikeops.undone TO bikeops_run
