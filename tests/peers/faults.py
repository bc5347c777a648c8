#!/usr/bin/env python3
"""A loopback proxy before another stand-in that does what networks and services do.

usage: faults.py --dir DIR --to URL [--port N]

It passes Host and the request's bytes on, so that signatures hold. It is told what to do by
POST /_peer/fault with a JSON object: the next requests whose "METHOD /path?query" matches "match"
(a regular expression) get the fault, after "skip" of them, "count" times (1). Behind it stands the
action of a service that has one path for all: "POST / RedshiftServerless.GetWorkgroup".

  {"kind": "error", "status": 503, "code": "SlowDown"}   an answer of its own; "style": "json";
                    "date": seconds that its clock differs; 200 is an error within a success
  {"kind": "half"}      the answer's head, and half of its body (or "bytes"), then the end
  {"kind": "hang"}      nothing, for "seconds" (3600) or until the other side leaves
  {"kind": "reset"}     the connection is reset after "bytes" (0) of the request's body
  {"kind": "lost"}      the work is done, then the connection is reset in place of the answer
  {"kind": "slow"}      both bodies pass at "rate" bytes a second; a "half" may have one too

POST /_peer/reset forgets the faults and the log. GET /_peer/log gives what passed: [{"request",
"status", "fault", "headers"}].
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate

STYLES = {
    "xml": ("application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>"
            "<Message>a fault was asked for</Message>{more}<RequestId>F1</RequestId></Error>"),
    "json": ("application/x-amz-json-1.1", '{{"__type": "{code}", "message": "a fault was asked for"}}'),
}
BLOCK = 1 << 16


class Gone(Exception):
    """One side ended the connection."""


class Stream:
    """A socket read by heads and bodies."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def more(self):
        data = self.sock.recv(BLOCK)
        if not data:
            raise Gone
        self.rest += data

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(":", 1)) for line in lines[1:]]
        return lines[0], [(name, value.strip()) for name, value in headers]

    def take(self, n):
        if not self.rest:
            self.more()
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def line(self):
        while b"\r\n" not in self.rest:
            self.more()
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line + b"\r\n"

    def body(self, headers, until_end=False):
        """Its pieces as they are on the wire."""
        if value(headers, "transfer-encoding", "").lower() == "chunked":
            yield from self.chunks()
            return
        length = value(headers, "content-length")
        if length is None and until_end:
            with contextlib.suppress(Gone):
                while True:
                    yield self.take(BLOCK)
        left = int(length or 0)
        while left:
            data = self.take(min(left, BLOCK))
            left -= len(data)
            yield data

    def chunks(self):
        while True:
            size = self.line()
            yield size
            left = int(size.split(b";")[0], 16) + 2
            while left:
                data = self.take(left)
                left -= len(data)
                yield data
            if int(size.split(b";")[0], 16) == 0:
                return


def value(headers, name, default=None):
    return next((v for k, v in headers if k.lower() == name), default)


def head_bytes(first, headers):
    return "\r\n".join([first, *(f"{k}: {v}" for k, v in headers), "", ""]).encode("latin-1")


