"""Runs with warehouse_auth = iam: user and password are lent, and gone before a run is over."""

import pytest

import conftest
import stack as stacks
from redshift_peer import Redshift, table_of
from test_redshift import BUCKETS, change, newest, on_redshift

LIFE_S = 3      # of a password, after which it opens no session


@pytest.fixture(scope="module")
def s3(peer_dir):
    peer = conftest.Peer("s3.py", peer_dir / "iam-s3", *(word for b in BUCKETS.values() for word in ("--bucket", b)))
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def redshift(peer_dir, s3):
    peer = Redshift(peer_dir / "iam-rs", s3.url, "--credential-seconds", LIFE_S)
    yield peer
    peer.end()


@pytest.fixture(scope="module")
def stack(redshift, s3, peer_dir):
    """Set up, as all that follows, by the user whom the service makes."""
    stack = on_redshift(stacks.Stack("iam").up(), redshift, s3, BIKEOPS_WAREHOUSE_AUTH="iam",
                        BIKEOPS_WAREHOUSE_DSN=f"host=127.0.0.1 port={redshift.port} dbname=dev")
    stack.run("setup", "--dataset", stacks.write_dataset(peer_dir / "iam-small", stacks.small_rows()),
              timeout=180).quiet()
    yield stack
    stack.end()


@pytest.fixture
def lent(redshift):
    """How often credentials were lent since the test began."""
    before = len(redshift.usage()["calls"])
    return lambda: [call["action"] for call in redshift.usage()["calls"][before:]].count("GetCredentials")


def users(redshift, run):
    return {query["user"] for query in redshift.usage()["queries"] if query["app"] == f"bikeops run {run}"}


def agree(stack):
    assert {row["break"] for row in stack.json("counts", "--live")["counts"]} == {"ok"}


def test_a_session_outlives_its_password(stack, redshift, lent):
    """Half of load_staging, and what follows, comes after the password's end."""
    redshift.fault(match="^copy staging.stg_sales", kind="slow", seconds=LIFE_S + 1)
    stack.run("run", "full", timeout=300).quiet()
    run = newest(stack)
    assert users(redshift, run) == {"IAM:bikeops-ec2"}
    assert lent() == len({query["pid"] for query in redshift.usage()["queries"] if query["app"] == f"bikeops run {run}"})
    agree(stack)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_session_asks_anew(stack, redshift, lent, kind):
    """Lost after the password's end: the next session has a new one, and nothing is loaded twice."""
    before = len(table_of(redshift, "bikeops.batches"))
    change(stack, f"UPDATE store.customers SET city = '{kind}' WHERE customer_id = '1'")
    redshift.fault(match="^copy staging.stg_customers", kind="slow", seconds=LIFE_S + 1)
    redshift.ask("fault", {"match": "^commit", "kind": kind, "skip": 1})    # publish's, not load's
    stack.run("run", "incremental", timeout=300).talk("lost the connection").quiet()
    assert lent() >= 2
    assert len(table_of(redshift, "bikeops.batches")) == before + 1
    agree(stack)


def test_nothing_is_lent_to_a_run_that_asks_nothing(stack, redshift, lent):
    """One login for the watermark."""
    stack.run("run", "incremental", timeout=300).talk("nothing changed").quiet()
    assert lent() == 1
