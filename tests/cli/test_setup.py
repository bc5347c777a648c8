"""setup, generate, and the star of the whole data set against its CSV files."""

import copy
import csv
import datetime
import filecmp
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

import stack as stacks
from oracle import ATTRIBUTES, CENT, FOREVER, ID, calendar
from star import Star, balance, differences, invariants

# --- files that setup refuses: what is done to the small shop, and file, line, column, reason


def cell(table, line, column, value):
    def change(rows):
        rows[table][line - 1][rows[table][0].index(column)] = value
    return change


def drop_column(table, column):
    def change(rows):
        i = rows[table][0].index(column)
        for row in rows[table]:
            del row[i]
    return change


def no_rows(table):
    def change(rows):
        del rows[table][1:]
    return change


def double_row(table):
    def change(rows):
        rows[table].append(rows[table][1])
    return change


BROKEN = {
    "missing column": (drop_column("customers", "city"), "customers.csv", 1, "city", "missing|no column"),
    "wrong type": (cell("orders", 3, "order_date", "yesterday"), "orders.csv", 3, "order_date",
                   "yesterday"),
    "wrong number": (cell("order_items", 4, "quantity", "two"), "order_items.csv", 4, "quantity",
                     "two"),
    "no such day": (cell("orders", 2, "required_date", "2016-02-30"), "orders.csv", 2,
                    "required_date", "2016-02-30"),
    "number too large": (cell("products", 2, "list_price", "123456789.00"), "products.csv", 2,
                         "list_price", "123456789.00|range|digits|overflow"),
    "too long": (cell("customers", 2, "zip_code", "123456"), "customers.csv", 2, "zip_code",
                 "too long|characters|5"),
    "empty key": (cell("brands", 2, "brand_id", "NULL"), "brands.csv", 2, "brand_id", "."),
    "status unknown": (cell("orders", 2, "order_status", "9"), "orders.csv", 2, "order_status", "9"),
    "dangling product": (cell("order_items", 3, "product_id", "77"), "order_items.csv", 3,
                         "product_id", "77"),
    "dangling order": (cell("order_items", 5, "order_id", "77"), "order_items.csv", 5, "order_id",
                       "77"),
    "dangling brand": (cell("products", 3, "brand_id", "77"), "products.csv", 3, "brand_id", "77"),
    "dangling manager": (cell("staffs", 3, "manager_id", "77"), "staffs.csv", 3, "manager_id", "77"),
    "key twice": (double_row("brands"), "brands.csv", 4, "brand_id", "once more"),
    "empty": (no_rows("orders"), "orders.csv", 2, "", "no records"),
}
RAW = {
    "broken quote": (lambda text: text.replace("Burks", '"Burks', 1), "customers.csv", 2, "quote"),
    "not UTF-8": (lambda text: text.replace("Debra", "D\udce9bra", 1), "customers.csv", 2,
                  "UTF-8|UTF8"),
    "too few fields": (lambda text: text.replace(",NY,14127", "", 1), "customers.csv", 2,
                       "values|column"),
    "too many fields": (lambda text: text.replace("14127", "14127,1", 1), "customers.csv", 2,
                        "values|column"),
    "no bytes": (lambda text: "", "customers.csv", 1, "empty"),
    "NUL byte": (lambda text: text.replace("Debra", "D\0bra", 1), "customers.csv", 2,
                 "NUL|zero byte|0x00|byte"),
}


def state(stack):
    """What a refused setup must leave as it was: the shop's rows."""
    with stack.connect("source") as conn:
        if not conn.execute("SELECT to_regclass('store.customers')").fetchone()[0]:
            return None
        return conn.execute("SELECT (SELECT count(*) FROM store.customers), "
                            "(SELECT count(*) FROM store.order_items)").fetchone()


