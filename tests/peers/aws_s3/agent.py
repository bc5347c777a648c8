"""What RDS does outside its PostgreSQL when aws_s3 is called: parts, uploads, downloads, refusals.

One JSON object a line on a Unix socket, from aws_s3--1.2.sql. What it should do wrong, and all
else that may change while the peer runs, stands in control.json (tests/peers/rds.py lists it).
Texts and limits: RDS user guide, postgresql-s3-export-functions, postgresql-s3-export-examples,
postgresql-s3-export-access-bucket, USER_PostgreSQL.S3Import.Reference."""

import gzip
import json
import os
import pathlib
import re
import socketserver
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from iam import Iam  # noqa: E402

SYSTEM_ERROR = "58000"


class Refused(Exception):
    def __init__(self, message, detail=None, hint=None, sqlstate=SYSTEM_ERROR):
        self.failure = {"message": message, "detail": detail, "hint": hint, "sqlstate": sqlstate}


def no_role(feature):
    return Refused("credentials stored with the database instance can't be accessed",
                   hint=f"Has the IAM role Amazon Resource Name (ARN) been associated with the feature-name "
                        f"\"{feature}\"?", sqlstate="22023")


def records(path, csv):
    """The file's records, each with its line end; a line end inside quotes is part of a value."""
    held = b""
    with open(path, "rb") as file:
        for line in file:
            held += line
            if not csv or held.count(b'"') % 2 == 0:
                yield held
                held = b""
    if held:
        yield held


def cut(path, limit, csv, header, header_per_part):
    """The parts of a file, at whole records; each but the last reaches limit bytes."""
    parts, part, first = [], b"", None
    for record in records(path, csv):
        if header and first is None:
            first = record
        elif len(part) >= limit:
            parts.append(part)
            part = first if header and header_per_part else b""
        part += record
    return [*parts, part]


class Agent:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.lock = threading.Lock()

    def control(self):
        return json.loads((self.directory / "control.json").read_text())

    def fault(self, op, key):
        """The fault that this call meets, counted down."""
        with self.lock:
            control = self.control()
            for fault in control["faults"]:
                if fault["op"] == op and re.search(fault.get("match", ""), key) and fault["times"]:
                    fault["times"] -= 1
                    write_control(self.directory, control)
                    return fault["kind"]
        return None

    def client(self, control, feature, keys=None):
        access, secret, token = keys or self.role_keys(control, feature)
        return boto3.client(
            "s3", endpoint_url=control["endpoint"], region_name=control["region"],
            aws_access_key_id=access, aws_secret_access_key=secret, aws_session_token=token,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))

    def role_keys(self, control, feature):
        """With IAM those of the feature's own role, which must trust this instance."""
        if not control["iam"]:
            return control["role_keys"]
        keys = Iam(control["iam"], control["region"]).role_keys(
            control["roles"][feature], "rds.amazonaws.com", control["arn"])
        if not keys:
            raise no_role(feature)
        return *keys, None

    def allowed(self, control, feature, region, keys=None):
        """A role per feature (postgresql-s3-export-access-bucket), the instance's own region."""
        if not keys and feature not in control["roles"]:
            raise no_role(feature)
        if region and region != control["region"]:
            raise Refused("could not upload to Amazon S3" if feature == "s3Export" else
                          "could not download from Amazon S3",
                          f"the bucket's region must be {control['region']}, that of the DB instance")

    def may_export(self, q):
        self.allowed(self.control(), "s3Export", q["region"])
        return {}

    def export(self, q):
        control = self.control()
        fault = self.fault("export", q["key"])
        parts = cut(q["path"], control["part_bytes"], q["csv"], q["header"],
                    control["header_per_part"])
        s3 = self.client(control, "s3Export")
        if fault == "hang":
            time.sleep(3600)
        for i, part in enumerate(parts):
            if fault == "half" and i == len(parts) // 2:
                s3.create_multipart_upload(Bucket=q["bucket"], Key=q["key"])
            if fault in ("slowdown", "denied") or fault == "half" and i == len(parts) // 2:
                raise Refused("could not upload to Amazon S3", {
                    "slowdown": "Amazon S3 client returned 'Please reduce your request rate.'.",
                    "denied": "Amazon S3 client returned 'Access Denied'.",
                    "half": "Amazon S3 client returned 'curlCode: 28, Timeout was reached'."}[fault])
            key = q["key"] + (f"_part{i + 1}" if i else "")
            try:
                s3.put_object(Bucket=q["bucket"], Key=key, Body=part)
            except (ClientError, BotoCoreError) as e:
                text = e.response["Error"]["Message"] if isinstance(e, ClientError) else str(e)
                raise Refused("could not upload to Amazon S3",
                              f"Amazon S3 client returned '{text}'.") from e
        if fault == "stale":    # as an earlier export of more parts would have left it
            s3.put_object(Bucket=q["bucket"], Key=f"{q['key']}_part{len(parts) + 1}", Body=b"old\n")
        return {"files": len(parts), "bytes": sum(map(len, parts))}

    def import_(self, q):
        control = self.control()
        self.allowed(control, "s3Import", q["region"], q["keys"])
        if self.fault("import", q["key"]):
            raise Refused("could not download from Amazon S3",
                          "Amazon S3 client returned 'Please reduce your request rate.'.")
        try:
            got = self.client(control, "s3Import", q["keys"]).get_object(Bucket=q["bucket"], Key=q["key"])
            body = got["Body"].read()
        except (ClientError, BotoCoreError) as e:
            text = e.response["Error"]["Message"] if isinstance(e, ClientError) else str(e)
            raise Refused("could not download from Amazon S3",
                          f"Amazon S3 client returned '{text}'.") from e
        if not body:
            raise Refused("file is empty", f"{q['key']} holds no bytes", sqlstate="22P04")
        if got.get("ContentEncoding") == "gzip":
            data = gzip.decompress(body)
        else:
            data = body
        path = self.directory / "exports" / f"import-{threading.get_ident()}-{time.monotonic_ns()}"
        path.write_bytes(data)
        path.chmod(0o644)
        return {"path": str(path), "bytes": len(body)}

    def forget(self, q):
        path = pathlib.Path(q["path"])
        if path.parent == self.directory / "exports":
            path.unlink()
        return {}

    def answer(self, question):
        ops = {"may_export": self.may_export, "export": self.export, "import": self.import_,
               "forget": self.forget}
        try:
            return ops[question["op"]](question)
        except Refused as e:
            return {"error": e.failure}

    def serve(self):
        agent = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                answer = agent.answer(json.loads(self.rfile.readline()))
                try:
                    self.wfile.write(json.dumps(answer).encode() + b"\n")
                except OSError:
                    pass    # the session was cancelled meanwhile

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        path = self.directory / "agent.sock"
        server = Server(str(path), Handler)
        os.chmod(path, 0o666)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def write_control(directory, control):
    new = pathlib.Path(directory) / "control.json.new"
    new.write_text(json.dumps(control))
    new.replace(pathlib.Path(directory) / "control.json")
