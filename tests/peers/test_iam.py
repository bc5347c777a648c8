"""deploy/iam under evaluation: the shipped policies are enough, none too wide, and what lacks is named."""

import re

import boto3
import botocore.config
import pytest

import aws as account_of
import iam_actions
import rds as rds_peer
import stack as stacks
from aws_stack import AwsStack
from test_aws import small  # noqa: F401

HOST, JOB, COPY = "bikeops", "emr-job", "redshift-copy"
EXPORT, IMPORT = "rds-export", "rds-import"

# What the services' pages ask for, and no stand-in does.
DOCUMENTED = {
    (JOB, "List", "arn:aws:s3:::bikeops-source"),           # emr: security-iam-runtime-role
    (JOB, "WriteStaging", "s3:AbortMultipartUpload"),       # S3A, of a part that failed
    (COPY, "List", "s3:ListBucket"),                        # redshift: loading-data-access-permissions
    (COPY, "List", "arn:aws:s3:::bikeops-processed"),
    (EXPORT, "Write", "s3:AbortMultipartUpload"),           # rds: postgresql-s3-export-access-bucket
    (IMPORT, "List", "s3:ListBucket"),                      # rds: USER_PostgreSQL.S3Import.ARNRole
    (IMPORT, "List", "arn:aws:s3:::bikeops-source"),
}


