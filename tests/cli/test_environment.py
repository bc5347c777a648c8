"""Where an operator's machine differs from ours."""

import os
import pathlib
import pwd
import signal
import subprocess

import pytest

import stack as stacks
from star import Star, invariants

NOBODY = pwd.getpwnam("nobody")


def whole_way(stack, dataset):
    """up, setup, a full run, a change, an incremental one."""
    stack.up()
    stack.run("setup", "--dataset", dataset).quiet()
    stack.run("run", "full").quiet()
    with stack.connect("source") as conn:
        conn.execute("UPDATE store.customers SET city = 'Reno' WHERE customer_id = '1'")
    stack.run("run", "incremental").quiet()
    stack.run("status").quiet()
    stack.run("doctor", status=None).quiet()
    with stack.connect("warehouse", role="bikeops_read") as conn:
        star = Star(conn)
    assert star.watermark[0][0] == 2
    assert star.dimension("customers")["1"][-1][2][5] == "Reno"
    assert len(star.facts) == 4 and invariants(star) == []
    return star


@pytest.fixture
def other(request):
    made = []

    def make(name, **more):
        made.append(stacks.Stack(name, **more))
        return made[-1]
    yield make
    for stack in made:
        stack.end()


def small_files(stack):
    return stacks.write_dataset(stack.dir / "files", stacks.small_rows())


def test_home_with_a_space(other):
    stack = other("a space")
    stack.env["BIKEOPS_HOME"] = str(stack.dir / "my stack")
    stack.dir.joinpath("stack").symlink_to("my stack")
    stack.home.rename(stack.dir / "my home")
    stack.env["HOME"] = str(stack.dir / "my home")
    whole_way(stack, small_files(stack))


def test_words_are_english(other, tmp_path):
    """In a locale of another language too: errors are looked for, and read by others."""
    stack = other("english")
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"])
    if made.returncode or not os.path.exists("/usr/share/locale/de/LC_MESSAGES/libc.mo"):
        pytest.skip("needs the package locales")
    got = stack.run("status", "--config", "/nonsense", status=2,
                    env={"LOCPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8"})
    got.talk("'/nonsense': No such file or directory")


def test_home_without_bikeops_home(other):
    """BIKEOPS_HOME not set: a user's stack is in the home directory."""
    stack = other("home")
    assert "BIKEOPS_HOME" in stack.env
    got = stack.run("local", "status", env={"BIKEOPS_HOME": str(stack.dir / "nowhere")},
                    status=None).quiet()
    assert "nowhere" in got.stdout + got.stderr
    assert not (stack.dir / "nowhere").exists()


@pytest.mark.parametrize("env", [{"TZ": "Asia/Kolkata"}, {"LC_ALL": "C"}, {"LC_ALL": "nonsense"},
                                 {"TZ": "America/New_York", "PGTZ": "Asia/Tokyo",
                                  "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1"},
                                 {"TERM": "dumb", "COLUMNS": "20"}], ids=str)
def test_environment(other, env):
    stack = other("env")
    stack.env |= env
    star = whole_way(stack, small_files(stack))
    assert star.dimension("customers")["1"][0][0].isoformat() == "2016-01-01"
    assert star.sales()[("2", 1)]["rejected_date"] == "20160205"


def test_umask(other):
    """umask 077: the server's user still reaches what it must, others do not."""
    stack = other("umask")
    plain = stacks.child_died_with_us

    def strict():
        plain()
        os.umask(0o077)
    stack.start_plain = stack.start
    stack.start = lambda *args, **more: stack.start_plain(*args, **{**more, "preexec": strict})
    whole_way(stack, small_files(stack))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another")
def test_not_root(other):
    """An ordinary user, without sudo."""
    stack = other("nobody")
    tools = stack.dir / "tools"
    tools.mkdir()
    (tools / "sudo").write_text("#!/bin/sh\necho sudo was called >&2\nexit 99\n")
    (tools / "sudo").chmod(0o755)
    stack.env["PATH"] = f"{tools}:{stack.env['PATH']}"
    files = small_files(stack)
    for path in (stack.dir, stack.home):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)

    def drop():
        os.setgroups([])
        os.setgid(NOBODY.pw_gid)
        os.setuid(NOBODY.pw_uid)
        stacks.child_died_with_us()
    plain = stack.start
    stack.start = lambda *args, **more: plain(*args, **{**more, "preexec": drop})
    whole_way(stack, files)
    owners = {path.stat().st_uid for path in (stack.dir / "stack").rglob("*")}
    assert owners == {NOBODY.pw_uid}


