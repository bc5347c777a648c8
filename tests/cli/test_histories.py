"""Random histories of hundreds of shops, batch by batch against a naive oracle.

A world is forty shops with keys of their own in one source: forty histories
share its clock and its batches.  A second warehouse reads the same source in
other, coarser batches and must hold the same.
"""

import datetime
import os
import random
import zoneinfo

import pytest

import oracle
import stack as stacks
from shop import Shops
from star import Star, compare, compare_books, invariants

SHOPS = 40
BATCHES = int(os.environ.get("HISTORIES_BATCHES", "12"))
SEEDS = [int(seed) for seed in os.environ.get("HISTORIES_SEEDS", "1 2 3 4 5 6 7 8").split()]
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def clocked(nothing_left):
    """A stack whose server's clock the test moves."""
    stack = stacks.Stack("clock")
    try:
        stack.up().fake_clock()
        stack.env["BIKEOPS_MAX_REJECT_PERCENT"] = "100"     # rows are broken on purpose here
        # A warehouse more; the login role may not make databases, the server's own role may.
        with stack.connect("ledger", user="bikeops_admin") as conn:
            conn.execute("CREATE DATABASE coarse OWNER bikeops")
        yield stack
    finally:
        stack.end()


class World:
    def __init__(self, stack, seed, timezone, shops=SHOPS, dataset=None):
        self.stack = stack
        self.seed = seed
        self.random = random.Random(seed)
        self.timezone = timezone
        self.zone = zoneinfo.ZoneInfo(timezone)
        stack.env["BIKEOPS_BUSINESS_TIMEZONE"] = timezone
        self.setup(dataset)
        self.shops = Shops(stack.shop, self.random, timezone, shops)
        self.shops.load()
        self.fine = oracle.Warehouse(self.shops.source)
        self.coarse = oracle.Warehouse(self.shops.source)
        self.reader = stack.connect("warehouse", role="bikeops_read")
        self.names = {}
        self.log = []

    def setup(self, data):
        data = data or stacks.write_dataset(self.stack.dir / "small", stacks.small_rows())
        self.stack.run("setup", "--recreate", "--dataset", data).quiet()
        self.stack.shop_role()
        dsn = self.stack.dsn["BIKEOPS_WAREHOUSE_DSN"]
        self.coarse_dsn = dsn.replace("dbname=warehouse", "dbname=coarse")
        assert self.coarse_dsn != dsn
        with self.stack.connect("warehouse", dbname="coarse") as conn:
            conn.execute("DROP SCHEMA IF EXISTS staging, serving, bikeops CASCADE")
        self.stack.run("setup", env={"BIKEOPS_WAREHOUSE_DSN": self.coarse_dsn}).quiet()

    # --- the clock
    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=self.stack.offset)

    def today(self):
        return self.now().astimezone(self.zone).date()

    def pass_time(self):
        """A while, a night, a week, to just before midnight, or a clock that steps back."""
        r = self.random
        now = self.now()
        how = r.choice(("a while", "a while", "a night", "a week", "midnight", "back"))
        if how == "a while":
            now += r.random() * 3 * HOUR
        elif how == "a night":
            now += 24 * HOUR
        elif how == "a week":
            now += 7 * 24 * HOUR
        elif how == "midnight":
            local = now.astimezone(self.zone).replace(hour=23, minute=59, second=59,
                                                      microsecond=900000)
            now = max(local, now)
        else:
            now -= r.choice((5 * HOUR, 49 * HOUR))
        self.stack.clock_at(now)

    # --- batches
    def publish(self, coarse=False):
        r = self.random
        warehouse = self.coarse if coarse else self.fine
        env = {"BIKEOPS_WAREHOUSE_DSN": self.coarse_dsn} if coarse else {}
        mode = "full" if not warehouse.standing else r.choices(
            ("incremental", "backfill", "full"), (8, 0 if coarse else 1, 0 if coarse else 2))[0]
        args = ["run", mode]
        if mode == "backfill":
            first = datetime.date(2026, 1, 1) + oracle.DAY * r.randrange(300)
            last = first + oracle.DAY * r.randrange(200)
            args += ["--from", first, "--to", last]
        if mode == "full":  # its own day counts: not while that passes
            while (self.now() + HOUR / 60).astimezone(self.zone).date() != self.today():
                self.stack.set_clock(self.stack.offset + 60)
        day = self.today()
        changes = bool(warehouse.images or warehouse.dirty)
        self.stack.run(*args, env=env).quiet()
        self.log.append(("coarse" if coarse else "fine", mode))
        if mode == "full":
            warehouse.full(day)
        elif mode == "backfill":
            warehouse.backfill(first, last)
        elif changes:
            warehouse.incremental()
        return mode

    def star(self):
        return Star(self.reader)

    def check(self):
        star = self.star()
        lines = self.shops.differences()
        assert not lines, f"seed {self.seed}: the source is not as committed: {lines[:5]}"
        lines = compare(star, self.fine) + compare_books(star, self.fine) + invariants(star)
        lines += self.check_names(star)
        assert not lines, f"seed {self.seed}, batches {self.log}:\n" + "\n".join(lines)
        return star

    def check_names(self, star):
        """A key number once given names the same version for ever; an inferred one may heal."""
        out = []
        for number, name in star.identity().items():
            old = self.names.get(number, name)
            healed = old[1] == oracle.INFERRED and old[0] == name[0]
            if old != name and not healed:
                out.append(f"key {number} was {old}, is {name}")
            self.names[number] = name
        return out

    def check_coarse(self):
        with self.stack.connect("warehouse", dbname="coarse", role="bikeops_read") as conn:
            star = Star(conn)
        lines = compare(star, self.coarse) + invariants(star)
        assert not lines, f"seed {self.seed}, coarse, batches {self.log}:\n" + "\n".join(lines)
        return star

    def close(self):
        self.shops.close()
        self.reader.close()


