"""An embedded stack of its own under build/test/, and the program run against it."""

import atexit
import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("BIKEOPS_BINARY", str(ROOT / "build/release/bikeops"))
TEST_DIR = ROOT / "build/test"


def closed(path):
    """Does a directory above keep everybody but its owner out?"""
    return any(not above.stat().st_mode & 0o001 for above in (path, *path.parents))


if os.getuid() == 0 and closed(ROOT):   # the server runs as another user, also below /root
    TEST_DIR = pathlib.Path(tempfile.mkdtemp(prefix="bikeops-test-"))
    TEST_DIR.chmod(0o755)
    for name, source in (("lib/libduckdb.so", ROOT / "build/lib/libduckdb.so"),
                         ("release/bikeops", PROGRAM)):
        (TEST_DIR / name).parent.mkdir()
        shutil.copy(source, TEST_DIR / name)
    PROGRAM = str(TEST_DIR / "release/bikeops")
    atexit.register(shutil.rmtree, TEST_DIR, ignore_errors=True)

DSNS = ("BIKEOPS_SOURCE_DSN", "BIKEOPS_WAREHOUSE_DSN", "BIKEOPS_LEDGER_DSN", "BIKEOPS_LAKE")
FAKETIME = "/usr/lib/%s-linux-gnu/faketime/libfaketime.so.1" % os.uname().machine
TABLES = ("stores", "staffs", "categories", "brands", "products", "customers", "orders",
          "order_items", "stocks")


class Failed(AssertionError):
    pass


class Result:
    def __init__(self, argv, status, stdout, stderr, seconds):
        self.argv = argv
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds
        self.unread = [line for line in stderr.splitlines() if line.strip()]

    def json(self):
        return json.loads(self.stdout)

    def csv(self):
        return list(csv.DictReader(io.StringIO(self.stdout)))

    def talk(self, *patterns):
        """These lines on stderr are expected: each pattern must be met, and takes its lines."""
        for pattern in patterns:
            taken = [line for line in self.unread if re.search(pattern, line)]
            if not taken:
                raise Failed(f"{self.argv}: nothing on stderr matches {pattern!r}:\n{self.stderr}")
            self.unread = [line for line in self.unread if line not in taken]
        return self

    def quiet(self):
        """What may be said while all is well, and is nobody's business."""
        self.unread = []
        return self


