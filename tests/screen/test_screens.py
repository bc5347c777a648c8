"""Each screen in each state, compared with golden/; `make golden` writes them anew."""

import contextlib
import pathlib
import re
import subprocess

import pytest

import scenes
import stack as stacks

GOLDEN = pathlib.Path(__file__).with_name("golden")
FORMS = [(80, 24, "utf8"), (140, 40, "utf8"), (80, 24, "ascii"), (140, 40, "ascii")]
LOCALE = {"utf8": "C.UTF-8", "ascii": "C"}


@pytest.fixture(scope="module")
def stack(stack):
    """The stack on a machine whose name is 'host'."""
    library = stack.dir / "host.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, GOLDEN.with_name("host.c")], check=True)
    stack.env["LD_PRELOAD"] = str(library)
    return stack


# --- states

@contextlib.contextmanager
def nothing(stack):
    bare = stacks.Stack("bare")
    try:
        yield bare, {}
    finally:
        bare.remove()


@contextlib.contextmanager
def empty(stack):
    yield stack, {}


@contextlib.contextmanager
def ok(stack):
    scenes.load(stack)
    yield stack, {}


@contextlib.contextmanager
def running(stack):
    with scenes.at_work(stack):
        yield stack, {}


@contextlib.contextmanager
def dead(stack):
    with scenes.at_work(stack):
        scenes.kill_worker(stack)
        stacks.wait_until(lambda: scenes.newest(stack)["state"] == "dead", 5, 0.1)
        scenes.lay_out(stack)
        yield stack, {}
    stack.run("run", "incremental").quiet()


@contextlib.contextmanager
def rejected(stack):
    scenes.reject(stack)
    yield stack, {}
    scenes.mend(stack)


@contextlib.contextmanager
def no_source(stack):
    scenes.without_source(stack)
    yield stack, {}


@contextlib.contextmanager
def locked(stack):
    config = stack.dir / "bikeops.conf"
    names = {"source_dsn": "SOURCE_DSN", "warehouse_dsn": "WAREHOUSE_DSN",
             "ledger_dsn": "LEDGER_DSN", "lake_dir": "LAKE"}
    config.write_text("[profile prod]\nproduction = true\n" + "".join(
        f"{name} = {stack.dsn['BIKEOPS_' + variable]}\n" for name, variable in names.items()))
    stack.run("run", "incremental").quiet()
    yield stack, {"args": ("console", "--config", config, "--profile", "prod")}


@contextlib.contextmanager
def stale(stack):
    yield stack, {"then": stack.down}
    stack.run("local", "up").quiet()


# {state: [how it is made, {screen: (keys, what must stand there)}]}, in this order
FIRST = {"pipeline": ("", r"\$ bikeops")}
ALL = {**FIRST, "layers": ("2", r"SUM revenue"), "logs": ("3", r"where \d"),
       "runs": ("4", r"p50 "), "why": ("1W", "did not fail|why"), "help": ("W?", "keys of")}
STATES = {
    "nothing": [nothing, FIRST],
    "empty": [empty, {**FIRST, "runs": ("4", "runs")}],
    "ok": [ok, {**ALL, "health": ("q6", r"worst "), "trigger": ("1t", r"entity +rows"),
                "backfill": ("qB2016-01-01 2018-12-31\r", r"(?s)BACKFILL.*entity +rows"),
                "undo": ("qu", r"(?s)UNDO.*fact_sales")}],
    "running": [running, {**FIRST, "runs": ALL["runs"]}],
    "dead": [dead, {**FIRST, "why": ("W", "why")}],
    "rejected": [rejected, {**ALL, "rejects": ("q2\r", "by rule")}],
    "no-source": [no_source, {**FIRST, "logs": ALL["logs"], "why": ALL["why"]}],
    "locked": [locked, {**FIRST, "refused": ("t", "locked"),
                        "unlocked": ("UNIGHT-42\rthe lake is full\r", r"WRITE 10:00 left")}],
    "stale": [stale, FIRST],
    "late": [running, FIRST],     # than many runs, not than the one before
}


@pytest.fixture(scope="module")
def to_make():
    """The states not made yet: each stands on those before it, also when it is run alone."""
    return list(STATES)


@pytest.fixture(scope="module", params=STATES)
def state(request, stack, to_make):
    make, screens = STATES[request.param]
    for skipped in iter(lambda: to_make.pop(0), request.param):
        with STATES[skipped][0](stack):
            pass
    with make(stack) as (where, more):
        now = scenes.fix_times(stack)
        yield request.param, where, more, screens, now


