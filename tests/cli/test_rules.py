"""Rows that break a rule, members that come late, and what a run refuses to go on from."""

import datetime
import pathlib
import threading

import psycopg
import pytest

import oracle
from star import Star, balance, invariants


def star(stack):
    with stack.connect("warehouse", role="bikeops_read") as conn:
        return Star(conn)


def write(stack, *statements):
    with stack.shop() as conn:
        for statement in statements:
            conn.execute(statement)


@pytest.fixture
def published(fresh):
    fresh.run("run", "full").quiet()
    return fresh


def mode_of_last(stack):
    return stack.json("runs")["runs"][0]["mode"]


# --- rules

BROKEN = [
    ("customers", "2", "UPDATE store.customers SET zip_code = 'éé123' WHERE customer_id = '2'",
     "UPDATE store.customers SET zip_code = '12345' WHERE customer_id = '2'", "zip_code"),
    ("customers", "1", "UPDATE store.customers SET state = 'New York' WHERE customer_id = '1'",
     "UPDATE store.customers SET state = 'NJ' WHERE customer_id = '1'", "state"),
    ("staffs", "2", "UPDATE store.staffs SET phone = '(831) 476-4321 x2' WHERE staff_id = '2'",
     "UPDATE store.staffs SET phone = NULL WHERE staff_id = '2'", "phone"),
    ("stores", "1", "UPDATE store.stores SET store_name = repeat('é', 200) WHERE store_id = '1'",
     "UPDATE store.stores SET store_name = repeat('é', 127) WHERE store_id = '1'", "store_name"),
    ("products", "2", "UPDATE store.products SET product_name = repeat('é', 128) WHERE product_id = '2'",
     "UPDATE store.products SET product_name = repeat('\"é', 127) WHERE product_id = '2'",
     "product_name"),
]


def test_dimension_rules(published):
    """A row that breaks a rule is left out and told; its version stays; mended it comes again."""
    before = {table: star(published).dimension(table) for table in oracle.ATTRIBUTES}
    write(published, *(bad for _, _, bad, _, _ in BROKEN))
    for command in ("incremental", "full"):
        published.run("run", command).quiet()
        told = {(r["entity"], r["key"]): r["rule"] for r in published.json("rejects")["rejects"]}
        assert told.keys() == {(table, key) for table, key, *_ in BROKEN}
        for table, key, _, _, column in BROKEN:
            assert column in told[(table, key)]
        after = star(published)
        assert {table: after.dimension(table) for table in oracle.ATTRIBUTES} == before
        assert after.books(after.watermark[0][0])["customers"].get("absent", 0) == 0
    write(published, *(mended for *_, mended, _ in BROKEN))
    published.run("run", "incremental").quiet()
    after = star(published)
    for table, key, *_ in BROKEN:
        assert len(after.dimension(table)[key]) == 2, (table, key)
    assert after.dimension("products")["2"][-1][2][0] == "é" * 127
    assert invariants(after) == []


LINES = [
    ("UPDATE store.order_items SET quantity = 10000000 WHERE order_id = '1' AND item_id = 1", ("1", 1)),
    ("UPDATE store.order_items SET discount = 12.5 WHERE order_id = '1' AND item_id = 2", ("1", 2)),
    ("UPDATE store.orders SET required_date = '2200-01-01' WHERE order_id = '2'", ("2", 1)),
    ("UPDATE store.orders SET order_date = '1899-12-31' WHERE order_id = '3'", ("3", 1)),
]


def test_line_rules(published):
    write(published, *(statement for statement, _ in LINES))
    for command in ("incremental", "full"):
        published.run("run", command).quiet()
        rejects = published.json("rejects")["rejects"]
        assert {r["key"] for r in rejects} == {f"{order}/{item}" for _, (order, item) in LINES}
        after = star(published)
        assert after.facts == []
        assert balance(after.books(after.watermark[0][0])) == []
    write(published, "UPDATE store.order_items SET quantity = 9999999 WHERE order_id = '1' AND item_id = 1",
          "UPDATE store.order_items SET discount = 9.99 WHERE order_id = '1' AND item_id = 2",
          "UPDATE store.orders SET required_date = '2199-12-31' WHERE order_id = '2'",
          "UPDATE store.orders SET order_date = '1900-01-01' WHERE order_id = '3'")
    published.run("run", "incremental").quiet()
    after = star(published)
    assert set(after.sales()) == {key for _, key in LINES}
    assert (after.dates[0][1].year, after.dates[-1][1].year) == (1900, 2199)


