"""Where credentials come from, how long they last, and what a call does when something breaks."""

import collections
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

import imds as imds_peer
from conftest import KEYS, Faults, Peer

DRIVER = pathlib.Path(os.environ["BIKEOPS_BINARY"]).parent / "peers" / "aws_driver"
DATA = {"op": "call", "service": "data", "method": "GET", "path": "/data/x"}
ROLE = "arn:aws:iam::123456789012:role/"
LONG_TERM = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), imds_peer.LONG_TERM))
KEY_FILE = "[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % imds_peer.LONG_TERM


class Cloud:
    """A home with its shared files, and those who give credentials behind a proxy of faults."""

    def __init__(self, peer, proxy, home):
        self.peer, self.proxy, self.home = peer, proxy, home
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_REGION": "us-east-1",
                    "AWS_ENDPOINT_URL": proxy.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": proxy.url}
        (home / ".aws").mkdir()
        self.control()
        proxy.ask("reset", {})
        self.before = len(self.log(0))

    def control(self, **settings):
        (self.peer.dir / "control.json").write_text(json.dumps(settings))

    def files(self, config="", secrets=KEY_FILE):
        (self.home / ".aws/config").write_text(config)
        (self.home / ".aws/credentials").write_text(secrets)

    def log(self, before=None):
        """[request, key, status] of this test."""
        log = self.proxy_free("/_peer/log")
        return log[self.before if before is None else before:]

    def proxy_free(self, path):
        import urllib.request
        with urllib.request.urlopen(self.peer.url + path, timeout=10) as answer:
            return json.load(answer)

    def start(self, *requests, env=None, wrap=()):
        child = subprocess.Popen([*wrap, DRIVER], env={**self.env, **(env or {})}, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdin.write("".join(json.dumps(request) + "\n" for request in requests))
        child.stdin.flush()
        return child

    def ask(self, *requests, env=None, wrap=()):
        """The answers of one process; a call's is not a list here."""
        child = self.start(*requests, env=env, wrap=wrap)
        out, self.words = child.communicate(timeout=120)
        assert child.returncode == 0, self.words
        answers = [json.loads(line) for line in out.splitlines()]
        assert len(answers) == len(requests), self.words
        return [a[0] if isinstance(a, list) and len(a) == 1 else a for a in answers]

    def identity(self, env=None, **more):
        """Its text and then a call that they sign."""
        text, call = self.ask({"op": "identity", **more}, {**DATA, **more}, env=env)
        assert call.get("status") == 200, call
        return text["text"]


@pytest.fixture(scope="session")
def imds(peer_dir):
    peer = Peer("imds.py", peer_dir / "imds")
    yield peer
    peer.end()


@pytest.fixture(scope="session")
def imds_faults(imds):
    proxy = Faults("faults.py", imds.dir / "faults", "--to", imds.url)
    yield proxy
    proxy.end()


@pytest.fixture
def cloud(imds, imds_faults, tmp_path):
    return Cloud(imds, imds_faults, tmp_path)


# --- the chain

PROCESS = """import json, sys
print(json.dumps({"Version": 1, "AccessKeyId": sys.argv[1], "SecretAccessKey": sys.argv[2]}))"""


def everything(cloud):
    """A machine where each place has some; the variables, by which one is taken away."""
    script = cloud.home / "give keys.py"
    script.write_text(PROCESS)
    process = "credential_process = python3 '%s' %s %s\n" % (script, *imds_peer.LONG_TERM)
    sso = "sso_start_url = https://x.example/start\nsso_region = us-east-1\nsso_account_id = 1\n" \
          "sso_role_name = Ops\n"
    sso_login(cloud, "https://x.example/start")
    token = cloud.home / "web-token"
    token.write_text("web-token\n")
    role = f"role_arn = {ROLE}deploy\nsource_profile = base\n"
    return {"env": LONG_TERM, "role": role, "sso": sso, "process": process,
            "web": {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE + "web"},
            "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": cloud.proxy.url + "/container",
                          "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token"}}