# --- what no test can fix: same-width words in its place

MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z *", "ISO time"),
    (r"\d\d:\d\d:\d\d", "hh:mm:ss"), (r"(?<=started )\d\d(?=[│|])", "hh"),    # cut by a box
    (r"\b\d\d-\d\d \d\d:\d\d\b", "mm-dd hh:mm"), (r"\b\d{4}-\d\d-\d\d\b", "yyyy-mm-dd"),
    (r"\bseen \+\d+s", "seen +0s"),
    (r"fingerprint [0-9a-f]{4}", "fingerprint xxxx"),
    (r"\d{4}/\d\d/\d\d/\d+-[0-9a-f]{6}", "yyyy/mm/dd/N-xxxxxx"),
    (r"\b\d+ (s|min|h) ago +(?=[|│])", "N s ago"),
    (r"\bpid \d+", "pid N"), (r"last heartbeat \d+", "last heartbeat NN"),
    (r"\b\d+\.\d\d s\b", "t.tt s"),
]
RUNNING = [    # its own time goes on
    (r"\b\d+\.\d\ds?", "t.tt"), (r"\b\d+:\d\d\b", "m:ss"), (r"\b\d+ (s|min)\b", "N s"),
    (r"[#█]+[.░]*|[.░]{3,}", "###"), (r"\b\d+ ?%", "N%"),
]


def same_width(word):
    """The word cut or filled to the width of what it replaces."""
    return lambda match: word[:len(match[0])].ljust(len(match[0]), "_")


def health(text):
    """What machine and moment say: values with a digit, and limits that are a database's own."""
    lines = text.splitlines()
    start = next(line.index("value") for line in lines if re.match(" +check +value", line))
    end = next(line.index("limit") for line in lines if re.match(" +check +value", line))
    for i, line in enumerate(lines):
        if re.match("[>▶ ](ok|~~|!!) ", line) and re.search(r"\d", line[start:end]):
            lines[i] = line[:start] + "N".ljust(end - start) + line[end:]
        lines[i] = re.sub(r"^ \d+\.\d+$", " N", re.sub(r"took \d+ ms", "took N ms", lines[i]))
        lines[i] = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|beyond \d+ *", same_width("N"), lines[i])
    return "\n".join(lines) + "\n"


def masked(text, name, screen):
    text = health(text) if screen == "health" else text
    text = re.sub(r"(just now: pid) \d+", r"\1 N", text)     # end their lines
    text = re.sub(r"(unloaded change) (\d+ s ago|just now)", r"\1 N s ago", text)
    for pattern, word in MASKS + (RUNNING if name in ("running", "late", "dead") else []):
        text = re.sub(pattern, same_width(word), text)
    return text


@pytest.mark.parametrize("columns,lines,glyphs", FORMS)
def test_golden(console, state, request, columns, lines, glyphs):
    name, stack, more, screens, now = state
    if "then" in more:
        stack.run("local", "up").quiet()
    t = console(stack, *more.get("args", ()), columns=columns, lines=lines, LC_ALL=LOCALE[glyphs],
                BIKEOPS_NOW=now)
    t.wait(r"\$ bikeops", 5)
    t.still(0.2)
    if "then" in more:
        more["then"]()
        t.wait(r"STALE", 10)
    wrong = []
    for screen, (keys, there) in screens.items():
        for key in keys:
            t.keys(key)
        t.wait(there, 5)
        t.still(0.2)
        got = masked(t.text(), name, screen)
        path = GOLDEN / f"{name}-{screen}-{columns}x{lines}-{glyphs}.txt"
        if request.config.getoption("--golden"):
            path.write_text(got)
        elif not path.exists() or path.read_text() != got:
            was = path.read_text() if path.exists() else "(no such file)\n"
            wrong.append(f"{path.name}:\n--- golden\n{was}--- now\n{got}")
    assert not wrong, "\n".join(wrong)
    assert glyphs == "utf8" or all(line.isascii() for line in t.picture.display)


def test_golden_all_used():
    """No golden file without its screen."""
    known = {f"{state}-{screen}-{columns}x{lines}-{glyphs}.txt"
             for state, (_, screens) in STATES.items() for screen in screens
             for columns, lines, glyphs in FORMS}
    assert {path.name for path in GOLDEN.glob("*.txt")} == known
