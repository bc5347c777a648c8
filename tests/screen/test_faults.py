"""For each fault: what screen 1 says, and after how many seconds; never green."""

import concurrent.futures
import contextlib
import glob
import os
import re
import subprocess
import time

import pytest

import scenes
import stack as stacks


@pytest.fixture
def good(stack):
    """Loaded; after the test it is loaded again, whatever happened to it."""
    stack.run("run", "full").quiet()
    yield stack
    stack.run("run", "incremental", status=None).quiet()
    stack.run("run", "full", env={"BIKEOPS_MAX_REJECT_PERCENT": "100"}).quiet()


def says(t, pattern, limit, record_property, since=None):
    """The pattern comes within the limit; the seconds go to the report."""
    since = since or time.monotonic()
    t.wait(pattern, limit + 5)
    seconds = time.monotonic() - since
    line = next((line for line in t.text().splitlines() if "!!" in line or "STALE" in line), "")
    print(f"{seconds:6.2f} s  {line.strip()}")
    record_property("seconds", round(seconds, 2))
    assert seconds < limit
    t.still()
    first = t.text().splitlines()[0]
    assert " ok " not in first, f"a false green: {first}"


def test_killed_worker(console, good, record_property):
    with scenes.at_work(good):
        t = console(good)
        t.wait(r"incremental >>", 5)
        pid, = scenes.workers(good)
        killed = scenes.kill_worker(good)
        says(t, r"incremental !!", 2.5, record_property, killed)
        t.wait(rf"the worker died: pid {pid} on \S+, last heartbeat (\d+ s ago|just now)", 3)
        t.wait(r"run resume \d+", 3)
        dead = scenes.newest(good)
        assert dead["state"] == "dead" and not dead["covered"]
        told = good.run("runs", "show", dead["run"]).quiet().stdout
        assert re.search(r"heartbeat +\d+ s ago", told) and f"the worker died: pid {pid} " in told
    good.run("run", "incremental").quiet()
    died = good.json("runs", "show", dead["run"])
    beat = dead["heartbeat_at"]
    assert died["run"][0]["error"].endswith(f": pid {pid} on {dead['host']}, last heartbeat {beat}")
    assert died["run"][0]["covered"] and not died["run"][0]["heartbeat_at"]
    assert died["tasks"][-1]["error"] == died["run"][0]["error"]
    told = good.run("runs", "show", dead["run"]).quiet().stdout
    assert "failed (covered)" in told and "nothing: a later run was good" in told
    assert " failed (covered) " in good.run("runs").quiet().stdout
    t.keys("4")
    t.wait(rf"{dead['run']}  incremental !! .* later  ", 3)


def test_stopped_database(console, good, record_property):
    t = console(good)
    t.wait(r"full ok", 5)
    t.still()
    began = time.monotonic()
    good.down()
    try:
        says(t, r"STALE|no data|unreachable", 5, record_property, began)
    finally:
        good.run("local", "up").quiet()
    t.wait(r"full ok", 10)


def test_rejected_rows(console, good, record_property):
    t = console(good)
    t.wait(r"full ok", 5)
    scenes.reject(good)
    says(t, r"incremental !!", 2, record_property)
    t.wait(r"12 of \d+ rows were rejected", 3)
    t.wait(r"the limit is 10", 3)
    t.wait(r"2 then Enter, or 'bikeops rejects' shows them; nothing was published", 3)
    scenes.mend(good)
    t.wait(r"incremental ok", 5)


def test_stopped_source(console, good, record_property):
    t = console(good)
    t.wait(r"full ok", 5)
    scenes.without_source(good)
    says(t, r"incremental !!", 2, record_property)
    t.wait(r"cannot connect to the source database", 3)


def test_lost_lease(console, good, record_property):
    """Another run takes the lease of one that waits: green is what the ledger calls ok, not before."""
    with scenes.at_work(good):
        first = scenes.newest(good)["run"]
        t = console(good)
        t.wait(r"incremental >>", 5)
        with good.connect("ledger") as ledger:
            ledger.execute("DELETE FROM ledger.lease")
        good.run("run", "incremental", "--detach", status=None).quiet()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            t.pump(0.1)
            assert " ok " not in t.text().splitlines()[0]
    alive = ("queued", "running")
    stacks.wait_until(lambda: not [run for run in good.json("runs")["runs"]
                                   if run["state"] in alive], 20, 0.1)
    over = time.monotonic()
    states = {run["run"]: run["state"] for run in good.json("runs")["runs"] if run["run"] >= first}
    last = max(run for run in states if states[run] != "refused")
    t.wait(rf"run {last} incremental {'ok' if states[last] == 'ok' else '!!'}", 5)
    record_property("seconds", round(time.monotonic() - over, 2))
    print(f"{time.monotonic() - over:6.2f} s  {states}: {t.text().splitlines()[0].strip()}")


SLOW = """
CREATE FUNCTION ledger.slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.name = 'transform' THEN PERFORM pg_sleep(1.5); END IF; RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON ledger.task FOR EACH ROW EXECUTE FUNCTION ledger.slow()
"""


