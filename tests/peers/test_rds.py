"""source = aws_s3 and source_auth = iam against the stand-in of RDS, compared with source = copy."""

import csv
import io
import json
import os
import pathlib
import re
import signal
import time

import boto3
import botocore.config
import psycopg
import pytest

import conftest
import stack as stacks
from stack import wait_until
from star import Star, balance, differences, invariants

IAM = {conftest.KEYS["AWS_ACCESS_KEY_ID"]: [conftest.KEYS["AWS_SECRET_ACCESS_KEY"], None]}


class Shop:
    """The shop on RDS, read two ways, each into a warehouse of its own."""

    def __init__(self, rds, by_s3, by_copy):
        self.rds, self.by_s3, self.by_copy = rds, by_s3, by_copy

    def connect(self):
        return self.rds.connect()

    def both(self, *args):
        for stack in (self.by_s3, self.by_copy):
            stack.run(*args, timeout=180).quiet()

    def equal(self):
        """Lines that say where the two warehouses differ."""
        stars = []
        for stack in (self.by_copy, self.by_s3):
            with stack.connect("warehouse", role="bikeops_read") as conn:
                stars.append(Star(conn))
        want, got = stars
        out = invariants(got) + balance(got.books(got.watermark[0][0]))
        for table in want.rows:
            out += differences(want.dimension(table), got.dimension(table))
        assert want.facts
        return out + differences(want.sales(), got.sales())

    def fault(self, kind, match="orders", times=1, **more):
        self.rds.control(faults=[{"op": "export", "match": match, "times": times, "kind": kind}],
                         **more)

    def hangs(self):
        """Has the fault been met?"""
        return not conftest.rds_peer.agents_control(self.rds.directory)["faults"][0]["times"]


def make_stack(name, rds, **settings):
    stack = stacks.Stack(name)
    stack.up()
    stack.env |= conftest.KEYS | {
        "AWS_ENDPOINT_URL": rds.s3.url, "AWS_EC2_METADATA_DISABLED": "true",
        "BIKEOPS_SOURCE_DSN": rds.dsn(), "BIKEOPS_WAREHOUSE_DSN": stack.dsn["BIKEOPS_WAREHOUSE_DSN"],
        "BIKEOPS_LEDGER_DSN": stack.dsn["BIKEOPS_LEDGER_DSN"]} | settings
    return stack


S3 = {"BIKEOPS_SOURCE": "aws_s3", "BIKEOPS_LAKE_KIND": "s3", "BIKEOPS_REGION": "us-east-1",
      **{f"BIKEOPS_{bucket.removeprefix('shop-').upper()}_BUCKET": bucket for bucket in conftest.BUCKETS}}


@pytest.fixture(scope="module")
def stacks_of_two(rds_server):
    rds = conftest.rds_peer.Rds(rds_server.dir, rds_server.port)
    rds.s3 = rds_server.s3
    made = []
    try:
        for name, settings in (("rds-s3", S3), ("rds-copy", {})):
            made.append(make_stack(name, rds, **settings))
        files = made[0].dir / "generated"
        made[0].run("generate", "--scale", 1, "--seed", 5, "--out", files).quiet()
        yield made, files
    finally:
        for stack in made:
            stack.end()


@pytest.fixture
def shop(rds, stacks_of_two):
    """Set up from the same files, nothing loaded; each line on stderr is read."""
    (by_s3, by_copy), files = stacks_of_two
    for stack in (by_s3, by_copy):
        stack.results = []
        stack.env["BIKEOPS_SOURCE_DSN"] = rds.dsn()
    by_s3.run("setup", "--recreate", "--dataset", files, timeout=180).quiet()
    with by_copy.connect("warehouse") as conn:
        conn.execute("DROP SCHEMA IF EXISTS staging, serving, bikeops CASCADE")
    by_copy.run("setup", timeout=180).quiet()
    yield Shop(rds, by_s3, by_copy)
    by_s3.check_talk()
    by_copy.check_talk()