@pytest.mark.parametrize("request_line, headers, needs", [
    ("GET /b?list-type=2&prefix=a%2Fb", {}, [("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "a/b"})]),
    ("HEAD /b", {}, [("s3:ListBucket", "arn:aws:s3:::b", {})]),
    ("GET /b?uploads&prefix=x", {}, [("s3:ListBucketMultipartUploads", "arn:aws:s3:::b", {"s3:prefix": "x"})]),
    ("GET /b?location", {}, [("s3:GetBucketLocation", "arn:aws:s3:::b", {})]),
    ("HEAD /b/a%2Bb/c", {}, [("s3:GetObject", "arn:aws:s3:::b/a+b/c", {})]),
    ("GET /b/k?uploadId=u", {}, [("s3:ListMultipartUploadParts", "arn:aws:s3:::b/k", {})]),
    ("POST /b/k?uploads", {}, [("s3:PutObject", "arn:aws:s3:::b/k", {})]),
    ("PUT /b/k?partNumber=1&uploadId=u", {}, [("s3:PutObject", "arn:aws:s3:::b/k", {})]),
    ("DELETE /b/k?uploadId=u", {}, [("s3:AbortMultipartUpload", "arn:aws:s3:::b/k", {})]),
    ("DELETE /b/k", {}, [("s3:DeleteObject", "arn:aws:s3:::b/k", {})]),
    ("PUT /b/k", {"x-amz-copy-source": "/a/x%20y"}, [("s3:GetObject", "arn:aws:s3:::a/x y", {}),
                                                    ("s3:PutObject", "arn:aws:s3:::b/k", {})]),
    ("PUT /b", {}, None),
])
def test_actions(request_line, headers, needs):
    """Amazon S3 User Guide: using-with-s3-policy-actions, mpuoverview (permissions)."""
    assert iam_actions.s3(*request_line.split(" "), headers) == needs


class Iam(AwsStack):
    """The profile of docs/aws.md: no password but the ledger's."""

    def up(self):
        super().up()
        self.server = rds_peer.Rds(self.account.dir / "rds", int(self.account.rds))
        with self.server.admin() as conn:
            conn.execute("GRANT rds_iam TO bikeops")
        self.set(source_auth="iam", source_dsn=self.server.dsn("bikeops", None), warehouse_auth="iam",
                 warehouse_dsn=f"host=127.0.0.1 port={self.account.redshift} dbname=dev")
        return self

    def change_a_row(self):
        with self.server.admin() as conn:
            conn.execute("UPDATE store.customers SET city = left(md5(random()::text), 20) WHERE customer_id = '1'")

    def lacks(self, name, action):
        """Nobody with this policy may do that."""
        principals = account_of.principals()
        who = next(who for who in principals.values() if who["name"] == name)
        left = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in who["policy"]["Statement"]]
        who["policy"]["Statement"] = [s for s in left if s["Action"]]
        self.account.iam.write(principals)

    def used(self):
        lines = (self.account.dir / "iam.json.used").read_text().splitlines()
        return {tuple(line.split(" ", 3)) for line in lines}


@pytest.fixture(scope="module")
def aws():
    stack = Iam("iam")
    try:
        yield stack.up()
    finally:
        stack.end()


def checks(aws, *args, status=None):
    found = aws.run("doctor", *args, "--output", "json", status=status).quiet().json()["checks"]
    return {row["check"]: row for row in found}


@pytest.fixture(scope="module")
def loaded(aws, small):
    """By Spark; all that follows is on top of it."""
    aws.run("setup", "--dataset", small).quiet()
    aws.run("run", "full", timeout=300).quiet()
    return aws


def test_enough(loaded):
    """Every command, under exactly the shipped policies."""
    aws = loaded
    stacks.wait_until(lambda: any("bikeops: done" in row["message"] for row in
                                  aws.json("logs", "2", "driver")["logs"]), 30, 1)
    done, = aws.json("emr", "jobs")["jobs"]
    aws.json("emr", "job", done["job"])
    aws.change_a_row()
    aws.set(emr_application="ephemeral")
    child = aws.start("run", "incremental")
    stacks.wait_until(lambda: len(aws.json("emr", "jobs")["jobs"]) > 1, 60, 0.2)
    job, = (job["job"] for job in aws.json("emr", "jobs")["jobs"] if job["job"] != done["job"])
    aws.run("emr", "cancel", job).quiet()
    assert child.wait(120) != 0
    child.communicate()
    aws.run("emr", "stop", done["application"]).quiet()
    assert len(aws.json("emr", "apps")["applications"]) == 1    # the other is deleted
    aws.set(engine="duckdb", emr_application="persistent")
    aws.run("run", "incremental").quiet()
    assert {row["break"] for row in aws.json("counts", "--live")["counts"]} == {"ok"}
    assert aws.json("cost")
    found = checks(aws, "--write-test", status=0)
    assert {row["state"] for row in found.values()} <= {"ok", "warn"}


def test_objects(loaded):
    aws, big = loaded, loaded.dir / "big"
    big.write_bytes(b"big" * (8 << 20))
    aws.run("s3", "put", big, "raw/big").quiet()
    aws.run("s3", "get", "raw/big", aws.dir / "got").quiet()
    assert (aws.dir / "got").read_bytes() == big.read_bytes()
    assert "manifest.json" in aws.run("s3", "ls", "--recursive", "raw").stdout
    assert aws.run("s3", "cat", "log/run-log/2/publish.a1.log").stdout
    client(aws, "s3").create_multipart_upload(Bucket="bikeops-raw", Key="half")
    assert "half" in aws.run("s3", "rm", "--uploads", "raw/half").quiet().stdout


# --- what lacks is named

def client(aws, service):
    """The host's."""
    env = aws.account.env
    return boto3.client(service, endpoint_url=env[f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"],
                        region_name=account_of.REGION, aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(s3={"addressing_style": "path"}))


@pytest.fixture(scope="module")
def application(loaded):
    """One of ours that does not start by itself."""
    return client(loaded, "emr-serverless").create_application(
        name="own", releaseLabel="emr-7.1.0", type="SPARK", autoStartConfiguration={"enabled": False})["applicationId"]


DOCTOR = ("doctor",)
WRITES = ("doctor", "--write-test")
RUN = ("run", "incremental")
ON_SPARK = {"engine": "emr", "emr_application": "OWN"}

# Whose policy lacks what: what is run, under which settings.
LACKS = {
    (HOST, "s3:ListBucket"): (DOCTOR, {}),
    (HOST, "s3:ListBucketMultipartUploads"): (DOCTOR, {}),
    (HOST, "s3:GetObject"): (("s3", "cat", "log/run-log/2/publish.a1.log"), {}),
    (HOST, "s3:PutObject"): (WRITES, {}),
    (HOST, "s3:DeleteObject"): (WRITES, {}),
    (HOST, "s3:AbortMultipartUpload"): (("s3", "rm", "--uploads", "raw/half"), {}),
    (HOST, "emr-serverless:ListApplications"): (DOCTOR, {}),
    (HOST, "emr-serverless:GetApplication"): (DOCTOR, {}),
    (HOST, "emr-serverless:CreateApplication"): (RUN, {"engine": "emr", "emr_application": "ephemeral"}),
    (HOST, "emr-serverless:StartApplication"): (RUN, ON_SPARK),
    (HOST, "emr-serverless:StartJobRun"): (RUN, ON_SPARK),
    (HOST, "iam:PassRole"): (RUN, ON_SPARK),
    (HOST, "emr-serverless:StopApplication"): (("emr", "stop", "OWN"), {}),
    (HOST, "emr-serverless:ListJobRuns"): (("emr", "jobs"), {}),
    (HOST, "emr-serverless:GetJobRun"): (("emr", "job", "JOB"), {}),
    (HOST, "emr-serverless:ListJobRunAttempts"): (("emr", "job", "JOB"), {}),
    (HOST, "redshift-serverless:GetWorkgroup"): (DOCTOR, {}),
    (HOST, "redshift-serverless:GetNamespace"): (DOCTOR, {}),
    (HOST, "redshift-serverless:GetCredentials"): (DOCTOR, {}),
    (HOST, "rds-db:connect"): (DOCTOR, {}),
    (JOB, "s3:GetObject"): (RUN, ON_SPARK),
    (JOB, "s3:PutObject"): (RUN, ON_SPARK),
    (JOB, "s3:DeleteObject"): (RUN, ON_SPARK),
    (JOB, "s3:ListBucket"): (RUN, ON_SPARK),
    (EXPORT, "s3:PutObject"): (RUN, {}),
    (IMPORT, "s3:GetObject"): (("setup", "--recreate", "--dataset", "SMALL"), {}),
    (COPY, "s3:GetObject"): (RUN, {}),
}


@pytest.fixture
def small_change(loaded, application):
    """Something to load; afterwards the policies are whole, and a run ends what one left."""
    aws = loaded
    aws.change_a_row()
    aws.set(engine="duckdb", emr_application="persistent")
    yield {"OWN": application, "SMALL": str(aws.dir / "small"), "JOB": aws.json("emr", "jobs")["jobs"][0]["job"]}
    aws.account.iam.write(account_of.principals())
    aws.set(engine="duckdb", emr_application="persistent")


@pytest.mark.parametrize("name, action", LACKS)
def test_it_is_named(loaded, small_change, name, action):
    aws, (argv, settings) = loaded, LACKS[name, action]
    aws.set(**{key: small_change.get(value, value) for key, value in settings.items()})
    if "--uploads" in argv:
        client(aws, "s3").create_multipart_upload(Bucket="bikeops-raw", Key="half")
    aws.lacks(name, action)
    got = aws.run(*(small_change.get(word, word) for word in argv), status=None).quiet()
    print(got.stdout[:6000], got.stderr)
    assert got.status != 0
    assert re.search(rf"(allow|needs?) .*{action}", got.stdout + got.stderr)


def test_each_is_tried():
    shipped = {(who["name"], a) for who in account_of.principals().values()
               for s in who["policy"]["Statement"] for a in s["Action"]}
    free = {row[::2] for row in DOCUMENTED if row[2].startswith("s3:")} - set(LACKS)
    assert shipped == set(LACKS) | free | {(HOST, "emr-serverless:DeleteApplication"),
                                           (HOST, "emr-serverless:CancelJobRun")}


# Whose role trusts a service no longer: what is run, and what it says.
UNTRUSTED = {JOB: (ON_SPARK, "the trust policy of emr_role_arn must name emr-serverless"),
             EXPORT: ({}, "Has the IAM role .* been associated with the feature-name \"s3Export\""),
             COPY: ({}, "is not authorized to assume IAM Role")}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_untrusted(loaded, small_change, name):
    aws, (settings, says) = loaded, UNTRUSTED[name]
    aws.set(**{key: small_change.get(value, value) for key, value in settings.items()})
    principals = account_of.principals()
    for who in principals.values():
        if who["name"] == name:
            who["trust"]["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    aws.account.iam.write(principals)
    assert re.search(says, aws.run(*RUN, status=None).quiet().stderr)


def test_nothing_is_half_done(loaded):
    loaded.set(engine="duckdb")
    loaded.run("run", "incremental").quiet()
    assert {row["break"] for row in loaded.json("counts", "--live")["counts"]} == {"ok"}


def test_none_too_wide(loaded):
    """After the tests above: each action and each resource of each statement was needed."""
    used = loaded.used()
    unused = set()
    for who in account_of.principals().values():
        for s in who["policy"]["Statement"]:
            name = (who["name"], s["Sid"])
            unused |= {(*name, a) for a in s["Action"] if not any(u[:3] == (*name, a) for u in used)}
            unused |= {(*name, r) for r in s["Resource"] if not any(u[:2] == name and u[3] == r for u in used)}
    assert unused == DOCUMENTED