def child_died_with_us():
    """PR_SET_PDEATHSIG: no child outlives the tests."""
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Stack:
    """One BIKEOPS_HOME. Every result's stderr must be read (talk, quiet) before end()."""

    made = []       # every directory of this session

    def __init__(self, name, program=PROGRAM, directory=None):
        TEST_DIR.mkdir(parents=True, exist_ok=True)
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix=f"{name}-", dir=TEST_DIR))
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        Stack.made.append(self.dir)
        self.home = self.dir / "home"
        self.home.mkdir()
        self.program = program
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "BIKEOPS_HOME": str(self.dir / "stack"),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "BIKEOPS_DUCKDB_LIBRARY",
                     "BIKEOPS_SQL_DIR"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.results = []
        self.up_seconds = None

    def start(self, *args, env=None, cwd=None, stdin=subprocess.DEVNULL, preexec=None, **more):
        return subprocess.Popen([self.program, *args], env={**self.env, **(env or {})},
                                cwd=cwd or self.dir, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=preexec or child_died_with_us,
                                **more)

    def run(self, *args, status=0, input=None, timeout=120, env=None, **more):
        """Run a command to its end; status None takes any."""
        began = time.monotonic()
        args = [str(arg) for arg in args]
        child = self.start(*args, env=env, stdin=subprocess.PIPE if input is not None
                           else subprocess.DEVNULL, **more)
        try:
            out, err = child.communicate(input.encode() if input is not None else None, timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise Failed(f"bikeops {' '.join(args)}: no end after {timeout} s\n{out}\n{err}")
        result = Result(args, child.returncode, out.decode(), err.decode(),
                        time.monotonic() - began)
        if "AddressSanitizer" in result.stderr or "runtime error:" in result.stderr:
            raise Failed(f"bikeops {' '.join(args)}:\n{result.stderr}")
        if status is not None and result.status != status:
            raise Failed(f"bikeops {' '.join(args)}: exit {result.status}, not {status}\n"
                         f"--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}")
        self.results.append(result)
        return result

    def json(self, *args, **more):
        return self.run(*args, "--output", "json", **more).quiet().json()

    def check_talk(self):
        """Fails where a command said on stderr what no test expected."""
        unread = [(r.argv, r.unread) for r in self.results if r.unread]
        self.results = []
        if unread:
            raise Failed("unread lines on stderr: " + "; ".join(
                f"bikeops {' '.join(argv)}: {lines}" for argv, lines in unread))

    # --- the stack
    def up(self):
        began = time.monotonic()
        self.run("local", "up").quiet()
        self.up_seconds = time.monotonic() - began
        text = self.run("local", "env").stdout
        words = shlex.split(text)    # as a shell's eval reads it
        self.dsn = dict(word.split("=", 1) for word in words if word != "export")
        missing = [name for name in DSNS if name not in self.dsn]
        if missing:
            raise Failed(f"local env names no {missing}:\n{text}")
        return self

    def down(self):
        if (self.dir / "stack").exists():
            self.run("local", "down", timeout=60).quiet()

    def end(self):
        try:
            self.down()
        finally:
            self.remove()

    def remove(self):
        for pid, line in processes_of(self.dir):    # a test that failed midway
            if b"-D" in line:
                os.kill(pid, signal.SIGQUIT)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def connect(self, which, role=None, user=None, **more):
        """which: source, warehouse or ledger."""
        dsn = self.env.get(f"BIKEOPS_{which.upper()}_DSN") or self.dsn[f"BIKEOPS_{which.upper()}_DSN"]
        if user:
            more["user"] = user
        conn = psycopg.connect(dsn, autocommit=True, **more)
        conn.execute("SET timezone = 'UTC'")
        if role:
            conn.execute(f"SET ROLE {role}")
        return conn

    @contextlib.contextmanager
    def locked(self, *tables):
        """Whoever writes these tables of the warehouse waits, until this ends or is rolled back."""
        with self.connect("warehouse") as conn:
            conn.execute("BEGIN")
            conn.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE MODE")
            yield conn
            if conn.info.transaction_status:
                conn.execute("ROLLBACK")

    def waiting(self, which="warehouse"):
        """How many sessions of that database wait for a lock."""
        with self.connect(which) as conn:
            return conn.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                "AND datname = current_database()").fetchone()[0]

    def shop_role(self):
        """The shop's own role: rights on schema store, and on nothing else."""
        with self.connect("source") as conn:
            if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = 'shop'").fetchone():
                conn.execute("CREATE ROLE shop LOGIN")
            conn.execute("GRANT USAGE ON SCHEMA store TO shop")
            conn.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA store TO shop")
            conn.execute("GRANT shop TO CURRENT_USER")

    def shop(self):
        return self.connect("source", role="shop")

    # --- a server whose clock the test moves
    def data_directory(self):
        found = sorted((self.dir / "stack").rglob("PG_VERSION"), key=lambda p: len(p.parts))
        if not found:
            raise Failed(f"no cluster under {self.dir / 'stack'}")
        return found[0].parent

    def fake_clock(self):
        """Start the server again under libfaketime; set_clock() then moves its time."""
        data = self.data_directory()
        owner = data.stat()
        pid, _, _, port, socket, *_ = (data / "postmaster.pid").read_text().splitlines()
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        binary = os.readlink(f"/proc/{pid}/exe")
        os.kill(int(pid), signal.SIGINT)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 30)
        self.clock_file = self.dir / "clock"
        self.set_clock(0)
        env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
               "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

        # No LD_PRELOAD as root: the library's semaphore would be root's and the server not start.
        drop = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"] \
            if os.getuid() == 0 else []
        with open(self.dir / "server.log", "ab") as log:
            self.server = subprocess.Popen(
                [*drop, "env", *(f"{k}={v}" for k, v in env.items()), binary, *command[1:]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=data,
                preexec_fn=child_died_with_us)
        wait_until(self.answers, 30)
        return self

    def answers(self):
        with contextlib.suppress(psycopg.OperationalError):
            self.connect("source").close()
            return True
        return False

    def set_clock(self, offset_s):
        self.offset = offset_s
        new = self.clock_file.with_suffix(".new")
        new.write_text(f"{offset_s:+.6f}\n")
        new.chmod(0o644)
        new.rename(self.clock_file)

    def clock_at(self, when):
        """Set the server's clock to this moment (an aware datetime)."""
        self.set_clock(when.timestamp() - time.time())


def wait_until(condition, seconds, step=0.02):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {condition}")
        time.sleep(step)


def processes_of(directory):
    """Processes whose arguments, working directory or environment name this directory."""
    found = []
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        if int(proc.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            text = (proc / "cmdline").read_bytes() + b"\0" + (proc / "environ").read_bytes()
            if str(directory).encode() in text or os.readlink(proc / "cwd").startswith(
                    str(directory)):
                found.append((int(proc.name), (proc / "cmdline").read_bytes().replace(b"\0", b" ")))
    return found


def write_dataset(directory, rows):
    """The nine files; rows is {table: [header, row, ...]}."""
    directory.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        with open(directory / f"{table}.csv", "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows[table])
    return directory


def small_rows():
    """A whole shop in a few rows, with Kaggle's names and columns."""
    return {
        "stores": [["store_id", "store_name", "phone", "email", "street", "city", "state", "zip_code"],
                   ["1", "Santa Cruz Bikes", "(831) 476-4321", "s@bikes.shop", "3700 Portola Drive",
                    "Santa Cruz", "CA", "95060"]],
        "staffs": [["staff_id", "first_name", "last_name", "email", "phone", "active", "store_id",
                    "manager_id"],
                   ["1", "Fabiola", "Jackson", "f@bikes.shop", "(831) 555-5554", "1", "1", "NULL"],
                   ["2", "Mireya", "Copeland", "m@bikes.shop", "(831) 555-5555", "1", "1", "1"]],
        "categories": [["category_id", "category_name"], ["1", "Children Bicycles"]],
        "brands": [["brand_id", "brand_name"], ["1", "Electra"], ["2", "Haro"]],
        "products": [["product_id", "product_name", "brand_id", "category_id", "model_year",
                      "list_price"],
                     ["1", 'Trek 820 24" - 2016', "1", "1", "2016", "379.99"],
                     ["2", "Ritchey Frameset - 2016", "2", "1", "2016", "749.99"]],
        "customers": [["customer_id", "first_name", "last_name", "phone", "email", "street", "city",
                       "state", "zip_code"],
                      ["1", "Debra", "Burks", "NULL", "d@yahoo.com", "9273 Thorne Ave. ",
                       "Orchard Park", "NY", "14127"],
                      ["2", "Kasha", "Todd", "NULL", "k@yahoo.com", "910 Vine Street ", "Campbell",
                       "CA", "95008"]],
        "orders": [["order_id", "customer_id", "order_status", "order_date", "required_date",
                    "shipped_date", "store_id", "staff_id"],
                   ["1", "1", "4", "2016-01-01", "2016-01-03", "2016-01-03", "1", "2"],
                   ["2", "2", "3", "2016-02-01", "2016-02-04", "NULL", "1", "2"],
                   ["3", "2", "1", "2016-03-01", "2016-03-04", "NULL", "1", "1"]],
        "order_items": [["order_id", "item_id", "product_id", "quantity", "list_price", "discount"],
                        ["1", "1", "1", "1", "379.99", "0.2"], ["1", "2", "2", "2", "749.99", "0.07"],
                        ["2", "1", "2", "1", "749.99", "0.05"], ["3", "1", "1", "3", "379.99", "0.1"]],
        "stocks": [["store_id", "product_id", "quantity"], ["1", "1", "27"], ["1", "2", "5"]],
    }
