#!/usr/bin/env python3
"""Prints a table of medians, whole processes, this machine named.

usage: run.py [--scale N,N] [--rounds N] [--peer] [--output table|json] [PROGRAM]
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import stack as stacks  # noqa: E402

LIMITS = {   # at scale 1, where one was promised: seconds, MiB
    "setup": 2.0, "full": 2.0, "incremental": 0.3, "peak": 512, "peak elsewhere": 64,
}
HEAVY = ("transform", "load_staging")


class PeerFailed(Exception):
    pass


class Bench:
    def __init__(self, stack, rounds):
        self.stack = stack
        self.rounds = rounds
        self.rows = []

    def add(self, scale, what, values, unit="s", limit=None):
        median = statistics.median(values)
        self.rows.append({"scale": scale, "what": what, "median": round(median, 3),
                          "worst": round(max(values), 3), "unit": unit, "n": len(values),
                          "limit": limit})

    def timed(self, *args):
        """Seconds of the whole process, and its peak memory in MiB."""
        child = self.stack.start(*map(str, args), stdin=subprocess.DEVNULL)
        began = time.monotonic()
        out, err = child.stdout, child.stderr
        text = err.read() + out.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        if status:
            sys.exit(f"bikeops {args}: {text.decode()}")
        return seconds, usage.ru_maxrss / 1024

    def task_peaks(self):
        """{task: peak MiB} of the newest run."""
        run = self.stack.json("runs")["runs"][0]["run"]
        tasks = self.stack.json("runs", "show", run)["tasks"]
        return {task["task"]: (task["peak_kib"] or 0) / 1024 for task in tasks}

    def scale(self, scale, dataset):
        limits = LIMITS if scale == 1 else {name: LIMITS[name] for name in ("peak", "peak elsewhere")}
        rounds = self.rounds if scale == 1 else 1
        setup, full, memory, peaks = [], [], [], {}
        for _ in range(rounds):
            setup.append(self.timed("setup", "--recreate", "--dataset", dataset)[0])
            seconds, mib = self.timed("run", "full")
            full.append(seconds)
            tasks = self.task_peaks()
            memory.append(max(mib, *tasks.values()))    # a task may have a process of its own
            for task, peak in tasks.items():
                peaks.setdefault(task, []).append(peak)
        one = [self.one_order(n) for n in range(2 * rounds + 1)]
        self.add(scale, "setup", setup, limit=limits.get("setup"))
        self.add(scale, "run full", full, limit=limits.get("full"))
        self.add(scale, "run incremental, one changed order", one, limit=limits.get("incremental"))
        self.add(scale, "run full, peak of the process", memory, "MiB", limits["peak"])
        for task, values in peaks.items():
            self.add(scale, f"peak in {task}", values, "MiB",
                     None if task in HEAVY else limits["peak elsewhere"])

    def one_order(self, n):
        with self.stack.connect("source") as conn:
            conn.execute("UPDATE store.orders SET required_date = required_date + 1 "
                         "WHERE order_id = %s", [str(n + 1)])
        before = self.watermark()
        seconds = self.timed("run", "incremental")[0]
        assert self.watermark() == before + 1
        return seconds

    def watermark(self):
        with self.stack.connect("warehouse", role="bikeops_read") as conn:
            return conn.execute("SELECT k FROM bikeops.watermark").fetchone()[0]

    def floor(self, scale):
        """The least a full load can do: psql copies each table out and in, no star, no history."""
        dsn, into = self.stack.dsn["BIKEOPS_SOURCE_DSN"], self.stack.dsn["BIKEOPS_WAREHOUSE_DSN"]
        values = []
        for _ in range(self.rounds):
            began = time.monotonic()
            for table in ("stores", "customers", "products", "staffs", "orders", "order_items"):
                path = self.stack.dir / f"{table}.csv"
                self.psql(dsn, f"\\copy store.{table} TO '{path}' CSV")
                columns = self.query(dsn, table)
                self.psql(into, f"DROP TABLE IF EXISTS floor_{table}",
                          f"CREATE TABLE floor_{table} ({columns})",
                          f"\\copy floor_{table} FROM '{path}' CSV")
            values.append(time.monotonic() - began)
        self.add(scale, "floor: psql \\copy of six tables, out and in", values)

    def psql(self, dsn, *commands):
        args = [part for command in commands for part in ("-c", command)]
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", dsn, *args], check=True,
                       stderr=subprocess.DEVNULL)

    def query(self, dsn, table):
        with self.stack.connect("source") as conn:
            return ", ".join(f"{name} {kind}" for name, kind in conn.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum", [f"store.{table}"]))

    # --- a peer: dlt, as its own documentation loads a database
    def peer(self, scale):
        python = self.peer_python()
        if not python:
            return
        script = pathlib.Path(__file__).with_name("peer_dlt.py")
        env = {**self.stack.env, "RUNTIME__DLTHUB_TELEMETRY": "false",
               "SOURCE": self.url("SOURCE"), "TARGET": self.url("WAREHOUSE"),
               "DLT_DATA_DIR": str(self.stack.dir / "dlt")}

        def run(mode):
            began = time.monotonic()
            done = subprocess.run([python, script, mode], env=env, cwd=self.stack.dir,
                                  capture_output=True, text=True)
            if done.returncode:
                raise PeerFailed(done.stderr.strip().splitlines()[-1])
            return time.monotonic() - began
        try:
            self.peer_rounds(scale, run)
        except PeerFailed as error:
            print(f"NO PEER: dlt failed: {error}", file=sys.stderr)

    def peer_rounds(self, scale, run):
        self.add(scale, "peer: dlt, full load of six tables", [run("full") for _ in range(3)])
        values = []
        for n in range(5):
            with self.stack.connect("source") as conn:
                conn.execute("UPDATE store.orders SET required_date = required_date + 1 "
                             "WHERE order_id = %s", [str(n + 50)])
            values.append(run("incremental"))
        self.add(scale, "peer: dlt, incremental, one changed order", values)

    def url(self, which):
        """Over TCP, as dlt insists on a host and a password."""
        words = (self.stack.dir / "stack" / "pgpass").read_text().strip().split(":")
        port = (self.stack.data_directory() / "postmaster.pid").read_text().splitlines()[3]
        name = {"SOURCE": "bikestore", "WAREHOUSE": "warehouse"}[which]
        return f"postgresql://bikeops:{words[-1]}@127.0.0.1:{port}/{name}"

    def peer_python(self):
        venv = stacks.ROOT / "build" / "bench-venv"
        python = venv / "bin" / "python"
        try:
            if not python.exists():
                subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin/pip", "install", "-q", "dlt[postgres]==1.*", "sqlalchemy==2.*",
                            "psycopg2-binary"], check=True, capture_output=True, timeout=600)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"NO PEER: dlt could not be installed ({error})", file=sys.stderr)
            return None
        return python


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    name = next((line.split("=")[1].strip().strip('"') for line in open("/etc/os-release")
                 if line.startswith("PRETTY_NAME")), platform.system())
    return f"{os.cpu_count()} x {cpu}, {memory:.0f} GiB, {name}, Linux {platform.release()}"


def show(rows):
    print(f"{machine()}\n")
    print(f"{'scale':>5}  {'what':<48} {'median':>9} {'worst':>9}  {'unit':<4} {'n':>2}  limit")
    for row in rows:
        over = row["limit"] is not None and row["median"] > row["limit"]
        limit = "" if row["limit"] is None else f"{row['limit']:g}{'  OVER' if over else ''}"
        print(f"{row['scale']:>5}  {row['what']:<48} {row['median']:>9.3f} {row['worst']:>9.3f}  "
              f"{row['unit']:<4} {row['n']:>2}  {limit}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="1,100")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="also install and run dlt, once")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("program", nargs="?", default=stacks.PROGRAM)
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stack = stacks.Stack("bench", program=os.path.abspath(args.program))
    try:
        stack.up()
        bench = Bench(stack, args.rounds)
        for scale in map(int, args.scale.split(",")):
            dataset = stack.dir / f"scale-{scale}"
            began = time.monotonic()
            stack.run("generate", "--scale", scale, "--seed", 1, "--out", dataset)
            bench.add(scale, "generate", [time.monotonic() - began])
            bench.scale(scale, dataset)
            if scale == 1:
                bench.floor(scale)
                if args.peer:
                    bench.peer(scale)
        if args.output == "json":
            print(json.dumps({"machine": machine(), "rows": bench.rows}, indent=1))
        else:
            show(bench.rows)
    finally:
        stack.end()


if __name__ == "__main__":
    main()
