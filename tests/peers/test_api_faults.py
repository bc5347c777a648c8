"""Each call to EMR Serverless, Redshift Serverless and STS, answered badly in each way."""

import json

import pytest

import conftest
import imds
import stack as stacks
from redshift_peer import Redshift
from test_emr import kill_when, shop, whole  # noqa: F401
from test_emr_peer import control
from test_redshift import BUCKETS, on_redshift

JSON = {"style": "json"}
PASSING = {
    "500": {"kind": "error", "status": 500, "code": "InternalServerException", **JSON},
    "503": {"kind": "error", "status": 503, "code": "ServiceUnavailableException", **JSON},
    "throttled": {"kind": "error", "status": 429, "code": "ThrottlingException", **JSON},
    "expired": {"kind": "error", "status": 403, "code": "ExpiredTokenException", **JSON},
    "half": {"kind": "half", "bytes": 7},
    "hang": {"kind": "hang", "seconds": 1},
    "reset": {"kind": "reset"},
    "lost": {"kind": "lost"},
}
LASTING = {
    "500": ("InternalServerException", "tried 3 times"),
    "throttled": ("ThrottlingException", "tried 3 times"),
    "expired": ("ExpiredTokenException", "log in again, or renew the credentials"),
}


def every_fault(proxy, match, kind, count=1):
    proxy.ask("fault", {"match": match, "count": count, **PASSING[kind]})


def met(proxy):
    return [entry["request"] for entry in proxy.seen() if entry["fault"]]


# --- EMR Serverless

APPLICATION = r"/applications/[^/?]+"
CALLS = {
    "ListApplications": r"^GET /applications(\?|$)",
    "CreateApplication": r"^POST /applications$",
    "GetApplication": rf"^GET {APPLICATION}$",
    "StartJobRun": rf"^POST {APPLICATION}/jobruns$",
    "GetJobRun": rf"^GET {APPLICATION}/jobruns/[^/?]+$",
    "ListJobRuns": rf"^GET {APPLICATION}/jobruns(\?|$)",
    "StopApplication": rf"^POST {APPLICATION}/stop$",
    "DeleteApplication": rf"^DELETE {APPLICATION}$",
    "StartApplication": rf"^POST {APPLICATION}/start$",
    "ListJobRunAttempts": rf"^GET {APPLICATION}/jobruns/[^/?]+/attempts",
    "CancelJobRun": rf"^DELETE {APPLICATION}/jobruns/",
}
OF_A_RUN = ("ListApplications", "CreateApplication", "GetApplication", "StartJobRun", "GetJobRun", "ListJobRuns",
            "StopApplication", "DeleteApplication")


@pytest.mark.parametrize("kind", PASSING)
def test_a_run(shop, kind):
    """Each call of a run with an application of its own: one application, which goes, and one job."""
    kept = {a["id"] for a in shop.apps()}
    for call in OF_A_RUN:
        every_fault(shop.faults, CALLS[call], kind)
    shop.run("full", "--engine", "emr", env={"BIKEOPS_EMR_APPLICATION": "ephemeral"})
    assert len(met(shop.faults)) == len(OF_A_RUN)
    assert [job["state"] for job in shop.begun()] == ["SUCCESS"]
    made = {name for name, a in applications(shop).items() if a["name"].startswith("bikeops-local-")}
    assert shop.begun()[0]["applicationId"] in made
    assert {a["id"] for a in shop.apps()} == kept
    steps = shop.steps(shop.newest())
    assert steps["transform.delete_spark_app"]["state"] == "ok", steps


def applications(shop):
    return json.loads((shop.emr.dir / "state.json").read_text())["applications"]


@pytest.fixture(scope="module")
def still(whole):
    """An application that starts by hand alone, and one that has a job that runs on."""
    made = whole.api.create_application(name="by-hand", releaseLabel="emr-7.1.0", type="SPARK", clientToken="by-hand",
                                        autoStartConfiguration={"enabled": False})["applicationId"]
    stacks.wait_until(lambda: state(whole, made) == "CREATED", 30, 0.1)
    return made


def state(shop, application):
    return shop.api.get_application(applicationId=application)["application"]["state"]


@pytest.mark.parametrize("kind", PASSING)
def test_an_application_is_started(shop, still, kind):
    every_fault(shop.faults, CALLS["StartApplication"], kind)
    shop.run("full", "--engine", "emr", env={"BIKEOPS_EMR_APPLICATION": still})
    assert len(met(shop.faults)) == 1 and [job["state"] for job in shop.begun()] == ["SUCCESS"]
    every_fault(shop.faults, CALLS["StopApplication"], kind)
    shop.stack.run("emr", "stop", still).talk("was asked to stop")
    assert len(met(shop.faults)) == 2
    stacks.wait_until(lambda: state(shop, still) == "STOPPED", 30, 0.1)


