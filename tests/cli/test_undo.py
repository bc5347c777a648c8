"""`run undo`: the newest batch is taken back, row for row, and nothing is lost."""

import datetime
import os
import time

import pytest

import oracle
import stack as stacks
from test_commands import validate
from test_histories import A, B, CREATED, DELETED, World, clocked, day, tell  # noqa: F401
from test_kill import Scene, kill
from star import Star, balance, compare, invariants

SEEDS = [int(seed) for seed in os.environ.get("HISTORIES_SEEDS", "1 2 3 4").split()]
TABLES = ("dim_customers", "dim_products", "dim_staffs", "dim_stores", "fact_sales")
WINDOW = "epoch, s, seq, xid, at, business_timezone"


def contents(conn):
    """Serving, row for row with its key numbers; and where the window ended."""
    out = {table: sorted(conn.execute(f"SELECT * FROM serving.{table}").fetchall())
           for table in TABLES}
    out["window"] = conn.execute(f"SELECT {WINDOW} FROM bikeops.watermark").fetchall()
    return out


def last_keys(conn):
    return dict(conn.execute("SELECT tbl, last_key FROM bikeops.keys").fetchall())


def newest(stack):
    return next(row for row in stack.json("runs")["runs"] if row["state"] != "refused")


def look(stack):
    return stack.connect("warehouse", role="bikeops_read")


# --- one batch that holds every kind of change

def place(conn, order, customer, date):
    conn.execute("INSERT INTO store.orders (order_id, customer_id, order_status_id, order_date, store_id, "
                 "staff_id) VALUES (%s, %s, 1, %s, '1', '1')", [order, customer, date])
    conn.execute("INSERT INTO store.order_items (order_id, item_id, product_id, quantity, list_price, "
                 "discount) VALUES (%s, 1, '1', 1, 10, 0)", [order])


@pytest.fixture
def shop(clocked):  # noqa: F811
    """Customers with orders on several days, one of whom the warehouse does not know yet."""
    clocked.clock_at(day(1))
    world = World(clocked, 1, "UTC")
    conn = world.shops.reader
    for name in ("moves", "ends", "stays", "back"):
        tell(conn, name, CREATED)
        for number in (2, 6, 9):
            place(conn, f"{name} {number}", name, day(number))
    tell(conn, "late", {"zip_code": "x"})
    conn.execute("INSERT INTO store.customers (customer_id, zip_code) VALUES ('late', 'ééééé')")
    place(conn, "late 2", "late", day(2))
    clocked.run("run", "full").quiet()
    clocked.clock_at(day(5))
    tell(conn, "back", B)
    clocked.run("run", "incremental").quiet()
    yield world
    world.close()
    clocked.results = []


def change_all(world):
    """Insert, update, a new version, an end, a heal, a removed line, facts that move."""
    conn = world.shops.reader
    tell(conn, "moves", B)                      # a version opens, one closes; two facts move
    tell(conn, "back", A)                       # on the day it began: a version goes
    tell(conn, "ends", DELETED)
    tell(conn, "new", CREATED)
    conn.execute("UPDATE store.customers SET zip_code = '1', city = 'A' WHERE customer_id = 'late'")
    conn.execute("UPDATE store.order_items SET quantity = 7 WHERE order_id = 'moves 6'")
    conn.execute("DELETE FROM store.order_items WHERE order_id = 'stays 2'")
    conn.execute("UPDATE store.products SET list_price = 11 WHERE product_id = '1'")
    place(conn, "new 5", "new", day(5))
    place(conn, "new 6", "new", day(6))


