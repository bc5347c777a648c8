"""The engine on EMR Serverless against its stand-in: one job, whatever happens on the way."""

import json
import re
import signal
import time

import boto3
import botocore.config
import jsonschema
import pytest

import conftest
import stack as stacks

BUCKET = "shop-processed"
LAKE = {"BIKEOPS_LAKE_KIND": "s3", "BIKEOPS_SOURCE_BUCKET": "shop-source",
        "BIKEOPS_RAW_BUCKET": "shop-raw", "BIKEOPS_PROCESSED_BUCKET": BUCKET,
        "BIKEOPS_LOG_BUCKET": "shop-log", "BIKEOPS_EMR_APPLICATION": "persistent",
        "BIKEOPS_EMR_ROLE_ARN": "arn:aws:iam::123456789012:role/job"}
TABLES = ("dim_stores", "dim_customers", "dim_date", "dim_products", "dim_staffs", "fact_sales")


class Shop:
    """A small shop, its warehouse, a lake on S3, and EMR behind a proxy of faults."""

    def __init__(self, directory, *emr_args):
        names = [word for bucket in conftest.BUCKETS for word in ("--bucket", bucket)]
        self.peers = [conftest.Peer("s3.py", directory / "s3", *names)]
        self.s3 = self.peers[0]
        self.emr = self.peer("emr.py", directory / "emr", "--s3", self.s3.url, *conftest.QUICK, *emr_args)
        self.faults = self.peer("faults.py", directory / "faults", "--to", self.emr.url, kind=conftest.Faults)
        self.stack = stacks.Stack("emr")
        self.stack.env.update(conftest.KEYS, AWS_ENDPOINT_URL_S3=self.s3.url,
                              AWS_ENDPOINT_URL_EMR_SERVERLESS=self.faults.url, **LAKE)
        self.stack.up()
        config = botocore.config.Config(s3={"addressing_style": "path"})
        keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "region_name"), conftest.KEYS.values()))
        self.objects = boto3.client("s3", endpoint_url=self.s3.url, config=config, **keys)
        self.api = boto3.client("emr-serverless", endpoint_url=self.emr.url, **keys)
        small = stacks.write_dataset(self.stack.dir / "small", stacks.small_rows())
        self.stack.run("setup", "--recreate", "--dataset", small).quiet()
        self.stack.shop_role()

    def peer(self, *args, kind=conftest.Peer):
        self.peers.append(kind(*args))
        return self.peers[-1]

    def end(self):
        self.stack.end()
        for peer in reversed(self.peers):
            peer.end()

    def rules(self, seconds=0.2, fail=None):
        text = json.dumps({"from": self.template, "seconds": seconds, "fail": fail})
        self.objects.put_object(Bucket=BUCKET, Key="_stub/rules", Body=text.encode())

    def run(self, *args, status=0, **more):
        return self.stack.run("run", *args, status=status, timeout=200, **more).quiet()

    def newest(self):
        run = self.stack.json("runs", "--limit", 1)["runs"][0]
        return self.stack.json("runs", "show", run["run"])

    def apps(self):
        return self.api.list_applications()["applications"]

    def jobs(self):
        """Of all applications, also of those that are gone."""
        path = self.emr.dir / "state.json"
        return list(json.loads(path.read_text())["jobs"].values()) if path.is_file() else []

    def steps(self, shown):
        return {step["step"]: step for step in shown["steps"]}

    def tables(self):
        with self.stack.connect("warehouse") as conn:
            return {table: conn.execute(f"SELECT * FROM serving.{table} ORDER BY 1, 2").fetchall()
                    for table in TABLES}


@pytest.fixture(scope="module")
def whole(request, peer_dir):
    shop = Shop(peer_dir / request.module.__name__, "--job-command", conftest.HERE / "stub_job.py")
    shop.run("full", "--engine", "duckdb")
    shop.template = shop.newest()["run"][0]["prefix"] + "/a1"
    yield shop
    shop.end()


@pytest.fixture
def shop(whole):
    """No fault is asked for; what the test starts is counted from here."""
    whole.faults.ask("reset", {})
    whole.rules()
    whole.before = len(whole.jobs())
    whole.begun = lambda: whole.jobs()[whole.before:]
    return whole


