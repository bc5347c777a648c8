"""Many writers at once while incremental loads run: nothing lost, doubled or out of order."""

import contextlib
import csv
import pathlib
import random
import threading
import time

import psycopg
import pytest

from agree import disagreements
from oracle import ATTRIBUTES, ID
from star import Star, balance, invariants

WRITERS = 10
SECONDS = 20
RUNS = 12
CONFLICTS = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected,
             psycopg.errors.IntegrityError, psycopg.errors.SerializationFailure)


class Writer(threading.Thread):
    """Long, short, aborted and savepointed transactions on rows that others write too."""

    def __init__(self, stack, number, stop):
        super().__init__(name=f"writer {number}")
        self.random = random.Random(number)
        self.number = number
        self.stop = stop
        self.conn = stack.shop()
        self.conn.execute("SET lock_timeout = '200ms'")
        self.next = 0
        self.committed = 0
        self.failure = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.transaction()
        except Exception as error:  # the test shows it
            self.failure = error

    def transaction(self):
        r = self.random
        self.conn.execute("BEGIN")
        try:
            for _ in range(r.randrange(1, 6)):
                if r.random() < 0.3:
                    self.conn.execute("SAVEPOINT s")
                    self.statement()
                    self.conn.execute(r.choice(("ROLLBACK TO s", "RELEASE s")))
                self.statement()
                if r.random() < 0.1:
                    time.sleep(r.random() * 0.8)
            if r.random() < 0.15:
                self.conn.execute("ROLLBACK")
                return
            self.conn.execute("COMMIT")
            self.committed += 1
        except CONFLICTS:
            self.conn.execute("ROLLBACK")

    def statement(self):
        r = self.random
        self.next += 1
        key = str(r.randrange(1, 3))
        own = f"w{self.number}-{self.next}"
        mine = f"w{self.number}-{r.randrange(1, self.next + 1)}"
        sql, values = r.choice((
            ("UPDATE store.customers SET city = %s WHERE customer_id = %s", (own, key)),
            ("UPDATE store.products SET list_price = list_price + 1 WHERE product_id = %s", (key,)),
            ("UPDATE store.brands SET brand_name = %s WHERE brand_id = %s", (own, key)),
            ("INSERT INTO store.products (product_id, brand_id, category_id, list_price) "
             "VALUES (%s, %s, 1, 5)", (own, int(key))),
            ("UPDATE store.products SET brand_id = %s WHERE product_id = %s", (int(key), mine)),
            ("UPDATE store.stores SET phone = %s WHERE store_id = '1'", (own[:15],)),
            ("INSERT INTO store.customers (customer_id, city) VALUES (%s, 'new')", (own,)),
            ("DELETE FROM store.customers WHERE customer_id = %s", (mine,)),
            ("UPDATE store.customers SET is_active = 'Y' WHERE customer_id = %s", (mine,)),
            ("UPDATE store.customers SET customer_id = %s WHERE customer_id = %s", (own, mine)),
            ("UPDATE store.orders SET shipped_date = current_date, order_status_id = %s "
             "WHERE order_id = %s", (r.choice((1, 2, 3)), key)),
            ("INSERT INTO store.orders (order_id, customer_id, order_status_id, order_date, "
             "store_id, staff_id) VALUES (%s, %s, 1, '2018-01-01', '1', '1')", (own, key)),
            ("INSERT INTO store.order_items VALUES (%s, %s, %s, 2, 9.99, 0.05)",
             (r.choice((key, mine)), self.number * 10000 + self.next, key)),
            ("UPDATE store.order_items SET quantity = quantity % 9 + 1 WHERE order_id = %s".replace(
                "% 9", "%% 9"), (r.choice((key, mine)),)),
            ("DELETE FROM store.order_items WHERE order_id = %s AND item_id %% 3 = 0", (key,)),
            ("DELETE FROM store.orders WHERE order_id = %s", (mine,)),
        ))
        self.conn.execute(sql, values)


