"""A run on AWS's stand-ins: what it adds to its parts, and what the polls add to a job's end.

usage: aws.py BIKEOPS [--scale N] [--rounds N]

The parts are what the services take: the exports of RDS (extract), the Spark job from its start to its
end as EMR tells it, the COPYs and the publish of Redshift.  All else is bikeops's own.
"""

import argparse
import datetime
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/peers"), str(ROOT / "tests/cli")]
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/release/bikeops"
os.environ["BIKEOPS_BINARY"] = str(pathlib.Path(PROGRAM).resolve())

from aws_stack import AwsStack  # noqa: E402


def seconds(begun, ended):
    read = datetime.datetime.fromisoformat
    return (read(ended) - read(begun)).total_seconds()


def measure(stack):
    """One full run: its seconds, those of its parts, and from the job's end to the step's."""
    stack.run("run", "full", timeout=900).quiet()
    with stack.connect("ledger") as conn:
        run, total = conn.execute(
            "SELECT id, extract(epoch FROM ended_at - started_at)::float FROM ledger.run "
            "ORDER BY id DESC LIMIT 1").fetchone()
        tasks = dict(conn.execute(
            "SELECT name, extract(epoch FROM ended_at - started_at)::float FROM ledger.task "
            "WHERE run = %s AND state = 'ok'", [run]).fetchall())
        seen = conn.execute("SELECT ended_at FROM ledger.step WHERE run = %s AND name = %s",
                            [run, "transform.check_spark_job"]).fetchone()[0]
    jobs = stack.json("emr", "jobs")["jobs"]
    job = stack.json("emr", "job", max(jobs, key=lambda row: row["created_at"])["job"])["job"][0]
    spark = seconds(job["created_at"], job["ended_at"])
    ended = datetime.datetime.fromisoformat(job["ended_at"])
    parts = tasks["extract"] + spark + tasks["load_staging"] + tasks["publish"]
    return {"run": total, "export": tasks["extract"], "job": spark, "COPY": tasks["load_staging"],
            "publish": tasks["publish"], "own": total - parts, "own %": 100 * (total - parts) / total,
            "job's end seen after": (seen - ended).total_seconds()}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    stack = AwsStack("bench")
    try:
        stack.up()
        shop = stack.dir / "shop"
        subprocess.run([stack.program, "generate", "--scale", str(args.scale), "--out", str(shop)],
                       check=True, stdout=subprocess.DEVNULL)
        stack.run("setup", "--dataset", shop, timeout=600).quiet()
        rounds = [measure(stack) for _ in range(args.rounds)]
    finally:
        stack.end()
    print(f"a full run at scale {args.scale}, seconds: median of {args.rounds}, worst")
    for name in rounds[0]:
        values = [row[name] for row in rounds]
        print(f"{name:24}{statistics.median(values):10.2f}{max(values):10.2f}")


if __name__ == "__main__":
    main()
