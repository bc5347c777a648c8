"""No screen says what is not so: views that failed or are another's, rows that move, keys that are lost."""

import contextlib
import re
import time

import pytest

import scenes


@pytest.fixture(scope="module")
def loaded(stack):
    """Four good runs, the newest of them a batch."""
    scenes.load(stack)
    for _ in range(2):
        scenes.change(stack)
        stack.run("run", "incremental").quiet()
    return stack


@contextlib.contextmanager
def renamed(stack, which, kind, old, new):
    """What reads it fails, until this ends."""
    with stack.connect(which) as conn:
        conn.execute(f"ALTER {kind} {old} RENAME TO {new}")
        try:
            yield
        finally:
            conn.execute(f"ALTER {kind} {old.rpartition('.')[0]}{'.' * ('.' in old)}{new} "
                         f"RENAME TO {old.rpartition('.')[2]}")


def opened(console, stack, *args, pattern=r"run \d+ \w+ ok", **more):
    t = console(stack, *args, **more)
    t.wait(pattern, 5)
    t.still()
    return t


# --- views that failed

def test_failed_without_a_word(console, loaded):
    """A ledger without the reason of a failure: it says so."""
    t = opened(console, loaded)
    newest = "WHERE id = (SELECT max(id) FROM ledger.run)"
    with loaded.connect("ledger") as ledger:
        ledger.execute(f"UPDATE ledger.run SET state = 'failed' {newest}")
        t.wait(r"run \d+ \w+ !!", 5)
        t.wait("no reason was written down", 5)
        ledger.execute(f"UPDATE ledger.run SET state = 'ok' {newest}")
    t.wait(r"run \d+ \w+ ok", 5)
    assert t.quit() == 0



def test_failed_verification(console, loaded):
    """It is told, and what an earlier one found is not shown as found now."""
    t = opened(console, loaded)
    t.keys("2")
    t.wait("as the ledger says", 5)
    t.keys("vv\r")
    t.wait("as the databases say", 5)
    with renamed(loaded, "source", "SCHEMA", "store", "gone"):
        t.keys("vv\r")
        t.wait("cannot verify: ", 5)
        t.wait("as the ledger says", 2)
    t.keys("vv\r")
    t.wait("as the databases say", 5)
    assert t.quit() == 0


def test_view_that_fails(console, loaded):
    """The ledger answers, this screen's view of it does not: it is old, and says why."""
    t = opened(console, loaded)
    t.keys("2")
    t.wait(r"layers > \w+ +no break", 5)
    with renamed(loaded, "ledger", "TABLE", "ledger.layer", "gone"):
        t.keys("r")
        t.wait("STALE", 8)
        t.keys("g")
        t.wait(r"STALE[\s\S]*customers[\s\S]*relation .*layer.* does not exist", 8)
        t.keys("4")
        t.wait(r"seen \+", 5)
        t.keys("2")
        t.wait("STALE", 5)
    t.keys("rg")
    t.wait(r"seen \+\ds[\s\S]*\$ bikeops counts", 8)
    assert t.quit() == 0


def test_compared_are_those_marked(console, loaded):
    """Before the ledger has told of the runs marked now, those marked before stand for none."""
    t = opened(console, loaded)
    t.keys("4")
    t.wait("p50 ", 5)
    t.keys("=j=")
    t.wait(r"A 5 against B 4[\s\S]*extract", 5)
    with loaded.connect("ledger") as conn:
        conn.execute("BEGIN; LOCK TABLE ledger.run")
        t.keys("=j=j=")
        t.wait("A 3 against B 2", 3)
        t.still()
        assert "asking ..." in t.text() and "extract" not in t.text(), t.text()
        conn.execute("ROLLBACK")
    t.wait(r"A 3 against B 2[\s\S]*extract", 8)
    assert t.quit() == 0


# --- logs

def test_no_log_of_a_task(console, loaded):
    """A task that left no log is not shown with another's."""
    scenes.without_source(loaded)
    run = scenes.newest(loaded)["run"]
    t = opened(console, loaded, pattern=r"incremental !!")
    t.wait(rf"pipeline > {run} > open_window", 5)
    t.keys("\r")
    t.wait(rf"logs > {run} > open_window[\s\S]*where \d+/", 5)
    t.keys("qG\r")
    t.wait(rf"logs > {run} > clear_staging", 5)
    t.wait(f"run {run} has no log of a task 'clear_staging'", 5)
    assert "open_window" not in t.still().text(), t.text()
    assert t.quit() == 0
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()


