"""`bikeops s3` against each S3 server, through the proxy of faults; boto3 tells what is there."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import boto3
import botocore.config
import jsonschema
import pytest

import conftest
import stack as stacks

RAW, LOG = "shop-raw", "shop-log"
MIB = 1 << 20
PART = 8 * MIB
SCHEMAS = stacks.ROOT / "tests/cli/schemas"
ODD_KEYS = [
    "a b", "a+b", "a%20b", "a&b=c;d", "a?b#c", "a'\"b", "a\\b", "a<b>c", "caf\u00e9",
    "cafe\u0301", "\U0001f6b2/\u81ea\u8ee2\u8eca.csv", "dag_id=x/run_id=m__2026-11-22T23:39:00+00:00/1.log",
    "a*b[c]{d}", "a|b^c`d", "a,b:c@d!$()", "~a-b_c.d", "a  b", " a",
]


class Bench:
    """The program with a bucket to itself, and boto3 beside it."""

    def __init__(self, faults):
        config = botocore.config.Config(s3={"addressing_style": "path"})
        self.faults = faults
        self.stack = stacks.Stack("s3")
        self.stack.env |= {**conftest.KEYS, "AWS_ENDPOINT_URL": faults.url}
        self.dir = self.stack.dir
        self.s3 = boto3.client("s3", endpoint_url=faults.url, region_name="us-east-1", config=config,
                               aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                               aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"])

    def run(self, *args, **more):
        return self.stack.run("s3", *args, **more)

    def json(self, *args):
        data = json.loads(self.run(*args, "--output", "json").stdout)
        schema = json.loads((SCHEMAS / (data["schema"].split(".")[1].split("/")[0] + ".json")).read_text())
        jsonschema.validate(data, schema, cls=jsonschema.Draft202012Validator)
        return next(value for name, value in data.items() if name != "schema")

    def cat(self, place):
        out, err = self.stack.start("s3", "cat", place).communicate(timeout=120)
        assert not err, err
        return out

    def file(self, name, size):
        """Bytes that no two places share."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(size, name))
        return path

    def keys(self, bucket=RAW):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [o["Key"] for page in pages for o in page.get("Contents", [])]

    def uploads(self):
        return self.s3.list_multipart_uploads(Bucket=RAW).get("Uploads", [])

    def read(self, key, bucket=RAW):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def clear(self):
        for bucket in (RAW, LOG):
            for key in self.keys(bucket):
                self.s3.delete_object(Bucket=bucket, Key=key)
        for upload in self.uploads():
            self.s3.abort_multipart_upload(Bucket=RAW, Key=upload["Key"], UploadId=upload["UploadId"])


def content(size, seed):
    out = bytearray()
    while len(out) < size:
        out += hashlib.shake_128(f"{seed}{len(out)}".encode()).digest(min(size - len(out), MIB))
    return bytes(out)


@pytest.fixture
def bench(faults):
    bench = Bench(faults)
    yield bench
    faults.ask("reset", {})
    bench.clear()
    bench.stack.check_talk()
    bench.stack.end()


# --- what is well

