"""The pipeline with its lake on each S3 server."""

import sys

import boto3
import botocore.config
import pytest

import conftest
import stack as stacks

sys.path.append(str(stacks.ROOT / "tests/screen"))
import terminal  # noqa: E402


def keys(s3, bucket):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [o["Key"] for page in pages for o in page.get("Contents", [])]


@pytest.fixture
def stack(faults):
    stack = stacks.Stack("s3lake")
    stack.env |= {**conftest.KEYS, "AWS_ENDPOINT_URL": faults.url, "BIKEOPS_LAKE_KIND": "s3"}
    for name in ("source", "raw", "processed", "log"):
        stack.env[f"BIKEOPS_{name.upper()}_BUCKET"] = f"shop-{name}"
    stack.s3 = boto3.client("s3", endpoint_url=faults.url, region_name="us-east-1",
                            config=botocore.config.Config(s3={"addressing_style": "path"}),
                            aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"])
    yield stack.up()
    stack.end()
    faults.ask("reset", {})
    for bucket in conftest.BUCKETS:
        for key in keys(stack.s3, bucket):
            stack.s3.delete_object(Bucket=bucket, Key=key)


def test_pipeline(stack, faults):
    """Loads arrive, with faults on the way; every object is in its bucket, and its log is read."""
    shop = stacks.write_dataset(stack.dir / "small", stacks.small_rows())
    stack.run("setup", "--recreate", "--dataset", shop).quiet()
    stack.shop_role()
    faults.next("PUT .*shop-raw", "lost", count=2)
    stack.run("run", "full").quiet()
    with stack.shop() as conn:
        conn.execute("UPDATE store.customers SET city = 'Reno', zip_code = 'éé123' "
                     "WHERE customer_id = '1'")
    stack.run("run", "incremental").quiet()
    assert not [e for e in faults.seen() if e["request"].startswith("GET /shop-raw/")], \
        "a process reads again what it wrote"

    source = keys(stack.s3, "shop-source")
    assert sorted(f"dataset/{table}.csv" for table in stacks.TABLES) == \
        sorted(key for key in source if key.startswith("dataset/"))
    got = stack.s3.get_object(Bucket="shop-source", Key="dataset/brands.csv")["Body"].read()
    assert got == (shop / "brands.csv").read_bytes()
    job = stack.s3.get_object(Bucket="shop-source", Key="script/spark_job.py")["Body"].read()
    assert job == (stacks.ROOT / "deploy/spark/spark_job.py").read_bytes()
    assert len([key for key in keys(stack.s3, "shop-raw") if key.endswith(".csv")]) >= 6
    assert any(key.endswith(".parquet") for key in keys(stack.s3, "shop-processed"))

    faults.next("GET /shop-processed/", "error", status=503, code="SlowDown")
    assert len(stack.json("rejects")["rejects"]) == 1
    assert {e["fault"] for e in faults.seen()} == {None, "lost", "error"}
    run = stack.json("runs")["runs"][0]["run"]
    assert f"run-log/{run}/publish.a1.log" in keys(stack.s3, "shop-log")
    assert stack.run("logs", run).stdout.strip()
    lake = stack.dir / "stack/lake"
    assert not [path for path in lake.rglob("*.csv")], "copies that outlive their process"


def test_rows_left_out_while_the_lake_hangs(stack, faults):
    """They are awaited; the ledger, which answers, is neither stale nor unreachable."""
    shop = stacks.write_dataset(stack.dir / "small", stacks.small_rows())
    stack.run("setup", "--recreate", "--dataset", shop).quiet()
    stack.run("run", "full").quiet()
    with terminal.Terminal([stack.program], {**stack.env, "TERM": "xterm-256color"}, cwd=stack.dir) as t:
        t.wait(r"run \d+ full ok", 10)
        faults.next("GET /shop-processed", "hang", count=99)
        t.keys("2\r")
        t.wait("rows left out", 5)
        for _ in range(15):
            t.pump(1)
            assert "seen +" in t.text(), t.text()
        faults.ask("reset", {})
        t.wait("the last run left out none of them", 60)
        assert t.quit() == 0


def test_setup_again_leaves_the_job(stack):
    """The same file is not written anew: a job may be reading it."""
    shop = stacks.write_dataset(stack.dir / "small", stacks.small_rows())
    stack.run("setup", "--recreate", "--dataset", shop).quiet()
    first = stack.s3.head_object(Bucket="shop-source", Key="script/spark_job.py")
    stack.s3.put_object(Bucket="shop-source", Key="script/other", Body=b"x")
    stack.run("setup").quiet()
    again = stack.s3.head_object(Bucket="shop-source", Key="script/spark_job.py")
    assert again["Metadata"] == first["Metadata"] and "bikeops-write" in first["Metadata"]
    stack.s3.put_object(Bucket="shop-source", Key="script/spark_job.py", Body=b"old")
    stack.run("setup").quiet()
    assert stack.s3.head_object(Bucket="shop-source", Key="script/spark_job.py")["ContentLength"] == \
        first["ContentLength"]


def checks(stack, *args, status=0, env=None):
    got = stack.run("doctor", *args, "--output", "json", status=status, env=env).quiet()
    return {row["check"]: row for row in got.json()["checks"]}


def test_doctor(stack, faults):
    """Buckets, uploads that nobody ended, and with --write-test the right to write."""
    stack.s3.create_multipart_upload(Bucket="shop-raw", Key="big")
    got = checks(stack, status=None)
    assert "shop-raw" in got["lake bucket raw"]["value"] and got["lake bucket raw"]["state"] == "ok"
    assert got["lake uploads in raw"]["value"] == "1 unfinished, 0 older than a day"
    assert got["lake uploads in raw"]["state"] == got["lake uploads in log"]["state"] == "ok"
    assert "lake writes raw" not in got
    later = {"LD_PRELOAD": stacks.FAKETIME, "FAKETIME": "+2d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    old = checks(stack, status=None, env=later)["lake uploads in raw"]
    assert (old["value"], old["state"]) == ("1 unfinished, 1 older than a day", "warn")
    stack.run("s3", "rm", "raw", "--uploads").quiet()

    faults.next("PUT /shop-log", "error", status=403, code="AccessDenied", count=9)
    faults.next("GET /shop-source", "error", status=403, code="AccessDenied", count=9)
    got = checks(stack, "--write-test", status=None)
    assert got["lake writes raw"]["state"] == "ok"
    assert got["lake writes log"]["state"] == got["lake bucket source"]["state"] == "fail"
    assert "AccessDenied" in got["lake writes log"]["value"]
    assert keys(stack.s3, "shop-raw") == []
