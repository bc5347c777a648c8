#!/usr/bin/env python3
"""What IAM refuses of S3's requests, before an S3 server that verifies their signatures.

usage: s3_guard.py --dir DIR --to URL --iam FILE [--region R] [--port N]      prints `ready port=N`

FILE is iam.py's.  As S3 does: an object that is not there is 403 to who may not list its bucket (API
HeadObject, GetObject).  DeleteObjects of which one key is refused removes none here, and names all.
"""

import argparse
import os
import pathlib
import re
import signal
import sys
import urllib.parse
from xml.sax.saxutils import escape

import faults
import iam_actions
from iam import Iam

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
CREDENTIAL = re.compile(r"Credential=([^/,]+)/|[?&]X-Amz-Credential=([^/%&]+)")


class Guard(faults.Proxy):
    def __init__(self, to, iam):
        super().__init__(to)
        self.iam = iam

    def note(self, request, headers, fault):
        """Nothing is kept: it may run for days."""
        return {}

    def pass_on(self, client, up, first, headers):
        method, target, _ = first.split(" ", 2)
        found = CREDENTIAL.search(faults.value(headers, "authorization", "") + target)
        client.key = found and (found[1] or found[2])
        client.target = target
        if client.key not in self.iam.principals():    # the server will say so
            return super().pass_on(client, up, first, headers)
        body = b""
        if method == "POST" and target.partition("?")[2].startswith("delete"):
            body = b"".join(client.body(headers))
            client.rest = body + client.rest
        needs = iam_actions.s3(method, target, {k.lower(): v for k, v in headers}, body)
        why = self.iam.refusal(client.key, needs) if needs is not None else f"no action is known for {method} {target}"
        if why is None:
            return super().pass_on(client, up, first, headers)
        if faults.value(headers, "expect"):
            client.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        faults.skip_body(client, headers, None)
        return self.refuse(client, method, why, body)

    def answer(self, client, up, method, fault, entry):
        first, headers = up.head()
        bucket, _, key = urllib.parse.urlsplit(client.target).path.lstrip("/").partition("/")
        if first.split(" ")[1] == "404" and key and method in ("GET", "HEAD") and client.key in self.iam.principals():
            why = self.iam.refusal(client.key, iam_actions.s3("GET", f"/{bucket}", {}))
            if why:
                if method == "GET":
                    faults.copy(up.body(headers), Nowhere)
                return self.refuse(client, method, why)
        up.rest = faults.head_bytes(first, headers) + up.rest
        return super().answer(client, up, method, fault, entry)

    def refuse(self, client, method, why, deletes=b""):
        print(f"{method} {client.target}: {why}", file=sys.stderr, flush=True)
        text, status = f"<Code>AccessDenied</Code><Message>{escape(why)}</Message>", "403 Forbidden"
        if deletes:
            status = "200 OK"
            text = "<DeleteResult>" + "".join(f"<Error><Key>{escape(key)}</Key>{text}</Error>"
                                              for key in iam_actions.s3_keys(deletes)) + "</DeleteResult>"
        else:
            text = f"<Error>{text}<RequestId>PEER</RequestId><HostId>peer</HostId></Error>"
        body = (HEAD + text).encode()
        client.sock.sendall(faults.head_bytes(f"HTTP/1.1 {status}", [
            ("Content-Type", "application/xml"), ("Content-Length", len(body))]) + (b"" if method == "HEAD" else body))


class Nowhere:
    sendall = staticmethod(len)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--iam", type=pathlib.Path, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    faults.listen(Guard(args.to, Iam(args.iam, args.region)), args.port)


if __name__ == "__main__":
    sys.exit(main())
