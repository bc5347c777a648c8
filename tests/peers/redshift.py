#!/usr/bin/env python3
"""Amazon Redshift Serverless for tests: a front of the PostgreSQL protocol before PostgreSQL 15.

    redshift.py --dir DIR | --pg-dsn DSN   [--port 0] [--api-port 0] [--s3-endpoint URL] ..

prints "ready port=N api=M".  It says that it is 8.0.2 and UNICODE, refuses what Redshift's SQL has not
(redshift_sql.py, each rule with its page), loads by COPY from S3 in the caller's transaction
(redshift_copy.py), has the control API (redshift_api.py), and counts what would be billed.

Not emulated; a test that passes here says nothing of it:
  - trailing blanks count in VARCHAR comparison here and do not on Redshift (r_Character_types)
  - types of literals, precision of numeric division, and sums of int beyond what redshift_sql.py says
  - isolation: it is PostgreSQL's READ COMMITTED, where Redshift has SNAPSHOT; 1023 comes by fault alone
  - correlated subqueries that Redshift does not decorrelate; leader-node functions beyond those refused
  - VARCHAR counts bytes in tables made by CREATE TABLE with columns, not by CREATE TABLE AS
  - COPY by the extended protocol, from ORC, JSON, fixed width; with MAXERROR; UNLOAD; Data API
  - speed, compile time, queues, concurrency scaling; rights of Redshift's own (GRANT .. TO ROLE)
No page proves: the SQLSTATE of most refusals, the texts of SQL refusals where the page shows none, that
Parquet's errors leave no row in SYS_LOAD_ERROR_DETAIL ("some errors are logged" says the page).
"""

import argparse
import asyncio
import datetime
import os
import pathlib
import pwd
import re
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import threading
import time

import psycopg
from psycopg import sql as pgsql

import redshift_api
import redshift_copy
import redshift_sql
from iam import Iam

DROPPED = {"standard_conforming_strings", "in_hot_standby", "default_transaction_read_only",
           "search_path", "scram_iterations", "IntervalStyle"}
STARTUP = {"user", "database", "client_encoding", "application_name", "options", "datestyle"}
IDLE_PERIOD_S = 60      # mgmt/serverless-billing: charged by the second, 60 s at least

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS peer;
GRANT USAGE ON SCHEMA peer TO PUBLIC;
CREATE OR REPLACE FUNCTION peer.refuse(state text, message text, detail text) RETURNS int VOLATILE
LANGUAGE plpgsql AS $$ BEGIN
    IF detail = '' THEN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message; END IF;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = detail; END $$;
CREATE OR REPLACE FUNCTION peer.too_long(value text, n int) RETURNS boolean STRICT
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '22001',
        MESSAGE = format('value too long for type character varying(%s)', n); END $$;