def test_every_kind_of_change(shop):
    stack, conn = shop.stack, shop.reader
    before, inferred = contents(conn), shop.star().dimension("customers")["late"]
    assert inferred[0][0] == oracle.INFERRED
    change_all(shop)
    stack.run("run", "incremental").quiet()
    after, run = contents(conn), newest(stack)["run"]
    books = shop.star().books(3)
    assert books["sales"]["repointed"] > 1 and books["sales"]["removed"] == 1
    assert books["sales"]["inserted"] == 2 and books["sales"]["updated"] >= 1
    assert shop.star().dimension("customers")["late"][0][0] == day(5).date()
    preview = stack.json("run", "undo", run, "--dry-run")
    stack.run("run", "undo", run).quiet()
    assert contents(conn) == before
    star = shop.star()
    assert star.watermark[0][0] == 4 and balance(star.books(4)) == []
    assert conn.execute("SELECT k, by_k FROM bikeops.undone").fetchall() == [(3, 4)]
    assert conn.execute("SELECT run, s FROM bikeops.batches WHERE k = 4").fetchone() == (
        newest(stack)["run"], before["window"][0][1])
    # The books say what the dry run said.
    for row in preview["tables"][:-1]:
        book = star.books(4)[row["table"].split("_")[1]]
        assert {what: book[what] for what in ("removed", "inserted", "updated")} == {
            what: row[what] for what in ("removed", "inserted", "updated")}, row
    # And again: the same tables up to key numbers, the same window's end as if never undone.
    stack.run("run", "incremental").quiet()
    again = shop.star()
    assert after["window"][0][2:] == contents(conn)["window"][0][2:]
    assert without_numbers(after) == without_numbers(contents(conn))
    assert invariants(again) == []


def without_numbers(tables):
    """Dimension rows without their key, facts by what their keys name."""
    names = {}
    for table, key in (("dim_products", 3), ("dim_customers", 4), ("dim_stores", 5), ("dim_staffs", 6)):
        names[key - 3] = {row[0]: row[1:] for row in tables[table]}
    facts = sorted((*row[1:3], *(names[i].get(row[3 + i]) for i in range(4)), *row[7:])
                   for row in tables["fact_sales"])
    return facts, [sorted(rows.values(), key=str) for rows in names.values()]


def test_undo_of_a_full(shop):
    """One that ends what is absent and changes much; then the first of all."""
    stack, conn = shop.stack, shop.reader
    second, first = (row["run"] for row in stack.json("runs")["runs"][:2])
    change_all(shop)
    before = contents(conn)
    stack.run("run", "full").quiet()
    assert contents(conn) != before
    stack.run("run", "undo", newest(stack)["run"]).quiet()
    assert contents(conn) == before
    stack.run("run", "undo", second).quiet()
    keys = last_keys(conn)
    stack.run("run", "undo", first).quiet()
    empty = contents(conn)
    assert [empty[table] for table in TABLES] == [[]] * len(TABLES)
    assert empty["window"][0][:5] == (None,) * 5 and last_keys(conn) == keys
    stack.run("run", "incremental").talk("nothing is published yet").quiet()
    assert newest(stack)["mode"] == "full"
    assert min(row[0] for row in contents(conn)["fact_sales"]) > keys["sales"]
    assert min(row[0] for row in contents(conn)["dim_customers"]) > keys["customers"]


def test_rejects_are_counted_once(shop):
    """What the undone batch had rejected is rejected again by the next, and missing once."""
    stack, conn = shop.stack, shop.shops.reader
    counted = lambda: next(row for row in stack.json("counts")["counts"]
                           if row["entity"] == "order_lines")
    assert counted()["break"] == "ok"
    conn.execute("UPDATE store.order_items SET quantity = 12345678 WHERE order_id LIKE 'stays %'")
    stack.run("run", "incremental").quiet()
    stack.run("run", "undo", newest(stack)["run"]).quiet()
    stack.run("run", "incremental").quiet()
    assert (counted()["break"], counted()["note"]) == ("processed", "3 missing, 3 were rejected")


# --- what is refused

@pytest.fixture(scope="module")
def scene(session_stack, small):
    scene = Scene(session_stack, small, 23)
    yield scene
    scene.shops.close()
    del session_stack.env["BIKEOPS_MAX_REJECT_PERCENT"]