def test_no_number(published):
    """What PostgreSQL takes and no other has, NaN and infinity, is left out and stops no run."""
    write(published, "UPDATE store.order_items SET list_price = 'NaN' WHERE order_id = '1' AND item_id = 1",
          "UPDATE store.products SET list_price = 'NaN' WHERE product_id = '2'",
          "UPDATE store.orders SET shipped_date = 'infinity' WHERE order_id = '2'")
    published.run("run", "incremental").quiet()
    assert {(r["entity"], r["key"]) for r in published.json("rejects")["rejects"]} == {
        ("orders", "1/1"), ("orders", "2/1"), ("products", "2")}
    revenue, = (r for r in published.json("counts")["sums"] if r["measure"] == "revenue")
    assert revenue["source"] is None and revenue["serving"] is not None
    assert invariants(star(published)) == []


def test_too_many_rejects(published):
    """Eleven of eleven fail the run before it publishes; a limit of 100 % lets it through."""
    write(published, *(f"INSERT INTO store.customers (customer_id, zip_code) VALUES ('b{n}', 'ééééé')"
                       for n in range(11)))
    k = star(published).watermark
    published.run("run", "incremental", status=1).talk("11").quiet()
    assert star(published).watermark == k
    published.run("run", "incremental", env={"BIKEOPS_MAX_REJECT_PERCENT": "100"}).quiet()
    assert star(published).watermark[0][0] == k[0][0] + 1
    told = published.json("rejects", "--limit", 2)
    rule, = told["rules"]       # counts all, whatever the list shows
    assert len(told["rejects"]) == 2 and (rule["entity"], rule["rows"]) == ("customers", 11)
    assert len(published.json("rejects")["rejects"]) == 11
    text = published.run("rejects").stdout.splitlines()
    assert text[0].split() == ["entity", "rule", "rows"] and text[1].split()[-1] == "11"
    assert text[3].split()[:3] == ["entity", "key", "rule"]


# --- members

def test_inferred_member(published):
    """A line whose customer was rejected has a member without attributes, healed in place."""
    write(published, "INSERT INTO store.customers (customer_id, city, state) VALUES ('9', 'Reno', 'Nevada')",
          "INSERT INTO store.orders (order_id, customer_id, order_status_id, order_date, store_id, "
          "staff_id) VALUES ('9', '9', 1, '2018-01-01', '1', '1')",
          "INSERT INTO store.order_items VALUES ('9', 1, '1', 1, 10.00, 0.10)")
    published.run("run", "incremental").quiet()
    before = star(published)
    nothing = (None,) * len(oracle.ATTRIBUTES["customers"])
    assert before.dimension("customers")["9"] == [(oracle.INFERRED, oracle.INFERRED, nothing, "N")]
    assert before.books(2)["sales"]["inferred"] == 1
    write(published, "UPDATE store.customers SET state = 'NV' WHERE customer_id = '9'")
    published.run("run", "incremental").quiet()
    after = star(published)
    number = {row[1]: row[0] for row in before.rows["customers"]}["9"]
    assert [row[0] for row in after.rows["customers"] if row[1] == "9"] == [number]
    (eff, exp, attrs, flag), = after.dimension("customers")["9"]
    assert eff > oracle.INFERRED and exp == oracle.FOREVER and attrs[6] == "NV" and flag == "Y"
    assert after.sales()[("9", 1)]["customers"] == ("9", eff)
    assert [row for row in before.facts if row[1] == "9"] == [row for row in after.facts if row[1] == "9"]


def test_null_key_stays(published):
    write(published, "UPDATE store.orders SET customer_id = NULL WHERE order_id = '1'")
    published.run("run", "incremental").quiet()
    after = star(published)
    assert after.sales()[("1", 1)]["customers"] is None
    assert after.books(2)["sales"]["keyless"] == 2


# --- windows

def test_first_is_full(fresh):
    fresh.run("run", "incremental").talk("full load: nothing is published").quiet()
    assert mode_of_last(fresh) == "full"


def test_first_with_no_full(fresh):
    fresh.run("run", "incremental", "--no-full", status=4).talk("nothing is published").quiet()
    assert star(fresh).facts == []


def test_nothing_changed(published):
    """No batch, exit 0, said; no object written."""
    lake = pathlib.Path(published.dsn["BIKEOPS_LAKE"])
    before = star(published), sorted(lake.joinpath("raw").rglob("*.csv"))
    got = published.run("run", "incremental").quiet()
    assert "nothing" in got.stdout + got.stderr
    assert star(published).watermark == before[0].watermark
    assert sorted(lake.joinpath("raw").rglob("*.csv")) == before[1]