def sso_login(cloud, key, token="sso-token", seconds=3600):
    cache = cloud.home / ".aws/sso/cache"
    cache.mkdir(parents=True, exist_ok=True)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    (cache / (hashlib.sha1(key.encode()).hexdigest() + ".json")).write_text(
        json.dumps({"accessToken": token, "expiresAt": until}))


STEPS = [("env", "the environment"), ("role", f"profile 'default', role {ROLE}deploy, by profile 'base' in '"),
         ("web", "web identity in '"), ("sso", "profile 'default', SSO role Ops in 1"),
         ("file", "profile 'default' in '"), ("process", "profile 'default', credential_process"),
         ("container", "the container's agent '"), ("instance", "the instance's role 'ec2-role'")]


@pytest.mark.parametrize("first", range(len(STEPS)), ids=[name for name, _ in STEPS])
def test_chain(cloud, first):
    """With all places before it empty, each is the one."""
    all_of_them = everything(cloud)
    left = {name for name, _ in STEPS[first:]}
    config = "[default]\n" + "".join(all_of_them[n] for n in ("role", "sso", "process") if n in left)
    keys = KEY_FILE + (KEY_FILE.replace("base", "default") if "file" in left else "")
    cloud.files(config, keys)
    env = {}
    for name in ("env", "web", "container"):
        env.update(all_of_them[name] if name in left else {})
    text = cloud.identity(env=env)
    assert text.startswith(STEPS[first][1])
    for secret in (LONG_TERM["AWS_SECRET_ACCESS_KEY"], "sso-token", "web-token\n", "container-token"):
        assert secret not in text + cloud.words