@contextlib.contextmanager
def writing(stack, small, n=WRITERS):
    """The small shop, loaded once, while writers write; then the last loads take all of it."""
    stack.run("setup", "--recreate", "--dataset", small).quiet()
    stack.shop_role()
    stack.run("run", "full").quiet()
    stop = threading.Event()
    writers = [Writer(stack, number, stop) for number in range(n)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        stop.set()
    for writer in writers:
        writer.join(30)
        writer.conn.close()
        assert writer.failure is None, f"{writer.name}: {writer.failure!r}"
    stack.run("run", "incremental").quiet()
    stack.run("run", "incremental").quiet()


@pytest.fixture(scope="module")
def written(session_stack, small):
    """The small shop after half a minute of writers and loads, and one last load."""
    runs, end = 0, time.monotonic() + SECONDS
    with writing(session_stack, small) as writers:
        while time.monotonic() < end or runs < RUNS:    # a busy machine loads less often
            session_stack.run("run", "incremental").quiet()
            runs += 1
    return session_stack, runs, sum(writer.committed for writer in writers)


def test_there_was_something(stack, written):
    _, runs, committed = written
    with stack.connect("warehouse", role="bikeops_read") as conn:
        k = conn.execute("SELECT k FROM bikeops.watermark").fetchone()[0]
    print(f"{runs} loads, {k} batches, {committed} transactions")
    assert k >= 10 and committed >= 200


def test_warehouse_equals_source(stack, written):
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
    with stack.connect("source") as conn:
        assert disagreements(conn, star) == []
    assert invariants(star) == []


def test_journal_against_batches(stack, written):
    """Every journal row is in exactly one batch, and a key's rows come in their order."""
    with stack.connect("source") as conn:
        journal = conn.execute("SELECT seq, tbl, key FROM bikeops_capture.journal").fetchall()
    with stack.connect("warehouse", role="bikeops_read") as conn:
        batches = conn.execute("SELECT k, manifest FROM bikeops.batches ORDER BY k").fetchall()
    lake = pathlib.Path(stack.dsn["BIKEOPS_LAKE"]) / "raw"
    taken, last = {}, {}
    for k, manifest in batches:
        directory = raw_directory(lake, manifest)
        for table in ATTRIBUTES:
            for row in sorted(read(directory / f"{table}.csv"), key=lambda row: int(row["seq"])):
                seq, name = int(row["seq"]), (table, row[ID[table]])
                if seq == 0:
                    continue
                assert seq not in taken, f"seq {seq} in batch {taken[seq]} and {k}"
                taken[seq] = k
                assert seq > last.get(name, 0), f"{name}: seq {seq} in batch {k} after {last[name]}"
                last[name] = seq
    wanted = {seq for seq, table, _ in journal if table in ATTRIBUTES}
    assert wanted - taken.keys() == set()
    assert len(taken) > 200


def raw_directory(lake, manifest):
    """The folder of the batch's raw files: where its manifest lies."""
    text = manifest if isinstance(manifest, str) else manifest["key"]
    path = lake / text
    return path.parent if path.suffix else path


def read(path):
    if not path.exists():
        return
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def test_orders_in_batches(stack, written):
    """Every order that the journal names was read in a batch that saw the change."""
    with stack.connect("source") as conn:
        wanted = {row[0] for row in conn.execute(
            "SELECT DISTINCT key FROM bikeops_capture.journal WHERE tbl IN ('orders', 'order_items')")}
    with stack.connect("warehouse", role="bikeops_read") as conn:
        batches = conn.execute("SELECT manifest FROM bikeops.batches").fetchall()
    lake = pathlib.Path(stack.dsn["BIKEOPS_LAKE"]) / "raw"
    taken = {row["order_id"] for (manifest,) in batches
             for row in read(raw_directory(lake, manifest) / "dirty_orders.csv")}
    assert wanted - taken == set()


def test_books(stack, written):
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
    for k in {row[0] for row in star.book_rows}:
        assert balance(star.books(k)) == []


def test_triggers_are_needed(stack, written):
    """A shop whose trigger is gone is refused, not read with holes."""
    with stack.connect("source") as conn:
        name = conn.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'store.customers'::regclass "
                            "AND NOT tgisinternal AND tgname <> 'audit' LIMIT 1").fetchone()[0]
        conn.execute(f'ALTER TABLE store.customers DISABLE TRIGGER "{name}"')
        try:
            with stack.shop() as shop:
                shop.execute("UPDATE store.stores SET city = 'seen' WHERE store_id = '1'")
            stack.run("run", "incremental", status=4).talk(name)
            stack.results[-1].quiet()
        finally:
            conn.execute(f'ALTER TABLE store.customers ENABLE ALWAYS TRIGGER "{name}"')
    stack.run("run", "incremental").quiet()
