"""Random keys on a locked console: it neither ends nor crashes, and starts nothing."""

import os
import random
import time

import pytest

import scenes
import stack as stacks
import test_screens

KEYS = [*"1234561234567890qwertzuiopasdfghjklyxcvbnmQWERTZUIOPASDFGHJKLYXCVBNM!$%&/()=?`+*#-_.:,;<>|~",
        "\r", "\n", "\t", "\x1b", " ", "\x7f", "\x0c", "\x03", "\x07", "\x15", "\x12", "\x16", "\x00",
        "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1bOH", "\x1bOF", "\x1b[Z",
        "\x1b[200~", "\x1b[201~", "\x1b[200~full\r\x1b[201~", "full", "incr", "1", "2", "é", "漢", "🚲",
        b"\xff", b"\xc3", b"\x9b", ":runs\r", ":counts\r", ":full\r", ":cancel 1\r", ":setup\r",
        ":logs 2\r", ":sql\r", "/x\r", "&x\r", ":" + "a" * 300 + "\r"]
SIZES = [(80, 24), (140, 40), (1, 1), (3, 10), (300, 5), (40, 10), (20, 60)]


@pytest.fixture(scope="module")
def prod(stack):
    stack.run("run", "full").quiet()
    with test_screens.locked(stack) as (where, more):
        yield where, more["args"]


def press(t, choice, seconds):
    end = time.monotonic() + seconds
    pressed = []
    while time.monotonic() < end:
        key = choice.choice(KEYS)
        if key in ("Q", "U", "\x1a", "\x1c"):   # the ways out, and to the key of the lock
            continue
        pressed.append(key)
        if choice.random() < 0.02:
            t.resize(*choice.choice(SIZES))
        t.keys(key)
        open_ = t.pump(choice.choice((0, 0, 0.005, 0.03)))
        if not open_ or t.ended():
            raise AssertionError(f"ended with {t.end()} after {pressed[-40:]}\n"
                                 f"{bytes(t.sent[-3000:]).decode(errors='replace')}")
    return len(pressed)


def test_random_keys(console, prod, request):
    stack, args = prod
    seed = int(os.environ.get("SEED", time.time()))
    seconds = request.config.getoption("--fuzz-seconds")
    before = [run["run"] for run in stack.json("runs")["runs"]]
    t = console(stack, *args)
    t.wait("READ ONLY", 10)
    n = press(t, random.Random(seed), seconds)
    print(f"seed {seed}: {n} keys in {seconds} s")
    t.resize(80, 24)
    for key in (" ", "\x1b[201~", "\x03", "\x1b", "\x1b", "1"):     # out of all that is open
        t.pump(0.2)
        t.keys(key)
    t.wait("READ ONLY", 10)
    t.keys("Q")
    status = t.end(10)
    tail = bytes(t.sent[-6000:]).decode(errors="replace")
    assert status == 0, f"seed {seed}: status {status}\n{tail}"
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
        assert word not in tail, f"seed {seed}\n{tail}"
    assert [run["run"] for run in stack.json("runs")["runs"]] == before, f"seed {seed}: it wrote"