def test_cut_raw_file(console, good, record_property):
    """A raw file is cut after the extract, before the transform."""
    t = console(good)
    t.wait(r"full ok", 5)
    began = time.time()
    with good.connect("ledger") as ledger:
        ledger.execute(SLOW)
        try:
            good.run("run", "full", "--detach").quiet()

            def written():
                return [path for path in glob.glob(f"{good.dir}/stack/lake/raw/**/manifest.json",
                                                   recursive=True) if os.path.getmtime(path) > began]
            stacks.wait_until(written, 10, 0.02)
            path = os.path.join(os.path.dirname(written()[0]), "customers.csv")
            os.truncate(path, os.path.getsize(path) // 2)
            says(t, r"full !!", 5, record_property)
        finally:
            ledger.execute("DROP FUNCTION ledger.slow() CASCADE")
    t.wait(r"customers\.csv", 3)
    t.wait(r"next ", 3)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount")
def test_full_disk(console, good, record_property):
    """The disk of the lake has 12 KiB left."""
    lake = good.dir / "stack/lake"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=777", "none", lake],
                      capture_output=True).returncode:
        pytest.skip("cannot mount here")
    try:
        t = console(good)
        t.wait(r"full ok", 5)
        (lake / "taken").write_bytes(bytes(116 << 10))
        good.run("run", "full", status=None).quiet()
        says(t, r"full !!", 2, record_property)
        t.wait(r"disk\s+is\s+full", 3)
        t.wait(r"next +make room under", 3)
    finally:
        subprocess.run(["umount", lake], check=True)


def test_cut_file(console, good, record_property):
    """A processed file is cut before it is loaded."""
    with scenes.at_work(good, "staging.stg_customers"):
        t = console(good)
        t.wait(r"incremental >>", 5)
        newest = max(glob.glob(f"{good.dir}/stack/lake/processed/**/a*", recursive=True),
                     key=os.path.getmtime)
        cut = [path for path in glob.glob(f"{newest}/*") if os.path.getsize(path) > 8]
        for path in cut:
            os.truncate(path, os.path.getsize(path) // 2)
        assert cut
    says(t, r"incremental !!", 3, record_property)


def checks(stack, **env):
    found = stack.json("doctor", status=None, timeout=30, env=env)["checks"]
    return {row["check"]: row for row in found}


def test_lock(good):
    """A step that stands still: doctor and screen 6 say who holds what it waits for."""
    with scenes.at_work(good) as conn:
        row = checks(good)["warehouse locks"]
        pid = conn.info.backend_pid
        assert re.fullmatch(rf"bikeops run \d+ waits for pid {pid}, a session of \w+, open for [\d:]+: "
                            r"idle in transaction", row["value"])
        assert row["state"] == "warn" and f"pg_terminate_backend({pid})" in row["hint"]
    assert checks(good)["warehouse locks"]["state"] == "ok"


@contextlib.contextmanager
def waits(stack, *args):
    """This command waits in the source until the scene ends, which it does well."""
    child = stack.start(*args)
    try:
        stacks.wait_until(lambda: stack.waiting("source") or child.poll() is not None, 20)
        yield
        assert child.communicate(timeout=60) and child.returncode == 0
    finally:
        child.kill()
        child.communicate()


def test_lock_of_the_source(good):
    """A run behind somebody's ALTER TABLE, which waits for a reader itself: the reader is to end."""
    scenes.change(good)
    good.shop_role()
    with good.connect("source", application_name="report") as reader, good.connect("source") as alter:
        first, second = (conn.info.backend_pid for conn in (alter, reader))
        alter.execute("SET lock_timeout = '30s'")
        reader.execute("BEGIN")
        reader.execute("SELECT FROM store.orders")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            altered = pool.submit(alter.execute, "ALTER TABLE store.orders ALTER order_id DROP DEFAULT")
            stacks.wait_until(lambda: good.waiting("source"), 5)
            with waits(good, "run", "incremental"):
                stacks.wait_until(lambda: good.waiting("source") == 2, 20)
                row = checks(good)["source locks"]
                login = f"{good.dsn['BIKEOPS_SOURCE_DSN']} user=shop"
                less = checks(good, BIKEOPS_SOURCE_DSN=login)["source locks"]
                reader.execute("ROLLBACK")
            altered.result(10)
    assert re.fullmatch(rf"bikeops run \d+ waits for pid {first}, a session of \w+, open for [\d:]+: active; "
                        rf"pid {first} waits for pid {second}, report of \w+, open for [\d:]+: "
                        r"idle in transaction", row["value"])
    assert row["state"] == "warn" and f"pg_terminate_backend({second})" in row["hint"]
    assert less == {**row, "value": re.sub(r", open for [\d:]+: [a-z ]+", "", row["value"])}
    assert checks(good)["source locks"]["value"] == "nobody waits"


def test_lock_of_a_setup(good):
    """A setup that mends a trigger while somebody reads the table: it waits two seconds at a time."""
    with contextlib.ExitStack() as after, good.connect("source") as reader:
        after.callback(lambda: good.run("setup").quiet())
        pid = reader.info.backend_pid
        reader.execute("DROP TRIGGER bikeops_row ON store.orders")
        reader.execute("BEGIN")
        reader.execute("SELECT FROM store.orders")
        with waits(good, "setup"):
            stacks.wait_until(lambda: re.match(rf"bikeops run \d+ waits for pid {pid}, ",
                                               checks(good)["source locks"]["value"]), 20)
            reader.execute("ROLLBACK")


def test_lock_in_the_way_of_doctor(good):
    """What doctor reads itself is locked: it says so, and what else there is."""
    with good.connect("source") as conn, good.connect("warehouse") as other:
        for held, table in ((conn, "bikeops_capture.journal"), (other, "bikeops.batches")):
            held.execute("BEGIN")
            held.execute(f"LOCK TABLE {table}")
        found = checks(good)
        for name in ("source", "warehouse"):
            assert found[name]["state"] == "fail" and "lock timeout" in found[name]["value"]
            assert "pg_locks" in found[name]["hint"] and f"{name} locks" in found
