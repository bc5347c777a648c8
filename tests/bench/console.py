#!/usr/bin/env python3
"""Prints a table: the console beside other full-screen programs, on a pty of 80x24.

usage: console.py [BIKEOPS] [--rounds N] [--idle SECONDS] [--soak SECONDS] [--output table|json]

Peers are taken from PATH, or from ~/.cache/bikeops/bin where `cargo install flowrs-tui` and a `go build` of
k9s may have put them; these two find nobody at the address that they ask.

Medians.  First frame: until the screen's last line is drawn.  Idle: bytes to the terminal and CPU
of the process, with nothing pressed.  A key: j and k by turns, bytes and time until the last byte.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "cli"), str(ROOT / "tests" / "screen")]
if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
    os.environ["BIKEOPS_BINARY"] = os.path.abspath(sys.argv.pop(1))

import scenes            # noqa: E402
import stack as stacks   # noqa: E402
from run import machine  # noqa: E402
from terminal import Terminal  # noqa: E402

SEARCHED = os.environ["PATH"] + os.pathsep + os.path.expanduser("~/.cache/bikeops/bin")
FLOWRS = """active_server = "local"
[[servers]]
name = "local"
endpoint = "http://127.0.0.1:9"
version = "V3"
[servers.auth.Token]
cmd = "echo none"
"""
KUBE = """{apiVersion: v1, kind: Config, current-context: a, users: [{name: a, user: {}}],
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}],
contexts: [{name: a, context: {cluster: a, user: a}}]}
"""

COLUMNS = [("first frame", "ms", 50), ("RSS", "MiB", 24), ("idle", "B/s", 100),
           ("idle CPU", "%", 0.3), ("a key", "B", 400), ("a key", "ms", 50)]


class Case:
    """
    name, argv, what stands there once it is drawn, the key pressed before all, and those pressed
    by turns; other: they change the whole picture, and have no limit in bytes.
    """

    def __init__(self, name, argv, there, env=None, cwd=None, before="", keys="jk", other=False):
        self.name, self.argv, self.there = name, argv, there
        self.before, self.keys, self.other = before, keys, other
        self.env, self.cwd = env or {}, cwd

    def open(self):
        env = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8",
               "TERM": "xterm-256color", "HOME": os.environ.get("HOME", "/"), **self.env}
        return Terminal([str(arg) for arg in self.argv], env, cwd=self.cwd)

    def first_ms(self):
        with self.open() as t:
            t.wait(self.there, 10)
            return 1000 * (time.monotonic() - t.began)

    def steady(self, idle_s, presses=20):
        """RSS, idle B/s and CPU %, bytes and ms of a key."""
        with self.open() as t:
            t.wait(self.there, 10)
            t.keys(self.before)
            t.pump(2)
            sent, cpu, began = len(t.sent), t.cpu_seconds(), time.monotonic()
            t.pump(idle_s)
            took = time.monotonic() - began
            idle = (len(t.sent) - sent) / took, 100 * (t.cpu_seconds() - cpu) / took
            keys = [self.press(t, self.keys[n % len(self.keys)]) for n in range(presses)]
            return (t.rss_mib(), *idle, statistics.median(key[0] for key in keys),
                    statistics.median(key[1] for key in keys))

    @staticmethod
    def press(t, key):
        """Bytes of the answer, and until when they came; what a clock draws is not parted off."""
        t.pump(0.05)
        sent, began = len(t.sent), time.monotonic()
        t.keys(key)
        last = began
        while time.monotonic() - last < 0.06:
            before = len(t.sent)
            t.pump(0.002)
            if len(t.sent) > before:
                last = time.monotonic()
        return len(t.sent) - sent, 1000 * (last - began)

    def measure(self, rounds, idle_s):
        first = statistics.median(self.first_ms() for _ in range(rounds))
        return [first, *self.steady(idle_s)]


@contextlib.contextmanager
def silence():
    """A server that accepts and says nothing."""
    server, held = socket.create_server(("127.0.0.1", 0)), []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])
    threading.Thread(target=accept, daemon=True).start()
    dsn = f"host=127.0.0.1 port={server.getsockname()[1]} user=bikeops dbname="
    yield {f"BIKEOPS_{name}_DSN": dsn + name.lower() for name in ("SOURCE", "WAREHOUSE", "LEDGER")}
    server.close()


def peers(stack):
    log = stack.dir / "peer.log"
    log.write_text("".join(f"2026-11-24 10:{n // 60 % 60:02}:{n % 60:02} INFO line {n}\n"
                           for n in range(5000)))
    repository = stack.dir / "peer.git"
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    for n in range(200):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", f"line {n}"], check=True)
    home = {"HOME": str(stack.dir), "KUBECONFIG": str(stack.dir / "kube")}
    (stack.dir / "kube").write_text(KUBE)
    (stack.dir / ".config/flowrs").mkdir(parents=True)
    (stack.dir / ".config/flowrs/config.toml").write_text(FLOWRS)
    return [Case("htop", ["htop"], r"F10", home, keys=["\x1b[B", "\x1b[A"]),
            Case("tig", ["tig"], r"line 199[\s\S]*\d+%", home, cwd=repository),
            Case("lnav", ["lnav", "-N", log], r"line 4999", home),
            Case("flowrs, no server", ["flowrs"], r"Flowrs v", home),
            Case("k9s, no server", ["k9s"], r"K9s Rev", home)]


def commit_to_pixel(stack, rounds):
    """From the commit in the ledger to the screen, ms."""
    values = []
    with Case("", [stack.program], "", stack.env).open() as t, stack.connect("ledger") as ledger:
        t.wait(r"run \d+ \w+ ok", 10)
        for n in range(rounds):
            t.pump(0.7)
            state, shown = [("failed", "!!"), ("ok", "ok")][n % 2]
            ledger.execute("UPDATE ledger.run SET state = %s WHERE id = (SELECT max(id) FROM "
                           "ledger.run)", [state])
            values.append(1000 * t.wait(rf"run \d+ \w+ {shown}", 5))
    return values


def dead_worker(stack, rounds):
    """From kill -9 of the worker to its !!, s."""
    values = []
    for _ in range(rounds):
        with scenes.at_work(stack), Case("", [stack.program], "", stack.env).open() as t:
            t.wait(r"incremental >>", 10)
            t.pump(1)
            killed = scenes.kill_worker(stack)
            t.wait(r"incremental !!", 10)
            values.append(time.monotonic() - killed)
        stack.run("run", "incremental").quiet()
    return values


def soak(stack, seconds):
    """
    A day of news in minutes: every view is fetched anew as often as it can be, a log grows, and keys
    go through all screens.  What a third of it left in memory and open must not grow after that.
    """
    log = next((stack.dir / "stack/lake/log/run-log").glob("*/publish.a1.log"))
    clean, keys, pressed, marks = log.read_bytes(), "123456jkjk?qW<>r", 0, []
    with Case("", [stack.program], "", stack.env).open() as t, stack.connect("ledger") as ledger:
        t.wait(r"run \d+ \w+ ok", 10)
        began = time.monotonic()
        while (took := time.monotonic() - began) < seconds:
            t.keys(keys[pressed % len(keys)])
            pressed += 1
            if not pressed % 4:
                ledger.execute("NOTIFY bikeops")
            with open(log, "a") as file:
                file.write(f"2026-11-24T10:00:00Z info line {pressed} of a day\n" * 20)
            t.pump(0.02)
            t.sent.clear()
            if took > seconds * (len(marks) + 1) / 3:
                marks.append((t.rss_mib(), len(os.listdir(f"/proc/{t.pid}/fd"))))
        marks.append((t.rss_mib(), len(os.listdir(f"/proc/{t.pid}/fd"))))
    log.write_bytes(clean)
    return {"keys": pressed, "log lines": 20 * pressed, "RSS MiB": [mark[0] for mark in marks],
            "descriptors": [mark[1] for mark in marks]}


def measure(stack, rounds, idle_s):
    rows = []

    def add(case):
        found = shutil.which(str(case.argv[0]), path=SEARCHED)
        if not found:
            print(f"*** NO PEER: {case.name} is not installed: its row is missing ***",
                  file=sys.stderr)
            return
        case.argv[0] = found
        rows.append({"what": case.name, "other": case.other, "values": [
            round(value, 2) for value in case.measure(rounds, idle_s)]})
    ours = {"argv": [stack.program], "there": r"\? help", "env": stack.env}
    add(Case("bikeops, pipeline", **ours))
    add(Case("bikeops, layers", **ours, before="2"))
    add(Case("bikeops, logs", **ours, before="3"))
    add(Case("bikeops, other screen", **ours, keys="24", other=True))
    with silence() as env:
        ours["env"] = {**stack.env, **env}
        add(Case("bikeops, no answer", **ours, keys="?q", other=True))
    for case in peers(stack):
        add(case)
    more = [{"what": "ledger commit to pixel", "values": commit_to_pixel(stack, 2 * rounds),
             "unit": "ms", "limit": 300},
            {"what": "dead worker to !!", "values": dead_worker(stack, rounds), "unit": "s",
             "limit": 2}]
    return rows, more


def over(row, value, column):
    name, unit, limit = column
    judged = row["what"].startswith("bikeops") and not (row["other"] and unit == "B")
    return judged and value > limit


def show(rows, more):
    print(f"{machine()}\n")
    for n, what in enumerate(("", "", "limit of bikeops")):
        print(f"{what:<22}" + "".join(f"{column[n]:>12} " for column in COLUMNS))
    for row in rows:
        print(f"{row['what']:<22}" + "".join(
            f"{value:>12.1f}{'!' if over(row, value, column) else ' '}"
            for value, column in zip(row["values"], COLUMNS)))
    for row in more:
        median, worst = statistics.median(row["values"]), max(row["values"])
        print(f"{row['what']}: median {median:.2f} {row['unit']}, worst {worst:.2f}, limit "
              f"{row['limit']}{'  OVER' if median > row['limit'] else ''}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=10)
    parser.add_argument("--soak", type=float, default=120)
    parser.add_argument("--output", choices=("table", "json"), default="table")
    args = parser.parse_args()
    stack = stacks.Stack("bench")
    try:
        scenes.load(scenes.set_up(stack.up()))
        soaked = soak(stack, args.soak)
        rows, more = measure(stack, args.rounds, args.idle)
        if args.output == "json":
            print(json.dumps({"machine": machine(), "rows": rows, "more": more, "soak": soaked},
                             indent=1))
        else:
            show(rows, more)
            print(f"soak of {args.soak:.0f} s, at each third: {soaked}")
    finally:
        stack.end()


if __name__ == "__main__":
    main()
