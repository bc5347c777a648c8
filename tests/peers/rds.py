"""RDS for PostgreSQL on one machine: a private PostgreSQL, aws_s3 in PL/Python, IAM logins.

usage: rds.py --dir DIR        prints `ready port=N` and serves until it is ended

DIR/control.json, read at each call, is what a test changes (Rds.control() below):
    endpoint, region   S3 that aws_s3 reaches, and the only region it exports to
    role_keys          access key, secret key, session token of the instance's roles
    roles              which features have one: s3Export, s3Import; with iam their ARNs by feature
    iam                iam.py's file, or null: then role_keys and iam_keys say who may
    arn, resource      of the instance: its ARN, and the id that rds-db:connect names
    part_bytes         size at which an export begins the next file (about 6 GB at RDS)
    header_per_part    does each file begin with the header?
    iam_keys           {access key: [secret key, session token or null, [database users]]}
    faults             [{op: export|import, match: of the key, times, kind}], kind one of slowdown,
                       denied, hang, half (some parts, then none), stale (a part too many is there)
DIR/ca.pem is the root to verify, DIR/run the socket for the superuser rdsadmin, password-free.
Logins by the port: "bikeops" with PASSWORD, CREATEROLE and rds_superuser; members of rds_iam with a
token and nothing else. Database "bikestore".

As AWS documents it: signatures, OUT columns, options with and without parentheses, overwriting,
name_part2, gzip by Content-Encoding, a role per feature, TLS forced (rds.force_ssl,
PostgreSQL.Concepts.General.SSL), tokens of 15 minutes (UsingWithRDS.IAMDBAuth.Connecting.*).
Not proved, no page says it: whether a later file repeats the header (hence the setting), the
SQLSTATEs and the wording of refusals other than "could not upload to Amazon S3", whether the query
runs as its caller (here its rights are checked as the caller's, then it runs as rdsadmin), whether
an export may stand in a read-only transaction (here it may), whether schema aws_s3 is open to all
after CREATE EXTENSION (here to rds_superuser alone), and the text of a failed token (here PAM's)."""

import argparse
import asyncio
import contextlib
import datetime
import glob
import hmac
import json
import os
import pathlib
import pwd
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import time
import urllib.parse

import psycopg
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "aws_s3"))
import agent as agents  # noqa: E402
import iam_actions  # noqa: E402
from iam import ACCOUNT, Iam  # noqa: E402

PASSWORD = "master-password"
TOKEN_S = 900
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
DEFAULTS = {"endpoint": None, "region": "us-east-1", "role_keys": ["AKRDS", "SKRDS", None],
            "roles": ["s3Export", "s3Import"], "iam": None, "arn": None, "resource": None, "part_bytes": 6 << 30, "header_per_part": False,
            "iam_keys": {}, "faults": []}


# --- the server

def installed():
    """bin of the newest PostgreSQL with PL/Python."""
    found = [pathlib.Path(path).parent.parent for path in
             glob.glob("/usr/lib/postgresql/*/lib/plpython3.so")]
    if not found:
        sys.exit("no PL/Python: apt-get install postgresql-plpython3-15")
    return max(found, key=lambda path: int(path.name)) / "bin"


def private_tree(directory):
    """The installation beside aws_s3: PostgreSQL finds its files from where its program stands."""
    bin = installed()
    version = bin.parent.name
    lib = directory / "pg/lib/postgresql" / version
    share = directory / "pg/share/postgresql" / version
    (lib / "bin").mkdir(parents=True)
    (share / "extension").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        shutil.copy(bin / name, lib / "bin" / name)
    (lib / "lib").symlink_to(bin.parent / "lib")
    real = pathlib.Path("/usr/share/postgresql") / version
    for path in real.iterdir():
        if path.name != "extension":
            (share / path.name).symlink_to(path)
    for path in (*(real / "extension").iterdir(), *(HERE / "aws_s3").glob("aws_*")):
        if path.suffix in (".control", ".sql"):
            target = share / "extension" / path.name
            shutil.copy(path, target) if path.parent == HERE / "aws_s3" else target.symlink_to(path)
    return lib / "bin"


HBA = """local all rdsadmin trust
local all +rds_iam trust
local all all scram-sha-256
"""
SETUP = f"""CREATE EXTENSION plpython3u;
CREATE ROLE rds_superuser NOLOGIN; CREATE ROLE rds_iam NOLOGIN;
GRANT pg_monitor, pg_signal_backend TO rds_superuser;
CREATE ROLE bikeops LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}';
GRANT rds_superuser TO bikeops WITH ADMIN OPTION;"""


