"""The real program on a real terminal: what the network, the terminal and hostile text do to it."""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import scenes
import stack as stacks
from terminal import strangers

SYS_TGKILL = 234 if os.uname().machine == "x86_64" else 131     # a signal for one thread
LEAVE = b"\x1b[?1049l"      # rmcup of an xterm
SIZES = [(1, 1), (5, 2), (10, 3), (300, 5), (500, 200), (2, 200), (500, 1), (39, 9), (40, 10)]


@pytest.fixture(scope="module")
def loaded(stack):
    stack.run("run", "full").quiet()
    return stack


@pytest.fixture
def silent(tmp_path):
    """The environment of databases whose server accepts and says nothing."""
    server = socket.create_server(("127.0.0.1", 0))
    held = []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    dsn = f"host=127.0.0.1 port={server.getsockname()[1]} user=bikeops dbname="
    yield {"BIKEOPS_SOURCE_DSN": dsn + "bikestore", "BIKEOPS_WAREHOUSE_DSN": dsn + "warehouse",
           "BIKEOPS_LEDGER_DSN": dsn + "bikeops", "BIKEOPS_LAKE": str(tmp_path)}
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for conn in held:
        conn.close()


def told(t, pattern=r"run \d+ full ok", seconds=5):
    t.wait(pattern, seconds)
    return t.still()


def test_one_run_is_no_percentile(console, loaded):
    with loaded.connect("ledger") as conn:
        conn.execute("UPDATE ledger.task SET started_at = started_at - interval '3 s'")
    with loaded.locked("bikeops.watermark"):
        loaded.run("run", "full", "--detach").quiet()
        t = console(loaded)
        t.wait(r"ETA \d\d:\d\d:\d\dZ by the last run alone", 3)
        t.wait(r"longer than last run; worker alive, heartbeat just now: pid \d+ on ", 6)
    told(t)
    assert t.quit() == 0


# --- the network says nothing

def test_first_frame_before_any_answer(console, loaded, silent):
    t = console(loaded, **silent)
    assert t.wait(r"\? help", 1) < 1
    assert "run 2" not in t.text()


def test_keys_while_every_connection_hangs(console, loaded, silent):
    t = console(loaded, **silent)
    t.wait(r"\? help", 1)
    for key, there in [("2", r"\[2 Layers"), ("3", r"\[3 Logs"), ("4", r"\[4 Runs"),
                       ("6", r"\[6 Health"), ("5", r"\[5 Dash"), ("1", r"\[1 Pipeline"),
                       ("?", "keys of")]:
        t.keys(key)
        assert t.wait(there, 1) < 1
    assert t.quit() == 0


# --- sizes

def test_resize_storm(console, loaded):
    t = console(loaded)
    told(t)
    for key in "123456?:":
        t.keys(key)
        for columns, lines in SIZES:
            t.resize(columns, lines)
            t.pump(0.03)
        t.resize(80, 24)
        assert not t.ended()
        t.keys("\x1b")
        t.pump(0.06)
    t.keys("1")
    told(t, r"EXTRACT 5/5 ok")
    whole = t.text()
    t.keys("\x0c")          # the plain text, and then the screen anew
    t.wait("any key goes back")
    t.keys("\x1b")
    told(t, r"EXTRACT 5/5 ok")
    steady = re.compile(r"\d\d:\d\d:\d\dZ.*|\d+ s ago|just now")
    assert steady.sub("", t.text()) == steady.sub("", whole)
    assert t.quit() == 0


@pytest.mark.parametrize("columns,lines", SIZES)
def test_begins_at(console, loaded, columns, lines):
    t = console(loaded, columns=columns, lines=lines)
    t.pump(0.4)
    assert not t.ended()
    t.keys("4?q1Q")
    assert t.end() == 0


# --- the terminal goes away

def test_terminal_vanishes(console, loaded):
    t = console(loaded)
    told(t)
    before = t.cpu_seconds()
    t.hang_up()
    end = time.monotonic() + 2
    while not t.ended():
        assert time.monotonic() < end, "it lives on without a terminal"
        spent = t.cpu_seconds()
        assert spent - before < 0.5, "it spins"
        time.sleep(0.02)
    assert t.status in (0, -signal.SIGHUP)


