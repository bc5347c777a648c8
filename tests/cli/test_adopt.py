"""setup --adopt: a store that others made, own, fill and write to; and --uninstall-capture."""

import json
import pathlib
import threading
import time

import jsonschema
import psycopg
import pytest

import stack as stacks
from oracle import ATTRIBUTES, ID
from star import Star, invariants

SCHEMA = json.loads(pathlib.Path(__file__).with_name("schemas").joinpath("adopt.json").read_text())
AUDITED = ("customers", "orders", "products", "staffs", "stores")

# The data set's tables as somebody else made them: wider texts, smallint, columns of their own.
STORE = """
CREATE SCHEMA store;
CREATE TABLE store.stores (store_id text PRIMARY KEY, store_name text, phone text, email text,
    street text, city text, state text, zip_code text, opened date DEFAULT '2001-02-03');
CREATE TABLE store.staffs (staff_id varchar(20) PRIMARY KEY, first_name text, last_name text,
    email text, phone text, active int, store_id text REFERENCES store.stores, manager_id text);
CREATE TABLE store.brands (brand_id int PRIMARY KEY, brand_name text);
CREATE TABLE store.categories (category_id smallint PRIMARY KEY, category_name text);
CREATE TABLE store.products (product_id text PRIMARY KEY, product_name text,
    brand_id int REFERENCES store.brands, category_id smallint REFERENCES store.categories,
    model_year smallint, list_price numeric(12, 2), weight real);
CREATE TABLE store.customers (customer_id text PRIMARY KEY, first_name text, last_name text,
    phone text, email text, street text, city text, state text, zip_code text, newsletter boolean);
CREATE TABLE store.orders (order_id text PRIMARY KEY, customer_id text REFERENCES store.customers,
    order_status_id int, order_date date, required_date date, shipped_date date,
    store_id text REFERENCES store.stores, staff_id text REFERENCES store.staffs);
CREATE TABLE store.order_items (order_id text REFERENCES store.orders, item_id int,
    product_id text REFERENCES store.products, quantity int, list_price numeric(10, 2),
    discount numeric(4, 2), PRIMARY KEY (item_id, order_id));
CREATE TABLE store.coupons (code text);
INSERT INTO store.stores SELECT i::text, 'store ' || i, '1', 'e', 's', 'c', 'CA', '12345'
    FROM generate_series(1, 3) AS i;
INSERT INTO store.staffs SELECT i::text, 'first ' || i, 'last', 'e', '1', 1, '1', '1'
    FROM generate_series(1, 5) AS i;
INSERT INTO store.brands SELECT i, 'brand ' || i FROM generate_series(1, 3) AS i;
INSERT INTO store.categories SELECT i, 'category ' || i FROM generate_series(1, 3) AS i;
INSERT INTO store.products SELECT i::text, 'product ' || i, 1 + i % 3, 1 + i % 3, 2016, i + 0.99
    FROM generate_series(1, 40) AS i;
INSERT INTO store.customers SELECT i::text, 'first ' || i, 'last', NULL, 'e', 's', 'c', 'NY', '54321'
    FROM generate_series(1, 300) AS i;
INSERT INTO store.orders SELECT i::text, (1 + i % 300)::text, 1 + i % 3, '2024-01-01'::date + i % 90,
    '2024-01-05'::date + i % 90, NULL, (1 + i % 3)::text, (1 + i % 5)::text FROM generate_series(1, 500) AS i;
INSERT INTO store.order_items SELECT o::text, i, (1 + (o * i) % 40)::text, i, 9.99, 0.10
    FROM generate_series(1, 500) AS o, generate_series(1, 3) AS i;
"""


@pytest.fixture(scope="module")
def server():
    """A stack in which nothing is set up yet."""
    stack = stacks.Stack("adopt")
    try:
        stack.up()
        with stack.connect("source") as conn:
            conn.execute("CREATE ROLE acme LOGIN")
        yield stack
    finally:
        stack.end()


@pytest.fixture
def acme(server):
    """Schema store, owned by acme, of which bikeops is a member; nothing else of the source."""
    server.results = []
    with server.connect("source") as conn:
        conn.execute("DROP SCHEMA IF EXISTS store, bikeops_capture CASCADE")
        conn.execute("GRANT acme TO CURRENT_USER")
        conn.execute("GRANT CREATE ON DATABASE bikestore TO acme")
        conn.execute("SET ROLE acme")
        conn.execute(STORE)
    with server.connect("warehouse") as conn:
        conn.execute("DROP SCHEMA IF EXISTS staging, serving, bikeops CASCADE")
    yield server
    server.check_talk()