def test_the_steps_of_a_run(shop):
    shop.run("full", "--engine", "emr")
    shown = shop.newest()
    steps = shop.steps(shown)
    job, = shop.begun()
    assert shown["run"][0]["engine"] == "emr" and shown["run"][0]["state"] == "ok"
    assert f"EMR job {job['jobRunId']} SUCCESS attempt 1" in steps["transform.check_spark_job"]["note"]
    assert "transform.delete_spark_app" not in steps
    assert [a["name"] for a in shop.apps()] == ["bikeops-local"]
    request = job["request"]
    entry = request["jobDriver"]["sparkSubmit"]["entryPoint"]
    assert re.fullmatch(r"s3://shop-source/script/spark_job-[0-9a-f]{8}\.py", entry)
    text = shop.objects.get_object(Bucket="shop-source", Key=entry.split("/", 3)[3])["Body"].read()
    assert text == (stacks.ROOT / "deploy/spark/spark_job.py").read_bytes()
    assert request["configurationOverrides"]["monitoringConfiguration"]["s3MonitoringConfiguration"] == {
        "logUri": f"s3://shop-log/emr-logs/{shown['run'][0]['run']}/a1/"}


def test_what_it_cost(shop):
    """A minute of two workers is billed; the price is that of us-east-1."""
    shop.run("full", "--engine", "emr")
    billed = shop.begun()[0]["billedResourceUtilization"]
    want = billed["vCPUHour"] * 0.052624 + billed["memoryGBHour"] * 0.0057785
    assert want > 0 and abs(shop.newest()["run"][0]["usd"] - want) < 2e-6


@pytest.mark.parametrize("kind, code", [("throttle", "ThrottlingException"), ("expired", None)])
def test_throttled_or_expired(shop, kind, code):
    """Slowed down it waits; keys that expire in the middle are read again."""
    import urllib.request
    for match in ("StartJobRun", "GetJobRun"):
        fault = json.dumps({"kind": kind, "match": match}).encode()
        urllib.request.urlopen(f"{shop.emr.url}/_peer/fault", fault, 10).close()
    shop.run("full", "--engine", "emr", status=None)
    assert len(shop.begun()) == 1
    if code:
        assert shop.newest()["run"][0]["state"] == "ok"
    else:    # the same keys again are not better: the run says so, and the job goes on
        shown = shop.newest()["run"][0]
        if shown["state"] != "ok":
            assert "xpired" in shown["error"]
            shop.run("resume", shown["run"])
        assert [job["state"] for job in shop.begun()] == ["SUCCESS"]


def kill_when(shop, ready, **env):
    child = shop.stack.start("run", "full", "--engine", "emr", env=env)
    stacks.wait_until(lambda: ready(child), 60, 0.02)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    return shop.newest()["run"][0]["run"]


def objects_of(shop, before):
    listed = shop.objects.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"] for item in listed if "/job.a" in item["Key"]} - before


@pytest.mark.parametrize("moment", ["written down", "submitted", "at work", "over"])
def test_killed(shop, moment):
    """Killed at any moment, the run that is resumed has the result of the one job."""
    shop.rules(seconds=3 if moment == "at work" else 1)
    before = objects_of(shop, set())
    if moment == "written down":    # the request is on its way, and its answer never comes
        shop.faults.next("POST /applications/[^/]+/jobruns$", "hang", seconds=60)
    state = {"written down": lambda: objects_of(shop, before),
             "submitted": shop.begun,
             "at work": lambda: shop.begun() and shop.begun()[0]["state"] == "RUNNING",
             "over": lambda: shop.begun() and shop.begun()[0]["state"] == "SUCCESS"}[moment]
    run = kill_when(shop, lambda child: state())
    shop.faults.ask("reset", {})
    assert "had left" not in shop.run("resume", run).stderr
    assert [job["state"] for job in shop.begun()] == ["SUCCESS"]
    assert shop.newest()["run"][0]["state"] == "ok"
    assert len(objects_of(shop, before)) == 1


def test_a_job_that_fails(shop):
    """The reason is the job's own; resumed, there is a new job."""
    shop.rules(fail="'s3://shop-raw/x' has 7 bytes, its manifest says 8")
    got = shop.run("full", "--engine", "emr", status=1)
    assert "'s3://shop-raw/x' has 7 bytes, its manifest says 8" in got.stderr
    shown = shop.newest()
    assert shop.steps(shown)["transform.check_spark_job"]["state"] == "failed"
    shop.rules()
    shop.run("resume", shown["run"][0]["run"])
    assert [job["state"] for job in shop.begun()] == ["FAILED", "SUCCESS"]


def test_cancelled(shop):
    """The job is over before the run is."""
    shop.rules(seconds=60)
    child = shop.stack.start("run", "full", "--engine", "emr")
    stacks.wait_until(lambda: shop.begun() and shop.begun()[0]["state"] == "RUNNING", 60, 0.05)
    run = shop.newest()["run"][0]["run"]
    shop.stack.run("run", "cancel", run).quiet()
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert [job["state"] for job in shop.begun()] == ["CANCELLED"]
    assert shop.newest()["run"][0]["state"] == "cancelled"


