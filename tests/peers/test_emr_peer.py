"""The stand-in of EMR Serverless as boto3 sees it."""

import datetime
import gzip
import json
import time
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest

from conftest import KEYS, QUICK, Faults, Peer
from stack import processes_of

ROLE = "arn:aws:iam::123456789012:role/bikeops-emr-job"
BUCKET = "emr-jobs"
PROGRAMS = {
    "works": """
import sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("begins", sys.argv[1:], spark.conf.get("spark.sql.shuffle.partitions"), flush=True)
time.sleep(3)
spark.range(1000).repartition(2).write.mode("overwrite").parquet(sys.argv[1])
print("wrote", spark.read.parquet(sys.argv[1]).count(), flush=True)
spark.stop()
""",
    "fails": "import sys\nprint('no luck')\nsys.exit(3)\n",
    "sleeps": "import os, time\nprint('sleeps in', os.getcwd(), flush=True)\ntime.sleep(120)\n",
    "talks": "for n in range(6000): print('line', n, 'of a long tale')\n",
}


def client_of(peer, service="emr-serverless", **more):
    config = botocore.config.Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    return boto3.client(service, endpoint_url=peer.url, config=config, **{
        "region_name": KEYS["AWS_REGION"], "aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"], **more})


@pytest.fixture(scope="module")
def bucket(s3):
    """The programs of the jobs, and where logs go."""
    client = client_of(s3, "s3")
    client.create_bucket(Bucket=BUCKET)
    for name, text in PROGRAMS.items():
        client.put_object(Bucket=BUCKET, Key=f"{name}.py", Body=text.encode())
    return client


@pytest.fixture
def client(emr, bucket):
    control(emr, "reset", {})
    return client_of(emr)


def control(peer, path, data=None):
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(f"{peer.url}/_peer/{path}", body, 10) as answer:
        return json.load(answer)


def application(client, **more):
    made = client.create_application(**{"name": "bikes", "releaseLabel": "emr-7.1.0", "type": "SPARK", **more})
    return made["applicationId"]


def start(client, app, program, *arguments, parameters="--conf spark.executor.instances=2", **more):
    request = {
        "applicationId": app, "executionRoleArn": ROLE, "name": program,
        "jobDriver": {"sparkSubmit": {"entryPoint": f"s3://{BUCKET}/{program}.py",
                                      "entryPointArguments": list(arguments),
                                      "sparkSubmitParameters": parameters}},
        "configurationOverrides": {"monitoringConfiguration": {
            "s3MonitoringConfiguration": {"logUri": f"s3://{BUCKET}/logs/"}}}, **more}
    return client.start_job_run(**request)["jobRunId"]


def wait(get, *states, seconds=240):
    """The states that were passed."""
    seen = []
    end = time.monotonic() + seconds
    while not seen or seen[-1] not in states:
        assert time.monotonic() < end, seen
        state = get()["state"]
        if state not in seen:
            seen.append(state)
        time.sleep(0.02)
    return seen


def job(client, app, run, **more):
    return client.get_job_run(applicationId=app, jobRunId=run, **more)["jobRun"]


def wait_job(client, app, run, *states, **more):
    return wait(lambda: job(client, app, run), *states or ("SUCCESS", "FAILED", "CANCELLED"), **more)


def wait_app(client, app, *states):
    return wait(lambda: client.get_application(applicationId=app)["application"], *states)


def log(bucket, app, run, name, prefix=""):
    try:
        item = bucket.get_object(Bucket=BUCKET, Key=f"logs/applications/{app}/jobs/{run}/{prefix}{name}")
    except bucket.exceptions.NoSuchKey:
        return None
    return gzip.decompress(item["Body"].read()).decode()


def until(get, seconds=60):
    end = time.monotonic() + seconds
    while not (found := get()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def refused(code, status, call, **given):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**given)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"] == code
    return answer["Error"]["Message"]


# --- applications