def test_hidden_of_another_run(console, loaded):
    """What was hidden of one run's logs hides nothing of the next one's."""
    t = opened(console, loaded, columns=140)
    t.keys("3")
    t.wait(r"X extract", 5)
    t.keys("oX\r")
    t.wait(r"\(X\) extract", 5)
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()
    run = scenes.newest(loaded)["run"]
    t.wait(rf"logs > {run}\b[\s\S]*C clear_staging", 10)
    t.wait(lambda: "(" not in t.text().splitlines()[3] and "X extract" in t.text(), 5)
    assert t.quit() == 0


def test_nul_in_a_log(console, loaded):
    """The lines behind one are in the pipeline's log too."""
    run = scenes.newest(loaded)["run"]
    log, = (loaded.dir / "stack/lake/log/run-log" / str(run)).glob("clear_staging.a1.log")
    with log.open("ab") as f:
        f.write(b"2026-07-15T14:00:00Z info half\0other half\n2026-07-15T14:00:01Z info afterwards\n")
    t = opened(console, loaded)
    t.keys("G")
    t.wait("I half.+other half", 5)
    t.wait("I afterwards", 2)
    assert t.quit() == 0


def test_time_of_a_day_that_turns_its_clock(console, loaded):
    log = loaded.dir / "stack/lake/log/run-log/990"
    log.mkdir()
    (log / "extract.a1.log").write_text("".join(
        f"2026-03-29T{at}Z info {text}\n"
        for at, text in (("00:10:00", "winter"), ("01:10:00", "summer"), ("02:10:00", "four"))))
    t = opened(console, loaded, TZ="Europe/Berlin")
    t.keys("3gZ")
    t.wait("01:10:00 X I winter", 5)
    t.keys("T04:05\r")
    t.wait(">04:10:00 X I four", 3)
    assert t.quit() == 0
    for path in (log / "extract.a1.log", log):
        path.is_dir() and path.rmdir() or path.is_file() and path.unlink()


# --- rows that move

def test_cursor_stays_on_its_step(console, loaded):
    """The engine is known only when it transforms: its steps come above the cursor."""
    with scenes.at_work(loaded):
        run = scenes.newest(loaded)["run"]
        t = opened(console, loaded, pattern=rf"pipeline > {run} > ")
        t.keys("Gkk")
        t.wait("publish.dim_", 2)
        key = re.search(r"publish\.\w+", t.still().text())[0]
        with loaded.connect("ledger") as conn:
            conn.execute("UPDATE ledger.run SET engine = 'emr' WHERE id = %s", [run])
        t.keys("r")
        t.wait("submit_spark", 5)
        assert f"pipeline > {run} > {key}" in t.still().text(), t.text()
        assert t.quit() == 0
        with loaded.connect("ledger") as conn:
            conn.execute("UPDATE ledger.run SET engine = 'duckdb' WHERE id = %s", [run])


def test_undo_after_a_look_at_the_runs(console, loaded):
    """The list of runs is older than the batch that came since."""
    t = opened(console, loaded)
    t.keys("4")
    t.wait("p50 ", 5)
    t.keys("1")
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()
    run = scenes.newest(loaded)["run"]
    t.wait(rf"run {run} incremental ok", 5)
    t.keys("u")
    t.wait(rf"back to before run {run},", 3)
    t.keys("\x1b")
    loaded.run("run", "incremental").quiet()    # nothing
    t.wait(rf"run {run + 1} incremental ok", 5)
    t.keys("u")
    t.wait("undo run:", 3)
    assert t.quit() == 0


# --- figures

def test_percentiles_of_two(console, loaded):
    """As the pipeline's: between the two, not the shorter one for both."""
    with loaded.connect("ledger") as conn:
        conn.execute("UPDATE ledger.run SET warehouse = 'apart' || warehouse WHERE id > 3")
        conn.execute("UPDATE ledger.run SET ended_at = started_at + interval '1 s' * "
                     "power(10, id - 2) WHERE id IN (2, 3)")
        t = opened(console, loaded)
        t.keys("4")
        t.wait(r"2 ok .* p50 5.50 s  p95 9.55 s", 5)
        assert t.quit() == 0
        conn.execute("UPDATE ledger.run SET warehouse = substr(warehouse, 6) WHERE id > 3")


def test_unknown_is_not_ok(console, loaded):
    t = opened(console, loaded, BIKEOPS_LAKE="/proc/none")
    t.keys("6")
    t.wait(r"disk of the lake +not there", 10)
    assert "worst ok" not in t.still().text(), t.text()
    assert t.quit() == 0


