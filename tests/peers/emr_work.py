"""What an application of the EMR stand-in does with one attempt at a job: Spark itself, and its logs.

Spark runs as local[2]; of its settings those about workers (cores, memory, instances) have no meaning
here and are left out, all others hold.  Its executor lives in the driver's JVM: SPARK_EXECUTOR/1 has
those lines of the driver's stderr that the executor logged.
"""

import ctypes
import gzip
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import boto3
import botocore.config
import botocore.exceptions

import spark

OF_WORKERS = re.compile(r"spark\.(master|submit\.|driver\.(cores|memory)|executor\.|dynamicAllocation\."
                        r"|emr-serverless\.|executorEnv\.)")
OF_EXECUTOR = re.compile(rb"^\S+ \S+ (?:INFO|WARN|ERROR) Executor: .*\n?", re.MULTILINE)


class BadJob(Exception):
    """Why a job cannot be submitted to Spark."""


def parameters(text):
    """sparkSubmitParameters: settings, and the words that are passed on."""
    settings, words = {}, []
    given = iter(shlex.split(text or ""))
    for word in given:
        if word == "--conf":
            name, _, value = next(given, "").partition("=")
            settings[name] = value
        elif word in ("--py-files", "--files", "--jars", "--name", "--properties-file"):
            words += [word, next(given, "")]
        elif word in ("--driver-memory", "--driver-cores", "--executor-memory", "--executor-cores",
                      "--num-executors", "--class"):
            next(given, "")
        else:
            raise BadJob(f"unknown parameter {word}")
    return settings, words


def spark_settings(overrides):
    """jobs-spark: applicationConfiguration's spark-defaults, below sparkSubmitParameters."""
    found = {}
    for configuration in overrides.get("applicationConfiguration", []):
        if configuration["classification"] == "spark-defaults":
            found.update(configuration.get("properties", {}))
    return found


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Bucket:
    """Under the keys of the job's role, or those of the environment."""

    def __init__(self, url, region, key=None, secret=None):
        config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
        self.client = boto3.client("s3", endpoint_url=url, region_name=region, config=config,
                                   aws_access_key_id=key, aws_secret_access_key=secret)
        self.env = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret} if key else {}

    @staticmethod
    def split(uri):
        bucket, _, key = re.sub(r"^s3a?://", "", uri).partition("/")
        return bucket, key

    def get(self, uri):
        bucket, key = self.split(uri)
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def put(self, uri, data):
        bucket, key = self.split(uri)
        self.client.put_object(Bucket=bucket, Key=key, Body=data)


class Attempt:
    """One spark-submit, from its start to the last of its logs in S3."""

    def __init__(self, directory, bucket, s3_url, request, log_uri, rotate_bytes,
                 job_command=None):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.bucket, self.s3_url, self.request = bucket, s3_url, request
        self.log_uri, self.rotate_bytes = log_uri, rotate_bytes
        self.job_command = job_command
        self.child = None
        self.sent = {}       # log -> (bytes archived, pieces, bytes of the current piece)

    def start(self):
        submit = self.request["jobDriver"]["sparkSubmit"]
        settings, words = parameters(submit.get("sparkSubmitParameters"))
        settings = {**spark_settings(self.request.get("configurationOverrides", {})), **settings}
        settings = {name: value for name, value in settings.items() if not OF_WORKERS.match(name)}
        program = self.dir / "program.py"
        try:
            program.write_bytes(self.bucket.get(submit["entryPoint"]))
        except botocore.exceptions.ClientError as e:
            raise BadJob(f"{submit['entryPoint']}: {e.response['Error']['Code']}") from e
        argv = spark.command(program, *submit.get("entryPointArguments", []),
                             settings={**settings, **spark.s3_settings(self.s3_url)})
        argv[1:1] = words
        if self.job_command:
            argv = [sys.executable, self.job_command, self.s3_url, *submit.get("entryPointArguments", [])]
        with open(self.dir / "stdout", "ab") as out, open(self.dir / "stderr", "ab") as err:
            self.child = subprocess.Popen(argv, env=spark.environment({**os.environ, **self.bucket.env}), cwd=self.dir, stdout=out, stderr=err,
                                          stdin=subprocess.DEVNULL, start_new_session=True,
                                          preexec_fn=die_with_parent)

    def status(self):
        """Exit status, or None while it runs."""
        return self.child.poll() if self.child else None

    def kill(self, how=signal.SIGKILL):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, how)

    def say(self, text):
        """Spark was not even started."""
        with open(self.dir / "stderr", "a") as log:
            log.write(text + "\n")

    def last_words(self):
        """The last exceptions, as stateDetails quote them."""
        text = self.text("stderr").decode(errors="replace")
        found = re.findall(r"^(?:bikeops: error: .*|Caused by: .*|.*Exception.*|.*Error: .*)$", text, re.MULTILINE)
        return "; ".join(found[-2:])

    # --- logs

    def text(self, name):
        path = self.dir / name
        return path.read_bytes() if path.is_file() else b""

    def logs(self):
        err = self.text("stderr")
        yield "SPARK_DRIVER", "stdout", self.text("stdout")
        yield "SPARK_DRIVER", "stderr", err
        ran = b"".join(OF_EXECUTOR.findall(err))
        if ran:
            yield "SPARK_EXECUTOR/1", "stdout", b""
            yield "SPARK_EXECUTOR/1", "stderr", ran

    def send_logs(self):
        """rotating-logs: <name>.gz is written anew; what is older is in archived/<name>_<index>.gz."""
        if not self.log_uri:
            return
        for worker, name, text in self.logs():
            archived, pieces, current = self.sent.get((worker, name), (0, 0, -1))
            while len(text) - archived > self.rotate_bytes:
                cut = text.rfind(b"\n", archived, archived + self.rotate_bytes) + 1
                cut = cut or archived + self.rotate_bytes
                self.put(f"{worker}/archived/{name}_{pieces}.gz", text[archived:cut])
                archived, pieces, current = cut, pieces + 1, -1
            if len(text) - archived != current:
                self.put(f"{worker}/{name}.gz", text[archived:])
            self.sent[worker, name] = (archived, pieces, len(text) - archived)

    def put(self, name, text):
        self.bucket.put(f"{self.log_uri}/{name}", gzip.compress(text, 6))
