"""Signature Version 4, byte for byte as botocore has it, on requests that chance made."""

import datetime
import hashlib
import json
import os
import pathlib
import random
import subprocess
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

DRIVER = pathlib.Path(os.environ["BIKEOPS_BINARY"]).parent / "peers" / "aws_driver"
SEED, MANY = 20260715, 2000
NAMES = ["prefix", "list-type", "a b", "x=y", "ä", "uploads", "Prefix", "x/y", "~", "x+y", "%41", "é&"]
TEXTS = ["", "1", "a b", "a+b", "a%2Fb", "dag_id=x/run_id=manual__2026-11-22T23:39:00+00:00/1.log",
         "ü/ 日本", "*!'()", "~-_.", "&=?#", "\\\"'<>", "a//b/../c/./", ".", "..", "😀", "\x7f\x01"]
HEADERS = ["Content-Type", "X-Amz-Meta-Test", "x-amz-meta-test-two", "X-Amz-Meta-A", "range", "If-Match",
           "X-Amz-Target", "cache-control"]
VALUES = ["1", "a  b", " a \t b ", "bytes=0-9", "\"etag\"", "AWSEvents.Do", "x,y", "Content/Type; q=1"]
PATHS = ["/", "/a", "/a/b/", "//a//b", "/a/../b", "/./a", "/tags/arn%3Aaws%3Aemr%2Fx", "/a%20b/~c", "/..",
         "/a/.../b", "/x/%C3%BC"]


def recording(kind):
    """An authenticator that keeps what it signs."""
    class Recording(kind):
        def canonical_request(self, request):
            self.canonical = super().canonical_request(request)
            return self.canonical

        def signature(self, string_to_sign, request):
            self.to_sign, self.signed = string_to_sign, super().signature(string_to_sign, request)
            return self.signed
    return Recording


def make(chance, presigned):
    """One request, for us and for botocore."""
    s3 = chance.random() < 0.5
    names = chance.sample(NAMES, chance.randrange(5))
    query = [[name, chance.choice(TEXTS)] for name in names]
    if query and not presigned and chance.random() < 0.3:
        query += [[query[0][0], chance.choice(TEXTS)]]
    headers = [[name, chance.choice(VALUES)] for name in chance.sample(HEADERS, chance.randrange(5))]
    if headers and not presigned and chance.random() < 0.3:
        headers += [[headers[0][0].upper(), chance.choice(VALUES)]]
    case = {"op": "sign", "method": chance.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]),
            "service": "s3" if s3 else chance.choice(["sts", "emr-serverless", "secretsmanager"]),
            "region": chance.choice(["us-east-1", "ap-southeast-1"]),
            "host": chance.choice(["b.s3.us-east-1.amazonaws.com", "127.0.0.1:9000", "[::1]:8080"]),
            "id": "AKID", "secret": chance.choice(["wJalrXUtnFEMI/K7MDENG+bPxRfi", "s" * 90]),
            "token": chance.choice([None, "T/+=" * 40]), "query": query, "headers": headers,
            "time_us": chance.randrange(4 * 10 ** 9) * 1000000}
    if s3:
        case["key"] = "/".join(chance.choice(TEXTS) for _ in range(chance.randrange(4)))
    else:
        case["path"] = chance.choice(PATHS)
    if presigned:
        case["seconds"] = chance.randrange(1, 604800)
    body = bytes(chance.randrange(256) for _ in range(chance.choice([0, 0, 5, 100])))
    return case, b"" if presigned else body


def by_botocore(case, body, monkeypatch):
    now = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=case["time_us"])
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: now)
    s3, presigned = case["service"] == "s3", "seconds" in case
    path = "/" + urllib.parse.quote(case["key"], safe="/~") if s3 else case["path"]
    query = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in case["query"])
    request = botocore.awsrequest.AWSRequest(
        case["method"], f"http://{case['host']}{path}" + (f"?{query}" if query else ""), data=body)
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    keys = botocore.credentials.Credentials(case["id"], case["secret"], case["token"])
    kind = {(False, False): botocore.auth.SigV4Auth, (True, False): botocore.auth.S3SigV4Auth,
            (False, True): botocore.auth.SigV4QueryAuth,
            (True, True): botocore.auth.S3SigV4QueryAuth}[s3, presigned]
    more = {"expires": case["seconds"]} if presigned else {}
    auth = recording(kind)(keys, case["service"], case["region"], **more)
    request.context["payload_signing_enabled"] = True
    auth.add_auth(request)
    if s3 and presigned:
        case["sha256"] = "UNSIGNED-PAYLOAD"
    else:
        case["sha256"] = hashlib.sha256(body).hexdigest()
    if s3 and not presigned:
        case["headers"].append(["X-Amz-Content-SHA256", case["sha256"]])
    return auth, request


def quoted(text):
    return urllib.parse.quote(text, safe="-_.~")


def drive(cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    run = subprocess.run([DRIVER], input=lines, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("presigned", [False, True], ids=["header", "query"])
def test_as_botocore(presigned, monkeypatch):
    chance = random.Random(SEED + presigned)
    cases, wanted = [], []
    for _ in range(MANY):
        case, body = make(chance, presigned)
        wanted.append(by_botocore(case, body, monkeypatch))
        cases.append(case)
    got = drive(cases)
    assert len(got) == MANY
    for case, ours, (auth, request) in zip(cases, got, wanted):
        assert (ours["canonical"], ours["to_sign"], ours["signature"]) == (
            auth.canonical, auth.to_sign, auth.signed), case
        if presigned:
            query = urllib.parse.urlsplit(request.url).query
            assert sorted(ours["query"].split("&")) == sorted(query.split("&")), case
        else:
            assert ours["authorization"] == request.headers["Authorization"], case