def refused(stack, directory, file, line, column, reason):
    before = state(stack)
    got = stack.run("setup", "--recreate", "--dataset", directory, status=1)
    text = got.stderr
    assert re.search(rf"{file}\b", text), text
    assert re.search(rf"\b{line}\b", text), text
    assert column in text and re.search(reason, text), text
    got.quiet()
    assert state(stack) == before


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file(stack, tmp_path, name):
    change, file, line, column, reason = BROKEN[name]
    rows = copy.deepcopy(stacks.small_rows())
    change(rows)
    refused(stack, stacks.write_dataset(tmp_path, rows), file, line, column, reason)


@pytest.mark.parametrize("name", RAW)
def test_broken_bytes(stack, tmp_path, name):
    change, file, line, reason = RAW[name]
    stacks.write_dataset(tmp_path, stacks.small_rows())
    path = tmp_path / file
    path.write_bytes(change(path.read_text()).encode(errors="surrogateescape"))
    refused(stack, tmp_path, file, line, "", reason)


def test_missing_file(stack, tmp_path):
    stacks.write_dataset(tmp_path, stacks.small_rows())
    (tmp_path / "brands.csv").unlink()
    stack.run("setup", "--recreate", "--dataset", tmp_path, status=1).talk("brands.csv").quiet()


def test_again_needs_recreate(fresh, small):
    """A shop that is there is never overwritten unasked."""
    with fresh.shop() as conn:
        conn.execute("UPDATE store.customers SET city = 'kept' WHERE customer_id = '1'")
    fresh.run("setup", "--dataset", small, status=4).talk("recreate")
    fresh.results[-1].quiet()
    with fresh.shop() as conn:
        assert conn.execute("SELECT city FROM store.customers WHERE customer_id = '1'") \
            .fetchone()[0] == "kept"


def test_recreate_keeps_ledger_and_lake(fresh, small):
    fresh.run("run", "full").quiet()
    runs = fresh.json("runs", "--limit", 1000)["runs"]
    raw = sorted(p for p in (stacks.pathlib.Path(fresh.dsn["BIKEOPS_LAKE"]) / "raw").rglob("*.csv"))
    assert raw
    fresh.run("setup", "--recreate", "--dataset", small).quiet()
    kept = {row["run"] for row in fresh.json("runs", "--limit", 1000)["runs"]}
    assert {row["run"] for row in runs} <= kept
    assert all(path.exists() for path in raw)
    with fresh.connect("warehouse", role="bikeops_read") as conn:
        assert not Star(conn).facts


# --- the data set, row by row

def read_files(directory):
    out = {}
    for table in stacks.TABLES:
        with open(directory / f"{table}.csv", newline="", encoding="utf-8") as file:
            out[table] = [{name: None if value == "NULL" else value for name, value in row.items()}
                          for row in csv.DictReader(file)]
    return out


def date(text):
    return text and datetime.date.fromisoformat(text)


def updated(order):
    """The day that an imported order last changed on."""
    if order["order_status"] == "4":
        return date(order["shipped_date"])
    if order["order_status"] == "3":
        return date(order["required_date"]) + datetime.timedelta(days=1)
    return date(order["order_date"])


def expected_dimensions(files):
    first = {}
    for order in files["orders"]:
        day = date(order["order_date"])
        first[order["customer_id"]] = min(day, first.get(order["customer_id"], day))
    brands = {row["brand_id"]: row["brand_name"] for row in files["brands"]}
    categories = {row["category_id"]: row["category_name"] for row in files["categories"]}
    start = datetime.date(2016, 1, 1)
    out = {}
    for table in ATTRIBUTES:
        out[table] = {}
        for row in files[table]:
            row = dict(row)
            if table == "products":
                row |= {"brand_name": brands[row["brand_id"]],
                        "category_name": categories[row["category_id"]],
                        "product_name": row["product_name"].replace('"', ""),
                        "model_year": int(row["model_year"]),
                        "list_price": Decimal(row["list_price"])}
            if table == "staffs":
                row["manager_id"] = row["manager_id"] or "1"
            eff = first.get(row["customer_id"]) if table == "customers" else start
            attrs = tuple(row[name] for name in ATTRIBUTES[table])
            out[table][row[ID[table]]] = [(eff, FOREVER, attrs, "Y")]
    return out


