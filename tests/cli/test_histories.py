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
        # A warehouse more; the login role may not make databases, the server's own role may.
        with stack.connect("ledger", user="bikeops_admin") as conn:
            conn.execute("CREATE DATABASE coarse OWNER bikeops")
        yield stack
    finally:
        stack.end()


class World:
    def __init__(self, stack, seed, timezone):
        self.stack = stack
        self.seed = seed
        self.random = random.Random(seed)
        self.timezone = timezone
        self.zone = zoneinfo.ZoneInfo(timezone)
        stack.env["BIKEOPS_BUSINESS_TIMEZONE"] = timezone
        self.setup()
        self.shops = Shops(stack.shop, self.random, timezone, SHOPS)
        self.shops.load()
        self.fine = oracle.Warehouse(self.shops.source)
        self.coarse = oracle.Warehouse(self.shops.source)
        self.reader = stack.connect("warehouse", role="bikeops_read")
        self.names = {}
        self.log = []

    def setup(self):
        data = stacks.write_dataset(self.stack.dir / "small", stacks.small_rows())
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
        mode = "full" if warehouse.k == 0 else r.choices(
            ("incremental", "backfill", "full"), (10, 0 if coarse else 1, 0 if coarse else 1))[0]
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
