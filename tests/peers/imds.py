#!/usr/bin/env python3
"""Those who give credentials, and one who takes them: IMDSv2, a container's agent, SSO, STS.

usage: imds.py --dir DIR [--port N]        prints `ready port=N`

It refuses what AWS refuses: metadata without a token or through a proxy, a lifetime that is none, a
bearer that is not logged in, signatures that botocore computes otherwise, session tokens that are
not the key's, clocks that differ by more than five minutes. Lifetimes of seconds are what AWS does
not have and a test needs. DIR/control.json, read at each request, is what a test changes:

    role              of the instance, or null: it has none
    life_s            of what is given from now on
    token_uses        after so many uses a metadata token is refused once
    container_token   that the agent wants as Authorization
    sso_token         the bearer that is logged in
    web_token         the identity that AssumeRoleWithWebIdentity takes
    clock_s           how far the service's clock is ahead

GET /data/PATH is the taker: 200 with "bytes" of the query after "wait" seconds, to known keys that
have not expired. GET /_peer/log gives [[request, access key or null, status]].
"""

import argparse
import datetime
import email.utils
import hashlib
import http.server
import json
import pathlib
import re
import secrets
import signal
import sys
import threading
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

LONG_TERM = ("AKIALONGTERM", "long/term+secret")
DEFAULTS = {"role": "ec2-role", "life_s": 3600, "token_uses": 1000, "container_token": "container-token",
            "sso_token": "sso-token", "web_token": "web-token", "clock_s": 0}
SKEW_S = 300


