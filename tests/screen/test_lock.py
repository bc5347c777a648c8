"""A production profile: locked, unlocked with a ticket and a reason, locked again; the audit file."""

import json
import os
import re

import pytest

import scenes
import stack as stacks
import test_screens

WRITERS = "tcxBu"


@pytest.fixture(scope="module")
def prod(stack):
    stack.run("run", "full").quiet()
    with test_screens.locked(stack) as (where, more):
        yield where, more["args"]


@pytest.fixture
def state(tmp_path):
    """Where this test's audit file is written."""
    return {"XDG_STATE_HOME": str(tmp_path)}


def audit(state):
    path = os.path.join(state["XDG_STATE_HOME"], "bikeops/audit.jsonl")
    return [json.loads(line) for line in open(path)] if os.path.exists(path) else []


def unlock(t, ticket="OPS-7", reason="the night's load is missing"):
    t.keys("U")
    t.wait("ticket:", 2)
    t.keys(ticket + "\r")
    t.wait("reason:", 2)
    t.keys(reason + "\r")


def test_locked(console, prod, state):
    """Keys that write say why they are dead, and look dead; the rest lives."""
    stack, args = prod
    before = scenes.newest(stack)["run"]
    t = console(stack, *args, **state)
    t.wait(r"prod \[READ ONLY: U unlocks\] run \d+", 5)
    t.wait(r"U unlock", 2)
    for key in WRITERS:
        t.keys(key)
        t.wait(rf"locked: '{key}' writes; U unlocks with a ticket and a reason", 2)
    for word in ("full", "incr", "cancel 1", "resume 1", "undo 1"):
        t.keys(f":{word}\r")
        t.wait("locked: U unlocks", 2)
        t.keys("r")
        t.wait("asked again", 2)
    t.keys("?")
    t.wait(r"start a run: type full or incr \(locked\)", 2)
    t.keys("q")
    assert t.quit() == 0
    assert scenes.newest(stack)["run"] == before
    assert audit(state) == []


def test_key_line_offers_no_dead_key(console, prod, state):
    stack, args = prod
    t = console(stack, *args, **state)
    t.wait(r"U unlock", 5)
    assert "trigger" not in t.still().text().splitlines()[-1]
    unlock(t)
    t.wait(r"t trigger +U lock +\? help +q back +Q quit", 2)     # c, x: nothing to do
    assert t.quit() == 0


def test_unlocked_sent_and_locked(console, prod, state):
    stack, args = prod
    before = scenes.newest(stack)["run"]
    t = console(stack, *args, **state)
    t.wait("READ ONLY", 5)
    unlock(t)
    t.wait(r" prod \[WRITE 9:5\d left: OPS-7\] run", 2)
    t.wait(r"\[WRITE 9:5[0-8] left", 3)
    t.keys("t")
    t.wait("profile prod, PRODUCTION: nothing is sent yet", 2)
    t.keys("incr")
    t.wait(r"begun: bikeops run incremental --detach", 10)
    t.wait(rf"run {before + 1} incremental ok", 15)
    t.keys("U")
    t.wait("locked: by hand", 2)
    t.keys("t")
    t.wait("locked: 't' writes", 2)
    assert t.quit() == 0
    kept = audit(state)
    assert [line["what"] for line in kept] == ["unlock", "send", "done", "lock"]
    for line in kept:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["at"])
        assert line["profile"] == "prod" and line["who"]
        assert (line["ticket"], line["reason"]) == ("OPS-7", "the night's load is missing")
    assert kept[1]["command"] == kept[2]["command"] == "bikeops run incremental --detach"
    assert [line.get("result") for line in kept] == ["for 10 min", None, "begun", "by hand"]
    mode = os.stat(os.path.join(state["XDG_STATE_HOME"], "bikeops/audit.jsonl")).st_mode
    assert mode & 0o777 == 0o600


