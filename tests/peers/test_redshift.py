"""The pipeline with Redshift as its warehouse."""

import re
import sys

import pytest

import conftest
import redshift_sql
import stack as stacks
from redshift_peer import REGION, ROLE, Redshift, table_of
from test_kill import kill
from test_sql import statements

sys.path.append(str(stacks.ROOT / "tests/screen"))
import terminal  # noqa: E402

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


# --- runs ---

ROWS = {name: f"SELECT * FROM serving.{name} ORDER BY 1" for name in (
    "dim_customers", "dim_products", "dim_staffs", "dim_stores", "dim_date", "dim_order_status", "fact_sales")}


def serving(connection):
    with connection as conn:
        return {name: conn.execute(sql).fetchall() for name, sql in ROWS.items()}


@pytest.fixture(scope="module")
def embedded(dataset):
    """The same shop beside, with PostgreSQL as its warehouse."""
    stack = stacks.Stack("beside").up()
    stack.run("setup", "--dataset", dataset).quiet()
    yield stack
    stack.end()


CHANGES = ["UPDATE store.customers SET city = 'Café ' WHERE customer_id = '1'",
           "UPDATE store.order_items SET quantity = 5 WHERE order_id = '1' AND item_id = '1'",
           "DELETE FROM store.order_items WHERE order_id = '1' AND item_id = '2'"]


def change(stack, *statements):
    with stack.connect("source") as conn:
        for statement in statements:
            conn.execute(statement)


def test_runs_are_those_of_postgresql(stack, embedded, redshift):
    for statements, argv in (((), ("run", "full")), (CHANGES, ("run", "incremental"))):
        for one in (stack, embedded):
            change(one, *statements)
            one.run(*argv, timeout=300).quiet()
        assert serving(redshift.admin()) == serving(embedded.connect("warehouse"))
    left = {table: table_of(redshift, f"staging.{table}") for table in ("batch", "stg_sales", "keys_read", "counted")}
    assert left == dict.fromkeys(left, [])
    assert stack.json("counts")["counts"]


def test_a_conflict_is_tried_again(stack, redshift):
    k, = table_of(redshift, "bikeops.batches")[-1:]
    change(stack, "UPDATE store.customers SET city = 'one' WHERE customer_id = '2'")
    redshift.fault(match="update bikeops.watermark", kind="1023")
    stack.run("run", "incremental", timeout=300).talk("1023").quiet()
    assert table_of(redshift, "bikeops.batches")[-1][0] == k[0] + 1
    assert [row[7] for row in table_of(redshift, "serving.dim_customers") if row[1] == "2"][-1] == "one"


def test_an_answer_to_commit_that_is_lost(stack, redshift):
    """Done, and not known: the next try finds it, and nothing is published twice."""
    before = table_of(redshift, "bikeops.batches")
    change(stack, "UPDATE store.customers SET city = 'two' WHERE customer_id = '2'")
    redshift.ask("fault", {"match": "^commit", "kind": "drop_after", "skip": 1})    # publish's, not load's
    stack.run("run", "incremental", timeout=300).talk("lost the connection").quiet()
    after = table_of(redshift, "bikeops.batches")
    assert len(after) == len(before) + 1
    versions = [row for row in table_of(redshift, "serving.dim_customers") if row[1] == "2" and row[7] == "two"]
    assert len(versions) == 1


def test_a_value_that_does_not_fit(stack, redshift):
    """By bytes; the transform refuses what no table takes, so this table was made smaller."""
    long = "é" * 8
    narrow = "ALTER TABLE staging.stg_customers ALTER COLUMN street TYPE varchar(%d)"
    change(stack, f"UPDATE store.customers SET street = '{long}' WHERE customer_id = '2'")
    before = table_of(redshift, "bikeops.batches")
    with redshift.admin() as conn:
        conn.execute(narrow % 9)
        try:
            result = stack.run("run", "incremental", status=1, timeout=300)
        finally:
            conn.execute(narrow % 255)
    result.talk("cannot load 'stg_customers': column 'street' takes 9 bytes and has 16 in "
                f"'s3://shop-processed/.*stg_customers.*parquet': '{long}'").quiet()
    assert table_of(redshift, "bikeops.batches") == before
    stack.run("run", "incremental", timeout=300).quiet()
    assert table_of(redshift, "bikeops.batches") != before


def test_undo(stack, redshift):
    before = serving(redshift.admin())
    change(stack, "UPDATE store.customers SET city = 'undone' WHERE customer_id = '2'")
    stack.run("run", "incremental", timeout=300).quiet()
    assert serving(redshift.admin()) != before
    stack.run("run", "undo", table_of(redshift, "bikeops.batches")[-1][1], timeout=300).quiet()
    assert serving(redshift.admin()) == before
    stack.run("run", "incremental", timeout=300).quiet()


# --- what it cost ---

PRICE = {"BIKEOPS_REDSHIFT_PRICE_RPU_HOUR": "0.36"}
SESSIONS = "our sessions, reckoned"


def costs(stack, run):
    return {row["what"]: row for row in stack.json("cost", run)["costs"]}