class Proxy:
    def __init__(self, to):
        url = urllib.parse.urlsplit(to)
        self.to = (url.hostname, url.port)
        self.lock = threading.Lock()
        self.faults = []
        self.log = []

    # --- what it was told
    def control(self, path, body):
        with self.lock:
            if path == "/_peer/fault":
                self.faults.append({"match": "", "skip": 0, "count": 1, **json.loads(body)})
            elif path == "/_peer/reset":
                self.faults, self.log = [], []
            elif path != "/_peer/log":
                return 404, b"{}"
            return 200, json.dumps(self.log).encode()

    def fault_of(self, request):
        with self.lock:
            for fault in self.faults:
                if fault["count"] and re.search(fault["match"], request):
                    if fault["skip"]:
                        fault["skip"] -= 1
                        continue
                    fault["count"] -= 1
                    return fault
        return {"kind": None}

    def note(self, request, headers, fault):
        entry = {"request": request, "status": None, "fault": fault["kind"],
                 "headers": {k.lower(): v for k, v in headers if k.lower() != "authorization"}}
        with self.lock:
            self.log.append(entry)
        return entry

    # --- one connection
    def serve(self, sock):
        up = None
        client = Stream(sock)
        try:
            while True:
                first, headers = client.head()
                method, path, _ = first.split(" ", 2)
                if path.startswith("/_peer/"):
                    status, answer = self.control(path, b"".join(client.body(headers)))
                    sock.sendall(head_bytes(f"HTTP/1.1 {status} OK", [
                        ("Content-Type", "application/json"),
                        ("Content-Length", len(answer))]) + answer)
                    continue
                if up is None:
                    up = Stream(socket.create_connection(self.to))
                self.pass_on(client, up, first, headers)
        except (Gone, ConnectionError, TimeoutError):
            pass
        finally:
            for end in (up.sock if up else None, sock):
                if end:
                    end.close()

    def pass_on(self, client, up, first, headers):
        method, path, _ = first.split(" ", 2)
        request = f"{method} {path} {value(headers, 'x-amz-target', '')}".rstrip()
        fault = self.fault_of(request)
        entry = self.note(request, headers, fault)
        kind = fault["kind"]
        if value(headers, "expect", "").lower() == "100-continue" and kind != "hang":
            client.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            headers = [(k, v) for k, v in headers if k.lower() != "expect"]
        if kind == "hang":
            hang(client.sock, fault.get("seconds", 3600))
            raise Gone
        if kind == "reset":
            skip_body(client, headers, fault.get("bytes", 0))
            reset(client.sock)
        if kind == "error":
            entry["status"] = fault["status"]
            skip_body(client, headers, None)
            client.sock.sendall(error_answer(fault, method))
            return
        slow = fault.get("rate") if kind == "slow" else None
        up.sock.sendall(head_bytes(first, headers))
        copy(client.body(headers), up.sock, slow)
        self.answer(client, up, method, fault, entry)

    def answer(self, client, up, method, fault, entry):
        first, headers = up.head()
        while first.split(" ")[1] == "100":
            first, headers = up.head()
        status = int(first.split(" ")[1])
        entry["status"] = status
        bare = method == "HEAD" or status in (204, 304)
        closes = not bare and value(headers, "content-length") is None \
            and value(headers, "transfer-encoding") is None
        body = () if bare else up.body(headers, until_end=closes)
        if fault["kind"] == "lost":
            for _ in body:
                pass
            reset(client.sock)
        client.sock.sendall(head_bytes(first, headers))
        limit = None
        if fault["kind"] == "half":
            limit = fault.get("bytes", int(value(headers, "content-length", 0)) // 2)
        copy(body, client.sock, fault.get("rate"), limit)
        if fault["kind"] == "half" or closes or value(headers, "connection", "") == "close":
            raise Gone


def copy(pieces, to, rate=None, limit=None):
    for data in pieces:
        if limit is not None:
            data, limit = data[:limit], limit - len(data[:limit])
        if rate:
            time.sleep(len(data) / rate)
        to.sendall(data)
        if limit == 0:
            return


def skip_body(client, headers, n):
    """Read n bytes of the request's body, or all of it."""
    for data in client.body(headers):
        if n is not None:
            n -= len(data)
            if n <= 0:
                return


def hang(sock, seconds):
    """Until the other side leaves: its bytes are taken and thrown away."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0] and not sock.recv(BLOCK):
            return


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    raise Gone


def error_answer(fault, method):
    now = time.time() + fault.get("date", 0)
    mime, text = STYLES[fault.get("style", "xml")]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    more = f"<ServerTime>{stamp}</ServerTime>" if fault.get("date") else ""
    body = text.format(code=fault["code"], more=more).encode()
    head = head_bytes(f"HTTP/1.1 {fault['status']} Fault", [
        ("Date", formatdate(now, usegmt=True)), ("Content-Type", mime),
        ("x-amzn-errortype", fault["code"]), ("Content-Length", len(body))])
    return head if method == "HEAD" else head + body


def listen(proxy, port):
    with socket.create_server(("127.0.0.1", port), backlog=128) as server:
        print(f"ready port={server.getsockname()[1]}", flush=True)
        while True:
            sock, _ = server.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=proxy.serve, args=(sock,), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listen(Proxy(args.to), args.port)


if __name__ == "__main__":
    sys.exit(main())