def test_installed(other, tmp_path):
    """make install, then run with nothing of the checkout but what was installed."""
    stack = other("installed")
    root = stack.dir / "root"
    subprocess.run(["make", "install", f"DESTDIR={root}", "PREFIX=/usr"], cwd=stacks.ROOT,
                   check=True, capture_output=True, timeout=300)
    program = root / "usr/bin/bikeops"
    for path in ("usr/share/man/man1/bikeops.1", "usr/share/man/man5/bikeops.conf.5",
                 "usr/share/bash-completion/completions/bikeops"):
        assert list(root.glob(path + "*")), path
    stack.program = str(program)
    stack.env["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin"
    before = tree(stacks.ROOT)
    whole_way(stack, small_files(stack))
    assert tree(stacks.ROOT) == before, "the checkout was written to"


def tree(root):
    return {(path, path.stat().st_mtime_ns) for name in ("src", "sql", "man", "tests", "var", "scripts")
            for path in (root / name).rglob("*") if path.is_file() and "__pycache__" not in str(path)}


# --- the embedded stack itself

def test_up_is_idempotent(other):
    stack = other("twice")
    stack.up()
    env = stack.run("local", "env").stdout
    stack.run("local", "up").quiet()
    assert stack.results[-1].seconds < 5
    assert stack.run("local", "env").stdout == env
    stack.run("local", "down").quiet()
    stack.run("local", "down").quiet()
    stack.run("local", "up").quiet()
    assert stack.run("local", "env").stdout == env


def test_survives_kill_of_server(other):
    stack = other("killed")
    stack.up()
    with stack.connect("source") as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    pid = int((stack.data_directory() / "postmaster.pid").read_text().split()[0])
    os.kill(pid, 9)
    stack.run("local", "up").quiet()
    with stack.connect("source") as conn:
        assert conn.execute("SELECT one FROM kept").fetchone() == (1,)


def test_socket_path_too_long(other):
    stack = other("long")
    deep = stack.dir / ("x" * 60) / ("y" * 60)
    stack.env["BIKEOPS_HOME"] = str(deep)
    stack.run("local", "up").quiet()
    stack.run("local", "status").quiet()
    stack.run("local", "down").quiet()


def test_stranger_reads_nothing(other):
    """The socket's directory is closed to others, and TCP asks for a password."""
    stack = other("closed")
    stack.up()
    text = stack.dsn["BIKEOPS_SOURCE_DSN"]
    assert "password" not in text
    _, _, _, port, socket, *_ = (stack.data_directory() / "postmaster.pid").read_text().splitlines()
    assert pathlib.Path(socket).stat().st_mode & 0o077 == 0
    got = subprocess.run(["psql", f"host=127.0.0.1 port={port} dbname=bikestore user=bikeops", "-w",
                          "-c", "SELECT 1"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert got.returncode != 0 and "password" in got.stderr


def test_other_major_version_is_refused(other):
    stack = other("version")
    stack.up()
    stack.run("local", "down").quiet()
    (stack.data_directory() / "PG_VERSION").write_text("9\n")
    stack.run("local", "up", status=4).talk("9").quiet()


def test_empty_pid_file(other):
    """What a power cut leaves of postmaster.pid does not stop the next start."""
    stack = other("empty")
    stack.up()
    file = stack.data_directory() / "postmaster.pid"
    os.kill(int(file.read_text().split()[0]), signal.SIGKILL)
    file.write_text("")
    stack.run("local", "up").quiet()


def test_port_taken(other):
    import socket
    stack = other("port")
    stack.up()
    port = int((stack.data_directory() / "postmaster.pid").read_text().splitlines()[3])
    stack.run("local", "down").quiet()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        stack.run("local", "up", status=4).talk(str(port)).quiet()
    stack.run("local", "up").quiet()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount")
def test_disk_full(other):
    stack = other("full")
    small = stack.dir / "disk"
    small.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m,mode=755", "none", small],
                           capture_output=True)
    if mount.returncode:
        pytest.skip("cannot mount here")
    try:
        stack.env["BIKEOPS_HOME"] = str(small / "stack")
        got = stack.run("local", "up", status=4)
        got.talk("full|space").quiet()
        assert not (small / "stack" / "pg" / "PG_VERSION").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_log_that_cannot_be_written(other):
    """A task without its log fails: it does not stay at work in a run that ended."""
    stack = other("log")
    stack.up()
    stack.run("setup", "--dataset", small_files(stack)).quiet()
    logs = stack.dir / "stack/lake/log/run-log"
    logs.rename(logs.with_name("old"))
    logs.write_text("")
    said = stack.run("run", "full", status=None).quiet().stderr
    assert "open_window failed: cannot make the directory of" in said
    task, = stack.json("runs", "show", 2)["tasks"]
    assert task["state"] == "failed" and "cannot make the directory of" in task["error"]


def test_destroy(other):
    """Only with its name; then all of it is gone, and nothing beside it."""
    stack = other("destroy")
    stack.up()
    beside = stack.dir / "beside"
    beside.write_text("kept")
    stack.run("local", "destroy", status=4).talk("--name").quiet()
    stack.run("local", "destroy", "--name", "other", status=4).quiet()
    assert stack.data_directory().exists()
    stack.run("local", "destroy", "--name", "local").quiet()
    assert not (stack.dir / "stack").exists()
    assert beside.exists()
    stack.run("local", "destroy", "--name", "local", status=None).quiet()


def test_destroy_of_a_link(other):
    """A home that is a link to a bigger disk: what is in it goes."""
    stack = other("link")
    (stack.dir / "disk").mkdir()
    (stack.dir / "stack").symlink_to("disk")
    stack.up()
    stack.run("local", "destroy", "--name", "local").quiet()
    assert list((stack.dir / "disk").iterdir()) == []
    (stack.dir / "stack").unlink()


def test_destroy_of_a_copy(other):
    """The first home's server goes on: of a long path both name one directory for the socket."""
    stack = other("copy")
    first, copy = stack.dir / ("x" * 100), stack.dir / "copy"
    stack.env["BIKEOPS_HOME"] = str(first)
    stack.up()
    subprocess.run(["cp", "-a", first, copy], check=True)
    stack.run("local", "destroy", "--name", "local", env={"BIKEOPS_HOME": str(copy)}).quiet()
    assert not copy.exists()
    stack.connect("source").close()
    stack.run("local", "destroy", "--name", "local").quiet()
    assert not first.exists()