@pytest.mark.parametrize("ticket", ["OPS-7", "a ticket with a name of its own that goes on and on"])
def test_title_keeps_the_state(console, prod, state, ticket):
    """At 80 columns the ticket goes first; how the run stands is never cut."""
    stack, args = prod
    run = scenes.newest(stack)
    t = console(stack, *args, **state)
    t.wait("READ ONLY", 5)
    unlock(t, ticket)
    t.wait(rf"\[WRITE 9:\d\d left.*run {run['run']} {run['mode']} ok \d+:\d\d", 2)
    assert t.quit() == 0


def test_failure_is_audited(console, prod, state):
    stack, args = prod
    run = scenes.newest(stack)["run"]
    t = console(stack, *args, **state)
    t.wait("READ ONLY", 5)
    unlock(t)
    t.wait("WRITE", 2)
    t.keys(f":cancel {run}\r")
    t.wait("CANCEL A RUN", 2)
    t.keys(str(run))
    t.wait(rf"bikeops run cancel {run}: ", 5)
    assert t.quit() == 0
    assert audit(state)[-1]["what"] == "done"
    assert audit(state)[-1]["result"] not in ("ok", "begun", None)


@pytest.mark.parametrize("ticket,reason,told", [
    ("", None, "still locked: no ticket was given"), ("OPS-7", "", "still locked: no reason was given"),
    ("  ", None, "still locked: no ticket was given"), ("OPS-7", " ", "still locked: no reason was given"),
])
def test_stays_locked(console, prod, state, ticket, reason, told):
    stack, args = prod
    t = console(stack, *args, **state)
    t.wait("READ ONLY", 5)
    t.keys("U")
    t.wait("ticket:", 2)
    t.keys(ticket + "\r")
    if reason is not None:
        t.wait("reason:", 2)
        t.keys(reason + "\r")
    t.wait(told, 2)
    assert "[READ ONLY: U unlocks]" in t.text()
    t.keys("U")
    t.wait("ticket:", 2)
    t.keys("\x1b")
    t.wait("READ ONLY", 2)
    assert t.quit() == 0
    assert audit(state) == []


def test_no_audit_no_writing(console, prod, tmp_path):
    """What cannot be written down is not done."""
    stack, args = prod
    (tmp_path / "bikeops").mkdir()
    (tmp_path / "bikeops/audit.jsonl").mkdir()
    t = console(stack, *args, XDG_STATE_HOME=str(tmp_path))
    t.wait("READ ONLY", 5)
    unlock(t)
    t.wait(r"refused: cannot write '/\S+", 2)
    assert "[READ ONLY: U unlocks]" in t.text()
    assert t.quit() == 0


def test_locks_itself(console, prod, state):
    """After ten minutes, by a clock that runs 60 times as fast; a preview that is open is closed."""
    stack, args = prod
    t = console(stack, *args, **state, LD_PRELOAD=stacks.FAKETIME, FAKETIME="+0 x60")
    t.wait("READ ONLY", 5)
    unlock(t)
    t.wait("WRITE", 2)
    t.keys("t")
    t.wait("START A RUN", 2)
    t.wait("locked: ten minutes are over", 15)
    assert "START A RUN" not in t.still().text()
    assert "[READ ONLY: U unlocks]" in t.text()
    t.keys("t")
    t.wait("locked: 't' writes", 2)
    assert t.quit() == 0
    assert [line["what"] for line in audit(state)] == ["unlock", "lock"]


def test_clock_set_back(console, prod, state, tmp_path):
    """A wall clock that is set back unlocks for no longer, and no other time is shown."""
    stack, args = prod
    clock = tmp_path / "clock"
    clock.write_text("+0")
    t = console(stack, *args, **state, LD_PRELOAD=stacks.FAKETIME, FAKETIME_NO_CACHE="1",
                FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_DONT_FAKE_MONOTONIC="1")
    t.wait("READ ONLY", 5)
    unlock(t)
    t.wait(r"WRITE 9:5\d left", 2)
    clock.write_text("-3600")
    t.wait(r"WRITE 9:5[0-7] left", 6)
    assert t.quit() == 0