def test_not_compared_is_no_no_break(console, loaded):
    with loaded.connect("source") as conn:
        conn.execute("INSERT INTO store.customers (customer_id, first_name, last_name) "
                     "VALUES ('one more', 'Ann', 'Lee')")
    loaded.run("run", "incremental").quiet()
    loaded.run("run", "undo", scenes.newest(loaded)["run"]).quiet()
    t = opened(console, loaded, pattern=r"undo ok")
    t.keys("2")
    t.wait(r"customers.*run \d+ was", 5)
    t.wait(r"layers > \w+   1 of 6 not compared", 2)
    assert t.quit() == 0
    loaded.run("run", "incremental").quiet()


# --- keys

def test_paste_that_lost_its_end(console, loaded):
    """Ctrl-C throws away what the terminal has sent: keys are keys again, the paste still is none."""
    t = opened(console, loaded)
    t.keys("\x1b[200~some")
    t.wait("a paste is no key", 2)
    t.keys("\x03")
    t.keys("?")
    t.still(0.3)
    assert "keys of Pipeline" not in t.text()
    time.sleep(1.2)
    t.keys("?")
    t.wait("keys of Pipeline", 2)
    assert t.quit() == 0


def test_what_is_not_seen_is_not_sent(console, loaded):
    before = scenes.newest(loaded)["run"]
    t = opened(console, loaded)
    t.keys("t")
    t.wait("START A RUN", 2)
    t.resize(30, 5)
    t.still()
    t.wait("START A RUN", 2)
    t.keys("full")
    t.still()
    t.resize(80, 24)
    t.wait("to send: _", 2)
    t.resize(30, 5)
    t.still()
    t.keys("\x1b")
    t.wait(lambda: "START A RUN" not in t.text(), 2)
    assert t.quit() == 0
    assert scenes.newest(loaded)["run"] == before


def test_letters_that_are_no_keys(console, loaded):
    """ncurses numbers the keys as Unicode does letters of other tongues."""
    t = opened(console, loaded)
    t.keys("4")
    t.wait("p50 ", 5)
    for letter in "\u0102\u0157":       # KEY_DOWN, KEY_ENTER
        t.keys(letter)
        t.wait("no such key here", 2)
        t.keys("g")
        t.wait(lambda: "no such key" not in t.text(), 2)
    assert t.quit() == 0


def test_help_ends(console, loaded):
    """Keys that scroll go no further than its last line."""
    t = opened(console, loaded)
    for command, last in (("?", "Ctrl-L"), (":status\r", "last")):
        t.keys(command)
        t.wait("Space scroll", 5)
        t.still()
        t.keys("G")
        t.still()
        assert re.search(last, "\n".join(t.text().splitlines()[3:-2])), t.text()
        t.keys("q")
        t.still()
    assert t.quit() == 0


def test_preview_waits_for_its_dry_run(console, loaded):
    """The dry run of a preview that was closed is still awaited: this one's comes after it."""
    t = opened(console, loaded)
    with loaded.connect("warehouse") as conn:
        conn.execute("BEGIN; LOCK TABLE bikeops.watermark")
        t.keys("t")
        t.wait("asking what it would read", 2)
        t.keys("\x1b")
        t.wait(lambda: "START A RUN" not in t.text(), 2)
        t.keys("B2018-01-01 2018-01-31\r")
        t.wait(r"BACKFILL[\s\S]*asking what it would read", 2)
        conn.execute("ROLLBACK")
    t.wait(r"BACKFILL[\s\S]*batch +\d+, backfill", 5)
    assert t.quit() == 0


def test_run_that_is_none(console, loaded):
    t = opened(console, loaded)
    newest = scenes.newest(loaded)["run"]
    t.keys(":run 2x\r")
    t.wait("'2x' is not a run", 2)
    assert f"pipeline > {newest} > " in t.still().text()
    assert t.quit() == 0


# --- --plain

def test_plain_says_things_once(console, loaded):
    """A run goes on after one that failed with a hint: neither is told again and again."""
    scenes.without_source(loaded)
    with scenes.at_work(loaded):
        t = console(loaded, "console", "--plain", columns=200)
        t.wait(r"next: ", 5)
        t.pump(6)
        said = [line[21:] for line in t.text().splitlines() if " next: " in line]
        assert len(said) == len(set(said)), t.text()
        t.keys("q\n")
        assert t.end() == 0
    loaded.run("run", "incremental").quiet()


