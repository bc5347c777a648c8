SELECT to_regnamespace('store') IS NOT NULL AS there
