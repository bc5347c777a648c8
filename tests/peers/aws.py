#!/usr/bin/env python3
"""The services of an AWS account on one machine: STS, S3, RDS, EMR Serverless, Redshift Serverless.

usage: aws.py --dir DIR --bikeops PROGRAM [--profile NAME]

Starts each stand-in and an embedded stack for the ledger, all below DIR, and serves until it is ended.
Writes DIR/bikeops.conf (section [profile NAME]) and DIR/env, a file for a shell to read: keys and
endpoints.  Prints `ready conf=.. env=..`.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import rds  # noqa: E402
from iam import ACCOUNT, Iam  # noqa: E402
from imds import LONG_TERM  # noqa: E402

BUCKETS = {name: f"bikeops-{name}" for name in ("source", "raw", "processed", "log")}
REGION = "us-east-1"
WORKGROUP = "bikeops"
DB_ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:bikestore"
DB_RESOURCE = "db-PEER"
# Role -> its policy and trust policy of deploy/iam.
ROLES = {"bikeops-job": ("emr-job", "emr-job-trust"), "bikeops-export": ("rds-export", "rds-trust"),
         "bikeops-import": ("rds-import", "rds-trust"), "bikeops-copy": ("redshift-copy", "redshift-trust")}
NAMES = {"PREFIX": "bikeops", "REGION": REGION, "ACCOUNT": ACCOUNT, "DB_NAME": "bikestore",
         "DB_RESOURCE_ID": DB_RESOURCE, "WORKGROUP_ID": "0f5b9c1e-peer", "NAMESPACE_ID": "0f5b9c1e-peer"}


def role_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def policy(name):
    """Of deploy/iam, with this account's names for the words in capitals."""
    text = (HERE.parents[1] / f"deploy/iam/{name}.json").read_text()
    return json.loads(re.sub(r"\b(" + "|".join(NAMES) + r")\b", lambda m: NAMES[m[0]], text))


def principals():
    """The host, who has long-term keys, and the roles that services take: as docs/aws.md makes them."""
    found = {LONG_TERM[0]: {"secret": LONG_TERM[1], "arn": f"arn:aws:iam::{ACCOUNT}:user/ops", "name": "bikeops",
                            "policy": policy("bikeops")}}
    for role, (name, trust) in ROLES.items():
        key = f"AKIA{name.upper().replace('-', '')}"
        found[key] = {"secret": f"secret/of+{name}", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/service",
                      "name": name, "policy": policy(name), "role": role_arn(role), "trust": policy(trust)}
    return found


ENDS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def hear_the_end():
    """A child must not inherit that we take these by sigwait."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


class Account:
    """The stand-ins at work; end() ends them."""

    def __init__(self, directory, program):
        self.dir = pathlib.Path(directory).resolve()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)    # a server that root starts runs as another
        self.program = str(pathlib.Path(program).resolve())
        self.children = []
        self.changed = {}
        self.iam = Iam(self.dir / "iam.json", REGION)
        self.iam.write(principals())
        self.env = {"AWS_ACCESS_KEY_ID": LONG_TERM[0], "AWS_SECRET_ACCESS_KEY": LONG_TERM[1],
                    "AWS_REGION": REGION,
                    "AWS_EC2_METADATA_DISABLED": "true", "BIKEOPS_HOME": str(self.dir / "stack")}

    def peer(self, name, *args):
        """Start one; what its ready line says."""
        with open(self.dir / f"{name}.log", "ab") as log:
            child = subprocess.Popen(
                [sys.executable, str(HERE / f"{name}.py"), "--dir", str(self.dir / name), *map(str, args)],
                env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, text=True, preexec_fn=hear_the_end)
        self.children.append(child)
        line = child.stdout.readline()
        if not line.startswith("ready "):
            raise SystemExit(f"{name} did not start; {self.dir / name}.log says why")
        return dict(word.split("=", 1) for word in line.split()[1:])

    def bikeops(self, *args):
        return subprocess.run([self.program, *args], env={**os.environ, **self.env}, check=True,
                              stdout=subprocess.PIPE, text=True, preexec_fn=hear_the_end).stdout

    def start(self):
        buckets = [word for bucket in BUCKETS.values() for word in ("--bucket", bucket)]
        s3 = "http://127.0.0.1:" + self.peer("s3", "--iam", self.iam.path, *buckets)["port"]
        s3 = "http://127.0.0.1:" + self.peer("s3_guard", "--to", s3, "--iam", self.iam.path)["port"]
        self.env["AWS_ENDPOINT_URL_S3"] = s3
        self.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:" + self.peer("imds")["port"]
        self.rds = self.peer("rds")["port"]
        emr = self.peer("emr", "--s3", s3, "--iam", self.iam.path, "--region", REGION, "--delay", "logs=3")["port"]
        self.env["AWS_ENDPOINT_URL_EMR_SERVERLESS"] = f"http://127.0.0.1:{emr}"
        redshift = self.peer("redshift", "--s3-endpoint", s3, "--region", REGION, "--workgroup", WORKGROUP,
                             "--role-arn", role_arn("bikeops-copy"), "--iam", self.iam.path)
        self.redshift = redshift["port"]
        self.env["AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS"] = f"http://127.0.0.1:{redshift['api']}"
        self.give_roles(s3)
        self.bikeops("local", "up")
        words = shlex.split(self.bikeops("local", "env"))
        self.ledger = dict(word.split("=", 1) for word in words if "=" in word)["BIKEOPS_LEDGER_DSN"]
        return self

    def give_roles(self, s3):
        server = rds.Rds(self.dir / "rds", int(self.rds))
        server.control(endpoint=s3, region=REGION, iam=str(self.iam.path), arn=DB_ARN, resource=DB_RESOURCE,
                       roles={"s3Export": role_arn("bikeops-export"), "s3Import": role_arn("bikeops-import")})
        with server.admin("postgres") as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'bikestore'").fetchone():
                conn.execute("CREATE DATABASE bikestore OWNER bikeops")
        self.source_dsn = server.dsn()

    def settings(self):
        """What the profile says; a test changes some of it."""
        return {
            "source": "aws_s3", "source_dsn": self.source_dsn,
            "lake": "s3", "lake_dir": str(self.dir / "lake"),
            **{f"{name}_bucket": bucket for name, bucket in BUCKETS.items()},
            "region": REGION,
            "engine": "emr", "emr_application": "persistent", "emr_role_arn": role_arn("bikeops-job"),
            "warehouse": "redshift",
            "warehouse_dsn": f"host=127.0.0.1 port={self.redshift} dbname=dev user=admin password=Secret1!",
            "redshift_workgroup": WORKGROUP, "redshift_role_arn": role_arn("bikeops-copy"),
            "ledger_dsn": self.ledger,
        }

    def write(self, profile):
        conf, env = self.dir / "bikeops.conf", self.dir / "env"
        for path in (conf, env):
            path.touch(0o600)
        conf.write_text(f"[profile {profile}]\n" + "".join(
            f"{name} = {value}\n" for name, value in {**self.settings(), **self.changed}.items()))
        env.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.env.items()))
        return conf, env

    def end(self):
        if hasattr(self, "ledger"):
            with contextlib.suppress(subprocess.CalledProcessError):
                self.bikeops("local", "down")
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(30)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--bikeops", required=True)
    parser.add_argument("--profile", default="aws")
    args = parser.parse_args()
    account = Account(args.dir, args.bikeops)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        account.start()
        conf, env = account.write(args.profile)
        print(f"ready conf={conf} env={env}", flush=True)
        signal.sigwait(ENDS)
    finally:
        account.end()


if __name__ == "__main__":
    main()