def published(scene, *tables):
    """One more batch, that changes these tables; its run."""
    while True:
        scene.change()
        scene.stack.run("run", "incremental").quiet()
        scene.warehouse.incremental()
        run = newest(scene.stack)["run"]
        plan = scene.stack.json("run", "undo", run, "--dry-run") if tables else {"tables": []}
        if set(tables) <= {row["table"] for row in plan["tables"] if row["lock"]}:
            return run


def as_oracle(scene):
    with look(scene.stack) as conn:
        star = Star(conn)
    return compare(star, scene.warehouse) + invariants(star)


def checked(scene):
    """The next run takes all that was undone."""
    return scene.settle()


def test_refused(stack, scene):
    old, new = published(scene), published(scene)
    for more in ([], ["--dry-run"], ["--detach"]):
        stack.run("run", "undo", old, *more, status=4).talk("not the newest", f"run undo {new}")
    before = len(stack.json("runs")["runs"])
    stack.run("run", "undo", 999999, status=4).talk("999999 published nothing", "bikeops runs")
    stack.run("run", "undo", "x", status=2).talk("'x'").quiet()
    stack.run("run", "undo", status=2).talk("needs a run").quiet()
    assert len(stack.json("runs")["runs"]) == before
    stack.run("run", "undo", new).quiet()
    scene.warehouse.undo()
    undo = newest(stack)["run"]
    stack.run("run", "undo", new, status=4).talk(f"already, by run {undo}", "incremental")
    stack.run("run", "undo", undo, status=4).talk(f"is an undo, of run {new}", "incremental")
    stack.run("run", "resume", undo, status=4).quiet()
    assert as_oracle(scene) == []
    stack.run("run", "undo", old).quiet()       # the way out: one after the other
    scene.warehouse.undo()
    assert as_oracle(scene) == []
    assert checked(scene) == []


def test_nothing_published(stack, scene):
    published(scene)
    stack.run("run", "incremental").quiet()
    run = newest(stack)
    assert run["k"] is None
    stack.run("run", "undo", run["run"], status=4).talk("published nothing", "bikeops runs")


def test_kept_for_seven_days(stack, scene):
    with stack.connect("warehouse") as conn:
        k, changed = 0, None
        while k != changed:     # a batch that changed lines
            old = published(scene)
            k = conn.execute("SELECT max(k) FROM bikeops.kept").fetchone()[0]
            changed = conn.execute("SELECT max(k) FROM bikeops.kept_fact_sales").fetchone()[0]
        conn.execute("UPDATE bikeops.kept SET kept_at = kept_at - INTERVAL '6 days' WHERE k = %s", [k])
        conn.execute("UPDATE bikeops.kept SET kept_at = kept_at - INTERVAL '8 days' WHERE k < %s", [k])
        new = published(scene)
        kept = [row[0] for row in conn.execute("SELECT k FROM bikeops.kept ORDER BY k")]
        assert kept == [k, k + 1]
        for table in (*TABLES, "keys"):
            found = conn.execute(f"SELECT min(k) FROM bikeops.kept_{table}").fetchone()[0]
            assert found == k or table in TABLES[:4] and found in (None, k + 1), table
        for run in (new, old):      # six days later it can still be taken back
            stack.run("run", "undo", run).quiet()
            scene.warehouse.undo()
            assert as_oracle(scene) == []
        old = published(scene)
        conn.execute("UPDATE bikeops.kept SET kept_at = kept_at - INTERVAL '8 days'")
    new = published(scene)
    stack.run("run", "undo", new).quiet()
    scene.warehouse.undo()
    stack.run("run", "undo", old, status=4).talk("no longer kept", "7 days")
    assert checked(scene) == []


