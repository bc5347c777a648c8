"""As of an earlier moment: commands with --at, and the console's time travel."""

import re
import time

import pytest

import scenes


@pytest.fixture(scope="module")
def past(stack):
    """A stack with a history, and what its commands said at moments of it: {name: (moment, answers)}."""
    kept = {}

    def keep(name):
        time.sleep(1.1)         # nothing changes in the second that is kept
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        kept[name] = moment, answers(stack)
        time.sleep(1.1)

    keep("set up")
    stack.run("run", "full").quiet()
    keep("loaded")
    with scenes.at_work(stack):
        keep("at work")
    scenes.without_source(stack)
    keep("failed")
    scenes.change(stack)
    stack.run("run", "resume", scenes.newest(stack)["run"]).quiet()
    keep("resumed")
    return stack, kept


def answers(stack, *more):
    found = {name: stack.json(*name.split(), *more) for name in ("runs", "status", "counts")}
    for run in found["runs"]["runs"]:
        found[run["run"]] = stack.json("runs", "show", run["run"], *more)
    return found


# What the ledger keeps of now alone: the lease, how long ago, how far it was behind, what a run
# learned on its way, the totals that a later run wrote again.
ALONE = {"age_s", "leased", "heartbeat_at", "behind", "hint", "next", "error_code", "attempt",
         "duration_ms", "left_ms", "note", "engine", "manifest", "prefix", "stack", "home", "left", "total",
         "rows_per_s", "started_at", "counted_at", "pid", "pid_start"}


def comparable(value):
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in ALONE}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def differences(now, then, where=""):
    """[(path, now, then)] of the values that differ."""
    if isinstance(now, dict) and isinstance(then, dict):
        return [found for key in sorted(now.keys() | then.keys(), key=str)
                for found in differences(now.get(key), then.get(key), f"{where}.{key}")]
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [found for n, pair in enumerate(zip(now, then))
                for found in differences(*pair, f"{where}[{n}]")]
    return [] if now == then else [(where, now, then)]


@pytest.mark.parametrize("name", ["set up", "loaded", "at work", "failed", "resumed"])
def test_commands(past, name):
    """They say with --at what they said then."""
    stack, kept = past
    moment, then = kept[name]
    now = comparable(answers(stack, "--at", moment))
    then = comparable(then)
    if name == "at work":       # rows that a step had come to are not kept
        for answer in (now, then):
            for step in answer["status"]["steps"]:
                step["rows"] = step["bytes"] = 0
    assert now.keys() == then.keys()
    found = differences(now, then)
    assert not found, "\n".join(map(str, found))


def test_before_all(past):
    stack, _ = past
    assert stack.json("runs", "--at", "2020-01-01T00:00:00Z")["runs"] == []
    assert stack.json("status", "--at", "2020-01-01T00:00:00Z")["now"] == []


@pytest.mark.parametrize("args", [["status"], ["runs"], ["counts"]])
def test_bad_moment(past, args):
    past[0].run(*args, "--at", "yesterday", status=2).talk("bad value 'yesterday' of '--at'").quiet()


def test_live_or_then(past):
    past[0].run("counts", "--live", "--at", "03:12", status=2).talk("give one of them").quiet()


def test_travel(console, past):
    """< goes back change by change, > forward again to now; meanwhile nothing can be done."""
    stack, kept = past
    t = console(stack)
    t.wait(r"run \d+ \w+ ok", 5)
    t.still()
    moment, then = kept["at work"]
    t.keys(f":at {moment}\r")
    day, clock = moment[5:10], moment[11:19]
    t.wait(rf"time travel: {day} {clock}Z", 3)
    run = then["runs"]["runs"][0]["run"]
    t.wait(rf"pipeline > {run} > .* incremental running", 3)
    t.wait(rf"\$ bikeops runs show {run} --at {moment}", 2)
    t.keys("t")
    t.wait("time travel: 't' writes", 2)
    t.keys(":full\r")
    t.wait("time travel: nothing is written", 2)
    t.keys("4")
    t.wait(rf"{run}  incremental >>", 3)
    t.keys("2")
    t.wait(r"SUM revenue", 3)
    assert "behind:" not in t.still().text()
    t.keys("v")
    t.wait("time travel: the databases tell of now alone", 2)
    t.keys("1<")
    t.wait(r"as of \S+: run \d+(: \w+ began| was asked for)", 3)
    back = re.search(r"as of (\S+):", t.text())[1]
    assert back < moment
    t.still()
    t.keys(">")
    t.wait(lambda: re.search(r"as of (\S+):", t.text()) and
           re.search(r"as of (\S+):", t.text())[1] > back, 3)
    for _ in range(40):
        t.keys(">")
        t.still(0.1)
        if "time travel" not in t.text():
            break
    t.wait(r"run \d+ \w+ ok", 3)
    t.keys(":at 00\r")
    t.wait("a moment is HH:MM", 2)
    assert t.quit() == 0


def test_travel_begins_before_the_last_change(console, past):
    stack, kept = past
    t = console(stack)
    t.wait(r"run \d+ \w+ ok", 5)
    t.keys("<")
    t.wait("time travel: ", 5)
    t.wait(r"as of \S+: run \d+", 3)
    for _ in range(120):
        t.keys("<")
        t.still(0.05)
        if "nothing older is known" in t.text():
            break
    t.wait("nothing older is known", 2)
    t.keys(":at\r")
    t.wait(r"run \d+ \w+ ok", 3)
    assert t.quit() == 0