class State:
    def __init__(self, directory):
        self.control = directory / "control.json"
        self.lock = threading.Lock()
        self.keys = {LONG_TERM[0]: (LONG_TERM[1], None, None, "user/ops")}
        self.tokens = {}
        self.log = []

    def settings(self):
        told = json.loads(self.control.read_text()) if self.control.exists() else {}
        return {**DEFAULTS, **told}

    def give(self, who):
        """New keys of somebody: id, secret, token, end in seconds since 1970."""
        settings = self.settings()
        key, secret, token = ("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30),
                              secrets.token_urlsafe(120) + "/+==")
        end = time.time() + settings["clock_s"] + settings["life_s"]
        with self.lock:
            self.keys[key] = (secret, token, end, who)
        return key, secret, token, end


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Refused(Exception):
    def __init__(self, status, code, message=""):
        self.status, self.code, self.message = status, code, message


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.settings["clock_s"], usegmt=True)

    def reply(self, status, body, mime="text/plain"):
        body = body if isinstance(body, bytes) else body.encode()
        with self.state.lock:
            if not self.path.startswith("/_peer/"):
                self.state.log.append([f"{self.command} {self.path}", self.key, status])
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        self.state, self.key = self.server.state, None
        self.settings = self.state.settings()
        self.url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(self.url.query))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.route()
        except Refused as e:
            if self.url.path.startswith("/latest"):
                self.reply(e.status, e.code)
            elif self.url.path.startswith("/federation"):
                self.reply(e.status, json.dumps({"__type": e.code, "message": e.message}),
                           "application/json")
            else:
                self.reply(e.status, f"<ErrorResponse><Error><Type>Sender</Type><Code>{e.code}</Code>"
                                     f"<Message>{e.message}</Message></Error></ErrorResponse>",
                           "text/xml")

    do_GET = do_PUT = do_POST = do_HEAD = handle_any

    def route(self):
        path = self.url.path
        if path == "/_peer/log":
            self.reply(200, json.dumps(self.state.log))
        elif path == "/latest/api/token":
            self.metadata_token()
        elif path.startswith("/latest/meta-data/"):
            self.metadata(path[len("/latest/meta-data/"):])
        elif path == "/container":
            self.container()
        elif path == "/federation/credentials":
            self.sso()
        elif path.startswith("/data/"):
            self.check_signature("data")
            time.sleep(float(self.query.get("wait", 0)))
            self.reply(200, b"x" * int(self.query.get("bytes", 1)))
        elif path == "/" and self.command == "POST":
            self.sts(dict(urllib.parse.parse_qsl(self.body.decode())))
        else:
            raise Refused(404, "NotFound")

    # --- the instance
    def metadata_token(self):
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.command != "PUT":
            raise Refused(405, "Method Not Allowed")
        if self.headers.get("X-Forwarded-For"):
            raise Refused(403, "Forbidden")
        if not re.fullmatch(r"\d+", ttl) or not 1 <= int(ttl) <= 21600:
            raise Refused(400, "Bad Request")
        token = secrets.token_urlsafe(40) + "=="
        with self.state.lock:
            self.state.tokens[token] = 0
        self.reply(200, token)

    def metadata(self, path):
        token = self.headers.get("X-aws-ec2-metadata-token")
        with self.state.lock:
            if token not in self.state.tokens:
                raise Refused(401, "Unauthorized")
            self.state.tokens[token] += 1
            if self.state.tokens[token] > self.settings["token_uses"]:
                del self.state.tokens[token]
                self.state.control.write_text(json.dumps({**self.settings, "token_uses": 1000}))
                raise Refused(401, "Unauthorized")
        role, roles = self.settings["role"], "iam/security-credentials/"
        if path == "placement/region":
            self.reply(200, "eu-central-1")
        elif role and path == roles:
            self.reply(200, role)
        elif role and path == roles + role:
            self.reply(200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", **self.document(
                f"assumed-role/{role}/i-0123456789")}))
        else:
            raise Refused(404, "Not Found")

    def document(self, who):
        key, secret, token, end = self.state.give(who)
        return {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": iso(end)}

    # --- the others
    def container(self):
        if self.headers.get("Authorization") != self.settings["container_token"]:
            raise Refused(403, "AccessDenied")
        self.reply(200, json.dumps(self.document("assumed-role/task/1")), "application/json")

    def sso(self):
        if self.headers.get("x-amz-sso_bearer_token") != self.settings["sso_token"]:
            raise Refused(401, "UnauthorizedException", "Session token not found or invalid")
        if self.headers.get("Authorization"):
            raise Refused(400, "InvalidRequestException", "not to be signed")
        who = f"assumed-role/{self.query['role_name']}/{self.query['account_id']}"
        key, secret, token, end = self.state.give(who)
        self.reply(200, json.dumps({"roleCredentials": {
            "accessKeyId": key, "secretAccessKey": secret, "sessionToken": token,
            "expiration": int(end * 1000)}}), "application/json")

    def sts(self, form):
        action = form["Action"]
        if action == "AssumeRoleWithWebIdentity":
            if self.headers.get("Authorization"):
                raise Refused(400, "InvalidAction", "not to be signed")
            if form["WebIdentityToken"] != self.settings["web_token"]:
                raise Refused(400, "InvalidIdentityToken", "not our identity")
            who = "nobody"
        else:
            who = self.check_signature("sts")
        if action == "GetCallerIdentity":
            inner = f"<Arn>arn:aws:sts::123456789012:{who}</Arn><Account>123456789012</Account>"
        else:
            inner = self.assume(form, who)
        self.reply(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                        f"<{action}Result>{inner}</{action}Result></{action}Response>", "text/xml")

    def assume(self, form, who):
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form["RoleSessionName"]):
            raise Refused(400, "ValidationError", "RoleSessionName")
        if not 900 <= int(form["DurationSeconds"]) <= (3600 if "assumed-role" in who else 43200):
            raise Refused(400, "ValidationError", "DurationSeconds")
        role = form["RoleArn"].rsplit("/", 1)[-1]
        if role == "external" and form.get("ExternalId") != "partner/1":
            raise Refused(403, "AccessDenied", f"User: arn:aws:iam::123456789012:{who} is not authorized to "
                                               f"perform: sts:AssumeRole on resource: {form['RoleArn']}")
        key, secret, token, end = self.state.give(f"assumed-role/{role}/{form['RoleSessionName']}")
        return (f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                f"<SessionToken>{token}</SessionToken><Expiration>{iso(end)}</Expiration></Credentials>")

    def check_signature(self, service):
        """Who signed it."""
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request, "
                             r"SignedHeaders=([^,]+), Signature=(\w+)", self.headers.get("Authorization", ""))
        if not found:
            raise Refused(403, "MissingAuthenticationToken")
        self.key, _, region, signed_service, names, signature = found.groups()
        if self.key not in self.state.keys:
            raise Refused(403, "InvalidClientTokenId", "unknown key")
        secret, token, end, who = self.state.keys[self.key]
        now = time.time() + self.settings["clock_s"]
        stamp = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
        if self.headers.get("x-amz-security-token") != token:
            raise Refused(403, "InvalidClientTokenId", "another session token")
        if signature != self.computed(names, secret, region, signed_service):
            raise Refused(403, "SignatureDoesNotMatch", "computed otherwise")
        if signed_service != service:
            raise Refused(403, "SignatureDoesNotMatch", "of another service")
        if abs(stamp.timestamp() - now) > SKEW_S:
            raise Refused(403, "SignatureDoesNotMatch", "Signature expired: or not yet current")
        if end and now >= end:
            raise Refused(403, "ExpiredToken", "The security token included in the request is expired")
        return who

    def computed(self, names, secret, region, service):
        request = botocore.awsrequest.AWSRequest(
            self.command, f"http://{self.headers['Host']}{self.path}", data=self.body)
        for name in names.split(";"):
            if name != "host":
                request.headers[name] = self.headers[name]
        request.context["timestamp"] = self.headers["x-amz-date"]
        auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials("", secret), service, region)
        if hashlib.sha256(self.body).hexdigest() != self.headers.get("x-amz-content-sha256"):
            raise Refused(400, "XAmzContentSHA256Mismatch")
        return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    server.daemon_threads = True
    server.state = State(args.dir)
    print(f"ready port={server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
