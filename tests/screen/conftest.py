"""The console on a pseudo-terminal, over an embedded stack that a script brings to known states."""

import contextlib
import os
import pathlib
import resource
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import stack as stacks  # noqa: E402
import terminal         # noqa: E402
import scenes           # noqa: E402

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the golden screens anew")
    parser.addoption("--fuzz-seconds", type=float, default=20)
    parser.addoption("--log-mib", type=int, default=256)


def pytest_report_header(config):
    return f"program: {stacks.PROGRAM}"


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    yield
    left = [found for made in stacks.Stack.made for found in stacks.processes_of(made)]
    assert not left, f"processes left: {left}"


@pytest.fixture(scope="module")
def stack(nothing_left):
    """Each file's own stack, that is set up with the small shop; nothing is loaded yet."""
    stack = stacks.Stack("screen")
    try:
        yield scenes.set_up(stack.up())
    finally:
        stack.end()


@pytest.fixture
def console():
    """Open consoles that are closed at the end of the test."""
    with contextlib.ExitStack() as opened:
        def start(stack, *args, columns=80, lines=24, **env):
            env = {**stack.env, "TERM": "xterm-256color", **env}
            return opened.enter_context(terminal.Terminal(
                [stack.program, *map(str, args)], env, columns, lines, cwd=stack.dir))
        yield start