def test_state_survives(console, loaded):
    """After a lost terminal --resume stands on the same screen."""
    t = console(loaded)
    told(t)
    t.keys("4")
    told(t, r"\[4 Runs")
    t.hang_up()
    stacks.wait_until(t.ended, 2)
    told(console(loaded, "console", "--resume"), r"\[4 Runs")
    assert "[1 Pipeline" in told(console(loaded)).text()


def test_stop_and_continue(console, loaded):
    t = console(loaded)
    told(t)
    t.keys("\x1a")          # Ctrl-Z
    stacks.wait_until(lambda: t.state() == "T", 2)
    t.pump(0.1)
    assert LEAVE in t.sent[-300:]
    sent = len(t.sent)
    t.kill(signal.SIGCONT)
    t.wait(lambda: b"\x1b[?1049h" in t.sent[sent:], 2)
    told(t)
    assert t.quit() == 0


@pytest.mark.parametrize("thread", [0, 1], ids=["of the screen", "of the views"])
def test_crash_restores(console, loaded, thread):
    t = console(loaded)
    told(t)
    ids = sorted(int(name) for name in os.listdir(f"/proc/{t.pid}/task"))
    assert ctypes.CDLL(None).syscall(SYS_TGKILL, t.pid, ids[thread], signal.SIGSEGV) == 0
    assert t.end() == -signal.SIGSEGV
    tail = bytes(t.sent[-300:])
    assert LEAVE in tail and b"\x1b[?25h" in tail and b"\x1b[?2004l" in tail


def test_leaving_restores(console, loaded):
    t = console(loaded)
    told(t)
    assert t.quit() == 0
    tail = bytes(t.sent[-300:])
    assert LEAVE in tail and b"\x1b[?2004l" in tail


# --- what the terminal is

def test_unknown_terminal(console, loaded):
    t = console(loaded, TERM="nobody-knows")
    t.wait(r"TERM 'nobody-knows' is not known here: taken as xterm", 2)
    t.keys("4")
    told(t, r"\[4 Runs")
    assert t.quit() == 0


@pytest.mark.parametrize("term", ["xterm", "linux", "screen-256color", "tmux-256color", "vt100",
                                  "ansi"])
def test_known_terminals(console, loaded, term):
    t = console(loaded, TERM=term)
    t.pump(0.5)
    if t.ended():
        assert b"cannot" in t.sent
        return
    t.keys("Q")
    assert t.end() == 0
    assert b"Pipeline" in t.sent


def test_dumb_terminal(console, loaded):
    t = console(loaded, TERM="dumb")
    t.wait(r"run \d+ full: ok", 5)
    assert b"\x1b" not in t.sent
    t.keys("q\r")
    assert t.end() == 0


def test_no_color(console, loaded):
    t = console(loaded, NO_COLOR="1")
    told(t)
    for key in "2346?":
        t.keys(key)
        t.still(0.1)
    colours = [sgr for sgr in re.findall(rb"\x1b\[([0-9;]*)m", t.sent)
               if any(30 <= int(n or 0) <= 49 and int(n) not in (39, 49) or int(n or 0) >= 90
                      for n in sgr.split(b";"))]
    assert not colours
    assert b"\x1b[7m" in t.sent or b";7m" in t.sent
    coloured = console(loaded)
    told(coloured)
    assert re.search(rb"\x1b\[3[0-7]m", coloured.sent)


# --- what is pasted

def test_paste_dropped(console, loaded):
    before = scenes.newest(loaded)["run"]
    t = console(loaded)
    told(t)
    assert b"\x1b[?2004h" in t.sent
    t.keys("\x1b[200~tfull\rQ\x1b[201~")
    t.wait("paste", 2)
    assert not t.ended()
    assert "START A RUN" not in t.text()
    t.keys("t")
    t.wait("START A RUN", 2)
    t.keys("\x1b[200~full\x1b[201~")        # the word itself, but not typed
    t.still()
    assert "START A RUN" in t.text()
    assert t.quit() == 0
    assert scenes.newest(loaded)["run"] == before


