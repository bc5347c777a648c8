"""A terminal that nobody reads: frames are dropped, keys and signals are not."""

import fcntl
import os
import re
import signal
import termios
import time

import pytest

import stack as stacks

LEAVE = b"\x1b[?1049l"      # rmcup of an xterm


@pytest.fixture(scope="module")
def loaded(stack):
    stack.run("run", "full").quiet()
    return stack


@pytest.fixture
def stuck(console, loaded):
    """An open console whose terminal is full: it was sent more than a pty holds, and none was read."""
    t = console(loaded, columns=140, lines=40)
    t.wait(r"run \d+ full ok", 5)
    t.still()
    press(t, "24613" * 20)
    return t


def press(t, keys):
    """One by one, and nothing is read meanwhile."""
    for key in keys:
        os.write(t.fd, key.encode())
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["SIGTERM", "hangup", "key"])
def test_ends(stuck, how):
    if how == "SIGTERM":
        stuck.kill(signal.SIGTERM)
    elif how == "hangup":
        stuck.hang_up()
    else:
        press(stuck, "Q")
    began = time.monotonic()
    stacks.wait_until(stuck.ended, 1, 0.01)
    print(f"{how}: {time.monotonic() - began:.2f} s")
    assert stuck.status == 0


def test_leaves_it_clean(stuck):
    """What is left unread ends with the way out of the screen."""
    stuck.kill(signal.SIGTERM)
    stacks.wait_until(stuck.ended, 1, 0.01)
    sent = len(stuck.sent)
    stuck.pump(0.2)
    tail = bytes(stuck.sent[sent:])
    assert LEAVE in tail[-300:] and b"\x1b[?2004l" in tail[-300:]


def test_keys_go_on(stuck):
    """Each key is taken while none is shown; later the last picture is right."""
    press(stuck, "1?q4jk")
    time.sleep(2)
    assert unread(stuck) == 0
    cpu = stuck.cpu_seconds()
    time.sleep(1)
    assert stuck.cpu_seconds() - cpu < 0.05, "it spins"
    stuck.wait(r"\[4 Runs", 2)
    stuck.still()
    was = steady(stuck.text())
    stuck.keys("\x0c")          # all of it anew
    stuck.wait("any key goes back", 2)
    stuck.keys("4")
    stuck.wait(r"\$ bikeops runs", 2)
    assert steady(stuck.still().text()) == was
    assert stuck.quit() == 0


def unread(t):
    """Bytes of keys that the console has not taken."""
    slave = os.open(f"/proc/{t.pid}/fd/0", os.O_RDONLY | os.O_NOCTTY)
    try:
        return int.from_bytes(fcntl.ioctl(slave, termios.FIONREAD, bytes(4)), "little")
    finally:
        os.close(slave)


def steady(text):
    return re.sub(r"\d\d:\d\d:\d\dZ.*", "", text)


def test_nothing_is_queued(stuck):
    """What waits is a pty's buffer and one picture, whatever was pressed."""
    press(stuck, "24613" * 20)
    sent = len(stuck.sent)
    stuck.still()
    assert len(stuck.sent) - sent < 40000
    assert stuck.quit() == 0


def test_copy_on_a_full_terminal(stuck):
    """OSC 52 comes whole, or not at all."""
    press(stuck, "Y" * 5)
    stuck.wait(r"sent \d+ bytes", 3)
    whole = rb"\x1b\]52;c;[A-Za-z0-9+/]+=*\x07"
    assert b"\x1b]52" not in re.sub(whole, b"", bytes(stuck.sent))
    assert stuck.quit() == 0


def test_stop_on_a_full_terminal(stuck):
    """Ctrl-Z stops it."""
    press(stuck, "\x1a")
    stacks.wait_until(lambda: stuck.state() == "T", 1, 0.01)
    stuck.pump(0.2)
    stuck.kill(signal.SIGCONT)
    stuck.wait(r"\[\d \w+\]", 3)
    assert stuck.quit() == 0
