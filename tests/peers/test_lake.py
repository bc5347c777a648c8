"""The contract of a lake, tests/unit/test_lake.c, on S3."""

import os
import pathlib
import subprocess

import conftest
import stack as stacks

BUILT = pathlib.Path(os.environ.get("BIKEOPS_UNIT", stacks.ROOT / "build/release/unit"))


def test_contract(any_s3):
    """Each case that a folder passes; the program exits with 1 where one does not."""
    env = {**os.environ, **conftest.KEYS, "AWS_ENDPOINT_URL": any_s3.url,
           "BIKEOPS_TEST_BUCKETS": " ".join(conftest.BUCKETS)}
    done = subprocess.run([BUILT / "test_lake"], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lists: a folder" in done.stdout + done.stderr
