"""deploy/spark/spark_job.py makes what bikeops' own engine makes, and refuses what that refuses."""

import ast
import collections
import copy
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import subprocess

import boto3
import duckdb
import pytest
from pyspark.sql import SparkSession

import evil
import spark
from conftest import KEYS
from stack import PROGRAM, Stack

TRANSFORM = pathlib.Path(PROGRAM).parent / "peers/transform"
TEXTS = {path.stem: path.read_text() for path in (spark.ROOT / "sql/transform").glob("*.sql")}
RECORD = re.compile(rb'(?:[^"\n]|"[^"]*")*\n')


# --- the parts

@pytest.fixture(scope="session")
def session(peer_dir):
    """One JVM for all jobs that need no process of their own."""
    os.environ.update(spark.environment())
    builder = SparkSession.builder.appName("parity")
    for name, value in spark.SETTINGS.items():
        builder = builder.config(name, value)
    spark_session = builder.getOrCreate()
    spark_session.sparkContext.setLogLevel("ERROR")
    yield spark_session
    spark_session.stop()


@pytest.fixture(scope="session")
def job_code():
    spec = importlib.util.spec_from_file_location("spark_job", spark.JOB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.BLOCK_BYTES = 4096    # a file of rejects in many blocks
    return module


@pytest.fixture(scope="session")
def stack():
    made = Stack("peers")
    try:
        yield made.up()
    finally:
        made.end()


def loaded(stack, *generate):
    """A shop as the program loads it: its lake, and the manifest that the engine worked on."""
    dataset = stack.dir / f"generated{len(generate)}"
    stack.run("generate", "--scale", 1, "--out", dataset, *generate).quiet()
    stack.run("setup", "--recreate", "--dataset", dataset).quiet()
    stack.run("run", "full", status=None).quiet()
    lake = pathlib.Path(stack.dsn["BIKEOPS_LAKE"])
    newest = max((lake / "raw").rglob("manifest.json"), key=lambda path: path.stat().st_mtime_ns)
    return lake, json.loads(newest.read_text())


@pytest.fixture(scope="session")
def shop(stack):
    return loaded(stack)


@pytest.fixture(scope="session")
def broken_shop(stack, shop):
    return loaded(stack, "--broken=rows")


class Lake:
    """A folder with raw files, and the engine alone at work on it."""

    def __init__(self, directory, first_year=0, last_year=0):
        self.dir = directory
        years = {"first_year": first_year, "last_year": last_year}
        self.manifest = {"version": 1, "run": 9, "attempt": 1, "mode": "full", "prefix": "2026/07/15/9-abc",
                         "prev": {"k": 4, "run": 8, **years}, "next": {"k": 5, "run": 9}, "files": []}

    def put(self, entity, text, rows):
        key = f"{self.manifest['prefix']}/a1/{entity}.csv"
        path = self.dir / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        self.manifest["files"].append({
            "entity": entity, "key": key, "bytes": len(text), "rows": rows,
            "sha256": hashlib.sha256(text).hexdigest(), "header": text.split(b"\n", 1)[0].decode()})
        return self

    def transform(self):
        key = f"{self.manifest['prefix']}/a1/manifest.json"
        (self.dir / "raw" / key).write_text(json.dumps(self.manifest))
        done = subprocess.run([TRANSFORM, self.dir, key], text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return self


def job_of(manifest, raw, processed, **changes):
    return {"version": 1, "raw": raw, "processed": processed, "prefix": f"{manifest['prefix']}/a1",
            "k": manifest["next"]["k"], "run": manifest["run"],
            "first_year": manifest["prev"]["first_year"] or None,
            "last_year": manifest["prev"]["last_year"] or None,
            "files": manifest["files"], "transforms": TEXTS, **changes}


@pytest.fixture
def work(session, job_code, tmp_path):
    """Do a job in the session's JVM; it is written under tmp_path/processed."""
    def do(lake, manifest, **changes):
        job = job_of(manifest, f"file://{lake}/raw", f"file://{tmp_path}/processed", **changes)
        (tmp_path / "job.json").write_text(json.dumps(job))
        job_code.work(session, f"file://{tmp_path}/job.json")
        return Output(tmp_path / "processed", manifest)
    return do


# --- what came out

class Output:
    """The staging of one engine, read by one reader."""

    def __init__(self, processed, manifest):
        self.dir = pathlib.Path(processed)
        self.staging = json.loads((self.dir / manifest["prefix"] / "a1/staging.json").read_text())
        self.tables = {table["table"]: table for table in self.staging["tables"]}

    def files(self, table):
        row = self.tables[table]
        keys = row["keys"] if "keys" in row else [row["key"]] if row.get("key") else []
        paths = [self.dir / key for key in keys]
        assert sum(path.stat().st_size for path in paths) == row["bytes"]
        return [str(path) for path in paths]

    def books(self):
        counts = ("entity", "read", "rows", "superseded", "rejected")
        return [(table["table"], *(table[name] for name in counts)) for table in self.staging["tables"]]

    def years(self):
        return self.staging["first_year"], self.staging["last_year"]

    def schema(self, table):
        """Physical types, and what they stand for: the newer annotation that Spark writes beside it says
        the same.  INT(32, signed) is what bare INT32 means; Spark knows that a calendar has no NULL."""
        columns = duckdb.execute(
            "SELECT name, type, type_length, repetition_type, converted_type, scale, precision"
            " FROM parquet_schema(?) WHERE num_children IS NULL", [self.files(table)[0]]).fetchall()
        return [(name, kind, length, "OPTIONAL" if table == "stg_date" else repeated,
                 None if stands_for == "INT_32" else stands_for, scale, precision)
                for name, kind, length, repeated, stands_for, scale, precision in columns]

    def rows(self, table):
        found = duckdb.execute("SELECT * FROM read_parquet(?)", [self.files(table)]).fetchall()
        return collections.Counter(found)

    def rejects(self, table):
        """The header, and the records as bytes."""
        key = self.tables[table].get("rejects_key")
        if not key:
            return None, None
        text = (self.dir / key).read_bytes()
        records = RECORD.findall(text)
        assert b"".join(records) == text
        return records[0], collections.Counter(records[1:])


def assert_same(ours, theirs):
    assert ours.books() == theirs.books()
    assert ours.years() == theirs.years()
    for table in ours.tables:
        assert bool(ours.files(table)) == bool(theirs.files(table)), table
        if ours.files(table):
            assert ours.schema(table) == theirs.schema(table), table
            assert_same_rows(table, ours.rows(table), theirs.rows(table))
        header, rejects = ours.rejects(table)
        their_header, their_rejects = theirs.rejects(table)
        assert header == their_header, table
        assert_same_rows(table, rejects, their_rejects)


def assert_same_rows(table, spark_rows, engine_rows):
    if spark_rows != engine_rows:
        only_spark, only_engine = spark_rows - engine_rows, engine_rows - spark_rows
        pytest.fail(f"{table}: {only_spark.total()} rows only from Spark, as {list(only_spark)[:3]};"
                    f" {only_engine.total()} only from the engine, as {list(only_engine)[:3]}")


def test_the_job_is_python_3_9():
    """EMR's own; newer grammar is a SyntaxError."""
    assert ast.parse(spark.JOB.read_text(), feature_version=(3, 9)).body


# --- the same

def test_the_generated_shop_over_what_a_killed_attempt_left(shop, work, tmp_path):
    lake, manifest = shop
    left = tmp_path / "processed" / manifest["prefix"] / "a1"
    for name in ("stg_sales/part-00000-old.snappy.parquet", "_rejects/customers.csv", "staging.json"):
        (left / name).parent.mkdir(parents=True, exist_ok=True)
        (left / name).write_text("half")
    out = work(lake, manifest)
    assert_same(out, Output(lake / "processed", manifest))
    assert out.tables["stg_sales"]["read"] > 4000
    assert not (left / "_rejects").exists()


def test_rows_that_the_rules_reject(broken_shop, work):
    lake, manifest = broken_shop
    out = work(lake, manifest)
    assert_same(out, Output(lake / "processed", manifest))
    assert out.tables["stg_customers"]["rejected"] == 10


@pytest.mark.parametrize("years, entities", [((0, 0), list(evil.COLUMNS)), ((2010, 2012), ["orders"])],
                         ids=["no calendar yet", "a calendar, and no files of the others"])
def test_every_evil_value_in_every_column(stack, work, tmp_path, years, entities):
    lake = Lake(tmp_path / "lake", *years)
    with stack.connect("source") as connection:
        for entity in entities:
            lake.put(entity, *evil.csv(connection, entity))
    lake.transform()
    out = work(lake.dir, lake.manifest)
    assert_same(out, Output(lake.dir / "processed", lake.manifest))
    assert all(table["rows"] > 500 and table["rejected"] > 200 for name, table in out.tables.items()
               if table["entity"] in entities or name == "stg_sales")
    if "customers" in entities:
        assert out.tables["stg_customers"]["superseded"] > 50


def test_files_without_rows_make_no_table(work, tmp_path):
    lake = Lake(tmp_path / "lake", 2016, 2018)
    for entity, columns in evil.COLUMNS.items():
        lake.put(entity, columns.encode() + b"\n", 0)
    lake.put("keys", b"customer_id,at\n1,2\n", 1)    # no transform reads it
    lake.transform()
    out = work(lake.dir, lake.manifest)
    assert_same(out, Output(lake.dir / "processed", lake.manifest))
    assert out.years() == (2016, 2018) and not any(table["keys"] for table in out.tables.values())


def test_an_entity_in_parts_with_and_without_header(broken_shop, work, tmp_path):
    lake, manifest = broken_shop
    whole = next(f for f in manifest["files"] if f["entity"] == "orders")
    header, *lines = (lake / "raw" / whole["key"]).read_bytes().splitlines(True)
    parts = []
    for number, with_header, some in ((1, True, lines[:2000]), (2, False, lines[2000:2500]),
                                      (3, False, lines[2500:])):
        text = b"".join([header] * with_header + some)
        path = tmp_path / f"raw/orders_part{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
        parts.append({"entity": "orders", "key": path.name, "bytes": len(text), "rows": len(some),
                      "sha256": None, "etag": '"unknown"',
                      "header": whole["header"] if with_header else None})
    texts = {name: TEXTS[name] for name in ("stg_sales", "stg_date")}
    out = work(tmp_path, manifest, files=parts, transforms=texts)
    engine = Output(lake / "processed", manifest)
    assert out.books() == [row for row in engine.books() if row[0] in texts]
    assert len(out.files("stg_sales")) == 3
    assert_same_rows("stg_sales", out.rows("stg_sales"), engine.rows("stg_sales"))
    assert_same_rows("stg_date", out.rows("stg_date"), engine.rows("stg_date"))


# --- refused

STORES = (evil.COLUMNS["stores"] + "\n1,I,2016-01-01,s1,Café,,,,,,,Y\n2,I,2016-01-01,s2,B,,,,,,,Y\n").encode()


def spoil(lake, what):
    """One thing is not as the manifest says; the text that names it."""
    file = lake.manifest["files"][0]
    path = lake.dir / "raw" / file["key"]
    if what == "cut":
        path.write_bytes(STORES[:-9])
        return r"stores.csv' has \d+ bytes, its manifest says \d+"
    if what == "sum":
        path.write_bytes(STORES.replace(b",B,", b",C,"))
        return "stores.csv' has another content than its manifest says"
    if what == "utf8":
        text = STORES.replace("é".encode(), b"\xc3\x28")
        path.write_bytes(text)
        file["sha256"] = hashlib.sha256(text).hexdigest()
        return "stores.csv' holds bytes that are not UTF-8"
    if what == "header":
        file["header"] = file["header"].replace("street,city", "city,street")
        return "stores.csv' begins with 'seq,.*', its manifest says 'seq,"
    if what == "rows":
        file["rows"] = 3
        return "stores.csv' gave 2 rows, the manifest says 3"
    if what == "columns":
        text = STORES + b"3,I\n"
        path.write_bytes(text)
        file.update(bytes=len(text), rows=3, sha256=hashlib.sha256(text).hexdigest())
        return "cannot make stg_stores from 'file:.*stores.csv': "
    if what == "mark":
        text = b"\xef\xbb\xbf" + STORES.split(b"\n", 1)[1]
        path.write_bytes(text)
        file.update(bytes=len(text), header=None, sha256=None)
        return "stores.csv' begins with a byte order mark"
    path.unlink()
    return "cannot find 'file:.*stores.csv': java.io.FileNotFoundException"


@pytest.mark.parametrize("what", ["cut", "sum", "utf8", "header", "rows", "columns", "mark", "gone"])
def test_refuses_files_that_are_not_what_the_manifest_says(work, job_code, tmp_path, what):
    lake = Lake(tmp_path / "lake").put("stores", STORES, 2)
    says = spoil(lake, what)
    before = tmp_path / "processed" / lake.manifest["prefix"] / "a1/staging.json"
    before.parent.mkdir(parents=True)
    before.write_text("an earlier attempt's")
    with pytest.raises(job_code.JobError, match=says):
        work(lake.dir, lake.manifest)
    assert not before.exists()


def test_the_job_as_emr_runs_it(s3, broken_shop, tmp_path):
    """spark-submit, everything in S3; then again over an object that was changed meanwhile."""
    lake, manifest = broken_shop
    manifest = copy.deepcopy(manifest)
    client = boto3.client("s3", endpoint_url=s3.url, region_name=KEYS["AWS_REGION"],
                          aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])
    for bucket in ("job-raw", "job-processed"):
        client.create_bucket(Bucket=bucket)
    for file in manifest["files"]:
        text = (lake / "raw" / file["key"]).read_bytes()
        file["etag"] = client.put_object(Bucket="job-raw", Key=file["key"], Body=text)["ETag"]

    def submit(job):
        client.put_object(Bucket="job-processed", Key="job.json", Body=json.dumps(job).encode())
        return spark.submit(spark.JOB, "s3://job-processed/job.json", env=KEYS,
                            settings=spark.s3_settings(s3.url))

    job = job_of(manifest, "s3://job-raw", "s3://job-processed")
    done = submit(job)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"^bikeops: step stg_sales \d/6 rows 4673$", done.stdout, re.MULTILINE)
    for item in client.list_objects_v2(Bucket="job-processed", Prefix=manifest["prefix"])["Contents"]:
        path = tmp_path / item["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file("job-processed", item["Key"], str(path))
    assert_same(Output(tmp_path, manifest), Output(lake / "processed", manifest))

    name, etag = job["files"][0]["key"], job["files"][0]["etag"].strip('"')
    text = (lake / "raw" / name).read_bytes()
    new = client.put_object(Bucket="job-raw", Key=name, Body=text.replace(b"a", b"b"))["ETag"].strip('"')
    done = submit(job)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("bikeops: ")]
    assert said == [f"bikeops: error: 's3://job-raw/{name}' has ETag {new}, its manifest says {etag}"]
    left = client.list_objects_v2(Bucket="job-processed", Prefix=f"{job['prefix']}/staging.json")
    assert left["KeyCount"] == 0
