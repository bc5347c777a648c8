"""kill -9 of the worker at every task and inside publish; then the next run."""

import datetime
import os
import pathlib
import random
import signal
import socket
import time

import pytest

import oracle
import stack as stacks
from shop import Shops
from star import Star, compare, invariants

TASKS = ("open_window", "extract", "transform", "load_staging", "publish", "clear_staging")
ALIVE = ("queued", "running")


class Scene:
    """Shops that change rows between runs of which some are killed."""

    def __init__(self, stack, small, seed):
        stack.run("setup", "--recreate", "--dataset", small).quiet()
        stack.shop_role()
        self.stack = stack
        stack.env["BIKEOPS_MAX_REJECT_PERCENT"] = "100"     # rows are broken on purpose here
        self.random = random.Random(seed)
        self.shops = Shops(stack.shop, self.random, "UTC", 6, connections=4)
        self.shops.load()
        self.warehouse = oracle.Warehouse(self.shops.source)
        stack.run("run", "full").quiet()
        self.warehouse.full(datetime.datetime.now(datetime.timezone.utc).date())

    def change(self):
        self.shops.step(12)
        while not (self.warehouse.images or self.warehouse.dirty):
            self.shops.step(3)

    def last_run(self):
        """The newest but those that never got the lease."""
        return next(r for r in self.stack.json("runs")["runs"] if r["state"] != "refused")

    def settle(self, how=("run", "incremental")):
        """The next run, and what an uninterrupted one would have given."""
        self.stack.run(*how).quiet()
        self.stack.run("run", "incremental").quiet()
        self.warehouse.incremental()
        with self.stack.connect("warehouse", role="bikeops_read") as conn:
            star = Star(conn)
        return compare(star, self.warehouse) + invariants(star)

    def check_truth(self):
        """A dead worker's run is not shown as running."""
        run = self.last_run()
        status = self.stack.json("status")
        assert run["state"] not in ALIVE, run
        told = {row["run"]: row["state"] for row in status["now"] + status["last"]}
        assert "running" not in told.values()
        if run["state"] != "ok":
            assert told[run["run"]] == run["state"]
        return run


@pytest.fixture(scope="module")
def scene(session_stack, small):
    scene = Scene(session_stack, small, 11)
    yield scene
    scene.shops.close()
    del session_stack.env["BIKEOPS_MAX_REJECT_PERCENT"]


def kill(child):
    os.kill(child.pid, signal.SIGKILL)
    child.communicate(timeout=30)


@pytest.mark.parametrize("part", range(30))
def test_kill_anywhere(stack, scene, part):
    """At thirty moments of a run's time; resume and a new run by turns."""
    if part == 0:
        scene.change()
        began = time.monotonic()
        stack.run("run", "incremental").quiet()
        scene.warehouse.incremental()
        scene.length = time.monotonic() - began
    scene.change()
    child = stack.start("run", "incremental")
    time.sleep(scene.length * (part + scene.random.random()) / 30)
    kill(child)
    run = scene.check_truth()
    how = ("run", "incremental")
    if part % 2 and run["state"] != "ok":
        how = ("run", "resume", run["run"])
        got = stack.run(*how, status=None).quiet()
        assert got.status in (0, 4), got.stderr
        how = ("run", "incremental")
    assert scene.settle(how) == []


@pytest.mark.parametrize("task", TASKS)
def test_kill_at_task(stack, scene, task):
    """As soon as the ledger says that the task runs."""
    scene.change()
    before = scene.last_run()["run"]
    with stack.connect("ledger") as ledger:
        child = stack.start("run", "incremental")
        end = time.monotonic() + 30
        while time.monotonic() < end and child.poll() is None:
            row = ledger.execute("SELECT 1 FROM ledger.task WHERE run > %s AND name = %s",
                                 [before, task]).fetchone()
            if row:
                break
        kill(child)
    scene.check_truth()
    assert scene.settle() == []


@pytest.mark.parametrize("table", ["serving.dim_customers", "serving.fact_sales", "bikeops.watermark",
                                   "bikeops.books"])
@pytest.mark.parametrize("again", ["run", "resume"])
def test_kill_inside_publish(stack, scene, table, again):
    """Publish waits for a lock in the middle of its transaction, and dies there."""
    scene.change()
    with stack.locked(table):
        child = stack.start("run", "incremental")

        def waits():
            assert child.poll() is None, child.communicate()
            return stack.waiting()
        stacks.wait_until(waits, 30)
        assert [row["state"] for row in stack.json("status")["now"]] == ["running"]
        assert scene.last_run()["state"] == "running"
        kill(child)
        run = scene.check_truth()
    how = ("run", "incremental") if again == "run" else ("run", "resume", run["run"])
    assert scene.settle(how) == []


