"""The console while Spark works: its four steps, how the job is, and what it cost."""

import re
import sys

import pytest

import conftest
import stack as stacks
from test_emr import Shop

sys.path.append(str(stacks.ROOT / "tests/screen"))
import terminal  # noqa: E402

STEPS = ("create_spark_app", "submit_spark_job", "check_spark_job", "delete_spark_app")


@pytest.fixture(scope="module")
def shop(peer_dir):
    shop = Shop(peer_dir / "emr-console", "--job-command", conftest.HERE / "stub_job.py")
    shop.run("full", "--engine", "duckdb")
    shop.template = shop.newest()["run"][0]["prefix"] + "/a1"
    yield shop
    shop.end()


def console(shop, columns, lines):
    env = {**shop.stack.env, "TERM": "xterm-256color", "BIKEOPS_EMR_APPLICATION": "ephemeral"}
    return terminal.Terminal([shop.stack.program], env, columns=columns, lines=lines, cwd=shop.stack.dir)


def boxes(t):
    """The state that stands before each of the four steps."""
    return [m[1] if (m := re.search(rf"(\.\.|>>|ok|!!) {step[:12]}", t.text())) else None for step in STEPS]


def test_a_run(shop):
    """On two terminals at once: boxes, states, attempt, progress, cost; then what was billed."""
    shop.rules(seconds=18)
    child = shop.stack.start("run", "full", "--engine", "emr", env={"BIKEOPS_EMR_APPLICATION": "ephemeral"})
    with console(shop, 150, 40) as wide, console(shop, 80, 24) as narrow:
        for t in (wide, narrow):
            t.wait(lambda: boxes(t) == ["ok", "ok", ">>", ".."], 30)
        job = shop.jobs()[-1]["jobRunId"]
        wide.wait(rf"EMR job {job} (SUBMITTED|PENDING|SCHEDULED) attempt 1", 5)
        wide.wait(rf"EMR job {job} RUNNING attempt 1, about 0\.00\d+ USD", 10)
        narrow.wait(rf"check_spark_job running  started .*\n +EMR job {job} RUNNING attempt 1, about 0\.00\d+ USD", 5)
        wide.wait(rf"EMR job {job} RUNNING attempt 1, stg_sales 1/6, about 0\.00\d+ USD", 30)
        narrow.wait(rf"\n +EMR job {job} RUNNING attempt 1, stg_sales 1/6, about\s+0\.00\d+ USD", 5)
        for t in (wide, narrow):
            t.wait("spark: begin stg_sales 1/6", 5)
        child.communicate(timeout=60)
        assert child.returncode == 0
        for t in (wide, narrow):
            t.wait(lambda: boxes(t) == ["ok"] * 4, 10)
        costs = shop.stack.json("cost", shop.newest()["run"][0]["run"])["costs"]
        usd = f"{sum(row['usd'] for row in costs):.6f}"
        wide.wait(rf"full ok .*{usd} USD", 10)
        wide.keys("4")
        wide.wait(rf"full +ok .*{usd}", 5)
        wide.keys(":cost\r")
        for row in costs:
            wide.wait(rf"{row['what']} +{row['quantity']:.6f} +{row['unit']}", 5)
        for t in (wide, narrow):
            t.keys("\x1b")
            t.quit()