# --- hostile text

PAYLOADS = {
    "osc52": b"\x1b]52;c;ZWNobyBvd25lZA==\x07", "csi": b"\x1b[2J\x1b[31mRED", "c1": b"\xc2\x9b31mC1",
    "c1raw": b"\x9b5m\x9d0;t\x9c", "title": b"\x1b]0;owned\x1b\\", "bell": b"\x07\x08\x0e\x7f",
    "dcs": b"\x1bPq\x1b\\", "bidi": "\u202eevil\u200b".encode(),
}


def test_hostile_text(console, loaded):
    """In errors, events, names and logs: shown, and never sent as it came."""
    text = "".join(value.decode("utf-8", "replace").replace("\x00", "")
                   for value in PAYLOADS.values())
    run = scenes.newest(loaded)["run"]
    log = loaded.dir / f"stack/lake/log/run-log/{run}/extract.a1.log"
    clean = log.read_bytes()
    with loaded.connect("ledger") as ledger:
        ledger.execute("BEGIN")
        ledger.execute("CREATE TABLE ledger.kept AS SELECT * FROM ledger.run")
        ledger.execute("UPDATE ledger.run SET state = 'failed', error = %(t)s, hint = %(t)s,"
                       " note = %(t)s, requested_by = %(t)s, host = %(t)s, program = %(t)s,"
                       " engine = %(t)s WHERE id = %(r)s", {"t": text, "r": run})
        ledger.execute("UPDATE ledger.task SET error = %s WHERE run = %s", [text, run])
        ledger.execute("INSERT INTO ledger.event (run, level, message) VALUES (%s, 'error', %s)",
                       [run, text])
        ledger.execute("COMMIT")
    try:
        log.write_bytes(b"".join(b"2026-11-24T10:00:00Z error %s %s\n" % (name.encode(), value)
                                 for name, value in PAYLOADS.items()) + b"\xff\xfe\x00\x80\n")
        t = console(loaded, columns=140, lines=40)
        told(t, r"run \d+ full !!")
        for key in ["W", "q", "2", "3", "g", "j", "G", "4", "\r", "q", "6", "Y", "y", "\x0c", " "]:
            t.keys(key)
            t.still(0.1)
        t.quit()
        copied = rb"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)"       # by Y and y
        sent = re.sub(copied, b"", t.sent.replace(b"\x1b]104\x07", b""))     # "oc" of an xterm
        assert b"ZWNobyBvd25lZA==" not in re.findall(copied, t.sent)
        assert not re.findall(rb".{0,60}\x07.{0,20}", sent, re.S)
        assert not strangers(sent)
        assert not [c for c in sent.decode("utf-8", "strict") if "\x80" <= c <= "\x9f"]
        plain = console(loaded, TERM="dumb")
        plain.wait(r"run \d+ full: failed", 5)
        plain.still()
        assert b"\x1b" not in plain.sent and b"\x07" not in plain.sent
        assert not [c for c in plain.sent.decode() if "\x80" <= c <= "\x9f"]
    finally:
        log.write_bytes(clean)
        with loaded.connect("ledger") as ledger:
            ledger.execute("UPDATE ledger.run r SET state = k.state, error = k.error, hint = k.hint,"
                           " note = k.note, requested_by = k.requested_by, host = k.host,"
                           " program = k.program, engine = k.engine FROM ledger.kept k"
                           " WHERE k.id = r.id")
            ledger.execute("UPDATE ledger.task SET error = NULL WHERE run = %s", [run])
            ledger.execute("DELETE FROM ledger.event WHERE run = %s", [run])
            ledger.execute("DROP TABLE ledger.kept")


# --- at work