def test_compare_and_swap(stack, scene):
    """Two publish the same window, as no lease keeps them apart: the later one changes nothing."""
    scene.change()
    with stack.locked("serving.fact_sales"):
        first = stack.start("run", "incremental")
        stacks.wait_until(stack.waiting, 30)
        with stack.connect("ledger") as ledger:
            ledger.execute("DELETE FROM ledger.lease")
        second = stack.start("run", "incremental")
        stacks.wait_until(lambda: stack.waiting() >= 2, 30)
    assert first.wait(60) == 0, first.communicate()
    assert second.wait(60) == 1
    assert b"watermark" in second.communicate()[1]
    assert scene.settle() == []


def take_lease(stack, host):
    """A run at work as a process of host, with the pid that the next command has."""
    stacks.child_died_with_us()
    with stack.connect("ledger") as ledger:
        ledger.execute(
            "WITH run AS (INSERT INTO ledger.run (pipeline, mode, state, warehouse, requested_by, host,"
            "  pid, pid_start, attempt, started_at) SELECT pipeline, mode, 'running', warehouse, 'x', %s, %s,"
            "  1, 1, now() FROM ledger.run ORDER BY id DESC LIMIT 1 RETURNING *)"
            " INSERT INTO ledger.lease SELECT warehouse, id, host, pid, pid_start, now() + '1 min' FROM run",
            [host, os.getpid()])


def test_same_pid_on_another_host(stack, scene):
    """In containers every process has the same id: the lease is of its host too."""
    scene.change()
    stack.run("run", "incremental", status=4, preexec=lambda: take_lease(stack, "elsewhere")).talk(
        "at work on this warehouse").quiet()
    run = next(r["run"] for r in stack.json("runs")["runs"] if r["state"] == "running")
    with stack.connect("ledger") as ledger:
        ledger.execute("UPDATE ledger.lease SET expires_at = now() - interval '1 s'")
    assert scene.settle() == []
    assert stack.json("runs", "show", run)["run"][0]["state"] == "failed"


def test_same_pid_as_one_that_died(stack, scene):
    """A container that starts again has its process id again: the run that died is ended."""
    scene.change()
    stack.run("run", "incremental", preexec=lambda: take_lease(stack, socket.gethostname())).quiet()
    scene.warehouse.incremental()
    assert [r["state"] for r in stack.json("runs")["runs"][:2]] == ["ok", "failed"]
    assert scene.settle() == []


def test_detached_worker(stack, scene):
    """The worker outlives its starter, and is killed by its own id."""
    scene.change()
    with stack.locked("bikeops.watermark"):
        stack.run("run", "incremental", "--detach").quiet()
        assert scene.last_run()["state"] == "running"
        workers = [pid for pid, line in stacks.processes_of(stack.dir) if b" worker " in line]
        assert len(workers) == 1
        stack.run("run", "incremental", status=4).quiet()
        os.kill(workers[0], signal.SIGKILL)
        stacks.wait_until(lambda: not os.path.exists(f"/proc/{workers[0]}"), 10)
        scene.check_truth()
    assert scene.settle() == []


def test_cancel(stack, scene):
    """Cancel is seen within seconds, wherever the run waits; nothing is half done."""
    scene.change()
    with stack.locked("serving.fact_sales"):
        stack.run("run", "incremental", "--detach").quiet()
        run = scene.last_run()
        stack.run("run", "cancel", run["run"]).quiet()
        stacks.wait_until(lambda: scene.last_run()["state"] not in ALIVE, 5, 0.1)
        assert scene.last_run()["state"] == "cancelled"
    assert scene.settle() == []


def test_interrupt_of_the_starter(stack, scene):
    """Ctrl-C while a detached run begins leaves the worker at work, and says so."""
    scene.change()
    with stack.connect("warehouse") as conn:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE bikeops.watermark IN ACCESS EXCLUSIVE MODE")
        child = stack.start("run", "incremental", "--detach")
        stacks.wait_until(stack.waiting, 20)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=10)[1].decode()
        conn.execute("ROLLBACK")
    run = scene.last_run()["run"]
    assert child.returncode == 130 and f"run {run} goes on; 'bikeops run cancel {run}' ends it" in said
    stacks.wait_until(lambda: scene.last_run()["state"] not in ALIVE, 20, 0.1)
    scene.warehouse.incremental()
    assert scene.settle() == []


def queued(stack, host, **columns):
    """A run that nothing has begun yet, of a starter on that host."""
    row = {"host": host, "pid": os.getpid(), "pid_start": 1, "state": "queued", **columns}
    with stack.connect("ledger") as ledger:
        return ledger.execute(
            f"INSERT INTO ledger.run (pipeline, mode, warehouse, requested_by, {', '.join(row)})"
            f" SELECT pipeline, 'incremental', warehouse, 'x', {', '.join(['%s'] * len(row))}"
            " FROM ledger.run ORDER BY id DESC LIMIT 1 RETURNING id", list(row.values())).fetchone()[0]