def test_plain_tells_of_an_answer_that_failed(console, loaded):
    with renamed(loaded, "ledger", "TABLE", "ledger.cost", "gone"):
        t = console(loaded, "console", "--plain", columns=200)
        t.wait(r"ledger: unreachable, .*cost.* does not exist", 5)
        t.keys("q\n")
        assert t.end() == 0


def test_step_in_time_that_came_to_nothing(console, loaded):
    """A step that the ledger did not answer is not made later, when nobody asks for it."""
    t = opened(console, loaded)
    with loaded.connect("ledger") as conn:
        conn.execute("BEGIN; LOCK TABLE ledger.run")
        t.keys("<")
        t.wait("asking when something changed", 2)
        t.keys("2")
        t.still()
        conn.execute("ROLLBACK")
    time.sleep(1)
    t.keys("1r")
    t.still(0.5)
    assert "time travel" not in t.text(), t.text()
    assert t.quit() == 0


def test_failures_do_not_pile_up(console, loaded):
    """Of a view that fails again and again, the last failure is kept."""
    t = opened(console, loaded)
    t.keys("2")
    t.wait(r"layers > \w+ +no break", 5)
    with renamed(loaded, "ledger", "TABLE", "ledger.layer", "gone"), loaded.connect("ledger") as conn:
        conn.execute("CREATE FUNCTION ledger.fails() RETURNS boolean LANGUAGE plpgsql AS "
                     "$$BEGIN RAISE EXCEPTION '%', repeat('much ', 40000); END$$;"
                     "CREATE VIEW ledger.layer AS SELECT * FROM ledger.gone WHERE ledger.fails();"
                     "GRANT SELECT ON ledger.layer TO PUBLIC")
        try:
            for keys in range(60):
                t.keys("r")
                t.pump(0.15)
                if keys == 10:
                    before = t.rss_mib()
            t.keys("g")
            t.wait("STALE: .*much much", 5)
            assert t.rss_mib() - before < 4
        finally:
            conn.execute("DROP VIEW ledger.layer; DROP FUNCTION ledger.fails()")
    assert t.quit() == 0


def test_logs_that_are_gone(console, loaded):
    """No filter holds back the lines of a file that was taken away."""
    log = loaded.dir / "stack/lake/log/run-log/991"
    log.mkdir()
    (log / "extract.a1.log").write_text("2026-03-29T00:10:00Z info here\n")
    t = opened(console, loaded)
    t.keys("3")
    t.wait("I here", 5)
    (log / "extract.a1.log").unlink()
    t.wait("there is no line: the files are empty, or gone", 3)
    log.rmdir()
    assert t.quit() == 0


def test_matches_far_to_the_right(console, loaded):
    """What is found in long lines is drawn as fast there as at their begin."""
    log = loaded.dir / "stack/lake/log/run-log/992"
    log.mkdir()
    (log / "extract.a1.log").write_text("".join(
        f"2026-03-29T00:10:{i:02}Z info {'a' * 8000}\n" for i in range(60)))
    t = opened(console, loaded, lines=60)
    t.keys("3/a\r")
    t.wait("find: a", 5)
    for _ in range(39):
        t.keys("l" * 10)
        t.still(0.05)
    before = t.cpu_seconds()
    for _ in range(10):
        t.keys("h")
        t.still(0.1)
    assert t.cpu_seconds() - before < 0.5
    (log / "extract.a1.log").unlink()
    log.rmdir()
    assert t.quit() == 0


def test_cursor_stays_on_its_check(console, loaded):
    """Checks of a database that does not answer any more go away above it."""
    t = opened(console, loaded)
    t.keys("6")
    t.wait(r"ok source answers|more: Down", 10)
    t.keys("G")
    check = re.search(r"health > (.*)", t.still().text())[1]
    t.keys("kk")
    check = re.search(r"health > (.*)", t.still().text())[1]
    with renamed(loaded, "warehouse", "SCHEMA", "bikeops", "gone"):
        t.keys("r")
        t.wait("worst FAIL", 10)
        assert f"health > {check}\n" in t.still().text(), t.text()
    assert t.quit() == 0


def test_dry_run_ends(console, loaded):
    """Down goes no further than its last line: Up goes back from there."""
    t = opened(console, loaded)
    t.keys("t")
    t.wait(r"START A RUN[\s\S]*staffs +0 +dim_staffs", 5)
    t.keys("\x1bOB" * 60)
    t.wait(lambda: not re.search(r"products +\d+ +dim_", t.text()), 2)
    t.keys("\x1bOA" * 2)
    t.wait(r"products +\d+ +dim_", 2)
    assert t.quit() == 0