def test_full_load_from_the_console(console, loaded):
    before = scenes.newest(loaded)["run"]
    t = console(loaded)
    told(t)
    t.keys("t")
    t.wait("START A RUN", 2)
    t.keys("\r\r")                   # Enter never acts
    t.still()
    assert "START A RUN" in t.text()
    t.keys("full")
    t.wait(rf"run {before + 1} full ok", 15)
    t.wait(r"EXTRACT 5/5 ok", 5)
    run = scenes.newest(loaded)
    assert (run["run"], run["state"], run["mode"]) == (before + 1, "ok", "full")
    assert t.quit() == 0


def test_quitting_says_what_goes_on(console, loaded):
    with scenes.at_work(loaded):
        t = console(loaded)
        told(t, r"incremental >>")
        assert t.quit() == 0
        assert b"goes on without the console" in t.sent
        assert scenes.newest(loaded)["state"] == "running"


def test_handoff_from_the_console(console, loaded):
    """Two files where the console was begun, and it says which."""
    run = scenes.newest(loaded)["run"]
    t = console(loaded)
    told(t, rf"run {run} \w+ ok")
    t.keys("X")
    t.wait(rf"handoff-{run}.json +\d+", 5)
    t.keys("q")
    assert t.quit() == 0
    assert (loaded.dir / f"handoff-{run}.md").read_text().startswith(f"# Run {run}: ")
    assert '"schema":"bikeops.handoff-bundle/1"' in (loaded.dir / f"handoff-{run}.json").read_text()


def test_handoff_of_the_run_shown(console, loaded):
    """X on an earlier run's pipeline is about that one, on Runs about the newest."""
    loaded.run("run", "incremental").quiet()
    first, newest = 2, scenes.newest(loaded)["run"]
    t = console(loaded)
    told(t, r"run \d+ \w+ ok")
    t.keys("4")
    t.wait("p50 ", 5)
    t.keys("G\r")
    t.wait(rf"pipeline > {first} > ", 5)
    t.keys("X")
    t.wait(rf"handoff-{first}.md +\d+", 5)
    t.keys("q")
    t.wait(rf"pipeline > {first} > ", 2)
    t.keys("q")
    t.wait(rf"pipeline > {newest} > ", 5)
    t.keys("X")
    t.wait(rf"handoff-{newest}.md +\d+", 5)
    assert t.quit() == 0


def test_undo_means_the_newest_batch(console, loaded):
    """A run that found nothing is no batch: u is about the one before it, and so is its preview."""
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()
    batch = scenes.newest(loaded)["run"]
    loaded.run("run", "incremental").quiet()
    nothing = scenes.newest(loaded)["run"]
    t = console(loaded)
    told(t, rf"run {nothing} incremental ok")
    for screen in "14":
        t.keys(screen)
        t.still(0.2)
        t.keys("u")
        if screen == "1":       # the ledger's newest is no batch: it asks
            t.wait("undo run:", 2)
            t.keys(f"{batch}\r")
        t.wait(rf"sets the tables back to before run {batch}", 3)
        t.wait(rf"\$ bikeops run undo {batch} --detach", 2)
        t.wait(rf"takes back +run {batch}, [\s\S]*fact_sales", 5)
        t.keys(str(nothing) + "\x1b")
        t.wait(lambda: "UNDO A RUN" not in t.text(), 2)
    assert t.quit() == 0
    assert scenes.newest(loaded)["run"] == nothing


def test_undo_from_the_console(console, loaded):
    """The preview says what becomes of each table; the run's number sends it."""
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()
    run = scenes.newest(loaded)
    t = console(loaded)
    told(t, rf"run {run['run']} incremental ok")
    t.keys("u")
    t.wait("UNDO A RUN", 2)
    t.wait(rf"takes back +run {run['run']}, [\s\S]*to how it was at[\s\S]*fact_sales", 5)
    t.keys("full")
    t.still()
    assert "to send: _" in t.text()
    t.keys(str(run["run"]))
    t.wait(rf"run {run['run'] + 1} undo ok", 15)
    assert scenes.newest(loaded)["mode"] == "undo"
    t.keys("2r")
    t.wait(r"behind: oldest unloaded change \d+ s", 10)
    t.keys(":undo x\r")
    t.wait("undo needs a run's number", 2)
    assert t.quit() == 0
    loaded.run("run", "incremental").quiet()