class Server:
    def __init__(self, directory):
        self.directory = directory
        self.user = pwd.getpwnam("nobody") if os.getuid() == 0 else None

    def command(self, *argv):
        drop = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                "--clear-groups", "--pdeathsig=QUIT"] if self.user else \
            ["setpriv", "--pdeathsig=QUIT"]
        return [*drop, *map(str, argv)]

    def start(self):
        bin = private_tree(self.directory)
        for name in ("data", "run", "exports"):
            (self.directory / name).mkdir()
            if self.user:
                os.chown(self.directory / name, self.user.pw_uid, self.user.pw_gid)
        data = self.directory / "data"
        data.chmod(0o700)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        log = open(self.directory / "server.log", "ab")
        subprocess.run(self.command(bin / "initdb", "-D", data, "-U", "rdsadmin", "--no-sync", "-E",
                                    "UTF8", "--locale=C.UTF-8", "--auth=trust"),
                       check=True, stdout=log, stderr=log, env=env, cwd=data)
        (data / "pg_hba.conf").write_text(HBA)
        self.process = subprocess.Popen(
            self.command(bin / "postgres", "-D", data, "-k", self.directory / "run", "-c",
                         "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"),
            stdout=log, stderr=log, env=env, cwd=data, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                with admin(self.directory, "template1") as conn:
                    conn.execute(SETUP)
                break
            except psycopg.OperationalError:
                if time.monotonic() > end or self.process.poll() is not None:
                    sys.exit(f"PostgreSQL does not start: {self.directory}/server.log")
                time.sleep(0.05)
        with admin(self.directory, "postgres") as conn:
            conn.execute("CREATE DATABASE bikestore OWNER bikeops")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


def admin(directory, database="bikestore"):
    """A session of the superuser, as no client of RDS has."""
    return psycopg.connect(host=str(pathlib.Path(directory) / "run"), user="rdsadmin",
                           dbname=database, autocommit=True)


def make_certificates(directory):
    """A root of our own, and localhost signed by it."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, cwd=directory, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=Peer RDS root", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "server.key", "-out", "server.csr")
    (directory / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "server.pem")


# --- the front: TLS, and who may log in

def token_fault(token, user, port, control, now):
    """Why this password is no valid token of user, or None. Signed anew by botocore."""
    url = urllib.parse.urlsplit("https://" + token)
    query = urllib.parse.parse_qs(url.query)
    one = {name: values[0] for name, values in query.items() if len(values) == 1}
    try:
        key, _, region, service, _ = one["X-Amz-Credential"].split("/")
        signed = datetime.datetime.strptime(one["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(
            tzinfo=datetime.timezone.utc)
        given = one["X-Amz-Signature"]
    except (KeyError, ValueError):
        return "no token"
    secret, session, users = iam_key(key, user, control)
    age = (now - signed).total_seconds()
    for wrong, why in (
            (url.netloc != f"localhost:{port}", "another host or port"),
            (one.get("Action") != "connect" or one.get("DBUser") != user, "another user"),
            (secret is None, "unknown access key"),
            (user not in users, "rds-db:connect is not allowed"),
            (service != "rds-db" or region != control["region"], "another service or region"),
            (one.get("X-Amz-Expires") != str(TOKEN_S) or not -300 <= age <= TOKEN_S, "expired"),
            (one.get("X-Amz-Security-Token") != session, "another session token")):
        if wrong:
            return why
    request = AWSRequest("GET", f"https://{url.netloc}/",
                         params={"Action": "connect", "DBUser": user})
    request.prepare()
    request.url = f"https://{url.netloc}/?" + urllib.parse.urlencode(
        {"Action": "connect", "DBUser": user})
    request.params = {}
    request.context["timestamp"] = one["X-Amz-Date"]
    signer = SigV4QueryAuth(Credentials(key, secret, session), "rds-db", region, TOKEN_S)
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if not hmac.compare_digest(signer.signature(text, request), given):
        return "the signature does not match"
    return None


def iam_key(key, user, control):
    """(secret, session token, the users that it may log in as)"""
    if not control["iam"]:
        return control["iam_keys"].get(key, (None, None, []))
    iam = Iam(control["iam"], control["region"])
    who = iam.principals().get(key)
    if not who:
        return None, None, []
    needs = iam_actions.rds_login(control["region"], ACCOUNT, control["resource"], user)
    return who["secret"], None, [] if iam.refusal(key, needs) else [user]


def refusal(message, sqlstate="28000"):
    fields = b"".join(tag + text.encode() + b"\0" for tag, text in (
        (b"S", "FATAL"), (b"V", "FATAL"), (b"C", sqlstate), (b"M", message))) + b"\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


async def first_packet(reader):
    length, = struct.unpack("!I", await reader.readexactly(4))
    body = await reader.readexactly(length - 4)
    return struct.unpack("!I", body[:4])[0], struct.pack("!I", length) + body


def parameters(packet):
    words = packet[8:].split(b"\0")
    return {k.decode(): v.decode() for k, v in zip(words[::2], words[1::2]) if k}


async def pump(reader, writer):
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


class Front:
    def __init__(self, directory):
        self.directory = directory
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(directory / "server.pem", directory / "server.key")

    async def client(self, reader, writer):
        try:
            await self.login(reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def login(self, reader, writer):
        code, packet = await first_packet(reader)
        while code == GSS_REQUEST:
            writer.write(b"N")
            code, packet = await first_packet(reader)
        if code == CANCEL_REQUEST:
            _, backend = await self.backend()
            backend.write(packet)
            await backend.drain()
            backend.close()
            return
        if code != SSL_REQUEST:
            who = parameters(packet)
            writer.write(refusal('no pg_hba.conf entry for host "127.0.0.1", user "{}", database "{}", '
                                 "no encryption".format(who["user"], who.get("database", who["user"]))))
            await writer.drain()
            return
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(self.tls)
        _, packet = await first_packet(reader)
        user = parameters(packet)["user"]
        if self.is_iam(user):
            writer.write(b"R" + struct.pack("!II", 8, 3))    # a password in clear, as PAM asks for
            await writer.drain()
            kind = await reader.readexactly(1)
            length, = struct.unpack("!I", await reader.readexactly(4))
            token = (await reader.readexactly(length - 4)).rstrip(b"\0").decode()
            why = token_fault(token, user, self.port, agents_control(self.directory),
                              datetime.datetime.now(datetime.timezone.utc)) if kind == b"p" else "none"
            with open(self.directory / "logins.log", "a") as log:
                print(user, why or "ok", file=log)
            if why:
                writer.write(refusal(f'PAM authentication failed for user "{user}"'))
                await writer.drain()
                return
        backend_reader, backend = await self.backend()
        backend.write(packet)
        await asyncio.gather(pump(reader, backend), pump(backend_reader, writer))

    async def backend(self):
        return await asyncio.open_unix_connection(str(self.directory / "run/.s.PGSQL.5432"))

    def is_iam(self, user):
        with admin(self.directory, "postgres") as conn:
            return conn.execute("SELECT count(*) FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole "
                                "AND member = (SELECT oid FROM pg_roles WHERE rolname = %s)",
                                (user,)).fetchone()[0] > 0

    async def serve(self, stop):
        server = await asyncio.start_server(self.client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        print(f"ready port={self.port}", flush=True)
        await stop.wait()


def agents_control(directory):
    return json.loads((directory / "control.json").read_text())


async def serve(directory):
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await Front(directory).serve(stop)


def main(directory):
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    if not (directory / "control.json").exists():
        agents.write_control(directory, DEFAULTS)
    make_certificates(directory)
    server = Server(directory)
    server.start()
    agents.Agent(directory).serve()
    try:
        asyncio.run(serve(directory))
    finally:
        server.stop()


# --- for tests

class Rds:
    """What a test asks of the peer that serves from this directory."""

    def __init__(self, directory, port):
        self.directory = pathlib.Path(directory)
        self.port = port
        self.defaults = {}

    def control(self, **changes):
        """What control.json holds from now on; what is not named is as in the beginning."""
        agents.write_control(self.directory, {**DEFAULTS, **self.defaults, **changes})

    def dsn(self, user="bikeops", password=PASSWORD, database="bikestore"):
        """As conninfo; the password is left out where it is None."""
        text = f"host=localhost port={self.port} dbname={database} user={user} " \
               f"sslmode=verify-full sslrootcert={self.directory}/ca.pem"
        return text + (f" password={password}" if password else "")

    def connect(self, **who):
        return psycopg.connect(self.dsn(**who), autocommit=True)

    def admin(self, database="bikestore"):
        return admin(self.directory, database)

    def iam_role(self, user, keys):
        """A login role that needs a token, which these access keys may make; no others may."""
        with self.admin("postgres") as conn:
            if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,)).fetchone():
                conn.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'password'")
                conn.execute(f"GRANT rds_iam TO {user}")
        self.defaults["iam_keys"] = {key: [*secrets, [user]] for key, secrets in keys.items()}
        self.control()

    def logins(self):
        path = self.directory / "logins.log"
        return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    main(parser.parse_args().dir)