@pytest.mark.parametrize("application", ["persistent", "ephemeral"])
def test_a_dead_run_is_cancelled(shop, application):
    """Its job ends with it, and an application of its own goes."""
    shop.rules(seconds=60)
    kept = {a["id"] for a in shop.apps()}
    run = kill_when(shop, lambda child: shop.begun() and shop.begun()[0]["state"] == "RUNNING",
                    BIKEOPS_EMR_APPLICATION=application)
    shop.stack.run("run", "cancel", run, env={"BIKEOPS_EMR_APPLICATION": application}).talk(
        f"Spark job {shop.begun()[0]['jobRunId']}, which run {run} had left, is cancelled")
    job, = shop.begun()
    assert job["state"] == "CANCELLED"
    own = {job["applicationId"]} if application == "persistent" else set()
    assert {a["id"] for a in shop.apps()} == kept | own
    assert shop.newest()["run"][0]["state"] == "failed"
    shop.stack.run("run", "cancel", run, status=4).talk("does not run: it is failed")


def test_a_dead_run_whose_job_cannot_be_seen(shop):
    """The run ends; that its job may go on is said, and the next try ends it."""
    shop.rules(seconds=60)
    run = kill_when(shop, lambda child: shop.begun() and shop.begun()[0]["state"] == "RUNNING")
    shop.faults.next("DELETE /applications/", "error", status=403, code="AccessDeniedException", style="json")
    got = shop.stack.run("run", "cancel", run, status=3).quiet()
    name = shop.begun()[0]["jobRunId"]
    assert f"Spark job {name} of run {run} may go on" in got.stderr
    assert f"'bikeops emr cancel {name}' ends it" in got.stderr
    assert shop.newest()["run"][0]["state"] == "failed" and shop.begun()[0]["state"] == "RUNNING"
    shop.stack.run("run", "cancel", run).talk("is cancelled")
    assert [job["state"] for job in shop.begun()] == ["CANCELLED"]


def test_a_dead_run_of_another_host(shop):
    """Its process cannot be seen, but its lease has ended."""
    shop.rules(seconds=60)
    run = kill_when(shop, lambda child: shop.begun() and shop.begun()[0]["state"] == "RUNNING")
    with shop.stack.connect("ledger") as ledger:
        ledger.execute("UPDATE ledger.run SET host = 'elsewhere' WHERE id = %s", [run])
        shop.stack.run("run", "cancel", run).talk(f"run {run} was asked to end")
        assert shop.newest()["run"][0]["state"] == "running"
        ledger.execute("UPDATE ledger.lease SET expires_at = clock_timestamp() WHERE run = %s", [run])
    shop.stack.run("run", "cancel", run).talk("is cancelled")
    assert [job["state"] for job in shop.begun()] == ["CANCELLED"]
    assert "the worker died" in shop.newest()["run"][0]["error"]


@pytest.mark.parametrize("application", ["persistent", "ephemeral"])
def test_a_dead_run_is_followed(shop, application):
    """The run that takes its place ends its job, and has one of its own."""
    env = {"BIKEOPS_EMR_APPLICATION": application}
    kept = {a["id"] for a in shop.apps()}
    shop.rules(seconds=60)
    dead = kill_when(shop, lambda child: shop.begun() and shop.begun()[0]["state"] == "RUNNING", **env)
    shop.rules()
    got = shop.run("full", "--engine", "emr", env=env)
    left, job = shop.begun()
    assert f"Spark job {left['jobRunId']}, which run {dead} had left, is cancelled" in got.stderr
    assert [left["state"], job["state"]] == ["CANCELLED", "SUCCESS"]
    assert left["endedAt"] < job["createdAt"]
    own = {job["applicationId"]} if application == "persistent" else set()
    assert {a["id"] for a in shop.apps()} == kept | own


def test_a_dead_run_whose_job_is_not_to_be_ended(shop):
    """Where EMR refuses, a run without Spark names the job and goes on."""
    shop.rules(seconds=60)
    dead = kill_when(shop, lambda child: shop.begun() and shop.begun()[0]["state"] == "RUNNING")
    name = shop.begun()[0]["jobRunId"]
    shop.faults.next("DELETE /applications/", "error", status=403, code="AccessDeniedException", style="json")
    got = shop.run("full", "--engine", "duckdb")
    assert f"Spark job {name} of run {dead} may go on" in got.stderr
    assert f"'bikeops emr cancel {name}' ends it" in got.stderr
    assert shop.newest()["run"][0]["state"] == "ok" and shop.begun()[0]["state"] == "RUNNING"
    shop.stack.run("emr", "cancel", name).talk("was asked to end")


