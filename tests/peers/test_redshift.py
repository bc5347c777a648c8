"""The pipeline with Redshift as its warehouse."""

import pathlib
import re

import psycopg
import pytest

import conftest
import redshift_sql
import stack as stacks
from redshift_peer import REGION, ROLE, Redshift, table_of
from test_sql import statements

SQL = stacks.ROOT / "sql"
BUCKETS = {"source": "shop-source", "raw": "shop-raw", "processed": "shop-processed", "log": "shop-log"}


@pytest.fixture(scope="module")
def s3(peer_dir):
    peer = conftest.Peer("s3.py", peer_dir / "pipe-s3", *(word for b in BUCKETS.values()
                                                          for word in ("--bucket", b)))
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def redshift(peer_dir, s3):
    peer = Redshift(peer_dir / "pipe-rs", s3.url)
    yield peer
    peer.end()


def on_redshift(stack, redshift, s3, **more):
    """Let a stack's program load Redshift from S3."""
    stack.env |= conftest.KEYS | {
        "AWS_ENDPOINT_URL_S3": s3.url, "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": redshift.api,
        "BIKEOPS_REGION": REGION, "BIKEOPS_LAKE_KIND": "s3", "BIKEOPS_WAREHOUSE": "redshift",
        "BIKEOPS_WAREHOUSE_DSN": redshift.dsn(), "BIKEOPS_REDSHIFT_WORKGROUP": "bike",
        "BIKEOPS_REDSHIFT_ROLE_ARN": ROLE} | {
        f"BIKEOPS_{name.upper()}_BUCKET": bucket for name, bucket in BUCKETS.items()} | more
    return stack


@pytest.fixture(scope="module")
def dataset(peer_dir):
    return stacks.write_dataset(peer_dir / "pipe-small", stacks.small_rows())


@pytest.fixture(scope="module")
def stack(redshift, s3, dataset):
    stack = on_redshift(stacks.Stack("redshift").up(), redshift, s3)
    stack.run("setup", "--dataset", dataset, timeout=180).quiet()
    yield stack
    stack.end()


def test_it_loads_from_s3_alone(stack, redshift):
    """Before anything is read: a folder is nothing that Redshift can reach."""
    before = len(redshift.usage()["queries"])
    for argv in (("run", "full"), ("run", "incremental", "--dry-run")):
        result = stack.run(*argv, status=2, env={"BIKEOPS_LAKE_KIND": "folder"})
        result.talk("Redshift loads from S3, and the lake is 'folder'").quiet()
    assert len(redshift.usage()["queries"]) == before


def test_setup_can_come_again(stack, dataset, redshift):
    before = table_of(redshift, "bikeops.migration")
    stack.run("setup", "--adopt", status=None).quiet()
    assert table_of(redshift, "bikeops.migration") == before
    assert [row[1] for row in before] == sorted(
        f"warehouse/common/{p.stem}" for p in (SQL / "warehouse/common").glob("*.sql"))


FOLDERS = ("warehouse/common", "publish", "undo")
FILES = sorted(str(p.relative_to(SQL)) for folder in FOLDERS for p in (SQL / folder).glob("*.sql")) + sorted(
    str(p.relative_to(SQL)) for p in (SQL / "warehouse").glob("*.sql")
    if p.stem.startswith("redshift_") or not (SQL / "warehouse" / f"redshift_{p.name}").exists())
assert len(FILES) > 20


@pytest.mark.parametrize("name", FILES)
def test_sql(name):
    """Nothing in it that Redshift refuses."""
    found = [(part, redshift_sql.refusal(part)) for part in statements(re.sub(r"[{}]", "", (SQL / name).read_text()))]
    assert [(part, why) for part, why in found if why] == []


def test_doctor(stack, redshift):
    checks = {c["check"]: c for c in stack.json("doctor", status=None)["checks"]}
    assert checks["Redshift workgroup"]["state"] == "ok"
    assert "AVAILABLE, 4 RPU" in checks["Redshift workgroup"]["value"]
    assert checks["Redshift role"]["state"] == "ok"
    assert "Redshift 1.0" in checks["warehouse server version"]["value"]
    assert checks["warehouse schema version"]["state"] == "ok"
    redshift.ask("deny", {"actions": ["GetWorkgroup"]})
    try:
        checks = {c["check"]: c for c in stack.json("doctor", status=None)["checks"]}
    finally:
        redshift.ask("deny", {"actions": []})
    assert checks["Redshift workgroup"]["state"] == "fail"
    assert "redshift-serverless:GetWorkgroup on resource: arn:aws:" in checks["Redshift workgroup"]["value"]
