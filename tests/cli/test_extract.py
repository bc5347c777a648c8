"""The sessions of an extract, and who stands in their way."""

import concurrent.futures
import contextlib

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