def begun_to_work(shop):
    """It has read its rules."""
    return [path for job in shop.begun() for path in (shop.emr.dir / "jobs" / job["jobRunId"]).glob("1/stdout")
            if b"begin" in path.read_bytes()]


@pytest.fixture(scope="module")
def job(whole):
    """One that runs while the test does."""
    whole.faults.ask("reset", {})
    whole.rules(seconds=600)
    whole.before = len(whole.jobs())
    whole.begun = lambda: whole.jobs()[whole.before:]
    kill_when(whole, lambda child: begun_to_work(whole))
    return whole.begun()[0]["jobRunId"]


READS = {"ListApplications": ("emr", "apps"), "GetApplication": ("emr", "apps"), "ListJobRuns": ("emr", "jobs"),
         "GetJobRun": ("emr", "job", "JOB"), "ListJobRunAttempts": ("emr", "job", "JOB"),
         "CancelJobRun": ("emr", "cancel", "JOB"), "StopApplication": ("emr", "stop", "APPLICATION")}


@pytest.mark.parametrize("call, kind", [(call, kind) for call in READS for kind in PASSING
                                        if call not in ("CancelJobRun", "StopApplication")])
def test_a_look(shop, job, call, kind):
    """Once: nothing of it is seen."""
    argv = [job if word == "JOB" else word for word in READS[call]]
    want = shop.stack.run(*argv, "--output", "json").stdout
    every_fault(shop.faults, CALLS[call], kind)
    assert shop.stack.run(*argv, "--output", "json").stdout == want
    assert len(met(shop.faults)) == 1


@pytest.mark.parametrize("call, kind", [(call, kind) for call in READS for kind in LASTING])
def test_a_fault_that_lasts(shop, job, call, kind):
    """It is said which it is, how often it was tried, and nothing is done."""
    words = {"JOB": job, "APPLICATION": next(j["applicationId"] for j in shop.jobs() if j["jobRunId"] == job)}
    every_fault(shop.faults, CALLS[call], kind, count=99)
    got = shop.stack.run(*[words.get(word, word) for word in READS[call]], status=3)
    assert all(text in got.stderr for text in LASTING[kind]), got.stderr
    assert not got.stdout
    got.quiet()
    assert shop.api.get_job_run(applicationId=words["APPLICATION"], jobRunId=job)["jobRun"]["state"] == "RUNNING"


@pytest.mark.parametrize("kind", PASSING)
def test_a_job_is_cancelled(shop, kind):
    """Once or twice asked, it ends, and that it has ended is no error."""
    shop.rules(seconds=60)
    run = kill_when(shop, lambda child: begun_to_work(shop))
    for call in ("CancelJobRun", "ListJobRuns", "GetJobRun"):
        every_fault(shop.faults, CALLS[call], kind)
    shop.stack.run("run", "cancel", run).talk("is cancelled")
    assert len(met(shop.faults)) == 3
    assert [job["state"] for job in shop.begun()] == ["CANCELLED"]


SILENT = {**{kind: PASSING[kind] for kind in ("500", "throttled")}, "hang": {"kind": "hang", "seconds": 60}}
ONCE = {"AWS_MAX_ATTEMPTS": "1"}


def silent(shop, kind, *calls):
    for call in calls:
        shop.faults.ask("fault", {"match": CALLS[call], "count": 99, **SILENT[kind]})


def left_behind(shop, kind, **env):
    """A run that ends while EMR says nothing: its job goes on."""
    shop.rules(seconds=60)
    child = shop.stack.start("run", "full", "--engine", "emr", env={**ONCE, **env})
    stacks.wait_until(lambda: begun_to_work(shop), 60, 0.05)
    silent(shop, kind, "CancelJobRun", "GetJobRun", "ListJobRuns")
    run = shop.newest()["run"][0]["run"]
    shop.stack.run("run", "cancel", run).quiet()
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130 and b"the Spark job may go on" in err
    job, = shop.begun()
    assert job["state"] == "RUNNING"
    shop.rules()
    return run, job["jobRunId"]


def booked(shop, run):
    with shop.stack.connect("ledger") as ledger:
        return ledger.execute("SELECT job, state, open FROM ledger.spark_job WHERE run = %s", [run]).fetchone()