@pytest.mark.parametrize("follow", ["cancel", "full", "resume"])
def test_an_application_of_a_dead_run(shop, follow):
    """Made, and its run killed before a job was written down: whoever comes after takes it away."""
    env = {"BIKEOPS_EMR_APPLICATION": "ephemeral"}
    kept = {a["id"] for a in shop.apps()}
    before = objects_of(shop, set())
    shop.faults.next("GET /applications/[^/]+$", "hang", seconds=60)
    dead = kill_when(shop, lambda child: {a["id"] for a in shop.apps()} - kept, **env)
    shop.faults.ask("reset", {})
    made, = {a["id"] for a in shop.apps()} - kept
    assert not objects_of(shop, before) and not shop.begun()
    if follow == "full":
        got = shop.run("full", "--engine", "emr", env=env)
    else:
        got = shop.stack.run("run", follow, dead, env=env, timeout=200).quiet()
    assert (f"EMR application {made}, which run {dead} had left, is deleted" in got.stderr) == (follow != "resume")
    assert {a["id"] for a in shop.apps()} == kept
    assert [job["applicationId"] == made for job in shop.begun()] == {"cancel": [], "full": [False],
                                                                     "resume": [True]}[follow]


@pytest.mark.parametrize("fail", [None, "no such table"])
def test_ephemeral(shop, fail):
    """Its application is deleted, also where the job failed."""
    kept = {a["id"] for a in shop.apps()}
    shop.rules(fail=fail)
    shop.run("full", "--engine", "emr", status=1 if fail else 0,
             env={"BIKEOPS_EMR_APPLICATION": "ephemeral"})
    job, = shop.begun()
    assert job["applicationId"] not in kept
    assert {a["id"] for a in shop.apps()} == kept
    if not fail:
        assert shop.steps(shop.newest())["transform.delete_spark_app"]["state"] == "ok"


def test_an_application_that_is_not_there(shop):
    got = shop.run("full", "--engine", "emr", status=1, env={"BIKEOPS_EMR_APPLICATION": "00fnone"})
    assert "there is no EMR application '00fnone'" in got.stderr and "emr apps" in got.stderr
    assert not shop.begun()


def test_an_application_that_was_deleted(shop):
    """EMR shows it for some time yet: nothing is waited for."""
    gone = shop.api.create_application(name="gone", releaseLabel="emr-7.9.0", type="SPARK")["applicationId"]
    stacks.wait_until(lambda: shop.api.get_application(applicationId=gone)["application"]["state"] == "CREATED", 20)
    shop.api.delete_application(applicationId=gone)
    began = time.monotonic()
    got = shop.run("full", "--engine", "emr", status=1, env={"BIKEOPS_EMR_APPLICATION": gone})
    assert f"there is no EMR application '{gone}'" in got.stderr and "was deleted" in got.stderr
    assert time.monotonic() - began < 60


def test_what_is_missing_is_said_before_the_run(shop):
    count = len(shop.stack.json("runs")["runs"])
    got = shop.run("full", "--engine", "emr", status=2, env={"BIKEOPS_EMR_ROLE_ARN": ""})
    assert "no role for its jobs" in got.stderr and "emr_role_arn" in got.stderr
    assert len(shop.stack.json("runs")["runs"]) == count


def test_the_polls_add_less_than_a_second(shop):
    shop.rules(seconds=2)
    shop.run("full", "--engine", "emr")
    job, = shop.begun()
    ended = time.mktime(time.strptime(shop.newest()["steps"][-1]["started_at"], "%Y-%m-%dT%H:%M:%SZ"))
    assert ended - time.timezone - job["endedAt"] < 4


def test_the_plan_names_the_engine(shop):
    shop.stack.json("run", "full", "--dry-run")
    plan = shop.stack.json("run", "full", "--dry-run", "--engine", "emr")["window"][0]
    assert plan["engine"] == "emr"
    assert shop.stack.json("run", "full", "--dry-run")["window"][0]["engine"] == "duckdb up to 512 MiB, else emr"


SCHEMAS = stacks.ROOT / "tests/cli/schemas"


def check(data):
    schema = json.loads((SCHEMAS / f"{data['schema'].removeprefix('bikeops.').split('/')[0]}.json").read_text())
    jsonschema.validate(data, schema, cls=jsonschema.Draft202012Validator)
    return data


