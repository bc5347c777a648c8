"""The whole pipeline on AWS's stand-ins: equal to the embedded stack's, whatever fails meanwhile."""

import time

import pytest

import stack as stacks
from agree import disagreements
from aws_stack import AwsStack
from star import Star, compare, invariants
from test_kill import Scene, kill
from test_writers import writing

LOADS = 5
TASKS = ("open_window", "extract", "transform", "load_staging", "publish", "clear_staging")


@pytest.fixture(scope="module")
def aws():
    stack = AwsStack("aws")
    try:
        yield stack.up()
    finally:
        stack.end()


@pytest.fixture(scope="module")
def small(aws):
    return stacks.write_dataset(aws.dir / "small", stacks.small_rows())


@pytest.fixture(scope="module")
def scene(aws, small):
    scene = Scene(aws, small, 5)
    yield scene
    scene.shops.close()


def star(aws):
    with aws.connect("warehouse") as conn:
        return Star(conn)


def test_counts(aws, scene):
    """After the full load: the shops write rows that are rejected, and which is chance."""
    counts = aws.json("counts", "--live")["counts"]
    assert {row["break"] for row in counts} == {"ok"}, counts


def test_full_and_incremental(scene):
    """A full load and five incremental ones give what the oracle says."""
    assert compare(star(scene.stack), scene.warehouse) == []
    for _ in range(LOADS):
        scene.change()
        assert scene.settle() == []


def test_spark_in_the_logs(aws, scene):
    """What the driver said stands among the run's own lines."""
    run = scene.last_run()["run"]
    while aws.json("runs", "show", run)["run"][0]["k"] is None:    # the last one had nothing to load
        run -= 1
    stacks.wait_until(lambda: any("bikeops: done" in row["message"] for row in
                                  aws.json("logs", run, "driver")["logs"]), 30, 1)
    tasks = {row["task"] for row in aws.json("logs", run)["logs"]}
    assert tasks >= {"driver", "executor1", "extract", "publish"}


@pytest.fixture(scope="module")
def here(aws, scene):
    """From here on DuckDB transforms: what Spark does when it is killed is tested by itself."""
    aws.set(engine="duckdb")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("again", ["run", "resume"])
def test_kill(aws, scene, here, task, again):
    """kill -9 as soon as a task runs: the next run ends right, nothing is lost or doubled."""
    scene.change()
    before = scene.last_run()["run"]
    with aws.connect("ledger") as ledger:
        child = aws.start("run", "incremental")
        stacks.wait_until(lambda: child.poll() is not None or ledger.execute(
            "SELECT 1 FROM ledger.task WHERE run > %s AND name = %s", [before, task]).fetchone(), 120)
        time.sleep(scene.random.random() * 0.3)
        kill(child)
    run = scene.check_truth()
    if again == "resume" and run["state"] != "ok":
        got = aws.run("run", "resume", run["run"], status=None).quiet()
        assert got.status in (0, 4), got.stderr
    assert scene.settle() == []


def test_writers(aws, scene, here, small):
    """Twelve writers keep writing while loads run; then both sides agree."""
    scene.shops.close()
    loads = 0
    with writing(aws, small, 12) as writers:
        while loads < LOADS or (sum(writer.committed for writer in writers) < 300 and
                                all(writer.failure is None for writer in writers)):
            aws.run("run", "incremental").quiet()
            loads += 1
    with aws.connect("source") as conn:
        assert disagreements(conn, star(aws)) == []
    assert invariants(star(aws)) == []