def test_locked(stack, scene):
    """While another run holds the lease an undo waits for nothing and says so."""
    run = published(scene)
    scene.change()
    with stack.locked("bikeops.watermark"):
        child = stack.start("run", "incremental")
        stacks.wait_until(stack.waiting, 30)
        stack.run("run", "undo", run, status=4).talk("run").quiet()
    assert child.wait(60) == 0
    scene.warehouse.incremental()
    child.communicate()
    stack.run("run", "undo", run, status=4).talk("not the newest").quiet()
    assert checked(scene) == []


# --- what is told

def test_dry_run(stack, scene):
    run = published(scene)
    with look(stack) as conn:
        before, runs = contents(conn), len(stack.json("runs")["runs"])
        data = stack.json("run", "undo", run, "--dry-run")
        validate(data)
        assert contents(conn) == before and len(stack.json("runs")["runs"]) == runs
        head, = data["undo"]
        k = newest(stack)["k"]
        assert (head["run"], head["k"], head["new_k"]) == (run, k, k + 1)
        assert head["back_to"] == conn.execute("SELECT at FROM bikeops.kept WHERE k = %s", [k]).fetchone()[0]
    changes = data["window"][0]["changes"]
    assert data["window"][0]["mode"] == "incremental" and changes > 0
    assert data["tables"][-1]["table"] == "watermark"
    assert all(bool(row["lock"]) == bool(row["removed"] + row["inserted"] + row["updated"])
               for row in data["tables"])
    text = stack.run("run", "undo", run, "--dry-run").stdout
    assert "fact_sales" in text and "what the next incremental load will take" in text
    stack.run("run", "undo", run).quiet()
    scene.warehouse.undo()
    window, = stack.json("run", "incremental", "--dry-run")["window"]
    assert window["changes"] == changes     # as foretold
    assert checked(scene) == []


def test_told(stack, scene):
    """runs and status know what was taken back, and call it no success of loading."""
    run = published(scene)
    scene.change()
    with stack.locked("bikeops.watermark"):
        child = stack.start("run", "incremental")
        stacks.wait_until(stack.waiting, 30)
        kill(child)
    got = stack.run("run", "undo", run, "--output", "json").quiet().json()
    validate(got)
    undo = newest(stack)
    scene.warehouse.undo()
    assert (undo["mode"], undo["state"]) == ("undo", "ok") and undo["k"] == got["run"][0]["k"]
    assert f"run {run}" in undo["note"] and undo["changed"] > 0 and undo["undone_by"] is None
    runs = {row["run"]: row for row in stack.json("runs")["runs"]}
    assert runs[run]["undone_by"] == undo["run"]
    assert f"taken back by run {undo['run']}" in runs[run]["note"]
    failed = runs[undo["run"] - 1]
    assert failed["state"] == "failed" and not failed["covered"]    # an undo loads nothing
    status = stack.json("status")
    validate(status)
    assert status["last"][0]["mode"] == "undo" and status["behind"][0]["newest"] == failed["run"]
    validate(stack.json("runs", "show", undo["run"]))
    assert checked(scene) == []
    assert {row["run"]: row for row in stack.json("runs")["runs"]}[failed["run"]]["covered"]


def test_counts(stack, scene):
    """Serving lacks the batch, and counts says that this is meant."""
    run = published(scene, "fact_sales")
    stack.run("run", "undo", run).quiet()
    scene.warehouse.undo()
    counts = stack.json("counts")
    validate(counts)
    with look(stack) as conn:
        lines = conn.execute("SELECT count(*) FROM serving.fact_sales").fetchone()[0]
    assert {row["entity"]: row for row in counts["counts"]}["order_lines"]["serving"] == lines
    differing = 0
    for row in counts["counts"] + counts["sums"]:
        differ = row["source"] != row["serving"] and row.get("entity") != "dates"
        assert (f"run {run} was taken back" in (row["note"] or "")) == differ, row
        assert not differ or row["break"] is None
        differing += differ
    assert differing
    assert {row["what"]: row for row in counts["books"]}["after"]["sales"] == lines
    assert checked(scene) == []
    counts = stack.json("counts")
    assert not any("taken back" in (row["note"] or "") for row in counts["counts"] + counts["sums"])


