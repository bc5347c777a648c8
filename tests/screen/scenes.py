"""Known states of a stack: what the golden screens, the fuzzer and the faults start from."""

import contextlib
import os
import signal
import time

import stack as stacks

AGO_S = 3 * 3600 + 600      # "3 h ago" on every screen
APART_S = 600               # between runs
NOWHERE = {"BIKEOPS_SOURCE_DSN": "host=/nonexistent dbname=bikestore"}


def set_up(stack, **env):
    small = stacks.write_dataset(stack.dir / "small", stacks.small_rows())
    stack.run("setup", "--dataset", small, env=env).quiet()
    return stack


def load(stack):
    stack.run("run", "full").quiet()
    change(stack)
    stack.run("run", "incremental").quiet()


def change(stack):
    with stack.connect("source") as conn:
        conn.execute("UPDATE store.orders SET required_date = required_date + 1 "
                     "WHERE order_id = '1'")


def newest(stack):
    return stack.json("runs")["runs"][0]


def workers(stack):
    return [pid for pid, line in stacks.processes_of(stack.dir) if b" worker " in line]


def task_told(stack, table):
    """The ledger has heard of the task that waits for the table."""
    task = "load_staging" if table.startswith("staging.") else "publish"
    with stack.connect("ledger") as conn:
        return conn.execute("SELECT 1 FROM ledger.task WHERE state = 'running' AND name = %s",
                            [task]).fetchone()


@contextlib.contextmanager
def at_work(stack, table="bikeops.watermark"):
    """A detached run whose worker waits for this table; it ends with the scene."""
    change(stack)
    with stack.locked(table) as conn:
        stack.run("run", "incremental", "--detach").quiet()
        stacks.wait_until(stack.waiting, 20)
        stacks.wait_until(lambda: task_told(stack, table), 5)
        yield conn
    stacks.wait_until(lambda: newest(stack)["state"] != "running", 20, 0.1)


def kill_worker(stack):
    """The moment of its death, by the monotonic clock."""
    pid, = workers(stack)
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return killed


def lay_out(stack):
    """The dead worker with a pid that no process has, as long as ever, and half a minute ago."""
    with stack.connect("ledger") as conn:
        conn.execute("UPDATE ledger.lease SET expires_at = now() + interval '30 s'")
        conn.execute("UPDATE ledger.run SET pid = 4194304 WHERE state = 'running'")


def reject(stack):
    """Twelve customers with a telephone number that the warehouse does not hold, then a run."""
    with stack.connect("source") as conn:
        conn.execute("INSERT INTO store.customers (customer_id, first_name, last_name, phone, email,"
                     " street, city, state, zip_code) SELECT 'bad' || n, 'Ann', 'Lee',"
                     " '+1 (831) 476-4321 ext 7', 'a@b.c', '1 Elm St', 'Reno', 'NV', '89501'"
                     " FROM generate_series(1, 12) n")
    stack.run("run", "incremental", status=None).quiet()
    assert newest(stack)["state"] == "failed"


def mend(stack):
    with stack.connect("source") as conn:
        conn.execute("DELETE FROM store.customers WHERE customer_id LIKE 'bad%'")
    stack.run("run", "incremental", env={"BIKEOPS_MAX_REJECT_PERCENT": "100"}).quiet()


def without_source(stack):
    """A run whose source does not answer: tried three times, then failed."""
    stack.run("run", "incremental", status=None, env=NOWHERE).quiet()
    assert newest(stack)["state"] == "failed"


# Times of the ledger and of the logs, told from the runs' and steps' order alone.
FIX = """
UPDATE ledger.run r SET created_at = b.at - interval '1 s', started_at = b.at,
    ended_at = CASE WHEN ended_at IS NOT NULL THEN b.at + interval '50 s' END,
    requested_by = 'ops', host = CASE WHEN state IN ('queued', 'running') THEN host ELSE 'host' END,
    program = '0.1.0'
FROM base b WHERE b.run = r.id;
UPDATE ledger.task t SET started_at = b.at + ordinal * interval '6 s' + attempt * interval '1 s',
    ended_at = CASE WHEN ended_at IS NOT NULL
        THEN b.at + ordinal * interval '6 s' + attempt * interval '1.5 s' + interval '3 s' END
FROM base b WHERE b.run = t.run;
UPDATE ledger.step s SET started_at = t.started_at + s.ordinal * interval '0.25 s',
    ended_at = CASE WHEN s.ended_at IS NOT NULL
        THEN t.started_at + s.ordinal * interval '0.5 s' + interval '0.5 s' END
FROM ledger.task t WHERE t.run = s.run AND t.name = split_part(s.name, '.', 1)
    AND t.attempt = s.attempt;
UPDATE ledger.layer l SET at = b.at + interval '45 s' FROM base b WHERE b.run = l.run;
UPDATE ledger.event e SET at = b.at + interval '40 s' FROM base b WHERE b.run = e.run;
"""


def fix_times(stack):
    """Every run a while ago and as long as the others; a run at work began 50 s ago."""
    log = stack.dir / "stack/lake/log/run-log"
    with stack.connect("ledger") as conn:
        conn.execute("CREATE TEMP TABLE base AS SELECT id AS run, CASE WHEN state = 'running' "
                     "THEN now() - interval '50 s' ELSE now() - %s * interval '1 s' "
                     "- (max(id) OVER () - id) * %s * interval '1 s' END AS at FROM ledger.run",
                     [AGO_S, APART_S])
        for statement in FIX.split(";\n"):
            conn.execute(statement)
        base = dict(conn.execute("SELECT run, extract(epoch FROM at) FROM base").fetchall())
    for run, at in base.items():
        for n, path in enumerate(sorted((log / str(run)).glob("*.log"), key=order)):
            when = float(at) + 6 * n + 4
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)).encode()
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(stamp + line[20:] if line[10:11] == b"T" else line
                                      for line in lines))
            os.utime(path, (when, when))
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time()))


TASKS = ("open_window", "extract", "transform", "load_staging", "publish", "clear_staging")


def order(path):
    name = path.name.split(".")[0]
    return (TASKS.index(name) if name in TASKS else len(TASKS), path.name)
