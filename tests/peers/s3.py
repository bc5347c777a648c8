#!/usr/bin/env python3
"""An S3 server in a folder that verifies signatures: s3proxy (Java) or versitygw (Go).

usage: s3.py --dir DIR [--kind s3proxy|versitygw] [--port N] [--bucket NAME]... [--iam FILE]

The credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with s3proxy also those of iam.py's FILE,
whose policies s3_guard.py knows. Makes the buckets, prints
`ready port=N` and ends its server when it is told to or when its parent is gone.
"""

import argparse
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import boto3
import botocore.config

from iam import Iam

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bikeops"
JAR = CACHE / "jars/s3proxy-4.1.0-jar-with-dependencies.jar"
VERSITYGW = CACHE / "bin/versitygw-1.8.0"
REGION = "us-east-1"
S3PROXY = """\
s3proxy.authorization=aws-v4
s3proxy.endpoint=http://127.0.0.1:{port}
s3proxy.identity={key}
s3proxy.credential={secret}
jclouds.provider=filesystem-nio2
jclouds.identity=x
jclouds.credential=x
jclouds.filesystem.basedir={data}
jclouds.region={region}
"""


def kinds():
    """Those whose program is there: s3proxy needs Java alone, versitygw was built by Go."""
    return [kind for kind, there in (("s3proxy", JAR.is_file() and shutil.which("java")),
                                     ("versitygw", VERSITYGW.is_file())) if there]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_s3proxy(args, port, key, secret):
    keys = {key: secret}
    if args.iam:
        keys |= {key: who["secret"] for key, who in Iam(args.iam, REGION).principals().items()}
    argv = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-jar", str(JAR)]
    for key, secret in keys.items():
        conf = args.dir / f"s3proxy-{key}.conf"
        conf.touch(mode=0o600)
        conf.write_text(S3PROXY.format(port=port, key=key, secret=secret, data=args.dir / "data",
                                       region=REGION))
        argv += ["--properties", str(conf)]
    return subprocess.Popen(argv, stdout=sys.stderr, preexec_fn=die_with_parent)


def start_versitygw(args, port, key, secret):
    argv = [str(VERSITYGW), "--port", f"127.0.0.1:{port}", "--region", REGION,
            "--iam-dir", str(args.dir / "iam"), "--keep-alive", "--quiet", "posix", str(args.dir / "data")]
    env = {**os.environ, "ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret}
    return subprocess.Popen(argv, stdout=sys.stderr, env=env, preexec_fn=die_with_parent)


def answers(child, port, seconds=60):
    end = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def make_buckets(port, key, secret, names):
    config = botocore.config.Config(s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION,
                          aws_access_key_id=key, aws_secret_access_key=secret, config=config)
    there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for name in names:
        if name not in there:
            client.create_bucket(Bucket=name)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--kind", choices=("s3proxy", "versitygw"), default="s3proxy")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bucket", action="append", default=[])
    parser.add_argument("--iam", type=pathlib.Path)
    args = parser.parse_args()
    if args.kind not in kinds():
        sys.exit(f"s3.py: {args.kind} is not there: run 'make deps-peers'")
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    args.dir = args.dir.resolve()
    for name in ("data", "iam"):
        (args.dir / name).mkdir(parents=True, exist_ok=True)

    parent = os.getppid()
    die_with_parent()
    if os.getppid() != parent:
        sys.exit(1)
    start = {"s3proxy": start_s3proxy, "versitygw": start_versitygw}[args.kind]
    for _ in range(3):    # another may take a free port between our look and the server's
        port = args.port or free_port()
        child = start(args, port, key, secret)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        if answers(child, port):
            break
    else:
        sys.exit(f"s3.py: {args.kind} does not start")
    make_buckets(port, key, secret, args.bucket)
    print(f"ready port={port}", flush=True)
    child.wait()


if __name__ == "__main__":
    main()