def test_a_named_profile_goes_before_the_variables(cloud):
    cloud.files("")
    env = {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other"}
    assert cloud.identity(env=env, profile="base").startswith("profile 'base' in ")
    other = cloud.ask(DATA, env={**env, "AWS_PROFILE": "base"})[0]
    assert other["remote"] == "InvalidClientTokenId"    # AWS_PROFILE does not


def test_none_anywhere(cloud):
    cloud.control(role=None)
    answer = cloud.ask(DATA)[0]
    assert answer["error"] == "auth"
    assert answer["text"] == (
        "no AWS credentials for profile 'default'; sought in: the environment, role_arn, web identity, SSO, "
        "the shared files, credential_process, the container, the instance's role"), answer


def test_no_such_profile(cloud):
    answer = cloud.ask({**DATA, "profile": "nobody"})[0]
    assert (answer["error"], answer["text"]) == ("config", "no AWS profile 'nobody'")


def test_role_of_a_role(cloud):
    """The second is assumed by the first, for an hour at most; each is signed by the one before."""
    cloud.files(f"[profile a]\nrole_arn = {ROLE}a\nsource_profile = base\nduration_seconds = 7200\n"
                f"[profile b]\nrole_arn = {ROLE}b\nsource_profile = a\nduration_seconds = 7200\n"
                f"role_session_name = ops@bikes\n")
    assert cloud.identity(profile="b").startswith(
        f"profile 'b', role {ROLE}b, by profile 'a', role {ROLE}a, by profile 'base' in ")
    posts = [entry for entry in cloud.log() if entry[0] == "POST /"]
    assert [key for _, key, _ in posts][0] == LONG_TERM["AWS_ACCESS_KEY_ID"] and len(posts) == 2
    assert posts[1][1].startswith("ASIA")


@pytest.mark.parametrize("source, env", [("Environment", LONG_TERM), ("Ec2InstanceMetadata", {})])
def test_role_by_credential_source(cloud, source, env):
    cloud.files(f"[profile a]\nrole_arn = {ROLE}a\ncredential_source = {source}\n")
    assert f"role {ROLE}a, by the " in cloud.identity(profile="a", env=env)


def test_external_id(cloud):
    config = f"[profile a]\nrole_arn = {ROLE}external\nsource_profile = base\n"
    cloud.files(config)
    answer = cloud.ask({**DATA, "profile": "a"})[0]
    assert answer["error"] == "auth" and answer["remote"] == "AccessDenied"
    assert answer["hint"] == f"allow sts:AssumeRole on {ROLE}external in the role's policy"
    cloud.files(config + "external_id = partner/1\n")
    assert ROLE + "external" in cloud.identity(profile="a")


def test_process_that_fails(cloud):
    cloud.files("[profile p]\ncredential_process = sh -c 'echo no key today >&2; exit 3'\n")
    answer = cloud.ask({**DATA, "profile": "p"})[0]
    assert answer["text"].startswith("credential_process of profile 'p': ")
    assert "no key today" in answer["text"]


def test_process_that_fails_between_two_tries(cloud):
    """Its own words, not those of the service that was to be asked once more."""
    count = cloud.home / "count"
    script = cloud.home / "twice.sh"
    keys = json.dumps({"Version": 1, "AccessKeyId": imds_peer.LONG_TERM[0],
                       "SecretAccessKey": imds_peer.LONG_TERM[1], "Expiration": "2020-01-01T00:00:00Z"})
    script.write_text(f"echo >> {count}; [ $(wc -l < {count}) -lt 3 ] && echo '{keys}' && exit\n"
                      "echo no key today >&2; exit 3\n")
    cloud.files(f"[profile p]\ncredential_process = sh {script}\n")
    cloud.proxy.next("^GET /data", "error", status=500, code="InternalError", count=9)
    answer = cloud.ask({**DATA, "profile": "p"})[0]
    assert len(cloud.proxy.seen()) == 2 and "no key today" in answer["text"], answer


# --- SSO

SSO = ("[profile s]\nsso_session = corp\nsso_account_id = 42\nsso_role_name = Admin\n"
       "[sso-session corp]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n")


def test_sso_session(cloud):
    cloud.files(SSO)
    sso_login(cloud, "corp")
    assert cloud.identity(profile="s").startswith("profile 's', SSO role Admin in 42, until ")


@pytest.mark.parametrize("login, want", [
    (None, "profile 's': not logged in to SSO"),
    ({"seconds": -5}, "profile 's': the SSO login has expired"),
    ({"token": "another"}, "profile 's': SSO refuses the login")])
def test_sso_login(cloud, login, want):
    cloud.files(SSO)
    if login:
        sso_login(cloud, "corp", **login)
    answer = cloud.ask({**DATA, "profile": "s"})[0]
    assert (answer["error"], answer["text"], answer["hint"]) == (
        "auth", want, "run: aws sso login --profile s")


# --- the instance

def test_imdsv2(cloud):
    """A token first, which every question carries; never a question without one."""
    assert cloud.identity().startswith("the instance's role 'ec2-role', until ")
    asked = [(e["request"], e["headers"]) for e in cloud.proxy.seen() if "/latest/" in e["request"]]
    assert [request for request, _ in asked] == [
        "PUT /latest/api/token", "GET /latest/meta-data/iam/security-credentials/",
        "GET /latest/meta-data/iam/security-credentials/ec2-role"]
    assert asked[0][1]["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    assert all("x-aws-ec2-metadata-token" in headers for _, headers in asked[1:])


def test_a_metadata_token_that_ended_is_renewed(cloud):
    cloud.control(token_uses=1)
    assert cloud.identity().startswith("the instance's role 'ec2-role'")
    assert [status for request, _, status in cloud.log() if "/latest/" in request] == [
        200, 200, 401, 200, 200, 200]


def test_no_token_is_no_reason_for_v1(cloud):
    cloud.proxy.next("^PUT /latest/api/token", "error", status=403, code="Forbidden")
    assert cloud.ask(DATA)[0]["error"] == "auth"
    assert [e["request"] for e in cloud.proxy.seen()] == ["PUT /latest/api/token"]


def test_metadata_never_by_a_proxy(cloud):
    env = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
    text = cloud.ask({"op": "identity"}, env=env)[0]
    assert text["text"].startswith("the instance's role")


def test_metadata_disabled(cloud):
    answer = cloud.ask(DATA, env={"AWS_EC2_METADATA_DISABLED": "true"})[0]
    assert answer["error"] == "auth" and cloud.proxy.seen() == []


def test_metadata_that_hangs_is_given_up(cloud):
    cloud.proxy.next("/latest/", "hang", count=10)
    start = time.monotonic()
    assert cloud.ask(DATA)[0]["error"] == "auth"
    assert time.monotonic() - start < 3


def test_region_of_the_instance(cloud):
    env = {"AWS_REGION": "", "AWS_ENDPOINT_URL": ""}
    url = cloud.ask({"op": "presign", "service": "s3", "method": "GET", "bucket": "shop-raw", "path": "k",
                     "seconds": 60}, env=env)[0]["text"]
    assert url.startswith("https://shop-raw.s3.eu-central-1.amazonaws.com/k?X-Amz-Algorithm=")


def test_keys_of_an_instance_that_ended_are_used_on(cloud):
    """AWS extends what it could not renew; no storm of questions meanwhile."""
    cloud.control(life_s=-60)
    answer = cloud.ask({**DATA, "again": 4})[0]
    assert [a["remote"] for a in answer] == ["ExpiredToken"] * 5
    # each call asks once more when the service refuses them
    questions = [e for e in cloud.log() if e[0].startswith("PUT /latest")]
    assert len(questions) <= 6


# --- the container

def test_container_token_is_read_again(cloud):
    token = cloud.home / "token"
    token.write_text("first")
    cloud.control(container_token="first", life_s=3)
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": cloud.proxy.url + "/container",
           "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
    child = cloud.start({**DATA, "again": 60, "query": [["wait", "0.1"]]}, env=env)
    time.sleep(1)
    token.write_text("second")
    cloud.control(container_token="second", life_s=3)
    answers = json.loads(child.communicate(timeout=60)[0])
    assert {a.get("status") for a in answers} == {200}, answers
    given = [status for request, _, status in cloud.log() if request == "GET /container"]
    assert len(given) >= 2 and set(given) == {200}


def test_container_elsewhere_is_refused(cloud):
    answer = cloud.ask(DATA, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.test/c"})[0]
    assert answer["error"] == "config" and "is not on this machine" in answer["text"]


def test_container_token_with_a_line_break(cloud):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": cloud.proxy.url + "/container",
           "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX-Evil: 1"}
    assert "has a line break" in cloud.ask(DATA, env=env)[0]["text"]


# --- renewal

def test_renewed_in_time_by_one(cloud):
    """Four threads work for nine seconds with keys that last five: none sees them expire, and each
    set is asked for once."""
    cloud.files(f"[profile a]\nrole_arn = {ROLE}a\nsource_profile = base\n")
    cloud.control(life_s=5)
    start = time.monotonic()
    answers = cloud.ask({**DATA, "profile": "a", "threads": 4, "again": 90, "query": [["wait", "0.1"]]})[0]
    took = time.monotonic() - start
    assert {a.get("status") for thread in answers for a in thread} == {200}
    log = cloud.log()
    used = collections.Counter(key for request, key, _ in log if request.startswith("GET /data"))
    given = [e for e in log if e[0] == "POST /"]
    # a third of their life is left when they are renewed
    assert len(used) == len(given) and 3 <= len(given) <= took / 3 + 2, (given, took)
    assert not [e for e in log if e[2] != 200]


def test_expired_within_a_call(cloud):
    """The service says so before we know: others are asked for, once, and the try is signed anew."""
    cloud.proxy.next("^GET /data", "error", status=400, code="ExpiredToken")
    answer = cloud.ask(DATA)[0]
    assert answer["status"] == 200
    assert len([e for e in cloud.log() if e[0].endswith("/ec2-role")]) == 2
    cloud.proxy.next("^GET /data", "error", status=400, code="ExpiredToken", count=2)
    answer = cloud.ask(DATA)[0]
    assert (answer["error"], answer["remote"]) == ("auth", "ExpiredToken")


def test_renewal_that_fails_keeps_what_still_does(cloud):
    cloud.control(life_s=6)
    child = cloud.start({**DATA, "again": 30, "query": [["wait", "0.1"]]})
    time.sleep(1)
    cloud.proxy.next("/latest/", "error", status=500, code="x", count=1000)
    answers = json.loads(child.communicate(timeout=60)[0])
    assert {a.get("status") for a in answers} == {200}, answers


# --- clocks

@pytest.mark.parametrize("seconds", [1200, -1200])
def test_clock(cloud, seconds):
    """The service's is 20 minutes off ours: said once, corrected once, and kept."""
    cloud.control(clock_s=seconds)
    answers = cloud.ask({**DATA, "again": 2}, env=LONG_TERM)[0]
    assert [a.get("status") for a in answers] == [200] * 3, answers
    assert all(abs(a["skew_s"] - seconds) <= 2 for a in answers)
    assert [status for request, _, status in cloud.log()] == [403, 200, 200, 200]
    assert cloud.words.count("the clock of this machine and that of data differ by") == 1


def test_own_clock(cloud):
    """The same with ours, by libfaketime."""
    if subprocess.run(["sh", "-c", "command -v faketime"], capture_output=True).returncode:
        pytest.skip("no faketime")
    answer = cloud.ask(DATA, env=LONG_TERM, wrap=("faketime", "-f", "+20m"))[0]
    assert answer["status"] == 200 and abs(answer["skew_s"] + 1200) <= 2


def test_a_wrong_secret_is_no_clock(cloud):
    answer = cloud.ask(DATA, env={**LONG_TERM, "AWS_SECRET_ACCESS_KEY": "wrong"})[0]
    assert (answer["error"], answer["remote"]) == ("auth", "SignatureDoesNotMatch")
    assert answer["hint"] == "the secret key does not belong to the access key"
    assert len(cloud.log()) == 1


# --- tries

AGAIN = [("error", {"status": 500, "code": "InternalError"}), ("error", {"status": 503, "code": "SlowDown"}),
         ("error", {"status": 400, "code": "ThrottlingException", "style": "json"}),
         ("error", {"status": 400, "code": "RequestTimeout"}), ("error", {"status": 502, "code": "BadGateway"}),
         ("half", {}), ("reset", {}), ("lost", {})]


@pytest.mark.parametrize("kind, more", AGAIN, ids=[more.get("code", kind) for kind, more in AGAIN])
def test_a_passing_fault(cloud, kind, more):
    cloud.proxy.next("^GET /data", kind, count=2, **more)
    answer = cloud.ask({**DATA, "query": [["bytes", "5000"]]}, env=LONG_TERM)[0]
    assert (answer.get("status"), answer.get("body")) == (200, "x" * 5000), answer
    cloud.proxy.ask("reset", {})
    cloud.proxy.next("^GET /data", kind, count=9, **more)
    answer = cloud.ask({**DATA, "query": [["bytes", "5000"]]}, env=LONG_TERM)[0]
    assert answer["error"] in ("network", "timeout"), answer
    assert answer["text"].startswith("tried 3 times in ")
    assert answer["remote"] == (more["code"] if kind == "error" else None)
    assert len(cloud.proxy.seen()) == 3


@pytest.mark.parametrize("status, code, error", [
    (403, "AccessDenied", "auth"), (404, "NoSuchKey", "notfound"), (409, "BucketNotEmpty", "conflict"),
    (400, "MalformedXML", "remote")])
def test_a_final_fault(cloud, status, code, error):
    cloud.proxy.next("^GET /data", "error", status=status, code=code)
    answer = cloud.ask(DATA, env=LONG_TERM)[0]
    assert (answer["error"], answer["remote"]) == (error, code)
    assert len(cloud.proxy.seen()) == 1


def test_more_attempts(cloud):
    cloud.proxy.next("^GET /data", "error", status=500, code="InternalError", count=4)
    assert cloud.ask(DATA, env={**LONG_TERM, "AWS_MAX_ATTEMPTS": "5"})[0]["status"] == 200


def test_an_error_within_a_success(cloud):
    fault = {"status": 200, "code": "InternalError"}
    cloud.proxy.next("^GET /data", "error", count=1, **fault)
    assert cloud.ask({**DATA, "late_fault": True}, env=LONG_TERM)[0]["body"] == "x"
    cloud.proxy.next("^GET /data", "error", count=9, **fault)
    answer = cloud.ask({**DATA, "late_fault": True}, env=LONG_TERM)[0]
    assert (answer["error"], answer["remote"]) == ("network", "InternalError")


def test_no_second_try_where_the_sink_has_had_bytes(cloud):
    """Half a body is a failure of the call: its receiver cannot take back what it has."""
    to = cloud.home / "to"
    cloud.proxy.next("^GET /data", "half")
    answer = cloud.ask({**DATA, "query": [["bytes", "500000"]], "to": str(to)}, env=LONG_TERM)[0]
    assert answer["error"] == "network" and to.stat().st_size == 250000
    assert len(cloud.proxy.seen()) == 1


def test_a_hang_ends_within_the_budget(cloud):
    cloud.proxy.next("^GET /data", "hang", count=9)
    start = time.monotonic()
    answer = cloud.ask({**DATA, "budget_s": 6}, env=LONG_TERM)[0]
    took = time.monotonic() - start
    assert answer["error"] == "timeout" and 3 < took < 7, (answer, took)
    assert 2 <= len(cloud.proxy.seen()) <= 3


def test_a_slow_body_that_moves_is_no_hang(cloud):
    cloud.proxy.next("^GET /data", "slow", rate=200000)
    answer = cloud.ask({**DATA, "budget_s": 2, "query": [["bytes", "900000"]]}, env=LONG_TERM)[0]
    assert answer.get("status") == 200 and answer["ms"] > 3000, answer


def test_a_slow_body_that_breaks_is_asked_for_again(cloud):
    """What moved puts the end of the whole call off, not only of the try that moved it."""
    cloud.proxy.next("^GET /data", "half", rate=200000)
    answer = cloud.ask({**DATA, "budget_s": 2, "query": [["bytes", "1200000"]]}, env=LONG_TERM)[0]
    assert answer.get("status") == 200 and answer["ms"] > 2500, answer
    assert len(cloud.proxy.seen()) == 2


def test_nobody_listens(cloud):
    answer = cloud.ask(DATA, env={**LONG_TERM, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})[0]
    assert answer["error"] == "network" and "'http://127.0.0.1:1'" in answer["text"]


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("where", ["^GET /data", "/latest/api/token", "^POST /"])
def test_cancel(cloud, where, threads):
    """Within a second, whoever hangs; a thread hears no signal and is told by the descriptor."""
    cloud.files(f"[default]\nrole_arn = {ROLE}a\nsource_profile = base\n" if "POST" in where else "")
    cloud.proxy.next(where, "hang", count=9)
    env = LONG_TERM if "data" in where else {"AWS_METADATA_SERVICE_TIMEOUT": "30"}
    child = cloud.start({**DATA, "threads": threads}, env=env)
    deadline = time.monotonic() + 10
    while not cloud.proxy.seen() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)     # libcurl's own timers of the beginning are over
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    answer = json.loads(child.communicate(timeout=20)[0])
    took = time.monotonic() - start
    answers = [a[0] for a in answer] if threads else answer
    assert {a["error"] for a in answers} == {"cancelled"} and took < 1, (answers, took)


def test_deaf_goes_on(cloud):
    """What must be told while the program ends is told."""
    child = cloud.start({"op": "identity"}, env=LONG_TERM)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    cloud.proxy.next("^GET /data", "error", status=500, code="InternalError")
    out, _ = child.communicate("".join(json.dumps({**DATA, "deaf": deaf}) + "\n" for deaf in (True, False)),
                               timeout=20)
    first, second = [json.loads(line)[0] for line in out.splitlines()]
    assert first["status"] == 200 and second["error"] == "cancelled"


def test_deaf_asks_for_credentials(cloud):
    """Also a program that gives them: a job may have to be ended with keys that ran out."""
    cloud.files("[default]\n" + everything(cloud)["process"])
    child = cloud.start({"op": "identity"}, env=LONG_TERM)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    out, _ = child.communicate(json.dumps({**DATA, "deaf": True, "profile": "default"}) + "\n", timeout=20)
    assert json.loads(out)[0].get("status") == 200, out


def test_connections_are_kept(cloud):
    """One for all calls of a struct aws."""
    seen = set()
    stop = threading.Event()

    def look():
        while not stop.is_set():
            with open("/proc/net/tcp") as table:
                port = f":{cloud.proxy.port:04X}"
                seen.update(line.split()[1] for line in table
                            if line.split()[2].endswith(port) and line.split()[3] == "01")
            time.sleep(0.01)
    watcher = threading.Thread(target=look)
    watcher.start()
    answers = cloud.ask({**DATA, "again": 20, "query": [["wait", "0.03"]]}, env=LONG_TERM)[0]
    stop.set()
    watcher.join()
    assert [a["status"] for a in answers] == [200] * 21 and len(seen) == 1, seen


def test_another_region(any_s3, cloud):
    """Learned from what S3 says, once for each bucket."""
    if any_s3.kind != "versitygw":
        pytest.skip("its S3 takes any region")
    request = {"op": "call", "service": "s3", "method": "GET", "bucket": "shop-raw", "path": "",
               "query": [["list-type", "2"]], "region": "eu-west-1", "again": 1}
    answers = cloud.ask(request, env={**KEYS, "AWS_ENDPOINT_URL": any_s3.url})[0]
    assert [a.get("status") for a in answers] == [200, 200], answers
    assert cloud.words.count("AuthorizationHeaderMalformed") == 1


# --- doctor

def doctor(cloud, env):
    run = subprocess.run([os.environ["BIKEOPS_BINARY"], "doctor", "--output", "json"], text=True,
                         env={**cloud.env, "BIKEOPS_LAKE_KIND": "s3", **env}, capture_output=True, timeout=120)
    assert LONG_TERM["AWS_SECRET_ACCESS_KEY"] not in run.stdout + run.stderr
    checks = json.loads(run.stdout)["checks"]
    return {row["check"]: row for row in checks}


def test_doctor(cloud):
    cloud.control(clock_s=-600)
    rows = doctor(cloud, LONG_TERM)
    assert rows["AWS credentials"]["value"] == "arn:aws:sts::123456789012:user/ops: the environment"
    assert rows["AWS credentials"]["state"] == "ok"
    assert rows["clock"]["state"] == "warn" and rows["clock"]["value"].startswith("-6")


def test_doctor_without_credentials(cloud):
    cloud.control(role=None)
    row = doctor(cloud, {})["AWS credentials"]
    assert row["state"] == "fail" and row["value"].startswith("no AWS credentials for profile 'default'")
    assert "AWS credentials" not in doctor(cloud, {"BIKEOPS_LAKE_KIND": "folder"})
