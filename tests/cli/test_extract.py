"""The sessions of an extract, and who stands in their way."""

import concurrent.futures
import contextlib
import shutil

import stack as stacks


def waits(conn, name):
    """The sessions of that name that wait for a lock."""
    return conn.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                        "application_name LIKE %s AND wait_event_type = 'Lock'", [name]).fetchone()[0]


def test_alter_between_the_sessions(stack, fresh):
    """A full load reads orders in a second session.  An ALTER TABLE that queues behind the first one's
    locks and in front of the second's would wait for a run that waits for it, and the shop with them."""
    def session(name):
        return after.enter_context(stack.connect("source", application_name=name))

    with contextlib.ExitStack() as after:
        pool = after.enter_context(concurrent.futures.ThreadPoolExecutor())
        look, first, second, alter = map(session, ("look", "first", "second", "alter"))
        for conn in (second, alter):
            conn.execute("SET lock_timeout = '20s'")
        first.execute("BEGIN; LOCK TABLE bikeops_capture.epoch")
        run = stack.start("run", "full")
        after.callback(run.kill)
        stacks.wait_until(lambda: waits(look, "bikeops run %"), 10)     # its look at the window
        held = pool.submit(second.execute, "BEGIN; LOCK TABLE bikeops_capture.epoch")
        stacks.wait_until(lambda: waits(look, "second"), 10)
        first.execute("ROLLBACK")
        held.result(10)
        stacks.wait_until(lambda: waits(look, "bikeops run %"), 10)     # the extract's first session
        altered = pool.submit(alter.execute, "ALTER TABLE store.orders ALTER order_id DROP DEFAULT")
        stacks.wait_until(lambda: waits(look, "alter"), 10)
        second.execute("ROLLBACK")
        altered.result(15)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 0, (out, err)
    assert b"extract is tried again" in err and b"lock timeout" in err


def test_a_try_that_failed_leaves_no_file(stack, fresh):
    """A session that is lost in the middle of an entity: the next try does not find the disk half full."""
    sql = stack.dir / "sql"
    shutil.copytree(stacks.ROOT / "sql", sql)
    stores = sql / "extract/stores.sql"
    rows = f"SELECT q.* FROM ({stores.read_text()}) q"
    stores.write_text(f"{rows}, generate_series(1, 5000) UNION ALL {rows}, pg_sleep(60)\n")
    with contextlib.ExitStack() as after:
        conn = after.enter_context(stack.connect("source"))
        run = stack.start("run", "full", env={"BIKEOPS_SQL_DIR": str(sql)})
        after.callback(run.communicate)
        after.callback(run.kill)
        sleeps = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"

        def unfinished():
            return [path.name.split("-")[1] for path in (stack.dir / "stack/lake/.work").rglob("*.csv*")]
        for tried in range(2):
            stacks.wait_until(lambda: conn.execute(f"SELECT 1 {sleeps}").fetchone(), 20)
            stacks.wait_until(unfinished, 5)
            assert unfinished() == ["stores.csv"]
            if not tried:
                conn.execute(f"SELECT pg_terminate_backend(pid) {sleeps}")
                stacks.wait_until(lambda: not conn.execute(f"SELECT 1 {sleeps}").fetchone(), 5)
