"""Keys that bikeops.conf gives the console's actions."""

import re

import pytest

import stack as stacks


@pytest.fixture(scope="module")
def loaded(stack):
    stack.run("run", "full").quiet()
    return stack


def configured(stack, keys):
    config = stack.dir / "keys.conf"
    config.write_text(f"[profile local]\nkeys = {keys}\n")
    return "console", "--config", config


def test_rebound(console, loaded):
    """The new key acts, the old one does not; key line, help and texts show the new one."""
    t = console(loaded, *configured(loaded, "trigger=A, down=J quit=D, help=c, resume=@, copy-screen=C"))
    t.wait(r"A trigger +c help .*D quit", 5)
    t.wait(r": cmd  c help", 1)
    t.keys("t")
    t.wait("no such key here; c lists", 2)
    t.keys("A")
    t.wait("START A RUN", 2)
    t.keys("\x1b")
    t.wait(r"A trigger", 2)
    t.keys("c")
    t.wait(r"J Down +next line", 2)
    assert "more lines: Space" in t.text()
    t.keys("J")             # scrolls
    t.wait(lambda: "ok done" not in t.text(), 2)
    t.keys("J" * 6)
    t.wait(r"@ +go on with the newest run", 2)
    t.keys("J" * 6)
    t.wait(r"y C \$ +copy the line", 2)
    t.keys("q")
    t.wait(r"A trigger", 2)
    sent = len(t.sent)
    t.keys("Q")
    t.wait("no such key", 2)
    t.keys("C")
    t.wait(lambda: b"\x1b]52;c;" in t.sent[sent:], 2)
    t.keys("D")
    assert t.end() == 0


def test_swapped(console, loaded):
    """Two actions change their keys."""
    t = console(loaded, *configured(loaded, "trigger=c, resume=t"))
    t.wait(r"c trigger", 5)
    t.keys("c")
    t.wait("START A RUN", 2)
    assert t.quit() == 0


@pytest.mark.parametrize("keys,told", [
    ("tigger=A", r"there is no action 'tigger'[\s\S]*the actions are: trigger, resume"),
    ("why=^A", r"'why' cannot have the key '\^A'[\s\S]*one character from ! to ~"),
    ("why=\x01", r"'why' cannot have the key"),
    ("why=", r"'why' cannot have the key ''"),
    ("why=é", r"'why' cannot have the key"),
    ("why", r"'why' is no ACTION=KEY"),
    ("=w", r"'=w' is no ACTION=KEY"),
    ("why=w, why=v", r"'why' is given two keys"),
    ("trigger=T", r"the key 'T' is taken twice on screen Logs: 'trigger' and 'time'"),
    ("trigger=A, cancel=A", r"the key 'A' is taken twice on screen Pipeline: 'trigger' and 'cancel'"),
    ("why=1", r"the key '1' is taken twice on screen Pipeline: 'why' and 'show a screen'"),
])
def test_refused(console, loaded, keys, told):
    """One error names the setting, its place and what is allowed; nothing is drawn."""
    t = console(loaded, *configured(loaded, keys), columns=400)
    assert t.end() == 2
    assert b"\x1b[?1049h" not in t.sent
    assert re.search(r"setting 'keys' \(\S*keys.conf:2\): ", t.text())
    assert re.search(told, t.text()), t.text()