def play(world, batches, transactions=120):
    world.shops.found()
    for batch in range(batches):
        for _ in range(3):
            world.pass_time()
            world.shops.step(transactions // 3)
        world.publish()
        world.check()
        if batch % 4 == 0:
            world.publish(coarse=True)
            world.check_coarse()
    world.shops.finish()
    world.publish()
    world.publish(coarse=True)
    fine, coarse = world.check(), world.check_coarse()
    if ("fine", "full") not in world.log[2:]:   # only a full run does not see what came between
        for one, other in zip(fine.everything(), coarse.everything()):
            assert one == other, f"seed {world.seed}: other cuts, other tables"


@pytest.mark.parametrize("seed", SEEDS)
def test_histories(clocked, seed):
    timezone, start = (
        ("America/New_York", datetime.datetime(2026, 3, 6, 12)),
        ("America/New_York", datetime.datetime(2026, 10, 30, 12)),
        ("UTC", datetime.datetime(2026, 2, 26, 12)),
        ("Asia/Kolkata", datetime.datetime(2026, 12, 29, 12)),
    )[seed % 4]
    clocked.clock_at(start.replace(tzinfo=datetime.timezone.utc))
    world = World(clocked, seed, timezone)
    try:
        play(world, BATCHES)
    finally:
        world.close()
        clocked.results = []


def test_whole_data_set(clocked, dataset):
    """Hundreds of changes of every kind to the shop's own rows, in several batches."""
    clocked.clock_at(datetime.datetime(2026, 9, 1, tzinfo=datetime.timezone.utc))
    world = World(clocked, 99, "UTC", shops=0, dataset=dataset)
    try:
        world.publish()
        world.check()
        for _ in range(6):
            world.pass_time()
            world.shops.step(40)
            world.publish()
            world.check()
        world.shops.finish()
        world.publish()
        world.check()
        assert world.shops.moves > 200
    finally:
        world.close()
        clocked.results = []


# --- the sentences of the manual, one by one

def day(number, hour=12):
    return datetime.datetime(2026, 6, number, hour, tzinfo=datetime.timezone.utc)


def june(first, last):
    """A version's first and last day, and its flag; None is open."""
    last = oracle.FOREVER if last is None else datetime.date(2026, 6, last)
    return datetime.date(2026, 6, first), last, "Y" if last == oracle.FOREVER else "N"


A, B = {"city": "A"}, {"city": "B"}
CREATED, DELETED, BACK = "created", "deleted", {"is_active": "Y"}
# name: [(day, change)], [(eff, exp, city)]; each change is a transaction of its own.
EXAMPLES = {
    "edited": ([(1, CREATED), (5, B)], [(1, 4, "A"), (5, None, "B")]),
    "edited and deleted": ([(1, CREATED), (5, B), (5, DELETED)], [(1, 4, "A"), (5, 5, "B")]),
    "deleted and back on one day": ([(1, CREATED), (5, DELETED), (5, BACK)], [(1, None, "A")]),
    "deleted and back the next day": ([(1, CREATED), (5, DELETED), (6, BACK)], [(1, None, "A")]),
    "deleted and back later": ([(1, CREATED), (5, DELETED), (8, BACK)], [(1, 5, "A"), (8, None, "A")]),
    "created and deleted on one day": ([(5, CREATED), (5, DELETED)], [(5, 5, "A")]),
    "there and back on one day": ([(1, CREATED), (5, B), (5, A)], [(1, None, "A")]),
    "there and back": ([(1, CREATED), (5, B), (7, A)], [(1, 4, "A"), (5, 6, "B"), (7, None, "A")]),
    "its own first day": ([(5, CREATED), (5, B)], [(5, None, "B")]),
    "edited while deleted": ([(1, CREATED), (3, DELETED), (5, B), (8, BACK)],
                             [(1, 3, "A"), (8, None, "B")]),
    "trailing blank": ([(1, CREATED), (5, {"city": "A "})], [(1, 4, "A"), (5, None, "A ")]),
    "NULL": ([(1, CREATED), (5, {"city": None}), (6, {"city": ""})],
             [(1, 4, "A"), (5, 5, None), (6, None, "")]),
    "a key that moves": ([(1, CREATED), (5, {"customer_id": "moved"})], [(1, 5, "A")]),
}


@pytest.mark.parametrize("cut", ["each change", "each day", "at the end"])
def test_examples(clocked, cut):
    """All at once, in each cut of the changes into batches."""
    clocked.clock_at(day(1))
    world = World(clocked, 1, "UTC")
    ids = {name: f"example {number}" for number, name in enumerate(EXAMPLES)}
    try:
        world.stack.run("run", "full").quiet()
        changes = sorted((when, i, name, change) for name, (steps, _) in EXAMPLES.items()
                         for i, (when, change) in enumerate(steps))
        for number, (when, i, name, change) in enumerate(changes):
            last = number + 1 == len(changes)
            ends_day = last or changes[number + 1][0] > when
            world.stack.clock_at(day(when))
            tell(world.shops.reader, ids[name], change)
            if cut == "each change" or last or cut == "each day" and ends_day:
                world.stack.run("run", "incremental").quiet()
        found = world.star().dimension("customers")
    finally:
        world.close()
        clocked.results = []
    for name, (_, wanted) in EXAMPLES.items():
        versions = [(eff, exp, flag, attrs[5]) for eff, exp, attrs, flag in found[ids[name]]]
        assert versions == [(*june(first, last), city) for first, last, city in wanted], name
    assert found["moved"][0][:2] == june(5, None)[:2]


def tell(conn, key, change):
    if change == CREATED:
        conn.execute("INSERT INTO store.customers (customer_id, city) VALUES (%s, 'A')", [key])
    elif change == DELETED:
        conn.execute("DELETE FROM store.customers WHERE customer_id = %s", [key])
    else:
        (column, value), = change.items()
        conn.execute(f"UPDATE store.customers SET {column} = %s WHERE customer_id = %s", [value, key])


def test_full_over_history(clocked):
    """A full run keeps history, ends what is gone, and gives no key number twice."""
    clocked.clock_at(day(1))
    world = World(clocked, 1, "UTC")
    conn = world.shops.reader
    try:
        for name in ("stays", "leaves", "edited", "deleted"):
            tell(conn, name, CREATED)
        world.stack.run("run", "full").quiet()
        before = world.star().identity()
        world.stack.clock_at(day(4))
        tell(conn, "leaves", {"customer_id": "elsewhere"})
        tell(conn, "edited", {"city": "between"})
        tell(conn, "edited", B)
        tell(conn, "deleted", B)
        tell(conn, "deleted", DELETED)
        world.stack.clock_at(day(6))
        world.stack.run("run", "full").quiet()
        star = world.star()
    finally:
        world.close()
        clocked.results = []
    found = {name: [(eff, exp, flag, attrs[5]) for eff, exp, attrs, flag in versions]
             for name, versions in star.dimension("customers").items()}
    assert found["stays"] == [(*june(1, None), "A")]
    assert found["leaves"] == [(*june(1, 6), "A")]      # on the run's day: nobody saw the real one
    assert found["elsewhere"] == [(*june(4, None), "A")]
    assert found["edited"] == [(*june(1, 3), "A"), (*june(4, None), "B")]
    assert found["deleted"] == [(*june(1, 4), "A")]     # its last attributes were not seen
    assert star.books(2)["customers"]["absent"] == 1
    assert before.items() <= star.identity().items()


def test_numbers_are_given_once(clocked):
    """The number of a version that went away is not another's later."""
    clocked.clock_at(day(1))
    world = World(clocked, 1, "UTC")
    conn = world.shops.reader
    used = []
    try:
        tell(conn, "one", CREATED)
        world.stack.run("run", "full").quiet()
        world.stack.clock_at(day(3))
        for change in (B, A, {"city": "C"}):    # the second takes the version of the first away
            tell(conn, "one", change)
            world.stack.run("run", "incremental").quiet()
            used.append({row[0] for row in world.star().rows["customers"] if row[1] == "one"})
    finally:
        world.close()
        clocked.results = []
    first, middle, last = used
    assert len(first) == 2 and len(middle) == 1 and len(last) == 2
    assert not (last - middle) & first
