"""The stand-in of RDS, driven as a client of RDS would: psycopg, boto3, botocore's tokens."""

import csv
import datetime
import gzip
import io
import re
import threading
import time

import boto3
import botocore.auth
import botocore.config
import botocore.session
import psycopg
import pytest

import conftest

EXPORT = "SELECT * FROM aws_s3.query_export_to_s3(%s, %s, %s, 'us-east-1', %s)"
ODD = r"""SELECT i, CASE i % 3 WHEN 0 THEN E'two\nlines, "quoted"' WHEN 1 THEN NULL ELSE 'ä b' END AS t
FROM generate_series(1, {}) AS i"""
IAM = {"AKIAIAM": ["iam-secret", None], "ASIASESSION": ["iam-secret", "token/+=" * 60]}


@pytest.fixture
def master(rds):
    with rds.connect() as conn:
        conn.execute("CREATE EXTENSION aws_s3 CASCADE")
        yield conn


@pytest.fixture
def bucket(rds, request):
    config = botocore.config.Config(s3={"addressing_style": "path"})
    s3 = boto3.resource("s3", endpoint_url=rds.s3.url, region_name="us-east-1", config=config,
                        aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"])
    bucket = s3.Bucket("shop-raw")
    bucket.objects.all().delete()
    return bucket


def objects(bucket):
    return {o.key: o.get()["Body"].read() for o in bucket.objects.all()}


def rows(text):
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


# --- export

def test_both_forms_count_rows_not_lines(rds, master, bucket):
    first = master.execute(EXPORT, (ODD.format(300), bucket.name, "a/b c.csv",
                                    "format csv, header true")).fetchone()
    body = objects(bucket)["a/b c.csv"]
    assert first == (300, 1, len(body))
    assert len(rows(body)) == 301 and body.count(b"\n") == 401
    second = master.execute(
        "SELECT * FROM aws_s3.query_export_to_s3(%s, aws_commons.create_s3_uri(%s, 'x', 'us-east-1'))",
        (ODD.format(3), bucket.name)).fetchone()
    assert second[:2] == (3, 1)
    assert objects(bucket)["x"].decode() == "1\t\\N\n2\tä b\n3\ttwo\\nlines, \"quoted\"\n"


def test_it_overwrites_and_says_how_many_of_none(rds, master, bucket):
    for n in (5, 0):
        got = master.execute(EXPORT, (ODD.format(n), bucket.name, "k",
                                      "format csv, header true")).fetchone()
        assert got[0] == n
    assert objects(bucket) == {"k": b"i,t\n"}


@pytest.mark.parametrize("repeats", [False, True])
def test_parts(rds, master, bucket, repeats):
    rds.control(part_bytes=200, header_per_part=repeats)
    done = master.execute(EXPORT, (ODD.format(60), bucket.name, "k.csv",
                                   "format csv, header true")).fetchone()
    found = objects(bucket)
    names = ["k.csv"] + [f"k.csv_part{i}" for i in range(2, done[1] + 1)]
    assert done[1] > 3 and sorted(found) == sorted(names)
    assert done[2] == sum(map(len, found.values()))
    assert [found[name].startswith(b"i,t\n") for name in names] == [True] + [repeats] * (done[1] - 1)
    merged = [row for name in names for row in rows(found[name]) if row != ["i", "t"]]
    assert [int(row[0]) for row in merged] == list(range(1, 61))


def test_the_callers_transaction_and_snapshot(rds, master, bucket):
    master.execute("CREATE TABLE t (i int)")
    with rds.connect() as other, master.transaction():
        master.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        master.execute("INSERT INTO t VALUES (1)")
        other.execute("INSERT INTO t VALUES (2)")
        master.execute(EXPORT, ("SELECT * FROM t", bucket.name, "t", None))
    assert objects(bucket)["t"] == b"1\n"


def test_a_rollback_leaves_the_object(rds, master, bucket):
    with pytest.raises(ZeroDivisionError), master.transaction():
        master.execute(EXPORT, ("SELECT 1", bucket.name, "kept", None))
        raise ZeroDivisionError
    assert objects(bucket) == {"kept": b"1\n"}


def test_rights_are_the_callers(rds, master, bucket):
    master.execute("CREATE TABLE secret (i int)")
    if not master.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchone():
        master.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
    with rds.connect(user="reader", password="r") as reader:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema aws_s3"):
            reader.execute(EXPORT, ("SELECT 1", bucket.name, "k", None))
        master.execute("GRANT USAGE ON SCHEMA aws_s3 TO reader")
        master.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 TO reader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="table secret"):
            reader.execute(EXPORT, ("SELECT * FROM secret", bucket.name, "k", None))
        assert reader.execute(EXPORT, ("SELECT 1", bucket.name, "k", None)).fetchone() == (1, 1, 2)
    assert list(objects(bucket)) == ["k"]


@pytest.mark.parametrize("change, detail", [
    ({"roles": ["s3Import"]}, "s3Export"),
    ({"region": "eu-west-1"}, "eu-west-1"),
    ({"role_keys": ["AKIANOBODY", "x", None]}, "could not upload to Amazon S3"),
])
def test_refusals(rds, master, bucket, change, detail):
    rds.control(**change)
    with pytest.raises(psycopg.Error) as raised:
        master.execute(EXPORT, ("SELECT 1", bucket.name, "k", None))
    diag = raised.value.diag
    assert detail in f"{diag.message_primary} {diag.message_detail} {diag.message_hint}"
    assert objects(bucket) == {}


@pytest.mark.parametrize("kind, detail", [("slowdown", "reduce your request rate"),
                                          ("denied", "Access Denied"), ("half", "Timeout")])