def test_detached(stack, scene):
    run = published(scene)
    stack.run("run", "undo", run, "--detach").quiet()
    stacks.wait_until(lambda: newest(stack)["state"] == "ok", 30)
    assert newest(stack)["mode"] == "undo"
    scene.warehouse.undo()
    assert checked(scene) == []


# --- killed, and raced

@pytest.mark.parametrize("again", ["undo", "resume", "incremental"])
@pytest.mark.parametrize("table", ["bikeops.watermark", "bikeops.undone", "serving.dim_customers",
                                   "serving.fact_sales", "bikeops.books", "bikeops.batches"])
def test_kill_inside(stack, scene, table, again):
    run = published(scene, "dim_customers", "fact_sales")
    with stack.locked(table) as conn, look(stack) as reader:
        before = contents(reader)
        child = stack.start("run", "undo", str(run))
        stacks.wait_until(stack.waiting, 30)
        assert contents(reader) == before      # readers see nothing of it, and do not wait
        kill(child)
        conn.execute("ROLLBACK")
        undo = newest(stack)
        assert undo["mode"] == "undo" and undo["state"] == "dead"
        stacks.wait_until(lambda: not stack.waiting(), 10)
        assert contents(reader) == before
    if again != "incremental":
        stack.run("run", again, run if again == "undo" else undo["run"]).quiet()
        scene.warehouse.undo()
        stack.run("run", "undo", run, status=4).talk("already").quiet()
    assert checked(scene) == []


@pytest.mark.parametrize("table", ["ledger.run", "ledger.book", "ledger.layer"])
def test_kill_after_commit(stack, scene, table):
    """The warehouse has it, the ledger does not: the undo is done, a resume tells it."""
    run = published(scene, "fact_sales")
    with stack.locked("serving.fact_sales") as conn, stack.connect("ledger") as ledger:
        child = stack.start("run", "undo", str(run))
        stacks.wait_until(stack.waiting, 30)
        undo = newest(stack)["run"]
        ledger.execute("BEGIN")
        ledger.execute("SELECT 1 FROM ledger.run WHERE id = %s FOR UPDATE" if table == "ledger.run" else
                       f"LOCK TABLE {table} IN SHARE MODE", [undo] if table == "ledger.run" else None)
        k = conn.execute("SELECT k FROM bikeops.watermark").fetchone()[0]
        conn.execute("ROLLBACK")
        stacks.wait_until(lambda: conn.execute("SELECT k FROM bikeops.watermark").fetchone()[0] > k, 30)
        time.sleep(0.2)
        kill(child)
        ledger.execute("ROLLBACK")
    scene.warehouse.undo()
    stack.run("run", "undo", run, status=4).talk("already").quiet()
    stack.run("run", "resume", undo).talk("already taken back").quiet()
    row = newest(stack)
    assert (row["run"], row["state"], row["k"]) == (undo, "ok", k + 1) and row["changed"] > 0
    assert checked(scene) == []


@pytest.mark.parametrize("part", range(8))
def test_kill_anywhere(stack, scene, part):
    run = published(scene)
    child = stack.start("run", "undo", str(run))
    time.sleep(0.15 * (part + scene.random.random()) / 8)
    kill(child)
    got = stack.run("run", "undo", run, status=None).quiet()
    assert got.status == 0 or "already" in got.stderr, got.stderr
    scene.warehouse.undo()
    assert checked(scene) == []