@pytest.mark.parametrize("size", [0, 1, PART, 2 * PART, 2 * PART + 1, 3 * PART + 5])
def test_up_and_down(bench, size):
    """In one piece and in parts; each side also against what boto3 wrote and reads."""
    path = bench.file("up", size)
    got = bench.json("put", path, f"s3://{RAW}/x/")
    assert (got[0]["objects"], got[0]["moved_bytes"]) == (1, size)
    assert bench.read("x/up") == path.read_bytes()
    bench.run("get", f"s3://{RAW}/x/up", "down")
    assert (bench.dir / "down").read_bytes() == path.read_bytes()
    assert bench.cat(f"s3://{RAW}/x/up") == path.read_bytes()
    bench.s3.put_object(Bucket=RAW, Key="theirs", Body=path.read_bytes())
    bench.run("get", f"s3://{RAW}/theirs", "down")
    assert (bench.dir / "down").read_bytes() == path.read_bytes()
    parts = [e for e in bench.faults.seen() if "partNumber" in e["request"]]
    assert len(parts) == (0 if size <= 2 * PART else -(-size // PART))
    assert not bench.uploads()


def test_odd_keys(bench):
    """Written, listed in pages of three, read and removed."""
    path = bench.file("f", 10)
    for key in ODD_KEYS:
        bench.run("put", path, f"s3://{RAW}/{key}")
    assert sorted(bench.keys()) == sorted(ODD_KEYS)
    listed = bench.json("ls", f"s3://{RAW}", "--recursive", "--page-size", 3)
    assert [row["key"] for row in listed] == sorted(ODD_KEYS, key=str.encode)
    assert len([e for e in bench.faults.seen() if "max-keys=3" in e["request"]]) >= 6
    for key in ODD_KEYS:
        assert bench.cat(f"s3://{RAW}/{key}") == path.read_bytes()
    bench.run("put", f"s3://{RAW}/{ODD_KEYS[10]}", f"s3://{LOG}/x/")
    assert bench.read("x/" + ODD_KEYS[10].split("/")[1], LOG) == path.read_bytes()
    removed = bench.json("rm", f"s3://{RAW}/", "--recursive")
    assert len(removed) == len(ODD_KEYS) and bench.keys() == []


def test_folders(bench):
    for key in ("a/1", "a/2", "a/b/3", "c"):
        bench.s3.put_object(Bucket=RAW, Key=key, Body=b"xy")
    top = bench.json("ls", f"s3://{RAW}", "--page-size", 1)
    assert [(row["key"], row["size_bytes"]) for row in top] == [("a/", None), ("c", 2)]
    assert [row["key"] for row in bench.json("ls", f"s3://{RAW}/a/")] == ["a/1", "a/2", "a/b/"]
    assert bench.json("ls", f"s3://{RAW}/zzz") == []


def test_a_tree_there_and_back(bench):
    for i in range(30):
        bench.file(f"tree/d{i % 3}/f {i}", i * 1000)
    bench.file("tree/big", 2 * PART + 1)
    (bench.dir / "tree/link").symlink_to("big")
    planned = bench.json("put", "tree", f"s3://{RAW}/t", "--recursive", "--dry-run")
    assert len(planned) == 31 and bench.keys() == []
    bench.stack.results[-1].talk("'tree/link' is left out: it is no file")
    bench.run("put", "tree", f"s3://{RAW}/t", "--recursive").talk("left out")
    assert bench.json("get", f"s3://{RAW}/t", "back", "--recursive", "--dry-run")[0]["from"] == \
        f"s3://{RAW}/t/big"
    assert not (bench.dir / "back").exists()
    got = bench.json("get", f"s3://{RAW}/t", "back", "--recursive")
    assert got[0]["objects"] == 31
    (bench.dir / "tree/link").unlink()
    assert tree(bench.dir / "tree") == tree(bench.dir / "back")


def tree(directory):
    return {str(path.relative_to(directory)): path.read_bytes()
            for path in directory.rglob("*") if path.is_file()}


def test_a_key_that_leads_out(bench):
    """What others wrote decides no path."""
    # a server on folders may refuse such a key, and a bucket has others that lead nowhere
    for key in ("t//x", "t/ok"):
        with contextlib.suppress(bench.s3.exceptions.ClientError):
            bench.s3.put_object(Bucket=RAW, Key=key, Body=b"x")
    if "t//x" in bench.keys():
        bench.run("get", f"s3://{RAW}/t", "out", "--recursive", status=1).talk(
            "'s3://shop-raw/t//x' is no name of a file", "get it alone")
        assert not (bench.dir / "out").exists()
    else:
        bench.run("get", f"s3://{RAW}/t", "out", "--recursive")
        assert sorted(tree(bench.dir / "out")) == sorted(k.removeprefix("t/") for k in bench.keys())


def test_racing_creates(bench):
    """Of sixteen exactly one, whole; in one piece and in parts."""
    for size in (1000, 2 * PART + 1):
        paths = [bench.file(f"r{i}", size) for i in range(16 if size < PART else 4)]
        children = [bench.stack.start("s3", "put", "--no-clobber", str(p), f"s3://{RAW}/race{size}")
                    for p in paths]
        results = [(child.communicate(timeout=120), child.returncode) for child in children]
        assert sorted(status for _, status in results) == [0] + [1] * (len(paths) - 1), results
        winner = paths[[status for _, status in results].index(0)]
        assert bench.read(f"race{size}") == winner.read_bytes()
        assert all(b"is already there" in err for (_, err), status in results if status)
    assert not bench.uploads()


# --- what passes

STEPS = [
    # what is broken, on the way of which command
    ("PUT .*/one", "put one"), ("HEAD .*/there", "get there"), ("GET .*/there", "get there"),
    ("GET .*list-type", "ls"), ("POST .*uploads=", "put big"), ("PUT .*partNumber=2", "put big"),
    ("POST .*uploadId=", "put big"), ("DELETE .*/there", "rm there"), ("POST .*delete=", "rm all"),
    ("PUT .*/copy", "copy"),
]
FAULTS = {
    "500": ("error", {"status": 500, "code": "InternalError"}),
    "SlowDown": ("error", {"status": 503, "code": "SlowDown"}),
    "RequestTimeout": ("error", {"status": 400, "code": "RequestTimeout"}),
    "reset": ("reset", {"bytes": 100}),
    "lost": ("lost", {}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0])
def test_a_fault_that_passes(bench, step, fault):
    """Whatever fails once, the work is done, once and whole."""
    match, command = step
    kind, more = FAULTS[fault]
    bench.s3.put_object(Bucket=RAW, Key="there", Body=b"x" * 1000)
    bench.faults.next(match, kind, **more)
    do(bench, command)
    assert [e["fault"] for e in bench.faults.seen() if e["fault"]] == [kind]


def do(bench, command):
    """One command, and that its work is done."""
    if command == "put one":
        path = bench.file("one", 1000)
        bench.run("put", "--no-clobber", path, f"s3://{RAW}/one")
        assert bench.read("one") == path.read_bytes()
    elif command == "get there":
        bench.run("get", f"s3://{RAW}/there", "down")
        assert (bench.dir / "down").read_bytes() == b"x" * 1000
    elif command == "ls":
        assert [row["key"] for row in bench.json("ls", f"s3://{RAW}")] == ["there"]
    elif command == "put big":
        path = bench.file("big", 2 * PART + 1)
        bench.run("put", "--no-clobber", path, f"s3://{RAW}/big")
        assert bench.read("big") == path.read_bytes()
    elif command == "copy":
        bench.run("put", f"s3://{RAW}/there", f"s3://{RAW}/copy")
        assert bench.read("copy") == b"x" * 1000
    else:
        bench.s3.put_object(Bucket=RAW, Key="there2", Body=b"x")
        bench.run("rm", f"s3://{RAW}/there", *(["--recursive"] if command == "rm all" else []))
        assert bench.keys() == ([] if command == "rm all" else ["there2"])


@pytest.mark.parametrize("match, command", [("POST .*uploadId=", "put big"), ("PUT .*/copy", "copy")])
def test_an_error_within_a_success(bench, match, command):
    """S3 answers 200 while it still works, and may then fail."""
    bench.s3.put_object(Bucket=RAW, Key="there", Body=b"x" * 1000)
    bench.faults.next(match, "error", status=200, code="InternalError")
    do(bench, command)
    assert "error" in [e["fault"] for e in bench.faults.seen()]


@pytest.mark.parametrize("status, code", [(404, "NoSuchUpload"), (412, "PreconditionFailed")])
def test_its_own_work_is_known(bench, status, code):
    """The answer was lost, and S3 forgets an upload that became an object; or nothing became it."""
    fault = {"kind": "error", "status": status, "code": code, "match": "POST .*uploadId="}
    bench.faults.next("POST .*uploadId=", "lost")
    bench.faults.next(**fault)
    do(bench, "put big")
    bench.clear()
    bench.faults.next(**fault)
    got = bench.run("put", "--no-clobber", bench.dir / "big", f"s3://{RAW}/big", status=1)
    got.talk(code if status == 404 else "is already there")
    assert bench.keys() == [] and bench.uploads() == []


def test_whose_work_it_is_remains_unknown(bench):
    """Its answer was lost, and then S3 does not tell: that is the error, not an object of another."""
    for size, match in (1000, "PUT .*/f"), (2 * PART + 1, "POST .*uploadId="):
        bench.faults.next(match, "lost")
        bench.faults.next(match, "error", status=412, code="PreconditionFailed")
        bench.faults.next("HEAD .*/f", "error", status=503, code="SlowDown", count=9)
        got = bench.run("put", "--no-clobber", bench.file("f", size), f"s3://{RAW}/f", status=3)
        got.talk("cannot look at 's3://shop-raw/f': tried 3 times .*: SlowDown")
        bench.faults.ask("reset", {})
        bench.clear()


def test_a_broken_stream_goes_on(bench):
    """With what is still missing, of the same version; in each request of a big object."""
    data = content(3 * PART, "s")
    bench.s3.put_object(Bucket=RAW, Key="s", Body=data)
    for _ in range(2):
        bench.faults.next("GET .*/s$", "half", bytes=3 * MIB)
    assert bench.cat(f"s3://{RAW}/s") == data
    asked = [e["headers"] for e in bench.faults.seen() if e["request"] == f"GET /{RAW}/s"]
    assert [h.get("range") for h in asked] == [
        f"bytes={n * MIB}-{3 * PART - 1}" for n in (0, 3, 6)]
    assert len({h["if-match"] for h in asked}) == 1
    bench.faults.next("GET .*/s$", "half", count=4)
    bench.run("get", f"s3://{RAW}/s", "down")
    assert (bench.dir / "down").read_bytes() == data


def test_replaced_while_it_is_read(bench):
    """No mixture of two versions, and the file that was there stays."""
    bench.s3.put_object(Bucket=RAW, Key="s", Body=content(3 * PART, "old"))
    bench.faults.next("GET .*/s$", "slow", rate=8 * MIB, count=9)
    (bench.dir / "down").write_bytes(b"before")
    child = bench.stack.start("s3", "get", f"s3://{RAW}/s", "down", "--parallel", "1")
    stacks.wait_until(lambda: [e for e in bench.faults.seen() if e["request"].startswith("GET")], 20)
    bench.s3.put_object(Bucket=RAW, Key="s", Body=content(3 * PART, "new"))
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1 and b"it was replaced meanwhile" in err
    assert (bench.dir / "down").read_bytes() == b"before"
    assert [p.name for p in bench.dir.glob("down*")] == ["down"]


def test_a_wrong_clock(bench):
    """This machine's is 20 minutes late: it is corrected, and told."""
    env = {"LD_PRELOAD": stacks.FAKETIME, "FAKETIME": "-20m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    got = bench.run("put", bench.file("f", 10), f"s3://{RAW}/f", env=env)
    got.talk(r"the clock of this machine and that of s3 differ by 1(199|200|201) s")
    assert bench.keys() == ["f"]


# --- what does not pass

def test_a_part_that_is_refused(bench):
    """The upload ends: no object, no parts."""
    bench.faults.next("PUT .*partNumber=2", "error", status=403, code="AccessDenied", count=9)
    bench.run("put", bench.file("big", 4 * PART), f"s3://{RAW}/big", status=3).talk(
        "AccessDenied", "does not allow it")
    assert bench.keys() == [] and bench.uploads() == []


def test_a_service_that_stays_down(bench):
    bench.faults.next("PUT .*/f", "error", status=503, code="SlowDown", count=99)
    got = bench.run("put", bench.file("f", 10), f"s3://{RAW}/f", status=None).talk("SlowDown")
    assert got.status in (1, 3) and bench.keys() == []


def test_cancel(bench):
    """Within a second or so, though all hangs; the upload is taken away."""
    bench.faults.next("PUT .*partNumber=", "hang", count=99)
    child = bench.stack.start("s3", "put", str(bench.file("big", 6 * PART)), f"s3://{RAW}/big")
    stacks.wait_until(lambda: sum("partNumber" in e["request"] for e in bench.faults.seen()) == 6, 20)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130 and time.monotonic() - began < 2
    assert bench.keys() == [] and bench.uploads() == []


def test_killed(bench):
    """Nothing half; the upload that is left shows, and can be ended."""
    bench.faults.next("PUT .*partNumber=4", "hang", count=99)
    child = bench.stack.start("s3", "put", str(bench.file("big", 6 * PART)), f"s3://{RAW}/big")
    stacks.wait_until(lambda: len([e for e in bench.faults.seen() if e["status"]]) == 6, 20)
    child.kill()
    child.communicate()
    assert bench.keys() == []
    left = bench.json("ls", f"s3://{RAW}", "--uploads")
    assert [row["key"] for row in left] == ["big"]
    assert bench.json("rm", f"s3://{RAW}/", "--uploads", "--dry-run") == left == bench.json(
        "ls", f"s3://{RAW}", "--uploads")
    assert bench.json("rm", f"s3://{RAW}/", "--uploads") == left
    assert bench.json("ls", f"s3://{RAW}", "--uploads") == []


@pytest.mark.parametrize("args, status, talk", [
    (["ls", "s3://nonesuch-bucket"], 1, "NoSuchBucket"),
    (["ls", "nonsense"], 2, "'nonsense' names no bucket"),
    (["ls", "raw"], 2, "profile 'local' has no raw_bucket"),
    (["get", "s3://shop-raw/none"], 1, "cannot look at 's3://shop-raw/none'"),
    (["cat", "s3://shop-raw/none"], 1, "cannot read 's3://shop-raw/none'"),
    (["rm", "s3://shop-raw/none"], 1, "cannot look at"),
    (["rm", "s3://shop-raw"], 2, "'s3://shop-raw' names no object"),
    (["get", "s3://shop-raw/", "x"], 2, "'s3://shop-raw/' names no object"),
    (["cat", "s3://shop-raw"], 2, "'s3://shop-raw' names no object"),
    (["put", "s3://shop-raw", "s3://shop-log/x"], 2, "'s3://shop-raw' names no object"),
    (["put", "none", "s3://shop-raw/x"], 1, "cannot read 'none': No such file or directory"),
    (["put", ".", "s3://shop-raw/x"], 2, "'.' is no file"),
    (["put", "x"], 2, "'s3 put' has too few arguments"),
    (["mv", "a", "b"], 2, "'s3' has no 'mv'"),
    (["get", "s3://shop-raw/none/", "--recursive"], 1, "nothing is below"),
])
def test_bad_input(bench, args, status, talk):
    result = bench.run(*args, status=status)
    assert talk in result.talk(".").stderr
    result.quiet()
    assert not [e for e in bench.faults.seen() if e["request"].startswith("DELETE")]


def test_a_wrong_secret(bench):
    got = bench.run("ls", f"s3://{RAW}", status=3, env={"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "SignatureDoesNotMatch" in got.stderr and "wrong" not in got.stderr.split("secret")[0]
    got.quiet()


def test_a_production_is_locked(bench):
    conf = bench.dir / "bikeops.conf"
    conf.write_text(f"[profile live]\nproduction = true\nregion = us-east-1\nraw_bucket = {RAW}\n"
                    f"source_bucket = shop-source\nprocessed_bucket = shop-processed\n"
                    f"log_bucket = {LOG}\n")
    live = ["--config", str(conf), "--profile", "live"]
    path = bench.file("f", 10)
    bench.s3.put_object(Bucket=RAW, Key="f", Body=b"x")
    bench.run("put", path, "raw/f", *live, status=4).talk("is production: 's3 put' is refused", "dry-run")
    bench.run("rm", "raw/f", *live, status=4).talk("is production: 's3 rm' is refused", "dry-run")
    assert bench.read("f") == b"x"
    assert bench.run("cat", "raw/f", *live).stdout == "x"
    assert {row["name"]: row["bucket"] for row in bench.json("ls", *live)}["raw"] == RAW


# --- what it takes

def peak_kib(pid):
    """The most it has held; what a parent held before it is not its own."""
    with contextlib.suppress(OSError, StopIteration):
        status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    return 0


def test_memory(bench):
    """A GiB up and down in less than 64 MiB; a quarter of it where the server is slow."""
    size = 1024 * MIB if "versitygw" in str(bench.faults.dir) else 256 * MIB
    with open(bench.dir / "huge", "wb") as file:
        file.truncate(size)
    for args in (["put", "huge", f"s3://{RAW}/huge"], ["get", f"s3://{RAW}/huge", "back"]):
        child = bench.stack.start("s3", *args)
        peak = 0
        while child.poll() is None:
            peak = max(peak, peak_kib(child.pid))
            time.sleep(0.01)
        assert child.communicate()[1] == b"" and child.returncode == 0
        assert 0 < peak < 64 * 1024, args
    assert (bench.dir / "back").stat().st_size == size
