"""Logs that others write to S3: EMR's, Airflow's, those of other hosts."""

import contextlib
import gzip
import json
import os
import shutil
import sys
import threading
import time

import boto3
import pytest

import conftest
import stack as stacks

sys.path.append(str(stacks.ROOT / "tests/screen"))
import terminal  # noqa: E402

JOB = "applications/00f1/jobs/00f2/"
DAG = {"AIRFLOW_CTX_DAG_ID": "bike", "AIRFLOW_CTX_DAG_RUN_ID": "manual__2026-11-26T01:02:03.5+00:00"}


def lines(numbers):
    return "".join(f"26/11/26 01:{n // 60:02}:{n % 60:02} INFO Task: line {n}\n" for n in numbers)


class Logged:
    """A run of the embedded stack on buckets of S3, and what others add to its logs."""

    def __init__(self, stack, s3):
        self.stack = stack
        self.s3 = boto3.client("s3", endpoint_url=s3.url, region_name=conftest.KEYS["AWS_REGION"],
                               aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                               aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"])

    def load(self, **env):
        self.stack.run("run", "full", env=env).quiet()
        self.run = self.stack.json("runs")["runs"][0]["run"]
        self.emr = f"emr-logs/{self.run}/a1/{JOB}"

    def put(self, key, text):
        data = text.encode() if isinstance(text, str) else text
        self.s3.put_object(Bucket="shop-log", Key=key,
                           Body=gzip.compress(data) if key.endswith(".gz") else data)

    def shown(self, task=None):
        """Messages of a task as the command prints them."""
        args = [task] if task else []
        return [(row["task"], row["time"], row["level"], row["message"])
                for row in self.stack.json("logs", self.run, *args)["logs"]]

    def messages(self, task):
        return [row[3] for row in self.shown(task)]

    def directory(self):
        return self.stack.dir / "lake/log/run-log" / str(self.run)


@pytest.fixture(scope="module")
def logged(any_s3):
    stack = stacks.Stack("logs")
    try:
        stack.up()
        stack.env |= conftest.KEYS | {
            "AWS_ENDPOINT_URL_S3": any_s3.url, "BIKEOPS_LAKE_KIND": "s3",
            "BIKEOPS_LAKE": str(stack.dir / "lake"),
            **{f"BIKEOPS_{b.upper()}_BUCKET": f"shop-{b}" for b in ("source", "raw", "processed", "log")}}
        small = stacks.write_dataset(stack.dir / "small", stacks.small_rows())
        stack.run("setup", "--dataset", small).quiet()
        yield Logged(stack, any_s3)
    finally:
        stack.end()


@pytest.fixture
def run(logged):
    logged.load()
    return logged


def test_driver_and_executors(run):
    run.put(run.emr + "SPARK_DRIVER/stderr.gz", "26/11/26 01:02:03 ERROR Task: lost\n\tat a.B.c(B:1)\n")
    run.put(run.emr + "SPARK_DRIVER/stdout.gz", "bikeops: step stg_sales\n")
    run.put(run.emr + "SPARK_EXECUTOR/1/stderr.gz", "26/11/26 01:02:02 WARN Disk: slow\n")
    run.put(run.emr + "sparklogs/eventlog_v2_00f2/events_1", "{}")
    assert ("executor1", "2026-11-26T01:02:02Z", "warning", "Disk: slow") in run.shown()
    shown = run.shown("driver")
    assert shown[0] == ("driver", "2026-11-26T01:02:03Z", "error", "Task: lost")
    assert shown[1][3] == "\tat a.B.c(B:1)"
    assert shown[2][2:] == ("info", "bikeops: step stg_sales") and shown[2][1]
    assert len(shown) == 3


def test_grows(run):
    """Each line once, whatever was there at a look; a line that is not whole waits."""
    key = run.emr + "SPARK_DRIVER/stderr.gz"
    text = lines(range(40))
    for end in (0, 1, 30, 31, 700, 701, len(text)):
        run.put(key, text[:end])
        whole = text[:end].count("\n")
        assert run.messages("driver") == [f"Task: line {n}" for n in range(whole)]


def test_cut_in_a_member(run):
    """What can be told of a gzip file that ends anywhere, and of several members."""
    key = run.emr + "SPARK_DRIVER/stderr.gz"
    one, two = gzip.compress(lines(range(5)).encode()), gzip.compress(lines(range(5, 9)).encode())
    run.s3.put_object(Bucket="shop-log", Key=key, Body=one + two[:12])
    assert run.messages("driver") == [f"Task: line {n}" for n in range(5)]
    run.s3.put_object(Bucket="shop-log", Key=key, Body=one + two)
    assert run.messages("driver") == [f"Task: line {n}" for n in range(9)]


def test_rotates(run):
    """Pieces go to archived/ while the newest goes on; ten of them keep their order."""
    folder = run.emr + "SPARK_DRIVER/"
    shown = 0
    for piece in range(12):
        for end in (piece * 10 + 4, piece * 10 + 10):
            run.put(folder + "stderr.gz", lines(range(piece * 10, end)))
            shown = end
            assert run.messages("driver") == [f"Task: line {n}" for n in range(shown)]
        run.put(folder + f"archived/stderr_{piece}.gz", lines(range(piece * 10, piece * 10 + 10)))
        run.put(folder + "stderr.gz", "")
        assert run.messages("driver") == [f"Task: line {n}" for n in range(shown)]


def test_no_gzip(run):
    """Said, not shown as a log; it is read again when it is written anew."""
    key = run.emr + "SPARK_DRIVER/stderr.gz"
    run.s3.put_object(Bucket="shop-log", Key=key, Body=b"<html>")
    run.stack.run("logs", run.run, status=1).talk("it is no gzip")
    run.put(key, lines([1]))
    assert run.messages("driver") == ["Task: line 1"]


def test_airflow(logged):
    """Airflow tells its run to what it starts; so its log is found."""
    logged.load(**DAG)
    text = json.dumps({"timestamp": "2026-11-26T01:02:03.5Z", "level": "error", "event": "Task failed",
                       "error_detail": [{"exc_type": "AirflowException", "exc_value": "exit 1"}]})
    place = "airflow-log/dag_id=bike/run_id=manual__2026-11-26T01:02:03.5+00:00/"
    logged.put(place + "task_id=load/attempt=1.log", text + "\n")
    logged.put(place.replace("03.5", "04.5") + "task_id=load/attempt=1.log", text + "\n")
    shown = logged.shown("airflow-load")
    assert [row[1:] for row in shown[:1]] == [("2026-11-26T01:02:03Z", "error", "Task failed")]
    assert [row[3].strip() for row in shown[1:]] == ["AirflowException: exit 1"]


def test_another_host(run):
    """Where the run's own files are not, they come from S3; here they are not written over."""
    here = run.shown()
    before = {path.name: path.read_bytes() for path in run.directory().glob("*.log")}
    assert run.shown() == here
    assert {path.name: path.read_bytes() for path in run.directory().glob("*.log")} == before
    shutil.rmtree(run.directory())
    there = run.shown()
    assert {row[0] for row in there} >= {"extract", "publish"}
    assert [row for row in there if row[0] == "publish"] == [row for row in here if row[0] == "publish"]


def test_two_at_once(run):
    """Two that mirror the same run write no line twice."""
    key = run.emr + "SPARK_DRIVER/stderr.gz"
    run.put(key, lines(range(2000)))
    got = []
    threads = [threading.Thread(target=lambda: got.append(run.stack.run("logs", run.run).quiet()))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert run.messages("driver") == [f"Task: line {n}" for n in range(2000)]


def test_follow(run):
    """A new line shows within two seconds of being in S3."""
    with run.stack.connect("ledger") as ledger:
        born = open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]
        ledger.execute("UPDATE ledger.run SET ended_at = NULL, state = 'running', pid = %s, pid_start = %s "
                       "WHERE id = %s", [os.getpid(), born, run.run])
        child = run.stack.start("logs", str(run.run), "--follow")
        try:
            seen = []
            reader = threading.Thread(
                target=lambda: seen.extend((time.monotonic(), line) for line in child.stdout), daemon=True)
            reader.start()
            late = []
            for n in range(5):
                run.put(run.emr + "SPARK_DRIVER/stderr.gz", lines(range(n + 1)))
                put = time.monotonic()
                stacks.wait_until(lambda: any(b"line %d" % n in line for _, line in seen), 10)
                late.append(next(at for at, line in seen if b"line %d" % n in line) - put)
            print("seconds from S3 to the line:", [round(s, 2) for s in late])
            assert max(late) < 2
        finally:
            ledger.execute("UPDATE ledger.run SET ended_at = now(), state = 'ok' WHERE id = %s", [run.run])
            with contextlib.suppress(Exception):
                child.communicate(timeout=10)
            child.kill()


@pytest.mark.parametrize("after_s", [0, 0.05, 0.2, 1])
def test_quits_while_it_mirrors(run, after_s):
    """The console ends at once and well, whatever its thread beside does with S3."""
    env = {**run.stack.env, "TERM": "xterm-256color"}
    with terminal.Terminal([run.stack.program], env, cwd=run.stack.dir) as t:
        t.wait(r"\$ bikeops", 10)
        t.keys("3")
        t.pump(after_s)
        began = time.monotonic()
        assert t.quit() == 0
        assert time.monotonic() - began < 3
