"""The stand-in of Redshift itself: what it refuses, loads, counts, and whom it lets in."""

import datetime
import json
import re
import time

import botocore.auth
import botocore.exceptions
import duckdb
import psycopg
import pytest

import conftest
from redshift_peer import ROLE, Redshift, object_of, table_of


@pytest.fixture(scope="module")
def s3(peer_dir):
    peer = conftest.Peer("s3.py", peer_dir / "rs-s3", "--bucket", "shop-processed")
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def redshift(peer_dir, s3):
    peer = Redshift(peer_dir / "rs", s3.url)
    yield peer
    peer.end()


@pytest.fixture
def conn(redshift):
    with redshift.connect() as conn:
        yield conn


def test_it_says_what_redshift_says(conn):
    status = conn.info.parameter_status
    assert (status("server_version"), status("client_encoding")) == ("8.0.2", "UNICODE")
    assert status("standard_conforming_strings") is None
    assert "Redshift" in conn.execute("SELECT version()").fetchone()[0]
    assert conn.execute("SELECT 'a\\\\b'").fetchone() == ("a\\b",)      # a backslash escapes


REFUSED = [
    ("INSERT INTO t VALUES (1, 'a') ON CONFLICT DO NOTHING", "conflict"),
    ("DELETE FROM t RETURNING a", "returning"),
    ("SELECT DISTINCT ON (a) a FROM t", "DISTINCT ON"),
    ("SELECT count(*) FILTER (WHERE a = 1) FROM t", "filter"),
    ("SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b)", "window"),
    ("SELECT 1 FROM t WHERE a IS NOT DISTINCT FROM 1", "distinct"),
    ("SELECT * FROM (VALUES (1)) AS v (x)", "constant table"),
    ("SELECT 1 FROM t WHERE (a, b) = (1, 'x')", "row constructors"),
    ("SELECT a FROM t JOIN generate_series(1, 3) g ON g = a", "not supported on Redshift tables"),
    ("CREATE INDEX i ON t (a)", "create index"), ("CREATE SEQUENCE s", "sequences"),
    ("CREATE TABLE x (a int[])", "arrays"), ("CREATE TABLE x (a jsonb)", "not supported"),
    ("CREATE TABLE x (a int CHECK (a > 0))", "check constraints"),
    ("DO $$ BEGIN END $$", '"do"'), ("SET ROLE admin", '"role"'),
    ("SET jit = off", "unrecognized configuration parameter"),
    ("SET standard_conforming_strings = on", "unrecognized configuration parameter"),
    ("SET idle_in_transaction_session_timeout = 0", "unrecognized configuration parameter"),
    ("SET lock_timeout = 0", "unrecognized configuration parameter"),
    ("COPY t FROM STDIN", "stdin"), ("LISTEN x", "LISTEN"), ("DISCARD TEMP", "discard"),
    ("DEALLOCATE ALL", "does not exist"), ("SELECT pg_advisory_lock(1)", "not supported"),
    ("SELECT string_agg(b, ',') FROM t", "not supported"), ("SELECT to_regclass('t')", "not supported"),
    ("SELECT 't'::regclass", "not supported"), ("INSERT INTO t SELECT 1, now()", "not supported"),
    ("UPDATE t SET b = 'x' FROM t x LEFT JOIN t y ON y.a = x.a WHERE t.a = x.a", "equijoin"),
    ("UPDATE t SET b = 'x' FROM t x WHERE x.a = 1 AND t.a = 2", "equijoin"),
    ("DELETE FROM t USING (SELECT 1 AS a) x WHERE t.a = x.a", 'near "("'),
    ("SELECT sum(a) OVER (ORDER BY a) FROM t", "require a frame"),
    ("SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t", "range"),
    ("SELECT lag(a) OVER (ORDER BY a NULLS FIRST) FROM t", "nulls"),
    ("CREATE TEMP TABLE x AS SELECT a, 'y' AS kind FROM t", "unknown"),
    ("SELECT kind || 'x' FROM (SELECT 'y' AS kind) q", "unknown"),
    ("MERGE INTO t USING t s ON t.a = s.a WHEN MATCHED AND t.a > 1 THEN DELETE", "and"),
    ("SELECT a AS snapshot FROM t", "snapshot"), ("CREATE TABLE x (a int, tag int)", "tag"),
    ("LOCK TABLE t IN ACCESS EXCLUSIVE MODE", '"in"'),
]