def test_no_change_is_none(published):
    """An update that changes nothing, an edit of what is not in the warehouse, a rollback."""
    write(published, "UPDATE store.customers SET city = city", "UPDATE store.stocks SET quantity = 1",
          "UPDATE store.order_items SET quantity = quantity",
          "BEGIN", "UPDATE store.customers SET city = 'x'", "ROLLBACK")
    before = star(published).watermark
    published.run("run", "incremental").quiet()
    assert star(published).watermark == before


def test_dry_run_changes_nothing(published):
    write(published, "UPDATE store.customers SET city = 'x' WHERE customer_id = '1'")
    before, runs = star(published).watermark, published.json("runs")["runs"][0]["run"]
    plan = published.json("run", "incremental", "--dry-run")
    assert plan["window"][0]["changes"] == 1 and plan["window"][0]["mode"] == "incremental"
    assert {row["entity"]: row["rows"] for row in plan["rows"]}["customers"] == 1
    assert (star(published).watermark, published.json("runs")["runs"][0]["run"]) == (before, runs)


def test_open_transaction_is_later(published):
    """Nobody waits for it; its rows come in the batch after its commit."""
    with published.shop() as conn:
        conn.execute("BEGIN")
        conn.execute("UPDATE store.customers SET city = 'late' WHERE customer_id = '1'")
        write(published, "UPDATE store.customers SET city = 'early' WHERE customer_id = '2'")
        published.run("run", "incremental").talk("open transaction").quiet()
        cities = {key: v[-1][2][5] for key, v in star(published).dimension("customers").items()}
        assert cities["2"] == "early" and cities["1"] != "late"
        conn.execute("COMMIT")
    published.run("run", "incremental").quiet()
    assert star(published).dimension("customers")["1"][-1][2][5] == "late"


def test_rename_waits_for_new_product(published):
    """A brand is renamed while a product that takes it up is not yet committed."""
    with published.shop() as conn:
        conn.execute("BEGIN")
        conn.execute("INSERT INTO store.products (product_id, brand_id, category_id) VALUES ('9', 1, 1)")
        rename = threading.Thread(target=write, args=(
            published, "UPDATE store.brands SET brand_name = 'renamed' WHERE brand_id = 1"))
        rename.start()
        rename.join(0.5)
        conn.execute("COMMIT")
        rename.join(10)
    published.run("run", "incremental").quiet()
    products = star(published).dimension("products")
    assert [products[key][-1][2][1] for key in ("1", "9")] == ["renamed", "renamed"]


def test_backfill(published):
    """The lines of a range again, also where the warehouse was changed by hand; k moves on."""
    with published.connect("warehouse") as conn:
        conn.execute("UPDATE serving.fact_sales SET quantity = 99 WHERE order_id = '1' AND item_id = 1")
        conn.execute("UPDATE serving.fact_sales SET quantity = 98 WHERE order_id = '3'")
    published.run("run", "backfill", "--from", "2016-01-01", "--to", "2016-01-31").quiet()
    sales = star(published).sales()
    assert sales[("1", 1)]["quantity"] == 1
    assert sales[("3", 1)]["quantity"] == 98    # outside the range
    assert star(published).watermark[0][0] == 2


FULL_AFTER = {
    "journal's last row gone": ("source", "DELETE FROM bikeops_capture.journal WHERE seq = "
                                "(SELECT max(seq) FROM bikeops_capture.journal)"),
    "journal's last row another": ("source", "UPDATE bikeops_capture.journal SET at = at - interval '1 s' "
                                   "WHERE seq = (SELECT max(seq) FROM bikeops_capture.journal)"),
    "another epoch": ("source", "UPDATE bikeops_capture.epoch SET id = gen_random_uuid()"),
    "another timeline": ("warehouse", "UPDATE bikeops.watermark SET epoch = "
                         "'00000000-0000-0000-0000-000000000000'"),
    "transactions begin again": ("warehouse", "UPDATE bikeops.watermark SET s = "
                                 "'999999999:999999999:'"),
    "trimmed too far": ("source", "UPDATE bikeops_capture.epoch SET trimmed_below = "
                        "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1)::text::xid8"),
    "truncated": ("source", "TRUNCATE store.order_items"),
}