def race(stack, first, second):
    """Both at once, as no lease keeps them apart; the first has moved the watermark."""
    with stack.locked("serving.fact_sales", "serving.dim_customers"):
        one = stack.start(*map(str, first))
        stacks.wait_until(stack.waiting, 30)
        with stack.connect("ledger") as ledger:
            ledger.execute("DELETE FROM ledger.lease")
        two = stack.start(*map(str, second))
        stacks.wait_until(lambda: stack.waiting() >= 2, 30)
    assert one.wait(60) == 0, one.communicate()
    assert two.wait(60) == 1
    assert b"the watermark stands at" in two.communicate()[1]


def test_publish_wins(stack, scene):
    run = published(scene, "fact_sales")
    scene.change()
    race(stack, ("run", "incremental"), ("run", "undo", run))
    scene.warehouse.incremental()
    assert checked(scene) == []


def test_undo_wins(stack, scene):
    run = published(scene, "fact_sales")
    scene.change()
    race(stack, ("run", "undo", run), ("run", "incremental"))
    scene.warehouse.undo()
    assert checked(scene) == []


def test_two_undos(stack, scene):
    run = published(scene, "fact_sales")
    race(stack, ("run", "undo", run), ("run", "undo", run))
    scene.warehouse.undo()
    assert checked(scene) == []


def test_the_journal_is_kept(stack, scene):
    """The source knows that this warehouse has gone back, before it goes."""
    run = published(scene)
    stack.run("run", "undo", run).quiet()
    scene.warehouse.undo()
    with look(stack) as conn, stack.connect("source") as source:
        s = conn.execute("SELECT s FROM bikeops.watermark").fetchone()[0]
        assert source.execute("SELECT s::text FROM bikeops_capture.consumers").fetchall() == [(s,)]
    assert checked(scene) == []


def test_kept_tables_are_servings(stack, scene):
    """k, then the columns of the table: publish and undo copy whole rows."""
    columns = ("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
               "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
    with look(stack) as conn:
        for table in TABLES:
            kept = conn.execute(columns, [f"bikeops.kept_{table}"]).fetchall()
            assert kept[0] == ("k", "bigint")
            assert kept[1:] == conn.execute(columns, [f"serving.{table}"]).fetchall()


# --- random histories, some batches of which are taken back

class Undone(World):
    """A world that remembers what each batch that stands had found."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.found = []

    def publish(self, coarse=False):
        before, k = contents(self.reader), self.fine.k
        mode = super().publish(coarse)
        if self.fine.k > k:
            run = self.stack.json("runs")["runs"][0]["run"]
            self.found.append((run, before, self.star().identity()))
        return mode

    def undo(self):
        run, before, names = self.found.pop()
        keys = last_keys(self.reader)
        self.stack.run("run", "undo", run).quiet()
        self.log.append(("fine", "undo"))
        self.fine.undo()
        assert contents(self.reader) == before, f"seed {self.seed}, batches {self.log}"
        assert last_keys(self.reader) == keys
        # An inferred member that the batch had healed is one again; a number stays taken.
        now = self.star().identity()
        assert not (names.keys() - now.keys()) & now.keys()
        self.names.update(now)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_histories(clocked, seed):  # noqa: F811
    """Batches, some taken back, one or several or all of them: always the oracle's tables."""
    clocked.clock_at(datetime.datetime(2026, 3, 6, 12, tzinfo=datetime.timezone.utc))
    world = Undone(clocked, seed, ("America/New_York", "UTC")[seed % 2])
    try:
        world.shops.found()
        undone = 0
        for batch in range(10):
            for _ in range(2):
                world.pass_time()
                world.shops.step(30)
            world.publish()
            world.check()
            times = world.random.choice((0, 0, 1, 1, 2)) if batch < 8 else 0
            if batch == 3:
                times = len(world.found)    # the first full one too
            for _ in range(min(times, len(world.found))):
                world.undo()
                world.check()
                undone += 1
        world.shops.finish()
        world.publish()
        world.check()
        assert undone >= 4
    finally:
        world.close()
        clocked.results = []