def test_the_commands(shop):
    shop.run("full", "--engine", "emr")
    job, = shop.begun()
    name = job["jobRunId"]
    apps = check(shop.stack.json("emr", "apps"))["applications"]
    assert [(a["name"], a["usd_per_hour"]) for a in apps] == [("bikeops-local", 0)]
    assert name == check(shop.stack.json("emr", "jobs"))["jobs"][0]["job"]
    shown = check(shop.stack.json("emr", "job", name))
    assert shown["job"][0]["state"] == "SUCCESS" and shown["job"][0]["billed"] is True
    assert [a["attempt"] for a in shown["attempts"]] == [1]
    cost = check(shop.stack.json("cost", shop.newest()["run"][0]["run"]))["costs"]
    assert {c["what"] for c in cost} == {f"job {name} {of}" for of in ("vCPU", "memory", "storage")}
    assert {c["priced_on"] for c in cost} == {"2026-11-22"}
    assert not check(shop.stack.json("cost", "--since", "2099-01-01"))["costs"]
    for args in (("emr", "apps"), ("emr", "jobs"), ("emr", "job", name), ("cost",)):
        assert shop.stack.run(*args).stdout.strip()
    shop.stack.run("emr", "cancel", name, status=4).talk("is over: it is SUCCESS")
    shop.stack.run("emr", "job", "00jnone", status=1).talk("no EMR application has a job '00jnone'")


def test_cancel_and_stop(shop):
    """A job is cancelled, an application stopped; a dry run does neither, production refuses."""
    shop.rules(seconds=60)
    child = shop.stack.start("run", "full", "--engine", "emr")
    stacks.wait_until(lambda: shop.begun() and shop.begun()[0]["state"] == "RUNNING", 60, 0.05)
    name = shop.begun()[0]["jobRunId"]
    shop.stack.run("emr", "cancel", name, env={"BIKEOPS_PRODUCTION": "true"}, status=4).talk("is production")
    shop.stack.run("emr", "cancel", name, "--dry-run").talk("would cancel")
    assert shop.begun()[0]["state"] == "RUNNING"
    shop.stack.run("emr", "cancel", name).talk("was asked to end")
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1 and b"was cancelled" in err
    application = shop.begun()[0]["applicationId"]
    shop.stack.run("emr", "stop", application, "--dry-run").talk("would stop")
    shop.stack.run("emr", "stop", application).talk("was asked to stop")
    assert shop.api.get_application(applicationId=application)["application"]["state"] in ("STOPPING", "STOPPED")


def test_doctor(shop):
    """An application whose workers wait is billed: doctor says so, and how to end it."""
    made = shop.api.create_application(
        name="bikeops-local-warm", releaseLabel="emr-7.1.0", type="SPARK", clientToken="warm",
        initialCapacity={"DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "4vCPU", "memory": "16GB"}}})
    name = made["applicationId"]
    state = lambda: shop.api.get_application(applicationId=name)["application"]["state"]  # noqa: E731
    stacks.wait_until(lambda: state() == "CREATED", 30, 0.1)
    shop.api.start_application(applicationId=name)
    stacks.wait_until(lambda: state() == "STARTED", 30, 0.1)
    try:
        checks = {row["check"]: row for row in shop.stack.json("doctor", status=None)["checks"]}
        row = checks[f"EMR application {name}"]
        assert row["state"] == "warn" and "0.302952 USD an hour" in row["value"]
        assert f"emr stop {name}" in row["hint"]
    finally:
        shop.api.stop_application(applicationId=name)
        stacks.wait_until(lambda: state() == "STOPPED", 30, 0.1)
        shop.api.delete_application(applicationId=name)


def change(stack, step):
    with stack.shop() as conn:
        conn.execute("UPDATE store.customers SET city = %s WHERE customer_id = '1'", [f"city {step}"])
        conn.execute("UPDATE store.order_items SET quantity = quantity + 1 WHERE order_id = '1' AND item_id = 1")


def test_spark_gives_the_tables_of_duckdb(peer_dir):
    """A full load and two increments with real Spark: the serving tables are those of DuckDB."""
    seen = {}
    for engine in ("duckdb", "emr"):
        shop = Shop(peer_dir / f"emr-{engine}")
        try:
            shop.run("full", "--engine", engine)
            for step in range(2):
                change(shop.stack, step)
                shop.run("incremental", "--engine", engine)
            seen[engine] = shop.tables()
        finally:
            shop.end()
    assert seen["emr"] == seen["duckdb"] and seen["emr"]["fact_sales"]