def expected_sales(files, dimensions):
    orders = {row["order_id"]: row for row in files["orders"]}
    text = lambda day: day and day.strftime("%Y%m%d")  # noqa: E731
    out = {}
    for item in files["order_items"]:
        order = orders[item["order_id"]]
        quantity, discount = int(item["quantity"]), Decimal(item["discount"])
        total = (Decimal(item["list_price"]) * quantity).quantize(CENT, ROUND_HALF_UP)
        off = (total * discount).quantize(CENT, ROUND_HALF_UP)
        ids = {"customers": order["customer_id"], "products": item["product_id"],
               "staffs": order["staff_id"], "stores": order["store_id"]}
        status = {"1": 1, "2": 1, "3": 2, "4": 3}[order["order_status"]]
        out[(item["order_id"], int(item["item_id"]))] = {
            **{table: (key, dimensions[table][key][0][0]) for table, key in ids.items()},
            "order_date": text(date(order["order_date"])),
            "required_date": text(date(order["required_date"])),
            "shipped_date": text(date(order["shipped_date"])),
            "rejected_date": text(updated(order)) if status == 2 else None,
            "order_status_id": status, "quantity": quantity,
            "discount_percent": int(discount * 100), "discount_amount": off, "total_price": total,
            "total_price_with_discount": total - off}
    return out


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_star_equals_files(stack, dataset, timezone):
    check_star(stack, dataset, timezone)


def check_star(stack, dataset, timezone):
    """setup and one full run: every row of the star from the CSV files, counted by other means."""
    env = {"BIKEOPS_BUSINESS_TIMEZONE": timezone}
    stack.run("setup", "--recreate", "--dataset", dataset, env=env).quiet()
    stack.run("run", "full", env=env).quiet()
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
        status = conn.execute("SELECT * FROM serving.dim_order_status ORDER BY 1").fetchall()
    files = read_files(dataset)
    dimensions = expected_dimensions(files)
    for table in ATTRIBUTES:
        found = star.dimension(table)
        # A customer without an order has no first order date: any day will do.
        for key, versions in dimensions[table].items():
            if versions[0][0] is None and key in found:
                versions[0] = (found[key][0][0], *versions[0][1:])
        assert differences(dimensions[table], found) == []
    assert differences(expected_sales(files, dimensions), star.sales()) == []
    days = [date(row[name]) for row in files["orders"]
            for name in ("order_date", "required_date", "shipped_date") if row[name]]
    days += [updated(row) for row in files["orders"] if row["order_status"] == "3"]
    assert star.dates == calendar(min(days).year, max(days).year)
    assert status == [(1, "Pending"), (2, "Rejected"), (3, "Completed")]
    assert invariants(star) + balance(star.books(1)) == []


def test_source_equals_files(stack, dataset):
    """The store after setup: Kaggle's columns, the statuses mapped, the audit columns."""
    stack.run("setup", "--recreate", "--dataset", dataset).quiet()
    stack.shop_role()
    files = read_files(dataset)
    with stack.shop() as conn:
        for table in stacks.TABLES:
            count = conn.execute(f"SELECT count(*) FROM store.{table}").fetchone()[0]
            assert count == len(files[table]), table
        orders = conn.execute("SELECT order_id, order_status_id, order_date, shipped_date, "
                              "(updated_at AT TIME ZONE 'UTC')::text FROM store.orders").fetchall()
        stocks = conn.execute("SELECT store_id, product_id, quantity FROM store.stocks").fetchall()
    want = {row["order_id"]: ({"1": 1, "2": 1, "3": 2, "4": 3}[row["order_status"]],
                              date(row["order_date"]), date(row["shipped_date"]),
                              f"{updated(row)} 00:00:00") for row in files["orders"]}
    assert {row[0]: row[1:] for row in orders} == want
    assert set(stocks) == {(r["store_id"], r["product_id"], int(r["quantity"]))
                           for r in files["stocks"]}