@pytest.mark.parametrize("sql, told", REFUSED, ids=[sql[:40] for sql, _ in REFUSED])
def test_refused(conn, sql, told):
    conn.execute("CREATE TEMP TABLE t (a int, b varchar(20))")
    with pytest.raises(psycopg.Error, match="(?i)" + told.replace("(", r"\(")):
        conn.execute(sql)
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_taken(conn):
    """What Redshift has and PostgreSQL has not; and words of the list above inside texts."""
    conn.execute("""CREATE TABLE taken (id bigint IDENTITY(1,1), a int NOT NULL PRIMARY KEY ENCODE az64,
        b varchar(max), c varchar(4), d date, UNIQUE (b)) DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (a, b)""")
    conn.execute("INSERT INTO taken (a, b) SELECT 1, 'RETURNING on conflict' UNION ALL SELECT 1, NULL -- filter (")
    assert conn.execute("SELECT count(*) FROM taken WHERE a = 1").fetchone() == (2,)    # no key is enforced
    assert conn.execute("SELECT nvl(b, 'none') FROM taken ORDER BY id").fetchall() == [
        ("RETURNING on conflict",), ("none",)]
    assert conn.execute("SELECT datediff(day, d, d) FROM (SELECT cast(getdate() AS date) AS d) x").fetchone() == (0,)
    assert conn.execute("SELECT sum(a) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM taken").fetchall() == [
        (1,), (2,)]
    with pytest.raises(psycopg.errors.StringDataRightTruncation, match="character varying\\(4\\)"):
        conn.execute("INSERT INTO taken (a, c) VALUES (2, 'ééé')")       # six bytes
    conn.execute("SET query_group TO 'x'")
    conn.execute("SET statement_timeout TO 0")


def test_truncate_commits(redshift):
    with redshift.connect() as one, redshift.connect() as two:
        one.execute("CREATE TABLE kept (a int)")
        one.execute("CREATE TABLE emptied (a int)")
        one.execute("BEGIN")
        one.execute("INSERT INTO kept VALUES (1)")
        one.execute("TRUNCATE emptied")
        one.execute("ROLLBACK")
        assert two.execute("SELECT count(*) FROM kept").fetchone() == (1,)


def parquet(tmp_path, select):
    path = tmp_path / "one.parquet"
    path.unlink(missing_ok=True)
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


GOOD = "SELECT 'x ' AS a, 1::int AS b, 2::bigint AS c, 1.25::decimal(10,2) AS d, DATE '2026-01-02' AS e, true AS f"


def test_copy_parquet(redshift, s3, conn, tmp_path):
    data = parquet(tmp_path, GOOD + " UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL")
    conn.execute("CREATE TABLE loaded (a varchar(3), b int, c bigint, d numeric(10,2), e date, f boolean)")
    object_of(s3, "run/1.parquet", data)
    entry = {"url": "s3://shop-processed/run/1.parquet", "mandatory": True, "meta": {"content_length": len(data)}}
    object_of(s3, "run/m.json", json.dumps({"entries": [entry]}).encode())
    copy = f"COPY loaded FROM 's3://shop-processed/run/m.json' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST"
    conn.execute("BEGIN")
    conn.execute(copy)
    assert conn.execute("SELECT pg_last_copy_count()").fetchone() == (2,)
    conn.execute("ROLLBACK")                    # in the caller's transaction
    assert conn.execute("SELECT count(*) FROM loaded").fetchone() == (0,)
    conn.execute(copy)
    assert [str(v) for v in conn.execute("SELECT * FROM loaded WHERE b = 1").fetchone()] == [
        "x ", "1", "2", "1.25", "2026-01-02", "True"]
    history = conn.execute("SELECT status, loaded_rows, source_file_count FROM sys_load_history "
                           "WHERE table_name = 'loaded' ORDER BY query_id").fetchall()
    assert history == [("completed", 2, 1), ("completed", 2, 1)]

    for select, told in (
            (GOOD.replace("1::int", "1::bigint"), "incompatible Parquet schema for column.*run/1.parquet.b"),
            (GOOD.replace("decimal(10,2)", "decimal(12,2)"), "incompatible.*Column type: NUMERIC"),
            (GOOD.replace("'x '", "'éé'"), "data column a is longer.*Table: 3, Data: 4"),
            (GOOD + ", 1 AS g", "Unmatched number of columns.*Table columns: 6, Data columns: 7")):
        data = parquet(tmp_path, select)
        object_of(s3, "run/1.parquet", data)
        entry["meta"]["content_length"] = len(data)
        object_of(s3, "run/m.json", json.dumps({"entries": [entry]}).encode())
        conn.execute("BEGIN")
        with pytest.raises(psycopg.errors.InternalError_, match="Spectrum Scan Error") as raised:
            conn.execute(copy)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        assert re.search(told, raised.value.diag.message_detail, re.S)
        conn.execute("ROLLBACK")

    entry["meta"] = {}
    object_of(s3, "run/m.json", json.dumps({"entries": [entry]}).encode())
    with pytest.raises(psycopg.Error, match="content_length"):
        conn.execute(copy)
    entry |= {"meta": {"content_length": 1}, "url": "s3://shop-processed/run/none.parquet"}
    object_of(s3, "run/m.json", json.dumps({"entries": [entry]}).encode())
    with pytest.raises(psycopg.Error, match="S3ServiceException"):
        conn.execute(copy)
    entry["mandatory"] = False
    object_of(s3, "run/m.json", json.dumps({"entries": [entry]}).encode())
    with pytest.raises(psycopg.Error, match="no file that is there"):
        conn.execute(copy)