@pytest.mark.parametrize("application", ["persistent", "ephemeral"])
@pytest.mark.parametrize("kind", SILENT)
def test_a_job_that_was_left(shop, kind, application):
    """The next run ends it before it starts its own, and writes down how it ended and what it cost; then it is asked
    for no more."""
    env = {"BIKEOPS_EMR_APPLICATION": application}
    kept = {a["id"] for a in shop.apps()}
    run, name = left_behind(shop, kind, **env)
    shop.faults.ask("reset", {})
    got = shop.run("full", "--engine", "emr", env=env)
    left, job = shop.begun()
    assert f"Spark job {name}, which run {run} had left, is cancelled" in got.stderr
    assert [left["state"], job["state"]] == ["CANCELLED", "SUCCESS"] and left["endedAt"] < job["createdAt"]
    own = {job["applicationId"]} if application == "persistent" else set()
    assert {a["id"] for a in shop.apps()} == kept | own
    assert booked(shop, run) == (name, "CANCELLED", False)
    assert {c["what"] for c in shop.stack.json("cost", run)["costs"]} == {
        f"job {name} {of}" for of in ("vCPU", "memory", "storage")}
    shop.faults.ask("reset", {})
    shop.run("full", "--engine", "emr", env=env)
    assert not [entry for entry in shop.faults.seen() if name in entry["request"]]


@pytest.mark.parametrize("kind", sorted(LASTING.keys() & SILENT))
def test_no_job_beside_one(shop, kind):
    """While EMR says nothing of it, no other is started: the job is named, and how to end it; DuckDB goes on."""
    run, name = left_behind(shop, kind)
    got = shop.run("full", "--engine", "emr", status=3, env=ONCE)
    assert f"transform failed: Spark job {name} of run {run} may go on" in got.stderr
    assert LASTING[kind][0] in got.stderr and f"'bikeops emr cancel {name}' ends it" in got.stderr
    assert len(shop.begun()) == 1
    got = shop.run("full", "--engine", "duckdb", env=ONCE)
    assert f"Spark job {name} of run {run} may go on" in got.stderr
    shop.faults.ask("reset", {})
    shop.stack.run("run", "cancel", run).talk(f"Spark job {name}, which run {run} had left, is cancelled")
    assert booked(shop, run) == (name, "CANCELLED", False)
    shop.stack.run("run", "cancel", run, status=4).talk("does not run: it is cancelled")


def test_cancelled_while_it_waits(shop):
    """A job that stays CANCELLING holds back no cancel of the run that waits for its end."""
    _, name = left_behind(shop, "500")
    shop.faults.ask("reset", {})
    control(shop.emr, "fault", {"kind": "stuck"})
    child = shop.stack.start("run", "full", "--engine", "emr", env=ONCE)
    stacks.wait_until(lambda: shop.begun()[0]["state"] == "CANCELLING", 30, 0.05)
    shop.stack.run("run", "cancel", shop.newest()["run"][0]["run"]).quiet()
    _, err = child.communicate(timeout=30)
    control(shop.emr, "reset")
    assert child.returncode == 130 and f"waits for the end of Spark job {name}".encode() in err
    assert len(shop.begun()) == 1
    shop.run("full", "--engine", "emr")
    assert [job["state"] for job in shop.begun()] == ["CANCELLED", "SUCCESS"]


def test_a_job_whose_start_was_not_answered(shop):
    """It runs, and the run that started it never learned its id."""
    shop.rules(seconds=60)
    every_fault(shop.faults, CALLS["StartJobRun"], "lost", count=99)
    every_fault(shop.faults, CALLS["ListJobRuns"], "500", count=99)
    shop.run("full", "--engine", "emr", status=3, env=ONCE)
    job, = shop.begun()
    run = shop.newest()["run"][0]["run"]
    assert booked(shop, run) == (None, None, True)
    shop.faults.ask("reset", {})
    shop.rules()
    got = shop.run("full", "--engine", "emr")
    assert f"Spark job {job['jobRunId']}, which run {run} had left, is cancelled" in got.stderr
    assert [job["state"] for job in shop.begun()] == ["CANCELLED", "SUCCESS"]


def test_a_job_that_nobody_knows_any_more(shop):
    """It counts as ended."""
    run, name = left_behind(shop, "500")
    shop.faults.ask("reset", {})
    shop.faults.next(CALLS["ListJobRuns"], "error", status=404, code="ResourceNotFoundException", **JSON)
    shop.run("full", "--engine", "emr")
    assert len(met(shop.faults)) == 1 and booked(shop, run) == (name, None, False)
    shop.stack.run("emr", "cancel", name).talk("was asked to end")


# --- Redshift Serverless

@pytest.fixture(scope="module")
def s3(peer_dir):
    peer = conftest.Peer("s3.py", peer_dir / "faults-s3", *(word for b in BUCKETS.values()
                                                           for word in ("--bucket", b)))
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def redshift(peer_dir, s3):
    peer = Redshift(peer_dir / "faults-rs", s3.url)
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def proxy(peer_dir, redshift):
    proxy = conftest.Faults("faults.py", peer_dir / "faults-rs-api", "--to", redshift.api)
    yield proxy
    proxy.end()