def test_the_life_of_an_application(client):
    app = application(client, tags={"team": "bikes"})
    assert wait_app(client, app, "CREATED") == ["CREATING", "CREATED"]
    client.update_application(applicationId=app, maximumCapacity={"cpu": "8vCPU", "memory": "32GB"})
    client.start_application(applicationId=app)
    refused("ValidationException", 400, client.delete_application, applicationId=app)
    assert wait_app(client, app, "STARTED") == ["STARTING", "STARTED"]
    says = refused("ValidationException", 400, client.update_application, applicationId=app)
    assert "Current status: STARTED" in says
    client.stop_application(applicationId=app)
    assert wait_app(client, app, "STOPPED")[-1] == "STOPPED"
    found = client.get_application(applicationId=app)["application"]
    assert found["maximumCapacity"]["cpu"] == "8vCPU" and found["type"] == "Spark"
    listed = client.list_applications(states=["STOPPED"])["applications"]
    assert app in [each["id"] for each in listed]
    client.tag_resource(resourceArn=found["arn"], tags={"a": "b"})
    client.untag_resource(resourceArn=found["arn"], tagKeys=["team"])
    assert client.list_tags_for_resource(resourceArn=found["arn"])["tags"] == {"a": "b"}
    client.delete_application(applicationId=app)
    assert client.get_application(applicationId=app)["application"]["state"] == "TERMINATED"
    assert app not in [each["id"] for each in client.list_applications()["applications"]]