def test_copy_csv(s3, conn):
    conn.execute("CREATE TABLE lines (a varchar(4), b int, c varchar(9))")
    object_of(s3, "csv/one", b'a,b,c\n"x,""1",1,\n,,"two\nlines"\n')
    copy = f"COPY lines FROM 's3://shop-processed/csv/one' IAM_ROLE '{ROLE}' FORMAT AS CSV IGNOREHEADER 1"
    conn.execute(copy)
    # An empty field of a text column is an empty text, of any other column NULL.
    assert conn.execute("SELECT a, b, c FROM lines ORDER BY b").fetchall() == [
        ('x,"1', 1, ""), ("", None, "two\nlines")]
    conn.execute("DELETE FROM lines")
    conn.execute(copy + " EMPTYASNULL")
    assert conn.execute("SELECT a FROM lines WHERE b IS NULL").fetchone() == (None,)
    object_of(s3, "csv/two", "a,b,c\nok,1,x\nééé,2,x\n".encode())
    with pytest.raises(psycopg.errors.InternalError_, match="Load into table 'lines' failed"):
        conn.execute(copy.replace("/one", "/two"))
    row = conn.execute("SELECT trim(file_name), line_number, trim(column_name), trim(error_message) "
                       "FROM sys_load_error_detail ORDER BY query_id DESC LIMIT 1").fetchone()
    assert row == ("s3://shop-processed/csv/two", 3, "a", "String length exceeds DDL length")


def test_copy_needs_its_role(s3, conn):
    conn.execute("CREATE TEMP TABLE x (a int)")
    for role, told in (("IAM_ROLE 'arn:aws:iam::123456789012:role/other'", "not authorized to assume"),
                       ("", "credentials")):
        with pytest.raises(psycopg.Error, match=told):
            conn.execute(f"COPY x FROM 's3://shop-processed/csv/one' {role} FORMAT CSV")
    with pytest.raises(psycopg.Error, match="does not exist"):
        conn.execute(f"COPY x FROM 's3://shop-processed/absent/' IAM_ROLE '{ROLE}' FORMAT CSV")
    with pytest.raises(psycopg.Error, match="not supported for PARQUET"):
        conn.execute(f"COPY x FROM 's3://shop-processed/x' IAM_ROLE '{ROLE}' FORMAT PARQUET IGNOREHEADER 1")