def do(stack, *statements):
    with stack.connect("source", role="acme") as conn:
        for statement in statements:
            conn.execute(statement)


def contents(stack):
    """All that is in the source: rows, columns, triggers, rules, grants, schemas."""
    with stack.connect("source") as conn:
        names = [row[0] for row in conn.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = to_regnamespace('store') ORDER BY 1").fetchall()]
        return ([conn.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in names
                 if name != "store.coupons"],
                conn.execute("SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod) "
                             "FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
                             "WHERE relnamespace = 'store'::regnamespace AND NOT attisdropped "
                             "ORDER BY 1, attnum").fetchall(),
                conn.execute("SELECT relname, tgname, tgenabled, t.oid FROM pg_trigger t "
                             "JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND "
                             "relnamespace = 'store'::regnamespace ORDER BY 1, 2").fetchall(),
                conn.execute("SELECT tablename, rulename FROM pg_rules WHERE schemaname = 'store' "
                             "ORDER BY 1, 2").fetchall(),
                conn.execute("SELECT relname, relacl::text FROM pg_class WHERE relnamespace = "
                             "'store'::regnamespace AND relkind = 'r' ORDER BY 1").fetchall(),
                conn.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' "
                             "ORDER BY 1").fetchall())


def dry(stack, *args, status=0):
    got = stack.run("setup", *args, "--dry-run", "--output", "json", status=status)
    data = got.json()
    jsonschema.validate(data, SCHEMA)
    return data, got


def equal_to_store(stack):
    """The open versions and the facts are the store's active rows; lines that say where not."""
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
    out = invariants(star)
    with stack.connect("source") as conn:
        for table in ATTRIBUTES:
            names = ", ".join(n for n in (ID[table], *ATTRIBUTES[table])
                              if n not in ("brand_name", "category_name"))
            rows = {row[0]: row[1:] for row in conn.execute(
                f"SELECT {names} FROM store.{table} WHERE is_active = 'Y'").fetchall()}
            found = {key: tuple(value for name, value in zip(ATTRIBUTES[table], versions[-1][2])
                                if name not in ("brand_name", "category_name"))
                     for key, versions in star.dimension(table).items() if versions[-1][3] == "Y"}
            out += [f"{table} {key}: {rows.get(key)} {found.get(key)}"
                    for key in rows.keys() | found.keys() if rows.get(key) != found.get(key)]
        lines = {(row[0], row[1]): row[2] for row in conn.execute(
            "SELECT order_id, item_id, quantity FROM store.orders JOIN store.order_items "
            "USING (order_id) WHERE is_active = 'Y'").fetchall()}
    facts = {key: fact["quantity"] for key, fact in star.sales().items()}
    return out + [f"line {key}" for key in lines.keys() | facts.keys()
                  if lines.get(key) != facts.get(key)]


def test_dry_run_then_adopt_then_load(acme):
    before = contents(acme)
    data, _ = dry(acme, "--adopt")
    assert data["differs"] == []
    assert {row["table"] for row in data["plan"] if row["part"] == "audit"} == set(AUDITED)
    assert all("add column created_at and updated_at and is_active" in row["does"]
               for row in data["plan"] if row["part"] == "audit")
    assert contents(acme) == before
    acme.run("setup", "--adopt", env={"BIKEOPS_PRODUCTION": "true"}).quiet()
    rows = contents(acme)[0]
    assert [[row[:len(old)] for row, old in zip(new, was)] for new, was in zip(rows, before[0])] \
        == before[0]
    acme.run("run", "full").quiet()
    assert equal_to_store(acme) == []
    do(acme, "DELETE FROM store.customers WHERE customer_id = '1'",
       "UPDATE store.customers SET city = 'moved' WHERE customer_id = '2'",
       "INSERT INTO store.order_items VALUES ('1', 9, '1', 7, 1.00, 0.00)",
       "UPDATE store.brands SET brand_name = 'renamed' WHERE brand_id = 1")
    acme.run("run", "incremental").quiet()
    assert equal_to_store(acme) == []
    with acme.connect("source") as conn:
        assert conn.execute("SELECT is_active FROM store.customers WHERE customer_id = '1'") \
            .fetchone() == ("N",)