CREATE OR REPLACE FUNCTION peer.session_number(name text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT coalesce(nullif(current_setting(name, true), ''), '0')::bigint $$;
CREATE OR REPLACE FUNCTION peer.days_between(a timestamp, b timestamp) RETURNS bigint LANGUAGE sql AS
    $$ SELECT (b::date - a::date)::bigint $$;
CREATE OR REPLACE FUNCTION peer.date_add(part text, n int, t timestamp) RETURNS timestamp LANGUAGE sql AS
    $$ SELECT t + (n || ' ' || part)::interval $$;
CREATE TABLE IF NOT EXISTS peer.sys_load_error_detail (user_id int, query_id bigint,
    transaction_id bigint, session_id int, database_name char(64), table_id int, start_time timestamp,
    file_name char(256), line_number bigint, column_name char(127), column_type char(10),
    column_length char(10), position int, error_code int, error_message char(512));
CREATE TABLE IF NOT EXISTS peer.sys_load_history (user_id int, query_id bigint, transaction_id bigint,
    session_id int, database_name text, status text, table_name text, start_time timestamp,
    end_time timestamp, duration bigint, data_source text, file_format text, loaded_rows bigint,
    loaded_bytes bigint, source_file_count int, source_file_bytes bigint, file_count_scanned int,
    file_bytes_scanned bigint, error_count bigint, copy_job_id bigint);
CREATE TABLE IF NOT EXISTS peer.sys_query_history (user_id int, query_id bigint, session_id int,
    database_name text, query_type text, status text, start_time timestamp, end_time timestamp,
    elapsed_time bigint, query_text text);
CREATE TABLE IF NOT EXISTS peer.sys_serverless_usage (start_time timestamp, end_time timestamp,
    compute_seconds double precision, compute_capacity double precision, data_storage int,
    cross_region_transferred_data int, charged_seconds int,
    charged_extra_compute_for_automatic_optimization_seconds int);
GRANT SELECT ON ALL TABLES IN SCHEMA peer TO PUBLIC;
"""


def utc(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).replace(tzinfo=None)


# --- a cluster of its own ---

class Cluster:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                       key=lambda p: int(p.parts[4]))
        self.bin = found[-1].parent if found else pathlib.Path(shutil.which("initdb")).parent
        self.owner = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.server = None

    def command(self, *argv):
        drop = ["setpriv", f"--reuid={self.owner}", f"--regid={pwd.getpwnam(self.owner).pw_gid}",
                "--clear-groups"] if os.getuid() == 0 else []
        return [*drop, "env", "LC_ALL=C.UTF-8", *map(str, argv)]

    def start(self):
        data = self.dir / "data"
        if not data.exists():
            self.dir.mkdir(parents=True, exist_ok=True)
            if os.getuid() == 0:
                shutil.chown(self.dir, self.owner)
            subprocess.run(self.command(self.bin / "initdb", "-D", data, "-U", "admin", "-E", "UTF8", "-N",
                                        "--locale=C.UTF-8", "--auth-local=trust",
                                        "--auth-host=scram-sha-256"), check=True, stdout=subprocess.DEVNULL)
        self.server = subprocess.Popen(
            self.command(self.bin / "postgres", "-D", data, "-k", self.dir, "-c", "listen_addresses=127.0.0.1",
                         "-c", "fsync=off", "-c", "port=5439", "-c", "log_min_messages=fatal",
                         "-c", "timezone=UTC", "-c", "port=" + str(self.free_port())),
            stdout=subprocess.DEVNULL, stderr=open(self.dir / "log", "ab"), preexec_fn=die_with_parent)
        return f"host={self.dir} port={self.port} user=admin dbname=postgres"

    def free_port(self):
        import socket
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        return self.port

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(20)


def die_with_parent():
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


# --- what is counted, and what goes wrong on demand ---

class Usage:
    """Every statement, and the seconds that would be billed."""

    def __init__(self, capacity):
        self.capacity, self.queries, self.lock = capacity, [], threading.Lock()

    def add(self, session, sql):
        query = {"id": len(self.queries) + 1, "sql": " ".join(sql.split())[:400], "at": time.time(),
                 "end": None, "pid": session.pid, "user": session.user, "app": session.app,
                 "status": "running"}
        with self.lock:
            self.queries.append(query)
        return query

    def periods(self):
        """[start, end] of each active period: 60 s at least, longer while statements overlap it."""
        out = []
        for q in sorted(self.queries, key=lambda q: q["at"]):
            end = q["end"] or time.time()
            if out and q["at"] <= out[-1][1]:
                out[-1][1] = max(out[-1][1], end)
            else:
                out.append([q["at"], max(end, q["at"] + IDLE_PERIOD_S)])
        return out

    def report(self):
        with self.lock:
            periods = self.periods()
            return {"queries": list(self.queries), "periods": periods,
                    "charged_seconds": round(sum(b - a for a, b in periods) * self.capacity)}


class Faults:
    """The next statements that match meet with what the test ordered."""

    KINDS = ("1023", "drop_before", "drop_after", "hang", "slow", "error")

    def __init__(self):
        self.list, self.lock = [], threading.Lock()

    def add(self, body):
        if body.get("kind") not in self.KINDS:
            raise redshift_api.Refused(400, "BadFault", f"kind is one of {self.KINDS}")
        with self.lock:
            self.list.append({"times": 1, "seconds": 1, "skip": 0} | body)
        return {"pending": len(self.list)}

    def take(self, sql):
        with self.lock:
            for fault in self.list:
                if not fault["times"] or not re.search(fault["match"], sql, re.I):
                    continue
                if fault["skip"]:
                    fault["skip"] -= 1
                    continue
                fault["times"] -= 1
                return fault
        return None


# --- one session ---

class Lost(Exception):
    pass


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def fields(body):
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


class Session:
    def __init__(self, peer, reader, writer):
        self.peer, self.reader, self.writer = peer, reader, writer
        self.status, self.pid, self.user, self.app, self.copies = "I", 0, "", "", 0
        self.captured = None        # a queue while the peer itself asks the server
        self.open = []              # statements whose answer is under way

    # --- the server's side
    async def from_server(self):
        try:
            while True:
                head = await self.back_reader.readexactly(5)
                body = await self.back_reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
                kind = head[:1]
                if kind == b"K":
                    self.pid = struct.unpack("!I", body[:4])[0]
                if kind == b"Z":
                    self.status = body.decode()
                if self.captured is not None:
                    self.captured.put_nowait((kind, body))
                    continue
                if kind == b"Z":
                    self.ended("success")
                self.to_client(kind, body)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            if self.captured is not None:
                self.captured.put_nowait((b"", b""))
            self.writer.close()

    def ended(self, status):
        for query in self.open:
            query["end"] = time.time()
            if query["status"] == "running":
                query["status"] = status
        self.open = []

    def to_client(self, kind, body):
        if kind == b"S":
            name, value = body.decode().split("\0")[:2]
            if name in DROPPED:
                return
            value = {"server_version": "8.0.2", "client_encoding": "UNICODE"}.get(name, value)
            body = f"{name}\0{value}\0".encode()
        if kind == b"E":
            for query in self.open:
                query["status"] = "failed"
            body = b"\0".join(part for part in body.split(b"\0") if part and part[:1] != b"W") + b"\0\0"
        self.writer.write(message(kind, body))

    async def ask(self, sql, data=None):
        """Run one statement in this session, unseen by the client: (rows, error fields)."""
        self.captured = asyncio.Queue()
        self.back_writer.write(message(b"Q", sql.encode() + b"\0"))
        rows, error = [], None
        while True:
            kind, body = await self.captured.get()
            if kind == b"":
                raise Lost
            if kind == b"D":
                rows.append(self.cells(body))
            if kind == b"E":
                error = error or body
            if kind == b"G":
                self.back_writer.write(message(b"d", data or b"") + message(b"c", b""))
            if kind == b"Z":
                self.captured = None
                return rows, error

    @staticmethod
    def cells(body):
        out, at = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            n = struct.unpack("!i", body[at:at + 4])[0]
            at += 4
            out.append(None if n < 0 else body[at:at + n].decode())
            at += max(n, 0)
        return out

    # --- the client's side
    async def startup(self):
        while True:
            n, = struct.unpack("!I", await self.reader.readexactly(4))
            body = await self.reader.readexactly(n - 4)
            code, = struct.unpack("!I", body[:4])
            if code == 80877103 and self.peer.tls:          # SSLRequest
                self.writer.write(b"S")
                await self.writer.drain()
                await self.writer.start_tls(self.peer.tls)
            elif code in (80877103, 80877104):              # or GSSENCRequest
                self.writer.write(b"N")
            elif code == 80877102:                          # CancelRequest
                back_reader, back_writer = await asyncio.open_connection(*self.peer.backend)
                back_writer.write(struct.pack("!I", n) + body)
                await back_reader.read()
                return False
            else:
                break
        words = body[4:].decode().rstrip("\0").split("\0")
        params = dict(zip(words[::2], words[1::2]))
        self.user, self.app = params.get("user", ""), params.get("application_name", "")
        wrong = [name for name in params if name.lower() not in STARTUP]
        options = params.get("options", "").strip()
        if options and not re.fullmatch(r"-c\s*client_encoding=\S+", options):
            wrong.append(options)
        if wrong:
            self.refuse_login("42704", f'unrecognized configuration parameter "{wrong[0]}"')
            return False
        if self.peer.args.require_ssl and not self.writer.get_extra_info("ssl_object"):
            self.refuse_login("28000", "no pg_hba.conf entry: SSL is required (require_ssl)")
            return False
        params.pop("options", None)
        params["options"] = "-c standard_conforming_strings=off -c escape_string_warning=off -c jit=off"
        data = b"".join(f"{k}\0{v}\0".encode() for k, v in params.items()) + b"\0"
        self.back_reader, self.back_writer = await asyncio.open_connection(*self.peer.backend)
        self.back_writer.write(struct.pack("!II", len(data) + 8, 196608) + data)
        return True

    def refuse_login(self, state, text):
        self.writer.write(message(b"E", f"SFATAL\0C{state}\0M{text}\0\0".encode()))

    async def run(self):
        if not await self.startup():
            return
        task = asyncio.create_task(self.from_server())
        try:
            while True:
                head = await self.reader.readexactly(5)
                body = await self.reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
                await self.from_client(head[:1], body)
                await self.back_writer.drain()
        except (asyncio.IncompleteReadError, OSError, Lost):
            pass
        finally:
            self.ended("aborted")
            self.back_writer.close()
            self.writer.close()
            await asyncio.gather(task, return_exceptions=True)

    async def from_client(self, kind, body):
        if kind == b"Q":
            for statement in redshift_sql.split(body[:-1].decode()) or [""]:
                if not await self.simple(statement):
                    break
            self.writer.write(message(b"Z", self.status.encode()))
        elif kind == b"P":
            name, sql, rest = body.split(b"\0", 2)
            sql = await self.seen(sql.decode())
            refused = self.refused(sql, rest)
            self.back_writer.write(message(b"P", name + b"\0" + (
                refused or redshift_sql.rewrite(sql)).encode() + b"\0" + rest))
        else:
            self.back_writer.write(message(kind, body))

    async def seen(self, sql):
        """Count a statement, and let happen what a test ordered for it."""
        self.open.append(self.peer.usage.add(self, sql))
        if re.search(r"\bsys_(query_history|serverless_usage)\b", sql, re.I):
            await asyncio.to_thread(self.peer.write_history)
        fault = self.peer.faults.take(sql)
        if not fault:
            return sql
        if fault["kind"] == "drop_before":
            raise Lost
        if fault["kind"] == "drop_after":
            await self.ask(redshift_sql.rewrite(sql))
            raise Lost
        if fault["kind"] in ("hang", "slow"):
            await asyncio.sleep(3600 if fault["kind"] == "hang" else fault["seconds"])
            return sql
        if fault["kind"] == "1023":
            return self.raising(sql, "XX000", "1023", "Serializable isolation violation on table - 100948, "
                                "transactions forming the cycle are: 5001, 5002 (pid:1)")
        return self.raising(sql, fault.get("state", "XX000"), fault.get("message", "peer"))

    @staticmethod
    def raising(sql, state, text, detail=""):
        """A statement that takes the parameters of another and raises this."""
        def quote(s):
            return "'" + s.replace("\\", "\\\\").replace("'", "''") + "'"
        numbers = sorted({int(n) for n in re.findall(r"\$(\d+)", redshift_sql.mask(sql))})
        where = " WHERE " + " IS NULL OR ".join(f"${n}::text" for n in numbers) + " IS NULL OR true" \
            if numbers else ""
        return f"SELECT /* peer */ peer.refuse({quote(state)}, {quote(text)}, {quote(detail)})" + where

    def refused(self, sql, parameters=None):
        if sql.startswith("SELECT /* peer */"):
            return sql
        refused = redshift_sql.refusal(sql)
        if parameters is not None and re.match(r"\s*(COPY|TRUNCATE)\b", redshift_sql.mask(sql), re.I):
            refused = "0A000", "the peer runs COPY and TRUNCATE by the simple protocol alone", "peer"
        if not refused:
            return None
        return self.raising(sql, refused[0], refused[1])

    async def simple(self, sql):
        """One statement of a simple query: its messages go to the client; False after an error."""
        sql = await self.seen(sql)
        refused = self.refused(sql)
        if not refused and re.match(r"\s*COPY\b", redshift_sql.mask(sql), re.I):
            return await self.copy(sql)
        if not refused and self.status == "T" and re.match(r"\s*TRUNCATE\b", redshift_sql.mask(sql), re.I):
            await self.ask("COMMIT")        # r_TRUNCATE: it commits what came before as well
        self.captured = asyncio.Queue()
        self.back_writer.write(message(b"Q", (refused or redshift_sql.rewrite(sql)).encode() + b"\0"))
        good = True
        while True:
            kind, body = await self.captured.get()
            if kind == b"":
                raise Lost
            if kind == b"Z":
                self.captured = None
                self.ended("success")
                return good
            good = good and kind != b"E"
            self.to_client(kind, body)

    async def fail(self, e):
        _, error = await self.ask(self.raising("", e.state, e.message, e.detail or ""))
        self.to_client(b"E", error)
        self.ended("failed")
        return False

    async def copy(self, sql):
        query, start = self.open[-1], time.time()
        options = None
        try:
            try:
                options = redshift_sql.CopyOptions(sql)
            except ValueError as e:
                raise redshift_copy.CopyError(str(e), state="42601")
            columns = await self.columns(options)
            keys = self.peer.role_keys(options.role)
            if not keys:
                raise redshift_copy.CopyError(
                    f"User arn:aws:redshift:{self.peer.args.region}:{self.peer.api.account}:dbuser:"
                    f"{self.peer.args.workgroup}/{self.user} is not authorized to assume IAM Role "
                    f"{options.role}" if options.role else "Must specify a credentials argument: IAM_ROLE")
            bucket = redshift_copy.Bucket(self.peer.args.s3_endpoint, self.peer.args.region, *keys)
            data, rows, files = await asyncio.to_thread(redshift_copy.load, bucket, options, columns)
            names = options.columns
            result, error = await self.ask(f"COPY {options.table} {names} FROM STDIN (FORMAT csv)", data)
            if error:
                told = fields(error)
                raise redshift_copy.CopyError(told["M"], told.get("D"), told["C"])
        except redshift_copy.CopyError as e:
            await asyncio.to_thread(self.peer.record_load, self, query, start, options, None, 0, e)
            return await self.fail(e)
        await self.ask(f"SELECT set_config('peer.last_copy_count', '{rows}', false), "
                       f"set_config('peer.last_copy_id', '{query['id']}', false)")
        await asyncio.to_thread(self.peer.record_load, self, query, start, options, files, rows, None)
        self.to_client(b"N", f"SINFO\0VINFO\0C00000\0MLoad into table '{options.table.split('.')[-1]}' completed, "
                       f"{rows} record(s) loaded successfully.\0\0".encode())
        self.to_client(b"C", b"COPY\0")
        self.ended("success")
        return True

    async def columns(self, options):
        listed = [c.strip() for c in options.columns.strip("()").split(",") if c.strip()]
        table = options.table.replace("'", "")
        rows, error = await self.ask(
            f"SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = "
            f"'{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
        if error:
            told = fields(error)
            raise redshift_copy.CopyError(told["M"], None, told["C"])
        found = {row[0]: redshift_copy.Column(row[0], row[1]) for row in rows}
        return [found[name] for name in listed] if listed else list(found.values())


# --- the peer ---

class Peer:
    def __init__(self, args, dsn):
        self.args, self.dsn = args, dsn
        self.usage, self.faults = Usage(args.base_capacity), Faults()
        self.iam = Iam(args.iam, args.region) if args.iam else None
        self.lock, self.port, self.tls = threading.Lock(), 0, None
        if args.tls_cert:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(args.tls_cert, args.tls_key)

    def install(self):
        for _ in range(100):
            try:
                with psycopg.connect(self.dsn, autocommit=True) as conn:
                    there = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s",
                                         [self.args.database]).fetchone()
                    if not there:
                        conn.execute(pgsql.SQL("CREATE DATABASE {}").format(
                            pgsql.Identifier(self.args.database)))
                    break
            except psycopg.OperationalError:
                time.sleep(0.1)
        self.admin = psycopg.connect(self.dsn, dbname=self.args.database, autocommit=True)
        self.admin.execute(SCHEMA)
        self.admin.execute(pgsql.SQL("ALTER ROLE {} PASSWORD {}").format(
            pgsql.Identifier(self.admin.info.user), pgsql.Literal(self.args.admin_password)))
        self.backend = ("127.0.0.1", self.admin.info.port)

    def role_keys(self, role):
        """(key, secret) that a COPY reads with, or None; mgmt/serverless-iam: both services must be trusted."""
        if role not in (self.args.role_arn, "default"):
            return None
        if not self.iam:
            return None, None
        keys = [self.iam.role_keys(self.args.role_arn, service) for service in (
            "redshift.amazonaws.com", "redshift-serverless.amazonaws.com")]
        return keys[0] if all(keys) else None

    def make_user(self, name, password, until):
        """mgmt/generating-iam-credentials: the user is made when it is not there, with PUBLIC's rights."""
        with self.lock:
            there = self.admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            self.admin.execute(pgsql.SQL("{} ROLE {} LOGIN PASSWORD {} VALID UNTIL {}").format(
                pgsql.SQL("ALTER" if there else "CREATE"), pgsql.Identifier(name), pgsql.Literal(password),
                pgsql.Literal(datetime.datetime.fromtimestamp(until, datetime.timezone.utc).isoformat())))
            if not there:       # peers of a test have one owner: the tables are the user's own
                self.admin.execute(pgsql.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO {}").format(
                    pgsql.Identifier(self.args.database), pgsql.Identifier(name)))

    def write_history(self):
        report = self.usage.report()
        with self.lock, self.admin.transaction():
            self.admin.execute("DELETE FROM peer.sys_query_history")
            self.admin.execute("DELETE FROM peer.sys_serverless_usage")
            for q in report["queries"]:
                end = q["end"] or time.time()
                self.admin.execute(
                    "INSERT INTO peer.sys_query_history VALUES (100, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [q["id"], q["pid"], self.args.database, q["sql"].split(" ")[0].upper(), q["status"],
                     utc(q["at"]), utc(end), int((end - q["at"]) * 1e6), q["sql"]])
            for start, end in report["periods"]:
                charged = round((end - start) * self.usage.capacity)
                self.admin.execute("INSERT INTO peer.sys_serverless_usage VALUES (%s, %s, %s, %s, 0, 0, %s, 0)",
                                   [utc(start), utc(end), charged, self.usage.capacity, charged])

    def record_load(self, session, query, start, options, files, rows, error):
        files = files or []
        size = sum(n for _, n in files)
        with self.lock:
            self.admin.execute(
                "INSERT INTO peer.sys_load_history VALUES (100, %s, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
                " %s, %s, %s, %s, %s, %s, 0)",
                [query["id"], session.pid, self.args.database, "aborted" if error else "completed",
                 options.table.split(".")[-1] if options else None, utc(start), utc(time.time()),
                 int((time.time() - start) * 1e6), options.source if options else None,
                 options.format if options else None, rows, size, len(files), size, len(files), size,
                 int(bool(error))])
            if error and error.row:
                row = {"user_id": 100, "query_id": query["id"], "transaction_id": 0, "session_id": session.pid,
                       "database_name": self.args.database, "table_id": 0, "start_time": utc(start)} | error.row
                self.admin.execute(pgsql.SQL("INSERT INTO peer.sys_load_error_detail ({}) VALUES ({})").format(
                    pgsql.SQL(", ").join(map(pgsql.Identifier, row)),
                    pgsql.SQL(", ").join(pgsql.Placeholder() * len(row))), list(row.values()))

    async def serve(self):
        async def one(reader, writer):
            try:
                await Session(self, reader, writer).run()
            except (asyncio.IncompleteReadError, OSError, Lost):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(one, self.args.host, self.args.port)
        self.port = server.sockets[0].getsockname()[1]
        api = self.api.serve(self.args.api_port)
        print(f"ready port={self.port} api={api}", flush=True)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--dir", help="a cluster of its own in this directory")
    p.add_argument("--pg-dsn", help="or a PostgreSQL that is there, as its superuser")
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--api-port", type=int, default=0)
    p.add_argument("--s3-endpoint")
    p.add_argument("--region", default="ap-southeast-1")
    p.add_argument("--workgroup", default="bike")
    p.add_argument("--database", default="dev")
    p.add_argument("--address", default="127.0.0.1", help="the endpoint's address that GetWorkgroup tells")
    p.add_argument("--role-arn", default="arn:aws:iam::123456789012:role/bike-copy")
    p.add_argument("--iam-user", default="bikeops-ec2")
    p.add_argument("--credential-seconds", type=int, help="passwords end so soon, whatever was asked")
    p.add_argument("--base-capacity", type=int, default=4)
    p.add_argument("--admin-password", default="Secret1!")
    p.add_argument("--tls-cert")
    p.add_argument("--tls-key")
    p.add_argument("--require-ssl", action="store_true")
    p.add_argument("--iam", help="iam.py's file: who signs, and what is allowed")
    args = p.parse_args()
    die_with_parent()
    cluster = Cluster(args.dir) if args.dir else None
    if not cluster and not args.pg_dsn:
        p.error("give --dir or --pg-dsn")
    key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
    keys = {key: (os.environ.get("AWS_SECRET_ACCESS_KEY", "test"), os.environ.get("AWS_SESSION_TOKEN"))}
    try:
        peer = Peer(args, cluster.start() if cluster else args.pg_dsn)
        peer.api = redshift_api.Api(peer, args, keys)
        peer.install()
        asyncio.run(peer.serve())
    finally:
        if cluster:
            cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
