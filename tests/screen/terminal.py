"""A program on a pseudo-terminal of its own, and the picture that its bytes draw."""

import contextlib
import fcntl
import itertools
import os
import re
import select
import signal
import struct
import termios
import time

import pyte

# What the console may send: SGR, cursor, erase, scroll, modes, character sets; nothing else.
SENT = re.compile(rb"\x1b(?:\[[?>]?[0-9;]*[A-Za-z@`]|[()][0B]|[=>78DMEHc])")


class Picture(pyte.Screen):
    """With what ncurses sends to an xterm and pyte does not know: REP, SU, SD."""

    last = " "

    def draw(self, data):
        super().draw(data)
        self.last = data[-1]

    def repeat(self, count=1):
        self.draw(self.last * (count or 1))

    def scroll(self, move, start, count):
        at = self.cursor.y
        self.cursor.y = start
        for _ in range(count or 1):
            move()
        self.cursor.y = at

    def scroll_up(self, count=1):
        self.scroll(self.index, self.margins.bottom if self.margins else self.lines - 1, count)

    def scroll_down(self, count=1):
        self.scroll(self.reverse_index, self.margins.top if self.margins else 0, count)


class Stream(pyte.ByteStream):
    added = {"b": "repeat", "S": "scroll_up", "T": "scroll_down"}
    csi = {**pyte.ByteStream.csi, **added}
    events = frozenset(itertools.chain(pyte.ByteStream.events, added.values()))


class Terminal:
    """Holds the master of the pty; all that came from the program is kept in sent."""

    def __init__(self, argv, env, columns=80, lines=24, cwd=None):
        self.picture = Picture(columns, lines)
        self.stream = Stream(self.picture)
        self.stream.select_other_charset("@" if "C" == env.get("LC_ALL") else "G")
        self.sent = bytearray()
        self.status = None
        self.began = time.monotonic()
        self.pid, self.fd = os.forkpty()
        if not self.pid:
            self.become(argv, env, columns, lines, cwd)
        os.set_blocking(self.fd, False)

    @staticmethod
    def become(argv, env, columns, lines, cwd):
        import ctypes
        try:
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            if cwd:
                os.chdir(cwd)
            os.execve(argv[0], argv, env)
        finally:
            os._exit(127)

    # --- what comes
    def pump(self, seconds=0):
        """Take what comes within so many seconds; False once the other side is closed."""
        end = time.monotonic() + seconds
        while True:
            left = max(0, end - time.monotonic())
            if not select.select([self.fd], [], [], left)[0]:
                return True
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                continue
            except OSError:
                return False
            if not data:
                return False
            self.sent += data
            self.stream.feed(data)

    def wait(self, what, seconds=5):
        """Until this pattern stands on the screen (or the function is true); its seconds."""
        began = time.monotonic()
        found = what if callable(what) else lambda: re.search(what, self.text())
        while not found():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{what!r} not within {seconds} s:\n{self.text()}")
            open_ = self.pump(0.01)
            if not open_ and not found():
                raise AssertionError(f"ended before {what!r}:\n{self.text()}")
        return time.monotonic() - began

    def still(self, quiet=0.15, seconds=3):
        """Until nothing came for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = len(self.sent)
            self.pump(quiet)
            if len(self.sent) == before:
                return self
        return self

    def text(self):
        return "\n".join(line.rstrip() for line in self.picture.display) + "\n"

    # --- what goes
    def keys(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                self.pump(0.01)

    def resize(self, columns, lines):
        self.picture.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def kill(self, sig):
        os.kill(self.pid, sig)

    # --- the process
    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def end(self, seconds=5):
        """Wait for its end; its status."""
        end = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > end:
                raise AssertionError(f"did not end within {seconds} s:\n{self.text()}")
            if self.fd is None or not self.pump(0.02):
                time.sleep(0.02)
        if self.fd is not None:
            self.pump(0)
        return self.status

    def quit(self):
        self.keys("\x1b")
        time.sleep(0.05)
        self.keys("Q")
        return self.end()

    def hang_up(self):
        os.close(self.fd)
        self.fd = None

    def cpu_seconds(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def state(self):
        return open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()[0]

    def rss_mib(self):
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0

    def close(self):
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                self.kill(signal.SIGKILL)
                self.kill(signal.SIGCONT)
            self.end()
        if self.fd is not None:
            self.hang_up()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def strangers(sent):
    """Control bytes in a stream that no console of ours sends."""
    rest = SENT.sub(b"", bytes(sent))
    return sorted(set(re.findall(rb"[\x00-\x06\x0b\x0c\x0e-\x1f\x7f][^\x1b]{0,12}", rest)))