def test_pages(client):
    made = {application(client) for _ in range(3)}
    found, token = [], {}
    while True:
        page = client.list_applications(maxResults=2, **token)
        assert len(page["applications"]) <= 2
        found += [each["id"] for each in page["applications"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert made <= set(found) and len(found) == len(set(found))
    refused("ValidationException", 400, client.list_applications, nextToken="nonsense")


def test_an_idle_application_stops(client):
    app = application(client, autoStopConfiguration={"enabled": True, "idleTimeoutMinutes": 1},
                      autoStartConfiguration={"enabled": False})
    wait_app(client, app, "CREATED")
    with pytest.raises(client.exceptions.ValidationException):
        start(client, app, "works")
    client.start_application(applicationId=app)
    began = time.monotonic()
    assert wait_app(client, app, "STOPPED")[-2:] == ["STOPPING", "STOPPED"]
    assert time.monotonic() - began > 5


# --- jobs

def test_a_job_to_its_success_with_its_logs(client, bucket):
    app = application(client)
    run = start(client, app, "works", f"s3://{BUCKET}/numbers",
                parameters="--conf spark.executor.cores=4 --conf spark.executor.memory=14g "
                           "--conf spark.sql.shuffle.partitions=3")
    assert wait_job(client, app, run, "RUNNING") == ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING"]
    early = until(lambda: log(bucket, app, run, "SPARK_DRIVER/stdout.gz"))
    assert early == f"begins ['s3://{BUCKET}/numbers'] 3\n"
    refused("ValidationException", 400, client.stop_application, applicationId=app)
    assert wait_job(client, app, run) == ["RUNNING", "SUCCESS"]
    done = job(client, app, run)
    assert "billedResourceUtilization" not in done and done["totalExecutionDurationSeconds"] > 1
    assert until(lambda: job(client, app, run).get("billedResourceUtilization"))["vCPUHour"] > 0
    until(lambda: "wrote 1000\n" in log(bucket, app, run, "SPARK_DRIVER/stdout.gz"))
    assert "INFO SparkContext: Running Spark version 3.5" in log(bucket, app, run, "SPARK_DRIVER/stderr.gz")
    assert "Executor: Finished task" in log(bucket, app, run, "SPARK_EXECUTOR/1/stderr.gz")
    listed = client.list_job_runs(applicationId=app, states=["SUCCESS"])["jobRuns"]
    assert [each["id"] for each in listed] == [run]
    assert "authToken=" in client.get_dashboard_for_job_run(applicationId=app, jobRunId=run)["url"]
    wait_app(client, app, "STOPPED", "STARTED")
    with pytest.raises(client.exceptions.ValidationException):
        client.cancel_job_run(applicationId=app, jobRunId=run)


def test_cancel_kills_and_others_wait(emr, client):
    app = application(client, schedulerConfiguration={"maxConcurrentRuns": 1})
    run = start(client, app, "sleeps")
    wait_job(client, app, run, "RUNNING")
    second = start(client, app, "works", f"s3://{BUCKET}/never")
    wait_job(client, app, second, "QUEUED")
    until(lambda: b"sleeps" in (emr.dir / f"jobs/{run}/1/stdout").read_bytes())
    assert processes_of(emr.dir / "jobs" / run)
    client.cancel_job_run(applicationId=app, jobRunId=second)
    assert client.cancel_job_run(applicationId=app, jobRunId=run)["jobRunId"] == run
    client.cancel_job_run(applicationId=app, jobRunId=run)
    assert wait_job(client, app, run)[-1] == "CANCELLED"
    assert wait_job(client, app, second)[-1] == "CANCELLED"
    until(lambda: not processes_of(emr.dir / "jobs" / run))


def test_a_job_fails_at_its_last_attempt(client, bucket):
    app = application(client)
    run = start(client, app, "fails", retryPolicy={"maxAttempts": 2})
    assert wait_job(client, app, run)[-1] == "FAILED"
    assert "ExitCode: 3" in job(client, app, run)["stateDetails"]
    attempts = client.list_job_run_attempts(applicationId=app, jobRunId=run)["jobRunAttempts"]
    assert [(each["attempt"], each["state"]) for each in attempts] == [(1, "FAILED"), (2, "FAILED")]
    assert job(client, app, run, attempt=1)["attempt"] == 1 and job(client, app, run)["attempt"] == 2
    for number in (1, 2):
        until(lambda: log(bucket, app, run, "SPARK_DRIVER/stdout.gz", f"attempts/{number}/") == "no luck\n")
    refused("ResourceNotFoundException", 404, client.get_job_run, applicationId=app, jobRunId=run, attempt=3)
    missing = start(client, app, "is-not-there")
    assert wait_job(client, app, missing)[-1] == "FAILED"
    assert "is-not-there.py: NoSuchKey" in job(client, app, missing)["stateDetails"]


def test_a_token_names_one_request(client):
    app = application(client, clientToken="one-application")
    assert application(client, clientToken="one-application") == app
    with pytest.raises(client.exceptions.ConflictException):
        application(client, clientToken="one-application", name="other")
    run = start(client, app, "fails", clientToken="run-1.a1")
    assert start(client, app, "fails", clientToken="run-1.a1") == run
    with pytest.raises(client.exceptions.ConflictException) as caught:
        start(client, app, "fails", "other", clientToken="run-1.a1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert [each["id"] for each in client.list_job_runs(applicationId=app)["jobRuns"]] == [run]
    client.cancel_job_run(applicationId=app, jobRunId=run)


@pytest.mark.parametrize("code, status, call, given", [
    ("ResourceNotFoundException", 404, "get_application", {"applicationId": "00fnone"}),
    ("ResourceNotFoundException", 404, "start_application", {"applicationId": "00fnone"}),
    ("ValidationException", 400, "get_application", {"applicationId": "No.Id"}),
    ("ValidationException", 400, "create_application",
     {"type": "SPARK", "releaseLabel": "emr-7.1.0", "clientToken": "no token!"}),
    ("ValidationException", 400, "create_application", {"type": "SPARK", "releaseLabel": "seven"}),
    ("ValidationException", 400, "list_applications", {"maxResults": 51}),
    ("ValidationException", 400, "list_applications", {"states": ["BUSY"]}),
])
def test_refuses_what_the_model_forbids(client, code, status, call, given):
    assert refused(code, status, getattr(client, call), **given)


# --- who asks

@pytest.mark.parametrize("what, code, says", [
    ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException", "does not match"),
    ({"aws_access_key_id": "AKIANOBODY"}, "UnrecognizedClientException", "is invalid"),
    ({"aws_session_token": "none was given"}, "UnrecognizedClientException", "is invalid"),
    ({"region_name": "eu-west-1"}, "InvalidSignatureException", "scoped to a valid region"),
])
def test_refuses_whom_it_does_not_know(emr, what, code, says):
    assert says in refused(code, 403, client_of(emr, **what).list_applications)


@pytest.mark.parametrize("seconds", [-310, 310])
def test_refuses_a_clock_that_is_wrong(client, monkeypatch, seconds):
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime",
                        lambda *args, **more: now(*args, **more) + datetime.timedelta(seconds=seconds))
    assert "Signature " in refused("InvalidSignatureException", 403, client.list_applications)


def test_refuses_a_body_that_was_not_signed(emr):
    signed = {"type": "SPARK", "releaseLabel": "emr-7.1.0", "clientToken": "x1"}
    request = botocore.awsrequest.AWSRequest("POST", f"{emr.url}/applications", data=json.dumps(signed),
                                             headers={"Content-Type": "application/json"})
    keys = botocore.credentials.Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    botocore.auth.SigV4Auth(keys, "emr-serverless", KEYS["AWS_REGION"]).add_auth(request)
    sent = urllib.request.Request(request.url, json.dumps({**signed, "clientToken": "x2"}).encode(),
                                  dict(request.headers.items()), method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(sent)
    assert caught.value.code == 403
    unsigned = urllib.request.Request(f"{emr.url}/applications")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(unsigned)
    assert caught.value.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


# --- what goes wrong

def test_faults_that_are_asked_for(emr, client):
    control(emr, "fault", {"kind": "throttle", "match": "ListApplications", "count": 2})
    control(emr, "fault", {"kind": "expired", "match": "^Create"})
    control(emr, "fault", {"kind": "error", "match": "GetApplication", "status": 503, "code": "ServiceUnavailable"})
    for _ in range(2):
        refused("ThrottlingException", 429, client.list_applications)
    assert client.list_applications()["applications"] is not None
    refused("ExpiredTokenException", 403, client.create_application, type="SPARK", releaseLabel="emr-7.1.0")
    app = application(client)
    refused("ServiceUnavailable", 503, client.get_application, applicationId=app)
    control(emr, "fault", {"kind": "fail", "text": "vCPU limit of the account was exceeded"})
    run = start(client, app, "works", f"s3://{BUCKET}/never")
    assert wait_job(client, app, run)[-1] == "FAILED"
    assert "vCPU limit" in job(client, app, run)["stateDetails"]
    control(emr, "fault", {"kind": "stuck"})
    run = start(client, app, "works", f"s3://{BUCKET}/never")
    client.cancel_job_run(applicationId=app, jobRunId=run)
    time.sleep(1)
    assert job(client, app, run)["state"] == "CANCELLING"
    control(emr, "reset", {})
    assert wait_job(client, app, run)[-1] == "CANCELLED"
    assert ("ListApplications", 429, "ThrottlingException") in [
        (call["op"], call["status"], call["code"]) for call in control(emr, "log")]


@pytest.fixture
def own(s3, bucket, tmp_path):
    """A stand-in of a test's own, which it may start again."""
    peers = []

    def begin(*args, env=None):
        peers.append(Peer("emr.py", tmp_path / "emr", "--s3", s3.url, *QUICK, *args, env=env))
        return peers[-1]

    yield begin
    for peer in peers:
        peer.end()


def test_throttles_as_the_quotas_say(own):
    client = client_of(own("--throttle", env={"AWS_SESSION_TOKEN": "ours"}), aws_session_token="ours")
    app = application(client)
    for _ in range(25):
        client.list_job_runs(applicationId=app)
    refused("ThrottlingException", 429, client.list_job_runs, applicationId=app)
    assert client.get_application(applicationId=app)
    time.sleep(1.1)
    assert client.list_job_runs(applicationId=app)["jobRuns"] == []


def test_a_restart_keeps_what_it_knew_and_logs_are_rotated(own, bucket):
    peer = own("--rotate", 65536)
    client = client_of(peer)
    app = application(client, clientToken="kept")
    run = start(client, app, "talks")
    wait_job(client, app, run, "RUNNING")
    peer.end()
    assert not processes_of(peer.dir / "jobs")
    client = client_of(own("--rotate", 65536))
    assert application(client, clientToken="kept") == app
    assert wait_job(client, app, run)[-1] == "SUCCESS"
    told = "".join(f"line {n} of a long tale\n" for n in range(6000))
    pieces = until(lambda: log(bucket, app, run, "SPARK_DRIVER/archived/stdout_1.gz") and [
        log(bucket, app, run, f"SPARK_DRIVER/{name}") for name in
        ("archived/stdout_0.gz", "archived/stdout_1.gz", "stdout.gz")])
    assert told.endswith("".join(pieces)[-1000:]) and all(len(piece) <= 65536 for piece in pieces)
    assert all(piece.endswith("\n") for piece in pieces)


def test_a_lost_answer_and_the_same_request_again(client, emr, peer_dir):
    proxy = Faults("faults.py", peer_dir / "emr-faults", "--to", emr.url)
    try:
        app = application(client)
        proxy.next(r"POST /applications/\w+/jobruns$", "lost")
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            start(client_of(proxy), app, "fails", clientToken="lost-1")
        run = start(client_of(proxy), app, "fails", clientToken="lost-1")
    finally:
        proxy.end()
    assert [each["id"] for each in client.list_job_runs(applicationId=app)["jobRuns"]] == [run]
    client.cancel_job_run(applicationId=app, jobRunId=run)