@pytest.mark.parametrize("name", FULL_AFTER)
def test_must_be_full(published, name):
    """What may have lost changes makes the next run a full one, which says why; or is refused."""
    database, statement = FULL_AFTER[name]
    write(published, "UPDATE store.customers SET city = 'a' WHERE customer_id = '1'")
    published.run("run", "incremental").quiet()
    with published.connect(database) as conn:
        if database == "source":
            conn.execute("SET ROLE bikeops_owner" if "TRUNCATE" not in statement else "SELECT 1")
        conn.execute(statement)
    write(published, "UPDATE store.customers SET city = 'b' WHERE customer_id = '1'")
    published.run("run", "incremental", "--no-full", status=4).quiet()
    assert star(published).watermark[0][0] == 2
    published.run("run", "incremental").talk("full").quiet()
    after = star(published)
    assert mode_of_last(published) == "full" and after.watermark[0][0] == 3
    assert after.dimension("customers")["1"][-1][2][5] == "b"
    assert len(after.facts) == (0 if name == "truncated" else 4)
    write(published, "UPDATE store.customers SET city = 'c' WHERE customer_id = '1'")
    published.run("run", "incremental").quiet()
    if name != "trimmed too far":
        assert mode_of_last(published) == "incremental"


def test_watermark_behind(published):
    """A watermark set back by hand: what is read twice changes nothing."""
    with published.connect("warehouse") as conn:
        old = conn.execute("SELECT s, seq, xid, at FROM bikeops.watermark").fetchone()
        write(published, "UPDATE store.customers SET city = 'a' WHERE customer_id = '1'",
              "UPDATE store.customers SET city = 'b' WHERE customer_id = '1'",
              "DELETE FROM store.order_items WHERE order_id = '1' AND item_id = 2")
        published.run("run", "incremental").quiet()
        before = star(published)
        conn.execute("UPDATE bikeops.watermark SET s = %s, seq = %s, xid = %s, at = %s", old)
    published.run("run", "incremental").quiet()
    after = star(published)
    assert after.watermark[0][0] == before.watermark[0][0] + 1
    assert after.everything() == before.everything()
    assert after.identity() == before.identity()


def test_other_business_timezone_is_refused(published):
    write(published, "UPDATE store.customers SET city = 'a' WHERE customer_id = '1'")
    published.run("run", "incremental", status=4,
                  env={"BIKEOPS_BUSINESS_TIMEZONE": "Asia/Tokyo"}).talk("Asia/Tokyo").quiet()
    published.run("run", "incremental", env={"BIKEOPS_BUSINESS_TIMEZONE": "Mars/Olympus"},
                  status=None).talk("Mars/Olympus").quiet()
    assert star(published).watermark[0][0] == 1


def test_lost_column_is_refused(published):
    with published.connect("source") as conn:
        conn.execute("ALTER TABLE store.customers RENAME COLUMN street TO road")
    published.run("run", "incremental", status=4).talk("street").quiet()
    published.run("run", "full", status=4).talk("street").quiet()


def test_session_timezone_changes_nothing(published):
    """Writers in any time zone and date style: the day is the business day."""
    with published.shop() as conn:
        conn.execute("SET timezone = 'Pacific/Kiritimati'")
        conn.execute("SET datestyle = 'German'")
        conn.execute("SET extra_float_digits = 0")
        conn.execute("UPDATE store.customers SET city = 'a' WHERE customer_id = '1'")
    before = datetime.datetime.now(datetime.timezone.utc).date()
    published.run("run", "incremental").quiet()
    days = {before, datetime.datetime.now(datetime.timezone.utc).date()}
    assert star(published).dimension("customers")["1"][-1][0] in days


def test_replica_role_is_captured(published):
    """session_replication_role = replica (a restore, a replication): triggers fire all the same."""
    with published.connect("source", user="bikeops_admin") as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE store.customers SET city = 'replica' WHERE customer_id = '1'")
    published.run("run", "incremental").quiet()
    assert star(published).dimension("customers")["1"][-1][2][5] == "replica"


def test_shop_cannot_touch_capture(published):
    with published.shop() as conn:
        for statement in ("SELECT * FROM bikeops_capture.journal", "DELETE FROM bikeops_capture.journal",
                          "SELECT bikeops_capture.lock_names(1, 1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


def test_reader_cannot_write(published):
    with published.connect("warehouse", role="bikeops_read") as conn:
        for table in ("serving.dim_customers", "serving.fact_sales", "bikeops.watermark", "bikeops.books"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"DELETE FROM {table}")