def test_faults_end_after_their_times(rds, master, bucket, kind, detail):
    rds.control(part_bytes=100, faults=[{"op": "export", "match": "^k", "times": 1, "kind": kind}])
    with pytest.raises(psycopg.errors.SystemError, match="could not upload to Amazon S3") as raised:
        master.execute(EXPORT, (ODD.format(60), bucket.name, "k", "format csv"))
    assert detail in raised.value.diag.message_detail
    left = sorted(objects(bucket))
    assert (len(left) > 1 and left[0] == "k") if kind == "half" else left == []
    assert master.execute(EXPORT, (ODD.format(60), bucket.name, "k", "format csv")).fetchone()[0] == 60


def test_a_hang_ends_with_a_cancel(rds, master, bucket):
    rds.control(faults=[{"op": "export", "times": 1, "kind": "hang"}])
    master.execute("SET statement_timeout = 600")
    began = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        master.execute(EXPORT, ("SELECT 1", bucket.name, "k", None))
    assert time.monotonic() - began < 3


# --- import

IMPORT = "SELECT aws_s3.table_import_from_s3('t', %s, '(format csv, header true)', %s, %s, 'us-east-1')"


def test_import(rds, master, bucket):
    master.execute("CREATE TABLE t (a int, b text DEFAULT 'd')")
    bucket.put_object(Key="in.csv", Body=b"a,b\n1,x\n2,\"y\nz\"\n")
    text = master.execute(IMPORT, ("", bucket.name, "in.csv")).fetchone()[0]
    assert text == '2 rows imported into relation "t" from file in.csv of 16 bytes'
    zipped = gzip.compress(b"a\n3\n")
    bucket.put_object(Key="in.gz", Body=zipped, ContentEncoding="gzip")
    text = master.execute(
        "SELECT aws_s3.table_import_from_s3('t', 'a', '(format csv, header true)', "
        "aws_commons.create_s3_uri(%s, 'in.gz', 'us-east-1'))", (bucket.name,)).fetchone()[0]
    assert re.match(r"1 rows imported .* of %d bytes" % len(zipped), text)
    assert master.execute("SELECT a, b FROM t ORDER BY a").fetchall() == [
        (1, "x"), (2, "y\nz"), (3, "d")]


def test_import_refusals(rds, master, bucket):
    master.execute("CREATE TABLE t (a int)")
    for key, body, why in (("empty", b"", "empty"), (None, None, "could not download"),
                           ("bad", b"a\nx\n", "invalid input syntax")):
        if key:
            bucket.put_object(Key=key, Body=body)
        with pytest.raises(psycopg.Error, match=why):
            master.execute(IMPORT, ("", bucket.name, key or "none"))
    rds.control(roles=["s3Export"])
    with pytest.raises(psycopg.Error) as raised:
        master.execute(IMPORT, ("", bucket.name, "bad"))
    assert "s3Import" in raised.value.diag.message_hint
    assert master.execute("SELECT count(*) FROM t").fetchone() == (0,)


# --- logins

def token(rds, user="ops", key="AKIAIAM", secret=None, session=None, port=None, region="us-east-1"):
    s = botocore.session.Session()
    s.set_credentials(key, secret or IAM[key][0], session)
    client = s.create_client("rds", region_name=region)
    return client.generate_db_auth_token("localhost", port or rds.port, user, region)


@pytest.fixture
def iam(rds):
    rds.iam_role("ops", IAM)
    return rds


def refused(rds, match, **who):
    with pytest.raises(psycopg.OperationalError, match=match):
        rds.connect(**who).close()
    return True


def test_a_token_logs_in(iam):
    for key, session in (("AKIAIAM", None), ("ASIASESSION", IAM["ASIASESSION"][1])):
        with iam.connect(user="ops", password=token(iam, key=key, session=session)) as conn:
            assert conn.execute("SELECT session_user").fetchone() == ("ops",)
            assert conn.pgconn.ssl_in_use


@pytest.mark.parametrize("change, why", [
    ({"secret": "wrong"}, "signature"), ({"user": "bikeops"}, "user"), ({"port": 1}, "port"),
    ({"region": "eu-west-1"}, "region"), ({"session": "x"}, "session token"),
    ({"key": "AKIANOBODY", "secret": "x"}, "unknown access key"),
])
def test_a_wrong_token_does_not(iam, change, why):
    assert refused(iam, "PAM authentication failed", user="ops", password=token(iam, **change))
    assert why in iam.logins()[-1]


def test_a_token_ages(iam, monkeypatch):
    def earlier(remove_tzinfo=True):
        return (datetime.datetime.now(datetime.timezone.utc)
                - datetime.timedelta(seconds=901)).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", earlier)
    assert refused(iam, "PAM", user="ops", password=token(iam))
    assert "expired" in iam.logins()[-1]


def test_a_member_of_rds_iam_has_no_password(iam):
    assert refused(iam, "PAM authentication failed", user="ops", password="password")


def test_a_password_of_others(rds):
    assert refused(rds, "password authentication failed", password="wrong")
    with rds.connect() as conn:
        assert conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'bikeops'").fetchone() == (False,)


def test_tls_is_forced_and_the_root_is_ours(rds):
    plain = rds.dsn().replace("verify-full", "disable")
    with pytest.raises(psycopg.OperationalError, match="no pg_hba.conf entry .* no encryption"):
        psycopg.connect(plain)
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        psycopg.connect(rds.dsn().replace("ca.pem", "server.csr"))


def test_a_cancel_passes(rds):
    with rds.connect() as conn:
        conn.execute("SET statement_timeout = 0")
        threading.Timer(0.3, conn.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT pg_sleep(20)")