def test_preview_wraps_no_table(console, loaded):
    """A column is where its head is, at any width; arrows show what is cut, and type nothing."""
    scenes.change(loaded)
    loaded.run("run", "incremental").quiet()
    t = console(loaded)
    told(t, r"run \d+ incremental ok")
    t.keys("t")
    t.wait(r"entity +rows +goes into", 5)
    head, row = (next(line for line in t.text().splitlines() if word in line)
                 for word in ("goes into", "dim_stores"))
    assert row.index("dim_stores") == head.index("goes into")
    assert all(entity in t.text() for entity in ("stores", "customers", "orders", "staffs"))
    assert "~" not in t.text()
    t.wait(r"batch +\d+, incremental, by duckdb", 2)
    t.wait(r"changed rows +0 since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, \d+ s ago", 2)
    t.keys("\x1bOB\x1bOB\x1bOA")
    t.wait(lambda: ", by duckdb" not in t.text(), 2)
    t.keys("\x1bOA")
    t.resize(40, 24)
    t.wait(lambda: "ago" not in t.text(), 2)
    t.keys("\x1bOC" * 3)
    t.wait(r"\d+ s ago", 2)
    assert "to send: _" in t.text()
    t.resize(50, 24)
    t.wait(r"to send: _", 2)
    t.keys("\x1b")
    assert t.quit() == 0


def test_cancel_from_the_console(console, loaded):
    with scenes.at_work(loaded):
        t = console(loaded)
        told(t, r"incremental >>")
        t.keys("x")
        t.wait("CANCEL A RUN", 2)
        t.keys(str(scenes.newest(loaded)["run"]))
        stacks.wait_until(lambda: scenes.newest(loaded)["state"] == "cancelled", 10, 0.1)
        t.wait(r"incremental (!!|--|xx)", 5)
    loaded.run("run", "incremental").quiet()


def test_behind(console, loaded):
    """Layers says what is not loaded yet, and that nothing is once a run ended."""
    loaded.run("run", "incremental").quiet()
    t = console(loaded)
    told(t, r"run \d+ incremental ok")
    t.keys("2")
    t.wait(r"behind: nothing   asked just now", 5)
    with loaded.connect("source") as conn:
        conn.execute("UPDATE store.customers SET city = city || 'x' WHERE customer_id IN ('1', '2')")
    t.keys("r")
    t.wait(r"behind: oldest unloaded change (\d+ s ago|just now), 2 journal rows   asked just now", 5)
    loaded.run("run", "incremental").quiet()
    t.wait(r"behind: nothing", 10)
    assert t.quit() == 0


def test_behind_an_unreachable_source(console, loaded):
    t = console(loaded, **scenes.NOWHERE)
    told(t, r"run \d+ \w+ ok")
    t.keys("2")
    t.wait(r"behind: unknown: cannot connect to the source", 5)
    assert t.quit() == 0


def test_database_restarted(console, loaded):
    """Stopped in the middle: the screen says so, keys answer; started again: news come."""
    t = console(loaded)
    told(t, r"run \d+ \w+ ok")
    loaded.down()
    try:
        t.wait(r"STALE|no data|unreachable", 10)
        t.keys("4")
        assert t.wait(r"\[4 Runs", 1) < 1
    finally:
        loaded.run("local", "up").quiet()
    t.wait(r"seen \+\ds", 10)
    t.keys("1")
    t.wait(r"EXTRACT 5/5 ok", 5)
    assert t.quit() == 0


# --- a long log

