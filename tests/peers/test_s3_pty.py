"""`bikeops s3 put` and `get` on a terminal: how far they are, and Ctrl-C."""

import re
import sys

import pytest

import stack as stacks
from test_s3 import MIB, PART, RAW, bench  # noqa: F401

sys.path.append(str(stacks.ROOT / "tests/screen"))
import terminal  # noqa: E402

PARTS = 6
SIZE = PARTS * PART
STATUS = re.compile(rb"(put|get): (\d+) of (\d+) MiB, (\d+) MiB/s(?:, left (?:(\d+):(\d\d)|([\d.]+) s))?")
RATE = 2 * MIB      # a second, of each of those that move at once


@pytest.fixture
def file(bench):
    return bench.file("big", SIZE)


def start(bench, *args, columns=80):
    env = {**bench.stack.env, "TERM": "xterm-256color"}
    return terminal.Terminal([bench.stack.program, "s3", *map(str, args)], env, columns=columns, cwd=bench.dir)


def up(bench, file):
    bench.faults.next("PUT .*partNumber=", "slow", rate=RATE, count=99)
    return "put", file.relative_to(bench.dir), f"s3://{RAW}/big"


def down(bench, file):
    bench.s3.upload_file(str(file), RAW, "big")
    bench.faults.ask("reset", {})
    bench.faults.next("GET .*/big", "slow", rate=RATE, count=99)
    return "get", f"s3://{RAW}/big", "down"


def told(t):
    """Each line that it said: its verb, MiB, MiB of all, MiB a second, seconds left."""
    return [(m[1].decode(), int(m[2]), int(m[3]), int(m[4]), int(m[5] or 0) * 60 + float(m[6] or m[7] or 0))
            for m in STATUS.finditer(bytes(t.sent))]


@pytest.mark.parametrize("way", [up, down])
def test_how_far_it_is(bench, file, way):
    """It grows evenly up to the whole, also within parts; rate and time left agree with it."""
    with start(bench, *way(bench, file)) as t:
        assert t.end(60) == 0
        lines = told(t)
        text = t.text()
    moved = [line[1] for line in lines]
    assert len(lines) >= 4 and moved == sorted(moved) and len(set(moved)) >= 4, lines
    for _, done, total, rate, left in lines[4:]:
        assert total == SIZE // MIB and done <= total
        # Both are cut to whole MiB.
        assert (total - done - 1) / (rate + 1) - 1 <= left <= (total - done) / rate + 1, lines
    assert "MiB/s" not in text and " 48 MiB " in text


@pytest.mark.parametrize("way, match", [(up, "PUT .*partNumber=2"), (down, "GET .*/big")])
def test_what_is_sent_again_counts_once(bench, file, way, match):
    args = way(bench, file)
    bench.faults.ask("reset", {})
    kind = {"kind": "reset", "bytes": PART // 2} if way is up else {"kind": "half"}
    bench.faults.ask("fault", {"match": match, "skip": 0 if way is up else 2, **kind})
    bench.faults.next(match.split("=")[0], "slow", rate=RATE, count=99)
    with start(bench, *args) as t:
        assert t.end(60) == 0
        assert all(done <= total for _, done, total, _, _ in told(t))
    assert any(entry["fault"] == kind["kind"] for entry in bench.faults.seen())


@pytest.mark.parametrize("way", [up, down])
def test_ctrl_c_in_the_middle(bench, file, way):
    """Within two seconds; no object, no upload, no file, no half a line."""
    with start(bench, *way(bench, file)) as t:
        t.wait(lambda: any(line[1] for line in told(t)), 30)
        t.keys("\x03")
        assert t.end(2) == 130
        text = t.text()
    assert "MiB/s" not in text and "cancelled" in text
    assert bench.uploads() == []
    assert bench.keys() == ([] if way is up else ["big"])
    assert sorted(p.name for p in bench.dir.glob("*") if p.is_file()) == ["big"]


@pytest.mark.parametrize("columns", [24, 40])
def test_a_narrow_terminal(bench, file, columns):
    """The line stays one line: nothing of it is left behind."""
    with start(bench, *up(bench, file), columns=columns) as t:
        assert t.end(60) == 0
        assert "put:" not in t.text()