def test_faults(redshift):
    with redshift.connect() as conn:
        conn.execute("CREATE TABLE faulty (a int)")
        redshift.fault(match="^insert into faulty", kind="1023")
        with pytest.raises(psycopg.errors.InternalError_, match="^1023\nDETAIL:  Serializable"):
            conn.execute("INSERT INTO faulty VALUES (1)")
        redshift.fault(match="^insert into faulty", kind="1023")
        with pytest.raises(psycopg.errors.InternalError_, match="^1023"):
            conn.execute("INSERT INTO faulty VALUES (%s)", [1])
        conn.execute("INSERT INTO faulty VALUES (2)")
        redshift.fault(match="^insert into faulty", kind="slow", seconds=0.3)
        began = time.monotonic()
        conn.execute("INSERT INTO faulty VALUES (%s)", [3])
        assert time.monotonic() - began >= 0.3
        conn.execute("BEGIN")
        conn.execute("INSERT INTO faulty VALUES (4)")
        redshift.fault(match="^commit", kind="drop_after")
        with pytest.raises(psycopg.OperationalError):
            conn.execute("COMMIT")
    with redshift.connect() as conn:
        redshift.fault(match="values \\(5\\)", kind="drop_before")
        with pytest.raises(psycopg.OperationalError):
            conn.execute("INSERT INTO faulty VALUES (5)")
    assert table_of(redshift, "faulty") == [(2,), (3,), (4,)]


def test_usage(redshift):
    with redshift.connect(application_name="counted") as conn:
        before = redshift.usage()
        conn.execute("SELECT 1 AS one")
        conn.execute("SELECT %s::int", [2])
        after = redshift.usage()
        ours = [q["sql"] for q in after["queries"][len(before["queries"]):] if q["app"] == "counted"]
        assert ours == ["SELECT 1 AS one", "SELECT $1::int"]
        # One period: a minute at the least, by four RPUs.
        assert len(after["periods"]) == 1 and after["charged_seconds"] >= 240
        charged, = conn.execute("SELECT sum(charged_seconds) FROM sys_serverless_usage").fetchone()
        assert charged >= 240
        assert conn.execute("SELECT count(*) FROM sys_query_history WHERE query_text = 'SELECT 1 AS one'"
                            ).fetchone()[0] >= 1


# --- the API ---

def test_api(redshift):
    api = redshift.client()
    group = api.get_workgroup(workgroupName="bike")["workgroup"]
    assert (group["status"], group["baseCapacity"]) == ("AVAILABLE", 4)
    assert group["endpoint"] == {"address": "127.0.0.1", "port": redshift.port, "vpcEndpoints": []}
    assert [w["workgroupName"] for w in api.list_workgroups()["workgroups"]] == ["bike"]
    assert ROLE in api.get_namespace(namespaceName="bike")["namespace"]["iamRoles"][0]


def test_credentials_log_in_until_they_expire(redshift):
    got = redshift.client().get_credentials(workgroupName="bike", dbName="dev", durationSeconds=900)
    assert got["dbUser"] == "IAM:bikeops-ec2"
    login = {"user": got["dbUser"], "password": got["dbPassword"]}
    with redshift.connect(**login) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("IAM:bikeops-ec2",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM loaded")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            redshift.connect(user=got["dbUser"], password="guessed")
        redshift.expire(got["dbUser"])
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            redshift.connect(**login)
        assert conn.execute("SELECT 1").fetchone() == (1,)      # a session outlives its password


@pytest.mark.parametrize("more, code", [
    ({"secret": "wrong"}, "InvalidSignatureException"), ({"key": "AKIANOBODY"}, "UnrecognizedClientException"),
    ({"region": "us-west-2"}, "InvalidSignatureException"), ({"workgroup": "none"}, "ResourceNotFoundException"),
    ({"skew": 1200}, "InvalidSignatureException")])
def test_refused_by_the_api(redshift, more, code, monkeypatch):
    workgroup = more.pop("workgroup", "bike")
    skew = more.pop("skew", 0)
    if skew:
        real = botocore.auth.get_current_datetime
        monkeypatch.setattr(botocore.auth, "get_current_datetime",
                            lambda *a, **k: real(*a, **k) - datetime.timedelta(seconds=skew))
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        redshift.client(**more).get_credentials(workgroupName=workgroup)
    assert raised.value.response["Error"]["Code"] == code


def test_denied(redshift):
    redshift.ask("deny", {"actions": ["GetCredentials"]})
    try:
        with pytest.raises(botocore.exceptions.ClientError, match="perform: redshift-serverless:GetCredentials"):
            redshift.client().get_credentials(workgroupName="bike")
    finally:
        redshift.ask("deny", {"actions": []})
    assert redshift.client().get_credentials(workgroupName="bike")["dbUser"]
