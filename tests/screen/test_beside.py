"""Inside tmux and GNU screen: what is copied reaches the terminal that they stand in."""

import base64
import contextlib
import re
import subprocess

import pytest

import terminal

COPIED = re.compile(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/]+=*)(?:\x07|\x1b\\)")


@pytest.fixture(scope="module")
def loaded(stack):
    stack.run("run", "full").quiet()
    return stack


@contextlib.contextmanager
def inside_tmux(stack, folder, *settings):
    """The outer terminal, and what a command of tmux says."""
    config = folder / "tmux.conf"
    config.write_text("".join(f"set -g {line}\n" for line in
                              ("default-terminal tmux-256color", "status off", *settings)))
    argv = ["/usr/bin/tmux", "-S", str(folder / "s"), "-f", str(config)]
    env = {**stack.env, "TERM": "xterm-256color"}
    def ask(*args):
        return subprocess.run([*argv, *args], env=env, capture_output=True).stdout
    try:
        with terminal.Terminal([*argv, "new", stack.program], env, 140, 40, cwd=stack.dir) as t:
            yield t, ask
    finally:
        ask("kill-server")


def copied(t, sent):
    found = COPIED.findall(bytes(t.sent[sent:]))
    return base64.b64decode(found[-1]).decode() if found else ""


def copy(t, key):
    """What the terminal was given; Y gives the screen as it stood."""
    sent = len(t.sent)
    t.keys(key)
    t.wait(r"sent \d+ bytes", 3)
    t.wait(lambda: copied(t, sent), 3)
    return copied(t, sent)


@pytest.mark.parametrize("settings", [
    ("set-clipboard on",), ("set-clipboard off", "allow-passthrough on"),
    ("set-clipboard on", "allow-passthrough on")], ids=", ".join)
def test_tmux(loaded, tmp_path, settings):
    with inside_tmux(loaded, tmp_path, *settings) as (t, ask):
        t.wait(r"run \d+ full ok", 10)
        t.still()
        assert copy(t, "$") == "bikeops runs show 2"
        screen = copy(t, "Y")
        assert "1 Pipeline" in screen and "? help" in screen and len(screen) > 1000
        if settings[0] == "set-clipboard on":
            assert ask("show-buffer").decode() == screen
        assert "52;c" not in t.still().text()
        t.keys("Q")
        t.end()


def test_screen(loaded, tmp_path):
    """It passes on no more than a few hundred bytes at once, and prints what is longer."""
    sockets = tmp_path / "sockets"
    sockets.mkdir(mode=0o700)
    config = tmp_path / "screenrc"
    config.write_text("startup_message off\n")
    env = {**loaded.env, "TERM": "xterm-256color", "SCREENDIR": str(sockets)}
    argv = ["/usr/bin/screen", "-U", "-S", "copy", "-c", str(config), loaded.program]
    with contextlib.ExitStack() as after, terminal.Terminal(argv, env, 140, 40,
                                                            cwd=loaded.dir) as t:
        after.callback(subprocess.run, ["/usr/bin/screen", "-S", "copy", "-X", "quit"], env=env,
                       capture_output=True)
        t.wait(r"run \d+ full ok", 10)
        t.still()
        assert copy(t, "$") == "bikeops runs show 2"
        screen = copy(t, "Y")
        assert "1 Pipeline" in screen and "? help" in screen and len(screen) > 1000
        t.keys("4")
        t.wait(r"\[4 Runs", 2)
        assert "52;c" not in t.still().text()
        t.keys("Q")
        t.end()
