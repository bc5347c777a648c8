"""What dlt's own guide does: sql_database into PostgreSQL, a cursor on updated_at."""

import os
import sys

import dlt
from dlt.sources.sql_database import sql_database

TABLES = {"stores": "store_id", "customers": "customer_id", "products": "product_id",
          "staffs": "staff_id", "orders": "order_id", "order_items": None}


def main(mode):
    source = sql_database("postgresql+psycopg2" + os.environ["SOURCE"].removeprefix("postgresql"),
                          schema="store", table_names=list(TABLES))
    for table, key in TABLES.items():
        if key:
            source.resources[table].apply_hints(
                primary_key=key, write_disposition="merge",
                incremental=dlt.sources.incremental("updated_at"))
    pipeline = dlt.pipeline("peer", destination=dlt.destinations.postgres(os.environ["TARGET"]),
                            dataset_name="peer", dev_mode=False)
    pipeline.run(source, refresh="drop_sources" if mode == "full" else None)


main(sys.argv[1])