def test_long_log(console, loaded, request):
    """It opens at once, memory stays flat, the ends are reached."""
    mib = request.config.getoption("--log-mib")
    run = scenes.newest(loaded)["run"]
    path = loaded.dir / f"stack/lake/log/run-log/{run}/transform.a1.log"
    clean = path.read_bytes()
    lines = b"".join(b"2026-11-24T10:%02d:%02dZ info line %06d of a log that does not end soon\n"
                     % (n // 600, n // 10 % 60, n) for n in range(16000))
    try:
        with open(path, "wb") as file:
            file.write(b"2026-11-24T09:00:00Z info the first line\n")
            while file.tell() < mib << 20:
                file.write(lines)
            file.write(b"2026-11-24T11:00:00Z error the last line\n")
        t = console(loaded)
        told(t, r"run \d+ \w+ ok")
        t.keys("3")
        assert t.wait("the last line", 2) < 2
        small = t.rss_mib()
        t.keys("g")
        t.wait("the first line", 5)
        for key in "    G":
            t.keys(key)
            t.still(0.1)
        t.wait("the last line", 5)
        assert t.rss_mib() - small < 16
        assert t.rss_mib() < 48
        assert t.quit() == 0
    finally:
        path.write_bytes(clean)


# --- the bell

def rang(t, sent):
    return b"\x07" in t.sent[sent:]


def test_bell_on_the_end_of_a_run(console, loaded):
    """On whatever screen: when a run ends, not before; off again it is silent."""
    t = console(loaded)
    told(t, r"run \d+ \w+ ok")
    t.keys("4b")
    t.wait("rings when a run ends", 2)
    t.wait("bell on", 2)
    t.wait(lambda: t.still() and "[4 Runs" in t.text(), 2)
    sent = len(t.sent)
    with scenes.at_work(loaded):
        t.wait(r"incremental >>", 5)
        t.still()
        assert not rang(t, sent)
    t.wait(lambda: rang(t, sent), 5)
    t.wait(r"bell: a run ended", 2)
    t.keys("b")
    t.wait("does not ring", 2)
    sent = len(t.sent)
    loaded.run("run", "incremental").quiet()
    t.wait(rf"{scenes.newest(loaded)['run']}  incremental ok", 5)
    t.still()
    assert not rang(t, sent)
    assert t.quit() == 0


def test_bell_on_a_dead_worker(console, loaded):
    with scenes.at_work(loaded):
        t = console(loaded)
        told(t, r"incremental >>")
        t.keys("b")
        t.wait("rings", 2)
        t.still()
        sent = len(t.sent)
        scenes.kill_worker(loaded)
        t.wait(lambda: rang(t, sent), 5)
        t.wait(r"its worker died", 2)
        assert t.quit() == 0
    loaded.run("run", "incremental").quiet()


def test_bell_on_a_check(console, loaded):
    """Health is asked on every screen while the bell is on."""
    t = console(loaded)
    told(t, r"run \d+ \w+ ok")
    t.keys("b")
    t.wait("rings", 2)
    t.keys("6")
    t.wait(r"worst", 5)
    t.keys("1")
    t.still()
    sent = len(t.sent)
    loaded.down()
    try:
        t.wait(lambda: rang(t, sent), 40)
        t.wait(r"bell: a check changed", 2)
    finally:
        loaded.run("local", "up").quiet()
    assert t.quit() == 0


# --- what is said

def test_help_is_whole(console, loaded):
    """At 80 columns no line of help is cut."""
    t = console(loaded)
    told(t, r"run \d+ \w+ ok")
    for screen in "12346":
        t.keys(screen + "?")
        t.wait("keys of", 2)
        for _ in range(4):
            assert "~" not in t.still(0.05).text().replace("~~ ", "")
            t.keys(" ")
        t.keys("q")
    assert t.quit() == 0


def test_news_take_the_place_of_older_words(console, tmp_path):
    """While a shop is set up, the line says which of four commands is at work."""
    bare = stacks.Stack("shown")
    try:
        t = console(bare)
        t.wait("Nothing is set up here yet", 5)
        t.keys("s")
        t.wait("SET UP HERE", 2)
        t.keys("setup")
        t.wait(r"[1-4] of 4: bikeops \w+", 10)
        t.wait(r"begun: bikeops run full --detach", 60)
        t.wait(r"run 2 full ok", 30)
        assert t.quit() == 0
    finally:
        bare.end()