@pytest.fixture(scope="module")
def stack(redshift, s3, proxy, peer_dir):
    stack = on_redshift(stacks.Stack("faults").up(), redshift, s3, BIKEOPS_WAREHOUSE_AUTH="iam",
                        AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS=proxy.url,
                        BIKEOPS_WAREHOUSE_DSN=f"host=127.0.0.1 port={redshift.port} dbname=dev")
    stack.run("setup", "--dataset", stacks.write_dataset(peer_dir / "faults-small", stacks.small_rows()),
              timeout=180).quiet()
    stack.run("run", "full", timeout=300).quiet()
    yield stack
    stack.end()


ACTIONS = {"GetCredentials": "Redshift credentials", "GetWorkgroup": "Redshift workgroup", "GetNamespace": "Redshift role"}


@pytest.fixture
def clean(proxy):
    proxy.ask("reset", {})
    return proxy


@pytest.mark.parametrize("kind", PASSING)
def test_redshift_once(stack, clean, kind):
    """Each action of a look at all, once: each check is ok."""
    for action in ACTIONS:
        every_fault(clean, f"RedshiftServerless.{action}$", kind)
    checks = {c["check"]: c for c in stack.json("doctor", status=None)["checks"]}
    assert {checks[name]["state"] for name in ACTIONS.values()} == {"ok"}
    assert len(met(clean)) == len(ACTIONS)


@pytest.mark.parametrize("kind", PASSING)
def test_a_login_once(stack, clean, kind):
    every_fault(clean, "RedshiftServerless.GetCredentials$", kind)
    every_fault(clean, "RedshiftServerless.GetWorkgroup$", kind)
    stack.run("run", "incremental").talk("nothing changed").quiet()
    assert len(met(clean)) == 2


@pytest.mark.parametrize("kind", LASTING)
def test_a_login_that_is_not_lent(stack, clean, kind):
    """The run fails before it did anything, and the next one goes."""
    every_fault(clean, "RedshiftServerless.GetCredentials$", kind, count=99)
    got = stack.run("run", "incremental", status=3, env={"AWS_MAX_ATTEMPTS": "1"}).quiet()
    assert LASTING[kind][0] in got.stderr
    clean.ask("reset", {})
    stack.run("run", "incremental").talk("nothing changed").quiet()


@pytest.mark.parametrize("kind", LASTING)
def test_a_price_that_is_not_told(stack, clean, kind):
    """A warning, and the run is as it was."""
    every_fault(clean, "RedshiftServerless.GetWorkgroup$", kind, count=99)
    stack.run("run", "incremental", env={"AWS_MAX_ATTEMPTS": "1"}).talk("what the warehouse cost is not known").quiet()
    assert stack.json("runs", "--limit", 1)["runs"][0]["state"] == "ok"


# --- STS

@pytest.fixture(scope="module")
def sts(peer_dir):
    peer = conftest.Peer("imds.py", peer_dir / "faults-sts")
    proxy = conftest.Faults("faults.py", peer_dir / "faults-sts-api", "--to", peer.url)
    yield proxy
    proxy.end()
    peer.end()


STS = {**{name: {**fault, "style": "xml"} if "style" in fault else fault for name, fault in PASSING.items()},
       "half": {"kind": "half"}}


@pytest.mark.parametrize("kind", STS)
def test_whose_the_credentials_are(stack, sts, kind):
    """GetCallerIdentity, by doctor."""
    sts.ask("reset", {})
    sts.ask("fault", {"match": "^POST /", **STS[kind]})
    keys = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), imds.LONG_TERM))
    checks = {c["check"]: c for c in stack.json("doctor", status=None, env={
        **keys, "AWS_ENDPOINT_URL_STS": sts.url})["checks"]}
    assert len(met(sts)) == 1
    row = next(c for c in checks.values() if "user/ops" in (c["value"] or ""))
    assert row["state"] == "ok", row


@pytest.mark.parametrize("kind", STS)
def test_a_role_is_assumed(stack, sts, kind):
    """AssumeRole, by a profile: its keys are used, once for all."""
    sts.ask("reset", {})
    sts.ask("fault", {"match": "^POST /", **STS[kind]})
    aws = stack.home / ".aws"
    aws.mkdir(exist_ok=True)
    (aws / "credentials").write_text("[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % imds.LONG_TERM)
    (aws / "config").write_text("[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = base\n")
    env = {"AWS_PROFILE": "ops", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL_STS": sts.url}
    checks = {c["check"]: c for c in stack.json("doctor", status=None, env=env)["checks"]}
    assert len(met(sts)) == 1
    row = checks["AWS credentials"]
    if kind == "expired":    # the keys of a file do not become better
        assert row["state"] == "fail" and "renew the credentials" in row["hint"], row
    else:
        assert row["state"] == "ok" and "role/ops" in row["value"], row
