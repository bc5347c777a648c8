"""Stand-ins of AWS for the session: each a program of its own that prints `ready port=N`."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import boto3
import botocore.config
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

import rds as rds_peer  # noqa: E402
import s3 as s3_peer  # noqa: E402
from stack import TEST_DIR, child_died_with_us  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAPEERPEERPEERPEER", "AWS_SECRET_ACCESS_KEY": "peer/secret+peer/secret",
        "AWS_REGION": "us-east-1"}


class Peer:
    """A stand-in at work; its own output goes to DIR/log."""

    def __init__(self, program, directory, *args, env=None):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.log = self.dir / "log"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, str(HERE / program), "--dir", str(self.dir), *map(str, args)],
                env={**os.environ, **KEYS, **(env or {})}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=child_died_with_us)
        self.words = dict(word.split("=", 1) for word in self.child.stdout.readline().split()[1:])
        if "port" not in self.words:
            raise AssertionError(f"{program} did not start:\n{self.log.read_text()}")
        self.port = int(self.words["port"])
        self.url = f"http://127.0.0.1:{self.words['port']}"

    def end(self):
        self.child.terminate()
        self.child.wait(30)


@pytest.fixture(scope="session")
def peer_dir():
    """Where the stand-ins of this session keep what they are told."""
    TEST_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="peers-", dir=TEST_DIR) as directory:
        os.chmod(directory, 0o755)    # a server that root starts runs as another
        yield pathlib.Path(directory)


BUCKETS = ("shop-source", "shop-raw", "shop-processed", "shop-log")


@pytest.fixture(scope="session")
def s3(peer_dir):
    peer = Peer("s3.py", peer_dir / "s3")
    yield peer
    peer.end()


# States that pass in tenths of a second, and logs that come every one.
QUICK = [word for delay in ("logs=1", "flush=1", "billed=1", "STARTING=0.3", "minute=5")
         for word in ("--delay", delay)]


@pytest.fixture(scope="session")
def emr(peer_dir, s3):
    """EMR Serverless with Spark, on that S3 server."""
    peer = Peer("emr.py", peer_dir / "emr", "--s3", s3.url, *QUICK)
    yield peer
    peer.end()


@pytest.fixture(scope="session", params=s3_peer.kinds())
def any_s3(request, peer_dir):
    """Each S3 server that there is, with four buckets."""
    names = [word for bucket in BUCKETS for word in ("--bucket", bucket)]
    peer = Peer("s3.py", peer_dir / request.param, "--kind", request.param, *names)
    peer.kind = request.param
    yield peer
    peer.end()


@pytest.fixture(scope="session")
def rds_server(any_s3):
    """RDS beside each S3 server, whose keys its roles have."""
    peer = Peer("rds.py", any_s3.dir / "rds")
    peer.s3 = any_s3
    yield peer
    peer.end()


@pytest.fixture
def rds(rds_server):
    """The same with an empty database, as it is on its first day."""
    rds = rds_peer.Rds(rds_server.dir, rds_server.port)
    rds.s3 = rds_server.s3
    rds.defaults = {"endpoint": rds.s3.url, "role_keys": [
        KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], None]}
    rds.control()
    with rds.admin("postgres") as conn:
        conn.execute("DROP DATABASE IF EXISTS bikestore WITH (FORCE)")
        conn.execute("CREATE DATABASE bikestore OWNER bikeops")
    return rds


class Faults(Peer):
    """The proxy that a test tells what to do to the requests that pass."""

    def ask(self, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(f"{self.url}/_peer/{path}", body, 10) as answer:
            return json.load(answer)

    def next(self, match, kind, **more):
        self.ask("fault", {"match": match, "kind": kind, **more})

    def seen(self):
        return self.ask("log")


@pytest.fixture(scope="session")
def any_faults(any_s3):
    proxy = Faults("faults.py", any_s3.dir / "faults", "--to", any_s3.url)
    yield proxy
    proxy.end()


def end_uploads(url):
    """Others leave some on purpose."""
    s3 = boto3.client("s3", endpoint_url=url, region_name=KEYS["AWS_REGION"],
                      config=botocore.config.Config(s3={"addressing_style": "path"}),
                      aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                      aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])
    for bucket in BUCKETS:
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


@pytest.fixture
def faults(any_faults, any_s3):
    """Before each S3 server, with nothing asked for yet."""
    any_faults.ask("reset", {})
    end_uploads(any_s3.url)
    return any_faults