def test_cancel_before_the_lease(stack, scene):
    """A worker that is about to begin is not dead; it ends as soon as it begins."""
    scene.change()
    run = queued(stack, "elsewhere")
    stack.run("run", "cancel", run).talk(f"run {run} was asked to end")
    assert stack.json("runs", "show", run)["run"][0]["state"] == "queued"
    stack.run("worker", run, status=130).quiet()
    assert stack.json("runs", "show", run)["run"][0]["state"] == "cancelled"
    stack.run("run", "resume", run).quiet()
    assert stack.json("runs", "show", run)["run"][0]["state"] == "ok"
    scene.warehouse.incremental()
    assert scene.settle() == []


def test_cancel_of_one_that_never_began(stack, scene):
    run = queued(stack, "elsewhere", created_at="2026-01-01")
    stack.run("run", "cancel", run).quiet()
    assert stack.json("runs", "show", run)["run"][0]["state"] == "failed"


def test_interrupt(stack, scene):
    """Ctrl-C ends a run with 130, and says how to go on."""
    scene.change()
    with stack.locked("bikeops.watermark"):
        child = stack.start("run", "incremental")
        stacks.wait_until(lambda: scene.last_run()["state"] == "running", 10)
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
        assert child.returncode == 130
    scene.check_truth()
    assert scene.settle() == []


def test_ledger_refuses_the_heart(stack, scene):
    """Who asks again and again leaves no session of each try behind; the run goes on."""
    scene.change()
    with stack.locked("bikeops.watermark") as conn, stack.connect("ledger") as ledger:
        child = stack.start("run", "incremental")
        newest = "SELECT state FROM ledger.run ORDER BY id DESC LIMIT 1"
        stacks.wait_until(lambda: ledger.execute(newest).fetchone()[0] == "running", 10, 0.01)
        ledger.execute("INSERT INTO ledger.migration VALUES (9999, 'ledger/9999_x', 'x', now(), 'x')")
        time.sleep(4)
        sessions = ledger.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'bikeops'"
                                  " AND pid <> pg_backend_pid()").fetchone()[0]
        ledger.execute("DELETE FROM ledger.migration WHERE version = 9999")
        conn.execute("ROLLBACK")
        said = child.communicate(timeout=60)[1].decode()
    assert child.returncode == 0, said
    assert "the run goes on without its ledger" in said
    assert sessions <= 2
    assert scene.settle() == []


def test_ledger_lost_in_publish(stack, scene):
    """Its server ends the run's sessions: new ones are opened, and the run ends as it should."""
    scene.change()
    with stack.locked("bikeops.watermark"), stack.connect("ledger") as ledger:
        child = stack.start("run", "incremental")
        stacks.wait_until(stack.waiting, 20)
        ended = ledger.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                               "datname = current_database() AND pid <> pg_backend_pid()").fetchall()
        assert ended
    out, err = child.communicate(timeout=30)
    assert child.returncode == 0, (out, err)
    assert b"publish is tried again" in err
    run = scene.last_run()
    assert run["state"] == "ok" and run["k"]
    assert scene.settle() == []


def test_two_at_once(stack, scene):
    """Two runs started together: one publishes, the other is told; nothing twice."""
    for _ in range(5):
        scene.change()
        children = [stack.start("run", "incremental") for _ in range(2)]
        for child in children:
            child.communicate(timeout=60)
        assert {child.returncode for child in children} <= {0, 4}
        assert 0 in {child.returncode for child in children}
        assert scene.settle() == []


def objects(stack):
    return set((stack.dir / "stack/lake/raw").rglob("*.csv"))


def wal_writer(pid):
    """The server's process that writes commits which nobody waits for."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(child) for child in children
                if b"walwriter" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes())


@pytest.mark.parametrize("when", ["half", "first object"])
def test_server_killed(stack, scene, when):
    """kill -9 of the whole server inside a run; it starts again and goes on."""
    scene.change()
    for conn in scene.shops.connections:
        conn.close()
    pid = int((stack.data_directory() / "postmaster.pid").read_text().split()[0])
    before, writer = objects(stack), wal_writer(pid)
    if when == "first object":      # and the ledger can lose its newest commits, and their numbers
        with stack.connect("ledger") as conn:
            conn.execute("SELECT setval('ledger.run_id_seq', max(id)) FROM ledger.run")
        os.kill(writer, signal.SIGSTOP)
    child = stack.start("run", "incremental")
    if when == "first object":
        stacks.wait_until(lambda: objects(stack) - before, 10, 0.001)
    else:
        time.sleep(scene_time(scene) / 2)
    os.kill(pid, signal.SIGKILL)
    os.kill(writer, signal.SIGKILL)
    child.communicate(timeout=60)
    assert child.returncode in (0, 1, 3)
    stack.run("local", "up").quiet()
    scene.shops.open = []
    scene.shops.idle = [stack.shop() for _ in range(4)]
    scene.shops.reader = stack.shop()
    scene.shops.connections = [*scene.shops.idle, scene.shops.reader]
    run = scene.check_truth()["run"]
    assert scene.settle(("run", "resume", run) if when == "first object" else
                        ("run", "incremental")) == []


def scene_time(scene):
    return getattr(scene, "length", 0.4)