def test_adopting_again_changes_nothing(acme):
    acme.run("setup", "--adopt").quiet()
    acme.run("run", "full").quiet()
    do(acme, "UPDATE store.stores SET city = 'again' WHERE store_id = '1'")
    before = contents(acme)
    assert dry(acme, "--adopt")[0] == {"schema": "bikeops.adopt/1", "plan": [], "differs": []}
    acme.run("setup", "--adopt").quiet()
    assert contents(acme) == before
    # nothing was missed meanwhile, so the next load is no full one
    assert acme.json("run", "incremental")["run"][0]["mode"] == "incremental"
    assert equal_to_store(acme) == []


def test_a_plain_setup_says_adopt(acme):
    before = contents(acme)
    acme.run("setup", status=4).talk("--adopt").quiet()
    assert contents(acme) == before


DIFFERENT = {
    "column missing": (["ALTER TABLE store.customers DROP COLUMN city"],
                       ("customers", "city", "no such column", "varchar or text")),
    "type wrong": (["ALTER TABLE store.orders ALTER order_date TYPE timestamp"],
                   ("orders", "order_date", "timestamp without time zone", "date")),
    "key of integers": (["ALTER TABLE store.order_items DROP CONSTRAINT order_items_order_id_fkey",
                         "ALTER TABLE store.orders ALTER order_id TYPE int USING order_id::int"],
                        ("orders", "order_id", "integer", "varchar or text")),
    "wrong decimals": (["ALTER TABLE store.products ALTER list_price TYPE numeric"],
                       ("products", "list_price", "numeric", "numeric with 2 decimals")),
    "big integer": (["ALTER TABLE store.products ALTER model_year TYPE bigint"],
                    ("products", "model_year", "bigint", "integer or smallint")),
    "audit column of another kind": (["ALTER TABLE store.staffs ADD is_active boolean"],
                                     ("staffs", "is_active", "boolean, may be NULL",
                                      "varchar or text, NOT NULL")),
    "table missing": (["DROP TABLE store.brands CASCADE"],
                      ("brands", None, "no such table", "a table")),
    "a view": (["ALTER TABLE store.brands RENAME TO b",
                "CREATE VIEW store.brands AS SELECT * FROM store.b"],
               ("brands", None, "no plain table", "a table")),
    "no key": (["ALTER TABLE store.order_items DROP CONSTRAINT order_items_pkey"],
               ("order_items", "order_id, item_id", "no primary key of this", "primary key")),
    "row security": (["ALTER TABLE store.orders ENABLE ROW LEVEL SECURITY"],
                     ("orders", None, "row level security", "none: rows would be left out unseen")),
    "children": (["CREATE TABLE store.more () INHERITS (store.customers)"],
                 ("customers", None, "child tables", "none: their changes fire no trigger")),
    "a trigger of our name": (
        ["CREATE FUNCTION store.mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
         "CREATE TRIGGER audit BEFORE UPDATE ON store.stores FOR EACH ROW EXECUTE FUNCTION store.mine()"],
        ("stores", "trigger audit", "runs store.mine()", "no other trigger of this name")),
    "a function of our name": (
        ["CREATE FUNCTION store.audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"],
        (None, "function store.audit()", "another one", "none of this name")),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_differs(acme, name):
    statements, want = DIFFERENT[name]
    do(acme, *statements)
    before = contents(acme)
    data, got = dry(acme, "--adopt", status=4)
    assert [tuple(row.values()) for row in data["differs"]] == [want]
    got.quiet()
    text = acme.run("setup", "--adopt", status=4)
    assert all(word in text.stderr for word in want[1:] if word), text.stderr
    text.quiet()
    assert contents(acme) == before


def test_all_that_differs_is_listed(acme):
    do(acme, "ALTER TABLE store.customers DROP COLUMN city, DROP COLUMN state",
       "ALTER TABLE store.orders ALTER order_date TYPE timestamp", "DROP TABLE store.order_items")
    before = contents(acme)
    data, got = dry(acme, "--adopt", status=4)
    assert {(row["table"], row["column"]) for row in data["differs"]} == {
        ("customers", "city"), ("customers", "state"), ("orders", "order_date"),
        ("order_items", None)}
    got.talk("customers.city.*customers.state.*orders.order_date|order_items").quiet()
    assert contents(acme) == before


def test_an_owner_of_whom_we_are_no_member(acme):
    with acme.connect("source") as conn:
        conn.execute("REVOKE acme FROM CURRENT_USER")
        try:
            data, got = dry(acme, "--adopt", status=4)
        finally:
            conn.execute("GRANT acme TO CURRENT_USER")
    got.quiet()
    owned = [row for row in data["differs"] if row["has"] == "owned by acme"]
    assert len(owned) == 8 and {row["needs"] for row in owned} == {"bikeops to be a member of acme"}
    assert ("schema store", "no right to create") in {
        (row["column"], row["has"]) for row in data["differs"]}


class Writer(threading.Thread):
    """The shop at work: short transactions, and now and then one that stays open."""

    def __init__(self, stack, number, pause):
        super().__init__(daemon=True)
        self.stack, self.number, self.pause = stack, number, pause
        self.stop = threading.Event()
        self.failures, self.done, self.slowest = [], 0, 0

    def run(self):
        with self.stack.connect("source", role="acme") as conn:
            i = self.number * 100000
            while not self.stop.is_set():
                i += 1
                began = time.monotonic()
                try:
                    with conn.transaction():
                        conn.execute("UPDATE store.customers SET phone = %s WHERE customer_id = %s",
                                     (str(i), str(3 * (i % 100) + self.number)))
                        conn.execute("INSERT INTO store.orders (order_id, customer_id, order_status_id, "
                                     "order_date, required_date, store_id, staff_id) VALUES "
                                     "(%s, '1', 1, '2024-05-01', '2024-05-02', '1', '1')", (str(i),))
                        conn.execute("INSERT INTO store.order_items VALUES (%s, 1, '1', 2, 5.00, 0.10)",
                                     (str(i),))
                        if self.done < 2:
                            time.sleep(self.pause)
                    self.done += 1
                except psycopg.Error as e:
                    self.failures.append(str(e))
                self.slowest = max(self.slowest, time.monotonic() - began)


def test_live_writers(acme):
    """Adopted while others write, also in transactions longer than the wait for a lock."""
    writers = [Writer(acme, n, pause) for n, pause in ((1, 0), (2, 0), (3, 6))]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    try:
        acme.run("setup", "--adopt", timeout=180).quiet()
        acme.run("run", "full").quiet()
        time.sleep(0.5)
    finally:
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join(20)
    assert [w.failures for w in writers] == [[], [], []]
    assert all(w.done for w in writers)
    # a lock of ours is waited for two seconds at most, whatever it waits for itself
    assert max(w.slowest for w in writers[:2]) < 4
    acme.run("run", "incremental").quiet()
    assert equal_to_store(acme) == []


def test_uninstall(acme):
    before = contents(acme)
    acme.run("setup", "--adopt").quiet()
    acme.run("run", "full").quiet()
    do(acme, "DELETE FROM store.customers WHERE customer_id = '1'")
    rows = contents(acme)[0]
    data, _ = dry(acme, "--uninstall-capture")
    assert {row["part"] for row in data["plan"]} == {"capture", "server"}
    acme.run("setup", "--uninstall-capture").quiet()
    after = contents(acme)
    assert after[0] == rows and after[5] == before[5]
    assert {row[1] for row in after[2]} == {"audit"}
    assert not any("bikeops_" in (acl or "") for _, acl in after[4])
    do(acme, "UPDATE store.customers SET city = 'free' WHERE customer_id = '2'")
    acme.run("run", "incremental", status=2).talk("captures").quiet()
    # an inactive row would come back as alive
    acme.run("setup", "--uninstall-capture", "--drop-audit", status=1).talk("inactive").quiet()
    assert contents(acme)[1] == after[1]
    do(acme, "UPDATE store.customers SET is_active = 'Y' WHERE customer_id = '1'")
    acme.run("setup", "--uninstall-capture", "--drop-audit").quiet()
    last = contents(acme)
    assert last[1:4] == before[1:4]
    assert [len(rows) for rows in last[0]] == [len(rows) for rows in before[0]]
    assert dry(acme, "--uninstall-capture", "--drop-audit")[0]["plan"] == []


def test_uninstalled_and_adopted_anew(acme):
    """Changes between the two are seen: the next load is a full one."""
    acme.run("setup", "--adopt").quiet()
    acme.run("run", "full").quiet()
    acme.run("setup", "--uninstall-capture").quiet()
    do(acme, "UPDATE store.customers SET city = 'unseen' WHERE customer_id = '2'")
    acme.run("setup", "--adopt").quiet()
    assert acme.json("run", "incremental")["run"][0]["mode"] == "full"
    assert equal_to_store(acme) == []


@pytest.mark.parametrize("options", [
    ("--adopt", "--uninstall-capture"), ("--adopt", "--dataset", "x"), ("--dry-run",),
    ("--drop-audit",), ("--adopt", "--recreate")])
def test_usage(acme, options):
    assert acme.run("setup", *options, status=2).stderr
    acme.results[-1].quiet()
