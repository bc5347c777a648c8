"""The stand-ins themselves: what they refuse, and that each fault does what it says."""

import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

import conftest

RAW = "shop-raw"


def client(url, secret=conftest.KEYS["AWS_SECRET_ACCESS_KEY"], seconds=5):
    config = botocore.config.Config(s3={"addressing_style": "path"}, read_timeout=seconds,
                                    retries={"max_attempts": 0})
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config,
                        aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=secret)


def test_a_wrong_secret_is_refused(any_s3):
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        client(any_s3.url, "another").list_objects_v2(Bucket=RAW)


def test_what_passes_keeps_its_signature(faults):
    s3 = client(faults.url)
    s3.put_object(Bucket=RAW, Key="a b+%", Body=b"x" * 200000)
    assert s3.get_object(Bucket=RAW, Key="a b+%")["Body"].read() == b"x" * 200000
    s3.head_object(Bucket=RAW, Key="a b+%")
    s3.delete_object(Bucket=RAW, Key="a b+%")
    assert [(e["request"].split(" ")[0], e["status"]) for e in faults.seen()] == [
        ("PUT", 200), ("GET", 200), ("HEAD", 200), ("DELETE", 204)]


@pytest.mark.parametrize("status, code", [(500, "InternalError"), (503, "SlowDown"),
                                          (400, "RequestTimeout"), (400, "ExpiredToken")])
def test_error(faults, status, code):
    """The next but one, and then no more."""
    faults.next("^GET /shop-raw", "error", status=status, code=code, skip=1)
    s3 = client(faults.url)
    s3.list_objects_v2(Bucket=RAW)
    with pytest.raises(botocore.exceptions.ClientError, match=code) as raised:
        s3.list_objects_v2(Bucket=RAW)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    s3.list_objects_v2(Bucket=RAW)


def test_a_clock_that_differs(faults):
    faults.next("", "error", status=403, code="RequestTimeTooSkewed", date=-1200)
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        client(faults.url).list_objects_v2(Bucket=RAW)
    assert "RequestTimeTooSkewed" in str(raised.value)
    assert raised.value.response["Error"]["ServerTime"] < time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1000))


def test_half(faults):
    s3 = client(faults.url)
    s3.put_object(Bucket=RAW, Key="half", Body=b"x" * 1000)
    faults.next("half", "half")
    with pytest.raises(botocore.exceptions.ClientError.__base__):
        client(faults.url).get_object(Bucket=RAW, Key="half")["Body"].read()
    assert s3.get_object(Bucket=RAW, Key="half")["Body"].read() == b"x" * 1000


def test_lost_and_reset(faults):
    """Lost: the work was done. Reset: it was not."""
    s3 = client(faults.url)
    for kind, there in (("lost", True), ("reset", False)):
        faults.next(f"PUT .*{kind}", kind, bytes=10)
        with pytest.raises(botocore.exceptions.HTTPClientError):
            s3.put_object(Bucket=RAW, Key=kind, Body=b"x" * 100000)
        keys = [o["Key"] for o in s3.list_objects_v2(Bucket=RAW, Prefix=kind).get("Contents", [])]
        assert keys == ([kind] if there else [])


def test_hang_and_slow(faults):
    faults.next("hang", "hang")
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client(faults.url, seconds=1).head_object(Bucket=RAW, Key="hang")
    s3 = client(faults.url)
    s3.put_object(Bucket=RAW, Key="slow", Body=b"x" * 100000)
    faults.next("GET .*slow", "slow", rate=200000)
    began = time.monotonic()
    assert len(s3.get_object(Bucket=RAW, Key="slow")["Body"].read()) == 100000
    assert time.monotonic() - began > 0.4