def minutes(queries):
    """What the service charges for them: a minute for each active period, and what is longer."""
    periods = []
    for query in sorted(queries, key=lambda query: query["at"]):
        if periods and query["at"] <= max(periods[-1][0] + 60, periods[-1][1]):
            periods[-1][1] = max(periods[-1][1], query["end"])
        else:
            periods.append([query["at"], query["end"]])
    return sum(max(60, end - began) for began, end in periods) / 60


def newest(stack):
    return stack.json("runs", "--limit", 1)["runs"][0]["run"]


def asked(redshift, run):
    return [query for query in redshift.usage()["queries"] if query["app"] == f"bikeops run {run}"]


@pytest.mark.parametrize("argv", [("run", "incremental"), ("run", "undo"), ("setup", "--adopt")], ids=" ".join)
def test_what_it_cost(stack, redshift, argv):
    """A run of a few seconds is one minute of four RPUs; that of setup and of an undo as well."""
    change(stack, "UPDATE store.customers SET city = city || '3' WHERE customer_id = '2'")
    argv = argv if argv[1] != "undo" else (*argv, table_of(redshift, "bikeops.batches")[-1][1])
    stack.run(*argv, timeout=300, env=PRICE).quiet()
    run = newest(stack)
    found = costs(stack, run)
    ours = found.pop(SESSIONS)
    assert (ours["service"], ours["unit"], ours["priced_on"]) == ("redshift-serverless", "RPU-h", None)
    assert ours["quantity"] == pytest.approx(4 / 60 * minutes(asked(redshift, run)), rel=0.01)
    assert ours["usd"] == pytest.approx(ours["quantity"] * 0.36, rel=1e-3)
    whole = found.pop("whole workgroup meanwhile, as charged so far")
    assert not found and whole["usd"] is None and whole["quantity"] >= 4 / 60


def later(seconds):
    return {"LD_PRELOAD": stacks.FAKETIME, "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("seconds, want", [(0, 1), (150, 2)])
def test_processes_add_up(stack, redshift, seconds, want):
    """A run that fails has a cost; who goes on with it adds his minute, unless it is still the first one."""
    change(stack, "UPDATE store.customers SET city = city || '4' WHERE customer_id = '2'")
    redshift.fault(match="update bikeops.watermark", kind="error", message="gone")
    stack.run("run", "incremental", status=1, timeout=300, env=PRICE).talk("gone").quiet()
    run = newest(stack)
    assert costs(stack, run)[SESSIONS]["quantity"] == pytest.approx(4 / 60, rel=0.01)
    stack.run("run", "resume", run, timeout=300, env=PRICE | (later(seconds) if seconds else {})).quiet()
    assert costs(stack, run)[SESSIONS]["quantity"] == pytest.approx(want * 4 / 60, rel=0.02)
    assert len(costs(stack, run)) == 2


def test_a_killed_run_has_told(stack, redshift):
    """Of one that was killed the tasks that ended are known."""
    change(stack, "UPDATE store.customers SET city = city || '5' WHERE customer_id = '2'")
    redshift.fault(match="update bikeops.watermark", kind="hang")
    run = newest(stack)
    child = stack.start("run", "incremental")
    stacks.wait_until(lambda: newest(stack) > run and "publish" in [
        task["task"] for task in stack.json("runs", "show", newest(stack))["tasks"]], 60, 0.1)
    kill(child)
    run = newest(stack)
    stack.run("run", "resume", run, timeout=300, env=later(150)).quiet()
    assert costs(stack, run)[SESSIONS]["quantity"] == pytest.approx(2 * 4 / 60, rel=0.02)


def test_credentials_are_lent(stack, redshift, s3, dataset):
    """warehouse_auth = iam: no password anywhere; a login of its own for each session."""
    with redshift.admin() as conn:
        conn.execute('CREATE ROLE "IAM:bikeops-ec2" LOGIN')
        conn.execute('GRANT admin TO "IAM:bikeops-ec2"')
    dsn = f"host=127.0.0.1 port={redshift.port} dbname=dev"
    env = {"BIKEOPS_WAREHOUSE_DSN": dsn, "BIKEOPS_WAREHOUSE_AUTH": "iam"}
    checks = {c["check"]: c for c in stack.json("doctor", status=None, env=env)["checks"]}
    assert checks["Redshift credentials"]["value"] == "IAM:bikeops-ec2"
    assert checks["warehouse connection"]["value"] == "dev as IAM:bikeops-ec2"
    redshift.ask("deny", {"actions": ["GetCredentials"]})
    try:
        result = stack.run("run", "incremental", "--dry-run", status=3, env=env)
        result.talk("perform: redshift-serverless:GetCredentials on resource: arn:aws").quiet()
    finally:
        redshift.ask("deny", {"actions": []})


def test_an_open_console_asks_nothing(stack, redshift):
    """Half a minute, and each screen: a question would be billed a minute."""
    before = redshift.usage()
    with terminal.Terminal([stack.program], {**stack.env, "TERM": "xterm-256color"}, cwd=stack.dir) as console:
        console.wait("run \\d+")
        for key in "12345671":
            console.keys(key)
            console.pump(4)
        console.quit()
    after = redshift.usage()
    assert after["queries"] == before["queries"]
    asked = [call["action"] for call in after["calls"][len(before["calls"]):]]
    assert 1 <= len(asked) < 10 and set(asked) == {"GetWorkgroup"}
