"""Stand-ins of AWS for the session: each a program of its own that prints `ready port=N`."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

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
        words = dict(word.split("=", 1) for word in self.child.stdout.readline().split()[1:])
        if "port" not in words:
            raise AssertionError(f"{program} did not start:\n{self.log.read_text()}")
        self.url = f"http://127.0.0.1:{words['port']}"

    def end(self):
        self.child.terminate()
        self.child.wait(30)


@pytest.fixture(scope="session")
def peer_dir():
    """Where the stand-ins of this session keep what they are told."""
    TEST_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="peers-", dir=TEST_DIR) as directory:
        yield pathlib.Path(directory)


@pytest.fixture(scope="session")
def s3(peer_dir):
    peer = Peer("s3.py", peer_dir / "s3")
    yield peer
    peer.end()