def bucket_of(rds, name="shop-raw"):
    config = botocore.config.Config(s3={"addressing_style": "path"})
    return boto3.resource("s3", endpoint_url=rds.s3.url, region_name="us-east-1", config=config,
                          aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"]).Bucket(name)


def raw_by_s3(shop):
    """The newest manifest, and the rows of each entity as its files follow each other."""
    bucket = bucket_of(shop.rds)
    with shop.by_s3.connect("ledger") as conn:    # others write to the bucket too
        mark = conn.execute("SELECT left(replace(id::text, '-', ''), 6) FROM ledger.installation").fetchone()[0]
    keys = [o.key for o in bucket.objects.all() if re.search(f"-{mark}/.*manifest.json$", o.key)]
    newest = max(keys, key=lambda key: int(re.search(r"/(\d+)-", key)[1]))
    manifest = json.loads(bucket.Object(newest).get()["Body"].read())
    rows = {}
    for file in manifest["files"]:
        body = bucket.Object(file["key"]).get()["Body"].read()
        assert len(body) == file["bytes"] and "sha256" not in file and file["etag"]
        found = list(csv.reader(io.StringIO(body.decode(), newline="")))
        if not file.get("headless"):
            assert ",".join(found.pop(0)) == file["header"]
        rows.setdefault(file["entity"], []).extend(map(tuple, found))
    assert {e: sum(f["rows"] for f in manifest["files"] if f["entity"] == e) for e in rows} == {
        e: len(r) for e, r in rows.items()}
    return manifest, rows


def raw_by_copy(shop):
    lake = pathlib.Path(shop.by_copy.dsn["BIKEOPS_LAKE"]) / "raw"
    newest = max(lake.rglob("manifest.json"), key=lambda p: int(re.search(r"/(\d+)-", str(p))[1]))
    rows = {}
    for file in json.loads(newest.read_text())["files"]:
        with open(lake / file["key"], newline="") as text:
            rows[file["entity"]] = list(map(tuple, csv.reader(text)))[1:]
    return rows


def change(conn):
    conn.execute("UPDATE store.customers SET city = E'two\nlines, \"quoted\"' WHERE customer_id IN "
                 "('1', '2', '3')")
    conn.execute("DELETE FROM store.customers WHERE customer_id = '4'")
    conn.execute("UPDATE store.order_items SET quantity = quantity + 1 WHERE order_id IN ('1', '2')")
    conn.execute("DELETE FROM store.orders WHERE order_id = '3'")
    conn.execute("UPDATE store.products SET list_price = list_price + 1 WHERE product_id = '5'")


def test_full_and_incremental_equal_copy(shop):
    shop.both("run", "full")
    assert shop.equal() == []
    assert {e: set(r) for e, r in raw_by_s3(shop)[1].items()} == {
        e: set(r) for e, r in raw_by_copy(shop).items()}
    with shop.connect() as conn:
        change(conn)
    shop.both("run", "incremental")
    assert shop.equal() == []
    ours, theirs = raw_by_s3(shop)[1], raw_by_copy(shop)
    assert {e: sorted(r) for e, r in ours.items()} == {e: sorted(r) for e, r in theirs.items()}
    assert any("\n" in cell for row in ours["customers"] for cell in row)


@pytest.mark.parametrize("repeats", [False, True])
def test_parts(shop, repeats):
    """More than ten, so that the order of names is not that of rows."""
    shop.rds.control(part_bytes=15000, header_per_part=repeats)
    shop.both("run", "full")
    manifest, rows = raw_by_s3(shop)
    orders = [f for f in manifest["files"] if f["entity"] == "orders"]
    assert len(orders) > 10
    assert [f["key"].rsplit("/", 1)[1] for f in orders] == ["orders.csv"] + [
        f"orders.csv_part{i}" for i in range(2, len(orders) + 1)]
    assert [bool(f.get("headless")) for f in orders] == [False] + [not repeats] * (len(orders) - 1)
    assert shop.equal() == []


def test_a_part_that_an_earlier_export_left(shop):
    shop.fault("stale")
    shop.by_s3.run("run", "full", status=1).talk("RDS wrote 1 objects .* there are 2").quiet()
    shop.both("run", "full")
    assert shop.equal() == []


@pytest.mark.parametrize("entity", ["customers", "orders"])
def test_an_object_that_was_replaced(shop, entity):
    """By one of the same size and with the same rows, between extract and transform."""
    broken = {"BIKEOPS_DUCKDB_LIBRARY": str(shop.by_s3.dir / "none.so")}
    shop.by_s3.run("run", "full", status=None, env=broken).quiet()
    file = next(f for f in raw_by_s3(shop)[0]["files"] if f["entity"] == entity)
    object = bucket_of(shop.rds).Object(file["key"])
    body = object.get()["Body"].read()
    other = body[:-2] + bytes([body[-2] ^ 1]) + b"\n"
    object.put(Body=other)
    run = shop.by_s3.json("runs", "--limit", 1)["runs"][0]["run"]
    shop.by_s3.run("run", "resume", run, status=1).talk(
        f"{file['key']}' was replaced: its ETag was {file['etag']}").quiet()
    shop.both("run", "full")
    assert shop.equal() == []


def test_an_object_of_the_increment_that_was_replaced(shop):
    """That which publish reads as it is, without a transform."""
    shop.both("run", "full")
    with shop.connect() as conn:
        change(conn)
    broken = {"BIKEOPS_DUCKDB_LIBRARY": str(shop.by_s3.dir / "none.so")}
    shop.by_s3.run("run", "incremental", status=None, env=broken).quiet()
    file = next(f for f in raw_by_s3(shop)[0]["files"] if f["entity"] == "dirty_orders")
    object = bucket_of(shop.rds).Object(file["key"])
    body = object.get()["Body"].read()
    object.put(Body=body.replace(b"1", b"9", 1))
    run = shop.by_s3.json("runs", "--limit", 1)["runs"][0]["run"]
    shop.by_s3.run("run", "resume", run, status=1).talk(f"{file['key']}' was replaced").quiet()
    shop.both("run", "incremental")
    assert shop.equal() == []


@pytest.mark.parametrize("kind, match", [("slowdown", "reduce your request rate"),
                                         ("half", "Timeout was reached")])
def test_what_passes_is_tried_again(shop, kind, match):
    shop.fault(kind, part_bytes=15000)
    shop.by_s3.run("run", "full").talk(match).quiet()
    assert shop.by_s3.json("runs", "--limit", 1)["runs"][0]["state"] == "ok"
    shop.by_copy.run("run", "full").quiet()
    assert shop.equal() == []
    assert "/a2/" in raw_by_s3(shop)[0]["files"][0]["key"]


@pytest.mark.parametrize("kind, status, match", [("slowdown", 3, "reduce your request rate"),
                                                 ("half", 3, "Timeout was reached"),
                                                 ("denied", 3, "Access Denied.*|s3Export")])
def test_fails_and_the_next_run_is_right(shop, kind, status, match):
    shop.fault(kind, match="customers|orders", times=6, part_bytes=15000)
    shop.by_s3.run("run", "full", status=status, timeout=180).talk(match).quiet()
    shop.rds.control()
    shop.both("run", "full")
    assert shop.equal() == []


def test_a_hang_is_cancelled(shop):
    shop.fault("hang")
    child = shop.by_s3.start("run", "full")
    wait_until(shop.hangs, 60)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130 and time.monotonic() - began < 10
    shop.both("run", "full")
    assert shop.equal() == []


def test_killed_in_extract(shop):
    shop.fault("hang")
    child = shop.by_s3.start("run", "full")
    wait_until(shop.hangs, 60)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate(timeout=30)
    run = shop.by_s3.json("runs", "--limit", 1)["runs"][0]["run"]
    shop.by_s3.run("run", "resume", run).quiet()
    shop.by_copy.run("run", "full").quiet()
    assert shop.equal() == []


def test_without_the_right_rows_come_by_copy(shop):
    with shop.connect() as conn:
        conn.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 FROM bikeops_run")
    shop.by_s3.run("run", "full").talk("by COPY.*bikeops_run may not call").quiet()
    assert check(shop.by_s3, "export by RDS")["state"] == "warn"
    with shop.connect() as conn:
        conn.execute("DROP EXTENSION aws_s3")
    shop.both("run", "full")
    assert "aws_s3 is not installed" in check(shop.by_s3, "export by RDS")["value"]
    assert shop.equal() == []
    shop.by_s3.run("setup").quiet()
    assert check(shop.by_s3, "export by RDS")["state"] == "ok"


def test_setup_cannot_hand_the_right_on(shop):
    """A login that may export itself, but not let others: setup and doctor say so."""
    shop.by_s3.run("setup").quiet()
    with shop.rds.admin() as conn:
        for right in ("USAGE ON SCHEMA", "EXECUTE ON ALL FUNCTIONS IN SCHEMA"):
            conn.execute(f"REVOKE GRANT OPTION FOR {right} aws_s3 FROM rds_superuser CASCADE")
            conn.execute(f"REVOKE {right} aws_s3 FROM bikeops_run")
        shop.by_s3.run("setup").talk("no privileges were granted for \"query_export_to_s3").quiet()
        row = check(shop.by_s3, "export by RDS")
        assert row["state"] == "warn"
        for statement in re.findall("GRANT [^,]+", row["hint"]):
            conn.execute(statement)
    assert check(shop.by_s3, "export by RDS")["state"] == "ok"


def check(stack, name):
    found = stack.run("doctor", "--output", "json", status=None).quiet().json()
    rows = [row for row in found["checks"] if row["check"] == f"source {name}"]
    assert len(rows) == 1, found
    return rows[0]


def test_s3_must_be_the_lake(shop):
    shop.by_s3.run("run", "full", env={"BIKEOPS_LAKE_KIND": "folder"}, status=2).talk("lake = s3").quiet()


# --- the data set, read from S3 by RDS

def store(shop):
    with shop.connect() as conn:
        return {table: conn.execute(f"SELECT * FROM store.{table} ORDER BY 1, 2").fetchall()
                for table in stacks.TABLES}


def test_import_equals_copy(shop, stacks_of_two):
    """The fixture's import came by RDS; the same files by COPY, also values that look odd."""
    _, files = stacks_of_two
    by_rds = store(shop)
    assert by_rds["orders"] and bucket_of(shop.rds, "shop-source").Object(
        "dataset/orders.csv").get()["Body"].read() == (files / "orders.csv").read_bytes()
    shop.by_copy.run("setup", "--recreate", "--dataset", files).quiet()
    assert store(shop) == by_rds


def test_import_of_odd_values(shop, tmp_path):
    rows = stacks.small_rows()
    rows["customers"][1][1] = "two\nlines, \"quoted\""
    rows["customers"][1][2] = ""
    rows["customers"][2][6] = "\\N"
    stacks.write_dataset(tmp_path, rows)
    path = tmp_path / "customers.csv"
    path.write_text(path.read_text().replace("910 Vine Street ", '"NULL"'))
    seen = []
    for stack in (shop.by_s3, shop.by_copy):
        stack.run("setup", "--recreate", "--dataset", tmp_path).quiet()
        seen.append(store(shop))
    assert seen[0] == seen[1]
    customers = {row[0]: row for row in seen[0]["customers"]}
    assert customers["1"][1:4] == ('two\nlines, "quoted"', "", None)
    assert customers["2"][5:7] == ("NULL", "\\N")


@pytest.mark.parametrize("table, line, column, value, says", [
    ("customers", 4, "zip_code", "123456", r"customers.csv.*line 6.*zip_code"),
    ("order_items", 3, "product_id", "77", r"order_items.csv.*line 3.*product_id"),
    ("orders", 2, "order_date", "yesterday", r"orders.csv.*line 2.*order_date"),
])
def test_import_refuses_with_the_line(shop, tmp_path, table, line, column, value, says):
    rows = stacks.small_rows()
    rows["customers"][1][1] = "a name\nof three\nlines"
    rows["customers"].append(["3", *rows["customers"][2][1:]])
    rows[table][line - 1][rows[table][0].index(column)] = value
    before = store(shop)
    stacks.write_dataset(tmp_path, rows)
    shop.by_s3.run("setup", "--recreate", "--dataset", tmp_path, status=1).talk(says).quiet()
    assert store(shop) == before


def test_import_of_a_broken_file(shop, tmp_path):
    stacks.write_dataset(tmp_path, stacks.small_rows())
    path = tmp_path / "customers.csv"
    path.write_text(path.read_text().replace("Burks", '"Burks', 1))
    before = store(shop)
    shop.by_s3.run("setup", "--recreate", "--dataset", tmp_path, status=1).talk(
        "customers.csv.*line 2.*quote").quiet()
    assert store(shop) == before


def test_import_without_the_role(shop, stacks_of_two):
    shop.rds.control(roles=["s3Export"])
    _, files = stacks_of_two
    shop.by_s3.run("setup", "--recreate", "--dataset", files, status=1).talk("s3Import").quiet()


# --- logins by token

@pytest.fixture
def iam(shop):
    """A member of bikeops' roles that needs a token."""
    shop.rds.iam_role("ops", IAM)
    with shop.rds.admin() as conn:
        conn.execute("GRANT bikeops_run, bikeops_read TO ops")
    shop.by_s3.env["BIKEOPS_SOURCE_AUTH"] = "iam"
    shop.by_s3.env["BIKEOPS_SOURCE_DSN"] = shop.rds.dsn("ops", None)
    yield shop
    del shop.by_s3.env["BIKEOPS_SOURCE_AUTH"]


def test_a_token_for_each_session(iam):
    before = len(iam.rds.logins())
    iam.both("run", "full")
    assert iam.equal() == []
    logins = iam.rds.logins()[before:]
    assert len(logins) >= 2 and set(logins) == {"ops ok"}
    assert check(iam.by_s3, "TLS")["state"] == "ok"
    assert "15 min" in check(iam.by_s3, "login")["value"]


def test_a_token_that_is_refused(iam):
    iam.rds.control(iam_keys={})
    got = iam.by_s3.run("run", "full", status=3)
    assert "PAM authentication failed" in got.stderr and "X-Amz" not in got.stderr
    got.quiet()


@pytest.mark.parametrize("dsn, says", [
    (lambda dsn: dsn.replace("verify-full", "require"), "verify-full"),
    (lambda dsn: re.sub("sslrootcert=[^ ]*", "", dsn), "sslrootcert"),
    (lambda dsn: re.sub("host=localhost", "host=/tmp", dsn), "one host"),
])
def test_a_token_is_never_sent_in_clear(iam, dsn, says):
    before = len(iam.rds.logins())
    env = {"BIKEOPS_SOURCE_DSN": dsn(iam.rds.dsn("ops", None))}
    iam.by_s3.run("run", "full", env=env, status=2).talk(says).quiet()
    assert iam.rds.logins()[before:] == []


def test_a_wrong_root_ends_it(iam):
    dsn = iam.rds.dsn("ops", None).replace("ca.pem", "server.csr")
    before = len(iam.rds.logins())
    iam.by_s3.run("run", "full", env={"BIKEOPS_SOURCE_DSN": dsn}, status=3).talk("certificate").quiet()
    assert iam.rds.logins()[before:] == []
