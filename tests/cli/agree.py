"""Does a warehouse say what its source says now?"""

from decimal import ROUND_HALF_UP, Decimal

from oracle import ATTRIBUTES, CENT, FOREVER, ID
from star import differences


def disagreements(source, star):
    """Lines, none where open versions are the active rows, and facts the active orders' lines."""
    out = []
    for table in ATTRIBUTES:
        found = {key: versions[-1][2] for key, versions in star.dimension(table).items()
                 if versions[-1][1] == FOREVER}
        out += [f"{table} {line}" for line in differences(current(source, table), found)]
    lines = source.execute(
        "SELECT order_id, item_id, customer_id, i.product_id, staff_id, store_id, quantity, "
        "i.list_price, discount, order_status_id, order_date, shipped_date "
        "FROM store.orders o JOIN store.order_items i USING (order_id) "
        "WHERE o.is_active = 'Y'").fetchall()
    return out + differences({row[:2]: fact(row) for row in lines},
                             {key: short(f) for key, f in star.sales().items()})


def current(conn, table):
    if table == "products":
        sql = ("SELECT product_id, replace(product_name, '\"', ''), brand_name, category_name, "
               "model_year, list_price FROM store.products JOIN store.brands USING (brand_id) "
               "JOIN store.categories USING (category_id) WHERE is_active = 'Y'")
    else:
        sql = f"SELECT {ID[table]}, {', '.join(ATTRIBUTES[table])} FROM store.{table} " \
              "WHERE is_active = 'Y'"
    return {row[0]: row[1:] for row in conn.execute(sql).fetchall()}


def fact(row):
    quantity, price, discount, status, ordered, shipped = row[6:]
    total = price * quantity
    off = (total * discount).quantize(CENT, ROUND_HALF_UP)
    return (*row[2:6], quantity, Decimal(total), total - off, status, f"{ordered:%Y%m%d}",
            shipped and f"{shipped:%Y%m%d}")


def short(f):
    ids = [f[table] and f[table][0] for table in ("customers", "products", "staffs", "stores")]
    return (*ids, f["quantity"], f["total_price"], f["total_price_with_discount"],
            f["order_status_id"], f["order_date"], f["shipped_date"])
