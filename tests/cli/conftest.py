"""Fixtures: one embedded stack per session, made by the program itself."""

import os
import pathlib
import sys

import pytest

import stack as stacks

SHARED = stacks.ROOT.parent / "shared" / "dataset"


def pytest_report_header(config):
    return [f"program: {stacks.PROGRAM}",
            f"dataset: {dataset_origin()[1]}",
            f"stacks under {stacks.TEST_DIR}" + ("" if os.environ.get("KEEP") else
                                                " (KEEP=1 keeps them)")]


def dataset_origin():
    if os.environ.get("BIKEOPS_DATASET"):
        return pathlib.Path(os.environ["BIKEOPS_DATASET"]), os.environ["BIKEOPS_DATASET"]
    if SHARED.is_dir():
        return SHARED, str(SHARED)
    return None, "GENERATED, not the real files: BIKEOPS_DATASET names none"


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    yield
    left = [found for made in stacks.Stack.made for found in stacks.processes_of(made)]
    assert not left, f"processes left: {left}"


@pytest.fixture(scope="session")
def session_stack(nothing_left):
    stack = stacks.Stack("cli")
    try:
        yield stack.up()
    finally:
        stack.end()


@pytest.fixture
def stack(session_stack):
    """The session's stack; at the end of the test every line on stderr must have been read."""
    session_stack.results = []
    yield session_stack
    session_stack.check_talk()


@pytest.fixture(scope="session")
def dataset(session_stack):
    """The real files where there are any, else generated ones."""
    directory, _ = dataset_origin()
    if directory is None:
        directory = session_stack.dir / "generated"
        print("no real data set: using generated files", file=sys.stderr)
        session_stack.run("generate", "--scale", 1, "--seed", 1, "--out", directory).quiet()
    return directory


@pytest.fixture(scope="session")
def small(session_stack):
    return stacks.write_dataset(session_stack.dir / "small", stacks.small_rows())


@pytest.fixture
def fresh(stack, small):
    """The stack with the small shop just set up and nothing published."""
    stack.run("setup", "--recreate", "--dataset", small).quiet()
    stack.shop_role()
    return stack
