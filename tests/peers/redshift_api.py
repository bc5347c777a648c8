"""The control API of Redshift Serverless: JSON 1.1, signed with SigV4, which botocore checks here.

Shapes and errors: botocore's model redshift-serverless 2021-04-21.  GetCredentials makes a role that
PostgreSQL itself lets in, until its expiration.
"""

import http.server
import json
import secrets
import threading
import time
import urllib.parse

import iam_actions
from sigv4 import Refused, verify


class Api:
    """One workgroup in one region; its answers, and the switches of /_peer/."""

    def __init__(self, peer, args, keys):
        self.peer, self.args, self.keys = peer, args, keys
        self.account = args.role_arn.split(":")[4]
        self.denied = set()     # actions, by POST /_peer/deny
        self.status = "AVAILABLE"
        self.calls = []

    def arn(self):
        return f"arn:aws:redshift-serverless:{self.args.region}:{self.account}:workgroup/0f5b9c1e-peer"

    def workgroup(self):
        return {"workgroupName": self.args.workgroup, "namespaceName": self.args.workgroup,
                "workgroupArn": self.arn(), "workgroupId": "0f5b9c1e-peer", "status": self.status,
                "baseCapacity": self.args.base_capacity, "publiclyAccessible": False,
                "enhancedVpcRouting": False, "port": self.peer.port,
                "endpoint": {"address": self.args.address, "port": self.peer.port, "vpcEndpoints": []},
                "creationDate": 1700000000.0}

    def answer(self, action, key, body):
        self.calls.append({"at": time.time(), "action": action})
        why = self.peer.iam and self.peer.iam.refusal(key, iam_actions.redshift(
            action, self.arn(), self.arn().replace("workgroup/", "namespace/")))
        if why:
            raise Refused(400, "AccessDeniedException", why)
        if action in self.denied:
            raise Refused(400, "AccessDeniedException",
                          f"User: arn:aws:iam::{self.account}:user/{key} is not authorized to perform: "
                          f"redshift-serverless:{action} on resource: {self.arn()} because no "
                          f"identity-based policy allows the redshift-serverless:{action} action")
        name = body.get("workgroupName" if action != "GetNamespace" else "namespaceName", self.args.workgroup)
        if name != self.args.workgroup:
            raise Refused(400, "ResourceNotFoundException",
                          f"{'Namespace' if action == 'GetNamespace' else 'Workgroup'} {name} not found.")
        if action == "GetWorkgroup":
            return {"workgroup": self.workgroup()}
        if action == "ListWorkgroups":
            return {"workgroups": [self.workgroup()]}
        if action == "GetNamespace":
            return {"namespace": {"namespaceName": name, "namespaceId": "ns-peer", "status": "AVAILABLE",
                                  "dbName": self.args.database, "adminUsername": "admin",
                                  "iamRoles": [f"IamRole(applyStatus=in-sync, iamRoleArn={self.args.role_arn})"],
                                  "defaultIamRoleArn": self.args.role_arn}}
        if action == "GetCredentials":
            return self.credentials(key, body)
        raise Refused(400, "UnknownOperationException", f"no action {action}")

    def credentials(self, key, body):
        seconds = body.get("durationSeconds", 900)
        if not isinstance(seconds, int) or not 900 <= seconds <= 3600:
            raise Refused(400, "ValidationException", "durationSeconds must be between 900 and 3600")
        user = ("IAMR:" if self.keys.get(key, (None, None))[1] else "IAM:") + self.args.iam_user
        password = secrets.token_urlsafe(24)
        until = time.time() + (self.args.credential_seconds or seconds)
        self.peer.make_user(user, password, until)
        return {"dbUser": user, "dbPassword": password, "expiration": until, "nextRefreshTime": until - 300}

    def switch(self, path, body):
        """/_peer/: what a test asks of the peer itself; nothing of it is AWS's."""
        if path == "/_peer/fault":
            return self.peer.faults.add(body)
        if path == "/_peer/deny":
            self.denied = set(body["actions"])
            return {}
        if path == "/_peer/status":
            self.status = body["status"]
            return {}
        if path == "/_peer/usage":
            return self.peer.usage.report() | {"calls": self.calls}
        raise Refused(404, "NotFound", path)

    def serve(self, port):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def reply(self, status, body, code=None):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("x-amzn-RequestId", secrets.token_hex(16))
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = urllib.parse.urlsplit(self.path).path
                try:
                    if path.startswith("/_peer/"):
                        return self.reply(200, api.switch(path, json.loads(data or b"{}")))
                    keys = api.peer.iam.keys() if api.peer.iam else api.keys
                    key = verify(self, data, keys, api.args.region, "redshift-serverless")
                    action = self.headers.get("X-Amz-Target", "").removeprefix("RedshiftServerless.")
                    self.reply(200, api.answer(action, key, json.loads(data or b"{}")))
                except Refused as e:
                    self.reply(e.status, {"__type": e.code, "message": e.message}, e.code)

        server = http.server.ThreadingHTTPServer((self.args.host, port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]