def test_counts_agree_with_files(stack, dataset):
    stack.run("setup", "--recreate", "--dataset", dataset).quiet()
    stack.run("run", "full").quiet()
    files = read_files(dataset)
    revenue = sum((fact["total_price_with_discount"] for fact in
                   expected_sales(files, expected_dimensions_any(files)).values()), Decimal(0))
    units = sum(int(item["quantity"]) for item in files["order_items"])
    live = stack.json("counts", "--live")
    text = stack.run("counts", "--live").stdout
    for n in (len(files["customers"]), len(files["products"]), len(files["order_items"]), units):
        assert re.search(rf"\b{n}\b", text.replace(",", "")), (n, text)
    assert str(revenue) in text.replace(",", "") and live


def expected_dimensions_any(files):
    dimensions = expected_dimensions(files)
    return {table: {key: [(v[0][0] or FOREVER, *v[0][1:])] for key, v in rows.items()}
            for table, rows in dimensions.items()}


# --- generate

KAGGLE = {"stores": 3, "staffs": 10, "products": 321, "brands": 9, "categories": 7,
          "customers": 1445, "orders": 1615}


def generate(stack, directory, *args):
    stack.run("generate", "--out", directory, *args).quiet()
    return directory


def test_generate_is_deterministic(stack, tmp_path):
    one = generate(stack, tmp_path / "one", "--scale", 1, "--seed", 7)
    two = generate(stack, tmp_path / "two", "--scale", 1, "--seed", 7)
    other = generate(stack, tmp_path / "other", "--scale", 1, "--seed", 8)
    names = [f"{table}.csv" for table in stacks.TABLES]
    assert sorted(path.name for path in one.iterdir()) == sorted(names)
    assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])
    assert "orders.csv" in filecmp.cmpfiles(one, other, names, shallow=False)[1]


@pytest.mark.parametrize("scale", [1, 3])
def test_generate_counts(stack, tmp_path, scale):
    files = read_files(generate(stack, tmp_path / "out", "--scale", scale, "--seed", 1))
    for table, n in KAGGLE.items():
        assert len(files[table]) == (n * scale if table in ("customers", "orders") else n), table
    assert 0.8 < len(files["order_items"]) / (4700 * scale) < 1.2
    assert {row["order_date"][:4] for row in files["orders"]} == {"2016", "2017", "2018"}
    for table, rows in stacks.small_rows().items():
        assert list(files[table][0]) == rows[0]


def test_generated_is_taken(stack, tmp_path):
    files = generate(stack, tmp_path / "out", "--scale", 1, "--seed", 3)
    check_star(stack, files, "UTC")


@pytest.mark.parametrize("seed", range(6))
def test_broken_files_are_refused(stack, tmp_path, seed):
    refused(stack, generate(stack, tmp_path / "out", "--scale", 1, "--seed", seed, "--broken=files"),
            r"\w+\.csv", r"\d+", "", ".")


def test_broken_rows_become_rejects(stack, tmp_path):
    """The store takes them; the transform does not, and says which and why."""
    files = generate(stack, tmp_path / "out", "--scale", 1, "--seed", 3, "--broken=rows")
    stack.run("setup", "--recreate", "--dataset", files).quiet()
    stack.run("run", "full").quiet()
    rejects = stack.json("rejects")["rejects"]
    rows = read_files(files)
    bad = {("customers", r["customer_id"]) for r in rows["customers"]
           if len((r["zip_code"] or "").encode()) > 5}
    assert bad, "no zip of more than 5 bytes was made"
    assert bad <= {(r["entity"], r["key"]) for r in rejects}
    assert {r["entity"] for r in rejects} - {"customers"}, "no line was rejected"
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
    books = star.books(star.watermark[0][0])
    assert sum(b.get("rejected", 0) for b in books.values()) == len(rejects)
    assert balance(books) + invariants(star) == []
