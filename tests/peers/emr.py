#!/usr/bin/env python3
"""An EMR Serverless endpoint on loopback: its API, its states, and real Spark at work.

usage: emr.py --dir DIR --s3 URL [--port N] [--region R] [--account N] [--throttle] [--iam FILE]
              [--delay NAME=SECONDS]... [--rotate BYTES] [--job-command PROGRAM]

Requests must be signed (botocore's signer checks them) by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
and carry AWS_SESSION_TOKEN where that is set.  Jobs read and write s3:// at the S3 server URL with the
same keys.  With iam.py's FILE requests are signed by its keys and must be allowed, and jobs have the
keys of their execution role.  Applications and jobs are kept in DIR: a peer that is started there again knows them, and
begins a job anew that ran.  Prints `ready port=N`.  With --job-command that Python program runs in
place of Spark, with the job's arguments: for what is about the API alone.

Names of --delay, in seconds: the states CREATING STARTING STOPPING SUBMITTED PENDING SCHEDULED
CANCELLING; "logs" between two writings of a log (15, rotating-logs), "flush" from a job's end to its
last log, "billed" from a job's end to its bill, "minute" of idle and execution timeouts (60).

A test tells what to do by unsigned requests:
  POST /_peer/fault {"kind": K, "match": "StartJobRun", "count": 1, ...}; K is one of
      throttle           the next calls get ThrottlingException
      expired            the next calls get ExpiredTokenException
      error              "status", "code", "message": the next calls get that
      fail               the next attempts at jobs end as FAILED, with "text" in their state's details
      stuck              the next jobs that are cancelled stay CANCELLING until /_peer/reset
  POST /_peer/reset      forget all faults
  GET  /_peer/log        what was called: [{"op", "status", "code", "at"}]
What networks do (half answers, hangs, lost answers, wrong clocks) is faults.py's, in front of this one.

Paths, names, limits and error codes are those of botocore's service model emr-serverless 2021-07-13
("model" below).  Pages of the EMR Serverless User Guide are named by their file: job-states.
No page proves, and a client must not rely on:
  - the texts of messages and of stateDetails, but for their gist;
  - status 429 of ThrottlingException (400 elsewhere at AWS), and 403 of signature errors;
  - that a start of a started and a stop of a stopped application are no errors;
  - how long a clientToken is remembered: here for ever, by operation and application;
  - the state between two attempts (here PENDING), and that a job out of time ends as CANCELLED;
  - the first index of archived logs (0), where a piece ends (at a line), what SPARK_EXECUTOR/1 holds;
  - how late the last log and the bill are.
"""

import argparse
import base64
import http.server
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.parse

import botocore.session
import dateutil.parser

import emr_work
import iam_actions
from iam import Iam
from sigv4 import Refused, verify

SERVICE = "emr-serverless"
DELAYS = {"CREATING": 0.2, "STARTING": 0.5, "STOPPING": 0.2, "SUBMITTED": 0.1, "PENDING": 0.1, "SCHEDULED": 0.2,
          "CANCELLING": 0.3, "logs": 15, "flush": 3, "billed": 2, "minute": 60}
ENDED = ("SUCCESS", "FAILED", "CANCELLED")                  # job-states
APPLICATION_NEXT = {"CREATING": "CREATED", "STARTING": "STARTED", "STOPPING": "STOPPED"}   # applications
JOB_NEXT = {"SUBMITTED": "PENDING", "PENDING": "SCHEDULED", "SCHEDULED": "RUNNING"}
RATES = {"GetDashboardForJobRun": (1, 2)}                   # endpoints-quotas: calls a second, burst
READ_RATE, WRITE_RATE = (10, 50), (1, 25)
ROTATE_BYTES = 128 << 20                                    # rotating-logs
GRACE_S = (15, 1800)                                        # job-cancellation-grace-period
OURS = ("state", "due", "token", "log", "stuck", "grace", "bill_at", "request", "attempts", "fail_text")


def invalid(message):
    return Refused(400, "ValidationException", message)     # model


def absent(what, name):
    return Refused(404, "ResourceNotFoundException", f"{what} {name} does not exist")   # model


# --- requests against the model

class Model:
    def __init__(self):
        self.service = botocore.session.get_session().get_service_model(SERVICE)
        self.routes = []
        for name in self.service.operation_names:
            if "Session" in name or "Resource" in name and not name.endswith("ForResource") \
                    and name not in ("TagResource", "UntagResource"):
                continue    # interactive sessions
            operation = self.service.operation_model(name)
            path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
            self.routes.append((operation.http["method"], re.compile(path), operation))

    def parse(self, method, target, body):
        """The operation, and its parameters by their names in the model."""
        url = urllib.parse.urlsplit(target)
        for verb, path, operation in self.routes:
            m = path.fullmatch(url.path)
            if verb == method and m:
                break
        else:
            raise Refused(404, "UnknownOperationException", f"no operation {method} {url.path}")
        try:
            given = json.loads(body) if body else {}
        except ValueError as e:
            raise Refused(400, "SerializationException", f"no JSON: {e}") from e
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        for name, shape in operation.input_shape.members.items() if operation.input_shape else ():
            where = shape.serialization.get("location")
            wire = shape.serialization.get("name", name)
            if where == "uri":
                given[name] = urllib.parse.unquote(m.group(wire))
            elif where == "querystring" and wire in query:
                given[name] = query[wire] if shape.type_name == "list" else query[wire][0]
                if shape.type_name == "integer" and given[name].isdigit():
                    given[name] = int(given[name])
        if operation.input_shape:
            self.check(operation.input_shape, given, "")
        return operation.name, given

    def check(self, shape, value, at):
        """Required members, types, limits, patterns and enumerations."""
        kind = {"structure": dict, "map": dict, "list": list, "string": str, "integer": int, "boolean": bool,
                "long": int, "double": (int, float)}.get(shape.type_name, object)
        if not isinstance(value, kind):
            raise invalid(f"Value at '{at}' is no {shape.type_name}")
        if shape.type_name == "structure":
            for name in shape.required_members:
                if value.get(name) is None:
                    raise invalid(f"Value null at '{(at + '.' + name).lstrip('.')}' failed to satisfy constraint: "
                                  "Member must not be null")
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    self.check(member, value[name], (at + "." + name).lstrip("."))
        elif shape.type_name in ("list", "map"):
            for item in value if shape.type_name == "list" else value.values():
                self.check(shape.member if shape.type_name == "list" else shape.value, item, at)
        size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
        limits = shape.metadata
        low, high = limits.get("min"), limits.get("max")
        if size is not None and not (size >= (size if low is None else low) and size <= (size if high is None else high)):
            raise invalid(f"Value at '{at}' failed to satisfy constraint: Member must be between {low} and {high}")
        if limits.get("enum") and value not in limits["enum"]:
            raise invalid(f"Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy enum value "
                          f"set: {limits['enum']}")
        pattern = limits.get("pattern", "").replace("\\/", "/")
        if pattern and "\\u" not in pattern and not re.fullmatch(pattern, value):
            raise invalid(f"Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy regular "
                          f"expression pattern: {pattern}")


class Buckets:
    """endpoints-quotas: calls a second and burst of each operation."""

    def __init__(self):
        self.left = {}

    def take(self, operation):
        read = operation.startswith("Get") or operation == "ListApplications"
        rate, burst = RATES.get(operation, READ_RATE if read else WRITE_RATE)
        left, at = self.left.get(operation, (burst, time.monotonic()))
        now = time.monotonic()
        left = min(burst, left + (now - at) * rate)
        self.left[operation] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Refused(429, "ThrottlingException", "Rate exceeded")


# --- applications and jobs

class Emr:
    def __init__(self, args):
        self.args = args
        self.dir = args.dir
        self.delays = {**DELAYS, **{name: float(value) for name, value in args.delay}}
        self.iam = Iam(args.iam, args.region) if args.iam else None
        self.lock = threading.RLock()
        self.applications, self.jobs, self.tokens = {}, {}, {}
        self.at_work = {}       # (job, attempt) -> emr_work.Attempt whose logs are not all sent
        self.faults = []
        self.ending = False
        self.load()

    def load(self):
        path = self.dir / "state.json"
        if not path.is_file():
            return
        kept = json.loads(path.read_text())
        self.applications, self.jobs, self.tokens = kept["applications"], kept["jobs"], kept["tokens"]
        for job in self.jobs.values():
            if job["state"] == "RUNNING":
                self.move(job, "SCHEDULED")

    def save(self):
        new = self.dir / "state.json.new"
        new.write_text(json.dumps({"applications": self.applications, "jobs": self.jobs, "tokens": self.tokens}))
        new.rename(self.dir / "state.json")

    def move(self, thing, state, details=""):
        thing.update(state=state, stateDetails=details[:256], updatedAt=time.time(),
                     due=time.time() + self.delays.get(state, 0))

    def fault(self, kind, operation):
        """The next fault of this kind that is meant for this operation, taken."""
        for fault in self.faults:
            if fault["kind"] == kind and re.search(fault.get("match", ""), operation):
                fault["count"] = fault.get("count", 1) - 1
                if not fault["count"]:
                    self.faults.remove(fault)
                return fault
        return None

    def role_keys(self, application, role):
        """(key, secret) that a job has, or None; without IAM those of the environment."""
        if not self.iam:
            return None, None
        return self.iam.role_keys(role, "emr-serverless.amazonaws.com", application["arn"])

    def application(self, given):
        found = self.applications.get(given["applicationId"])
        if not found:
            raise absent("Application", given["applicationId"])
        return found

    def job(self, given):
        self.application(given)
        found = self.jobs.get(given["jobRunId"])
        if not found or found["applicationId"] != given["applicationId"]:
            raise absent("JobRun", given["jobRunId"])
        return found

    def jobs_of(self, application, *states):
        return [job for job in self.jobs.values() if job["applicationId"] == application["applicationId"]
                and (job["state"] in states if states else job["state"] not in ENDED)]

    # --- time passes

    def tick(self):
        now = time.time()
        for application in self.applications.values():
            state = application["state"]
            if state in APPLICATION_NEXT and now >= application["due"]:
                self.move(application, APPLICATION_NEXT[state])
            elif state == "STARTED":
                self.idle(application, now)
        for job in list(self.jobs.values()):
            if job["state"] == "RUNNING":
                self.watch(job, now)
            elif job["state"] == "CANCELLING":
                self.cancelling(job, now)
            elif job["state"] not in ENDED and now >= job["due"]:
                self.advance(job)
            if job.get("bill_at") and now >= job["bill_at"]:
                self.bill(job)
        for key, work in list(self.at_work.items()):
            if work.send_at <= now:
                job = self.jobs[key[0]]
                over = job["attempt"] != key[1] or job["state"] in ENDED
                work.send_at = now + self.delays["logs"]
                threading.Thread(target=self.send, args=(key, work, over)).start()

    def send(self, key, work, last):
        with work.sending:
            try:
                work.send_logs()
            except Exception:       # the log bucket may be away for a while: the next time will do
                traceback.print_exc()
                return
        if last:
            with self.lock:
                self.at_work.pop(key, None)

    def idle(self, application, now):
        """autoStopConfiguration of the model: on, 15 minutes."""
        stop = application.get("autoStopConfiguration", {})
        if self.jobs_of(application) or not stop.get("enabled", True):
            application["idle_since"] = now
        elif now - application.setdefault("idle_since", now) > stop.get("idleTimeoutMinutes", 15) * self.delays["minute"]:
            self.move(application, "STOPPING")
            del application["idle_since"]

    def advance(self, job):
        """A job waits for its application, and where too many run (applications-concurrency-queuing)."""
        application = self.applications[job["applicationId"]]
        if application["state"] in ("CREATED", "STOPPED"):
            self.move(application, "STARTING")
        if application["state"] != "STARTED":
            return
        most = application.get("schedulerConfiguration", {}).get("maxConcurrentRuns", 1000)
        if job["state"] in ("SUBMITTED", "QUEUED"):
            full = len(self.jobs_of(application, "PENDING", "SCHEDULED", "RUNNING", "CANCELLING")) >= most
            if full and job["state"] == "SUBMITTED":
                self.move(job, "QUEUED", "Job is queued because of application's concurrency")
            elif not full:
                job["queuedDurationMilliseconds"] = int((time.time() - job["createdAt"]) * 1000)
                self.move(job, "PENDING")
            return
        self.move(job, JOB_NEXT[job["state"]])
        if job["state"] == "RUNNING":
            self.start(job)

    def start(self, job):
        now = time.time()
        monitoring = job["request"].get("configurationOverrides", {}).get("monitoringConfiguration", {})
        uri = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
        if uri:     # logging: attempts/<n> only where a retry is asked for
            uri = f"{uri.rstrip('/')}/applications/{job['applicationId']}/jobs/{job['jobRunId']}"
            if job["request"].get("retryPolicy", {}).get("maxAttempts", 1) > 1:
                uri += f"/attempts/{job['attempt']}"
        keys = self.role_keys(self.applications[job["applicationId"]], job["executionRole"])
        if not keys:        # jobs-troubleshoot
            self.end(job, "FAILED", f"Could not assume execution role {job['executionRole']} because it does not "
                     "exist or isn't set up with the required trust relationship with EMR Serverless.")
            return
        bucket = emr_work.Bucket(self.args.s3, self.args.region, *keys)
        work = emr_work.Attempt(self.dir / "jobs" / job["jobRunId"] / str(job["attempt"]), bucket,
                                self.args.s3, job["request"], uri, self.args.rotate, self.args.job_command)
        work.send_at, work.sending = now + self.delays["logs"], threading.Lock()
        self.at_work[job["jobRunId"], job["attempt"]] = work
        job.setdefault("startedAt", now)
        job["attempts"][-1]["startedAt"] = now
        failed = self.fault("fail", "StartJobRun")
        if failed:
            self.end(job, "FAILED", failed.get("text", "Job failed"))
            return
        try:
            work.start()
        except emr_work.BadJob as e:        # jobs-troubleshoot
            work.say(str(e))
            self.over(job, f"Job failed, please check complete logs in configured logging destination. {e}")

    def watch(self, job, now):
        work = self.at_work[job["jobRunId"], job["attempt"]]
        status = work.status()
        if status is None:
            minutes = job["executionTimeoutMinutes"]
            if minutes and now - job["attempts"][-1]["startedAt"] > minutes * self.delays["minute"]:
                self.cancel(job, f"Job run exceeded its timeout of {minutes} minutes", None)
            return
        if status == 0:
            self.end(job, "SUCCESS", "")
            return
        self.over(job, "Job failed, please check complete logs in configured logging destination. ExitCode: "
                  f"{status}. Last few exceptions: {work.last_words()}")

    def over(self, job, details):
        """jobs-resiliency: a job with a retry policy begins again, with the next attempt's number."""
        if job["attempt"] >= job["request"].get("retryPolicy", {}).get("maxAttempts", 1):
            self.end(job, "FAILED", details)
            return
        self.close_attempt(job, "FAILED", details)
        job["attempt"] += 1
        job["attemptCreatedAt"] = job["attemptUpdatedAt"] = time.time()
        self.open_attempt(job)
        self.move(job, "PENDING")

    def open_attempt(self, job):
        job["attempts"].append({"attempt": job["attempt"], "createdAt": time.time()})

    def close_attempt(self, job, state, details):
        job["attempts"][-1].update(state=state, stateDetails=details[:256], updatedAt=time.time(), endedAt=time.time())
        work = self.at_work.get((job["jobRunId"], job["attempt"]))
        if work:
            work.send_at = time.time() + self.delays["flush"]

    def end(self, job, state, details):
        now = time.time()
        self.close_attempt(job, state, details)
        self.move(job, state, details)
        job["endedAt"] = job["attemptUpdatedAt"] = now
        ran = now - job["startedAt"] if "startedAt" in job else 0
        job["totalExecutionDurationSeconds"] = int(ran)
        job["totalResourceUtilization"] = self.used(ran)
        job["bill_at"] = now + self.delays["billed"]

    @staticmethod
    def used(seconds):
        """A driver and an executor of 4 vCPU and 16 GB, 20 GB of disk each."""
        hours = round(2 * seconds / 3600, 3)
        return {"vCPUHour": 4 * hours, "memoryGBHour": 16 * hours, "storageGBHour": 20 * hours}

    def bill(self, job):
        ran = job["endedAt"] - job["startedAt"] if "startedAt" in job else 0
        del job["bill_at"]
        job["billedResourceUtilization"] = {**self.used(max(ran, 60) if ran else 0), "storageGBHour": 0.0}

    def cancel(self, job, details, grace):
        self.move(job, "CANCELLING", details)
        job["stuck"] = self.fault("stuck", "CancelJobRun") is not None
        work = self.at_work.get((job["jobRunId"], job["attempt"]))
        if work and grace:
            work.kill(signal.SIGTERM)
        job["due"] += grace or 0

    def cancelling(self, job, now):
        work = self.at_work.get((job["jobRunId"], job["attempt"]))
        left = work and work.child and work.status() is None
        if job["stuck"] or left and now < job["due"]:
            return
        if left:
            work.kill()
        elif now >= job["due"] or not left:
            self.end(job, "CANCELLED", job["stateDetails"])

    # --- operations: the model's

    def once(self, operation, given, make):
        """clientToken of the model: the same request again is answered as the first time."""
        scope = f"{operation} {given.get('applicationId', '')} {given['clientToken']}"
        if scope in self.tokens:
            before = self.tokens[scope]
            if before["given"] != given:
                raise Refused(409, "ConflictException",
                              "clientToken was used before with other parameters")
            return before["answer"]
        answer = make()
        self.tokens[scope] = {"given": given, "answer": answer}
        return answer

    def page(self, items, given):
        """nextToken and maxResults of the model."""
        try:
            first = int(base64.urlsafe_b64decode(given["nextToken"])) if "nextToken" in given else 0
        except ValueError as e:
            raise invalid("nextToken is invalid") from e
        last = first + given.get("maxResults", 50)
        more = {"nextToken": base64.urlsafe_b64encode(str(last).encode()).decode()} if last < len(items) else {}
        return items[first:last], more

    def arn(self, *names):
        return f"arn:aws:{SERVICE}:{self.args.region}:{self.args.account}:/" + "/".join(names)

    def CreateApplication(self, given):
        if given["type"].upper() not in ("SPARK", "HIVE"):
            raise invalid(f"Unknown type {given['type']}")
        if not re.fullmatch(r"emr-(\d+\.\d+\.\d+|spark-\d+\.\d+\.\d+)(-latest|-\d{8})?", given["releaseLabel"]):
            raise invalid(f"Release label {given['releaseLabel']} is not supported")

        def make():
            name = "00f" + secrets.token_hex(6)
            application = {
                "architecture": "X86_64", "autoStartConfiguration": {"enabled": True},
                "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15}, "tags": {},
                **{key: value for key, value in given.items() if key != "clientToken"},
                "applicationId": name, "arn": self.arn("applications", name), "type": given["type"].capitalize(),
                "createdAt": time.time()}
            self.move(application, "CREATING")
            self.applications[name] = application
            return {"applicationId": name, "arn": application["arn"],
                    **({"name": given["name"]} if "name" in given else {})}
        return self.once("CreateApplication", given, make)

    @staticmethod
    def shown_application(application):
        return {name: value for name, value in application.items() if name not in ("due", "idle_since")}

    def GetApplication(self, given):
        return {"application": self.shown_application(self.application(given))}

    def ListApplications(self, given):
        listed = [a for a in self.applications.values()
                  if a["state"] in given.get("states", [a["state"]]) and a["state"] != "TERMINATED"]   # applications
        listed, more = self.page(listed, given)
        names = ("name", "arn", "releaseLabel", "type", "state", "stateDetails", "createdAt", "updatedAt",
                 "architecture")
        return {"applications": [{"id": a["applicationId"], **{n: a[n] for n in names if n in a}} for a in listed],
                **more}

    def changeable(self, given, what):
        """applications: it can be modified where it is created or stopped."""
        application = self.application(given)
        if application["state"] not in ("CREATED", "STOPPED"):
            raise invalid(f"Application {given['applicationId']} must be in one of the following statuses "
                          f"[CREATED, STOPPED] to be {what}. Current status: {application['state']}")
        return application

    def UpdateApplication(self, given):
        application = self.changeable(given, "updated")
        application.update({k: v for k, v in given.items() if k not in ("clientToken", "applicationId")},
                           updatedAt=time.time())
        return self.GetApplication(given)

    def DeleteApplication(self, given):
        self.move(self.changeable(given, "deleted"), "TERMINATED")
        return {}

    def StartApplication(self, given):
        application = self.application(given)
        if application["state"] in ("CREATED", "STOPPED"):
            self.move(application, "STARTING")
        elif application["state"] not in ("STARTING", "STARTED"):
            raise invalid(f"Application {given['applicationId']} cannot be started in state {application['state']}")
        return {}

    def StopApplication(self, given):
        application = self.application(given)
        if self.jobs_of(application):       # applications: stopping is what follows the last job
            raise invalid(f"Application {given['applicationId']} cannot be stopped while jobs run")
        if application["state"] == "STARTED":
            self.move(application, "STOPPING")
        elif application["state"] not in ("STOPPING", "STOPPED"):
            raise invalid(f"Application {given['applicationId']} cannot be stopped in state {application['state']}")
        return {}

    def StartJobRun(self, given):
        application = self.application(given)
        return self.once("StartJobRun", given, lambda: self.make_job(application, given))

    def make_job(self, application, given):
        spark_submit = given.get("jobDriver", {}).get("sparkSubmit")
        if not spark_submit:
            raise invalid("jobDriver.sparkSubmit is needed by an application of type Spark")
        if given.get("retryPolicy", {}).get("maxAttempts", 1) > 10:     # jobs-resiliency
            raise invalid("maxAttempts must be between 1 and 10")
        auto = application.get("autoStartConfiguration", {}).get("enabled", True)
        if application["state"] == "TERMINATED" or application["state"] != "STARTED" and not auto:     # applications
            raise invalid(f"Application {application['applicationId']} is not able to accept jobs in state "
                          f"{application['state']}")
        name, now = "00j" + secrets.token_hex(6), time.time()
        job = {
            "applicationId": application["applicationId"], "jobRunId": name,
            "arn": self.arn("applications", application["applicationId"], "jobruns", name),
            "createdBy": f"arn:aws:iam::{self.args.account}:user/peer", "createdAt": now, "attemptCreatedAt": now,
            "attemptUpdatedAt": now, "executionRole": given["executionRoleArn"],
            "releaseLabel": application["releaseLabel"], "attempt": 1, "attempts": [], "request": given,
            "executionTimeoutMinutes": given.get("executionTimeoutMinutes", 720), "tags": given.get("tags", {}),
            "mode": given.get("mode", "BATCH"),
            **{n: given[n] for n in ("name", "jobDriver", "configurationOverrides", "retryPolicy",
                                     "executionIamPolicy", "flexExecution") if n in given}}
        self.move(job, "SUBMITTED")
        self.jobs[name] = job
        self.open_attempt(job)
        return {"applicationId": job["applicationId"], "jobRunId": name, "arn": job["arn"]}

    def GetJobRun(self, given):
        job = self.job(given)
        shown = {name: value for name, value in job.items() if name not in OURS or name == "state"}
        number = given.get("attempt", job["attempt"])
        if not 1 <= number <= job["attempt"]:
            raise absent("Attempt", number)
        if number != job["attempt"]:        # jobs-resiliency
            past = job["attempts"][number - 1]
            shown.update(attempt=number, state=past["state"], stateDetails=past["stateDetails"],
                         attemptCreatedAt=past["createdAt"], attemptUpdatedAt=past["updatedAt"])
        return {"jobRun": shown}

    def ListJobRuns(self, given):
        application = self.application(given)
        after, before = (dateutil.parser.parse(given[n]).timestamp() if n in given else None
                         for n in ("createdAtAfter", "createdAtBefore"))
        listed = [job for job in self.jobs.values() if job["applicationId"] == application["applicationId"]
                  and job["state"] in given.get("states", [job["state"]])
                  and job["mode"] == given.get("mode", job["mode"])
                  and (after is None or job["createdAt"] > after) and (before is None or job["createdAt"] < before)]
        listed, more = self.page(sorted(listed, key=lambda job: -job["createdAt"]), given)
        names = ("applicationId", "name", "mode", "arn", "createdBy", "createdAt", "updatedAt", "executionRole",
                 "state", "stateDetails", "releaseLabel", "attempt", "attemptCreatedAt", "attemptUpdatedAt")
        return {"jobRuns": [{"id": job["jobRunId"], "type": "SPARK", **{n: job[n] for n in names if n in job}}
                            for job in listed], **more}

    def ListJobRunAttempts(self, given):
        job = self.job(given)
        same = {n: job[n] for n in ("applicationId", "arn", "createdBy", "executionRole", "releaseLabel", "mode")}
        listed, more = self.page([
            {**same, "id": job["jobRunId"], "type": "SPARK", "jobCreatedAt": job["createdAt"],
             "attempt": past["attempt"], "createdAt": past["createdAt"],
             "updatedAt": past.get("updatedAt", job["updatedAt"]), "state": past.get("state", job["state"]),
             "stateDetails": past.get("stateDetails", job["stateDetails"])} for past in job["attempts"]], given)
        return {"jobRunAttempts": listed, **more}

    def CancelJobRun(self, given):
        job = self.job(given)
        grace = given.get("shutdownGracePeriodInSeconds", 0)
        if grace and not GRACE_S[0] <= grace <= GRACE_S[1]:
            raise invalid("shutdownGracePeriodInSeconds must be 0 or between 15 and 1800")
        if job["state"] in ENDED:
            raise invalid(f"Job run {job['jobRunId']} is in state {job['state']} and cannot be cancelled")
        if job["state"] != "CANCELLING":    # job-cancellation-grace-period: further requests are ignored
            self.cancel(job, "Job run was cancelled by the user", grace if job["state"] == "RUNNING" else 0)
        return {"applicationId": job["applicationId"], "jobRunId": job["jobRunId"]}

    def GetDashboardForJobRun(self, given):
        job = self.job(given)
        return {"url": f"http://127.0.0.1:{self.args.port}/_dashboard/{job['jobRunId']}?authToken="
                       f"{secrets.token_urlsafe(32)}"}

    def tagged(self, given):
        for thing in (*self.applications.values(), *self.jobs.values()):
            if thing["arn"] == given["resourceArn"]:
                return thing["tags"]
        raise absent("Resource", given["resourceArn"])

    def ListTagsForResource(self, given):
        return {"tags": self.tagged(given)}

    def TagResource(self, given):
        self.tagged(given).update(given["tags"])
        return {}

    def UntagResource(self, given):
        for key in given["tagKeys"]:
            self.tagged(given).pop(key, None)
        return {}

    # --- the whole

    def live(self):
        while True:
            with self.lock:
                if self.ending:
                    return
                before = json.dumps([self.applications, self.jobs], default=str)
                self.tick()
                if before != json.dumps([self.applications, self.jobs], default=str):
                    self.save()
            time.sleep(0.05)

    def end_all(self):
        with self.lock:
            self.ending = True
            for work in self.at_work.values():
                work.kill()
            self.save()


class Server:
    """HTTP, signatures, throttling and faults before the operations."""

    def __init__(self, emr, args):
        self.emr, self.args = emr, args
        self.model = Model()
        self.buckets = Buckets()
        self.calls = []
        token = os.environ.get("AWS_SESSION_TOKEN") or None
        self.keys = {os.environ["AWS_ACCESS_KEY_ID"]: (os.environ["AWS_SECRET_ACCESS_KEY"], token)}

    def call(self, handler, body):
        iam = self.emr.iam
        key = verify(handler, body, iam.keys() if iam else self.keys, self.args.region, SERVICE)
        name, given = self.model.parse(handler.command, handler.path, body)
        handler.operation = name
        needs = iam_actions.emr(name, given, self.args.region, self.args.account)
        why = iam and iam.refusal(key, needs)
        if why:
            raise Refused(403, "AccessDeniedException", why)
        with self.emr.lock:
            if self.emr.fault("throttle", name):
                raise Refused(429, "ThrottlingException", "Rate exceeded")
            if self.emr.fault("expired", name):
                raise Refused(403, "ExpiredTokenException",
                              "The security token included in the request is expired")
            error = self.emr.fault("error", name)
            if error:
                raise Refused(error.get("status", 500), error.get("code", "InternalServerException"),
                              error.get("message", "a fault was asked for"))
            if self.args.throttle:
                self.buckets.take(name)
            answer = getattr(self.emr, name)(given)
            self.emr.save()
        return answer

    def control(self, path, body):
        with self.emr.lock:
            if path == "/_peer/fault":
                self.emr.faults.append(json.loads(body))
            elif path == "/_peer/reset":
                self.emr.faults.clear()
                for job in self.emr.jobs.values():
                    job["stuck"] = False
            elif path == "/_peer/log":
                return list(self.calls)
            else:
                raise Refused(404, "UnknownOperationException", path)
        return {}

    def answer(self, handler):
        """(status, body, code) of a request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(handler.path).path
        handler.operation = ""
        try:
            if path.startswith("/_peer/"):
                return 200, self.control(path, body), None
            return 200, self.call(handler, body), None
        except Refused as e:
            return e.status, {"message": e.message}, e.code
        except Exception:
            traceback.print_exc()
            return 500, {"message": "the stand-in has a fault of its own, see its log"}, "InternalServerException"

    def handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                status, body, code = server.answer(self)
                text = json.dumps(body).encode()
                if self.operation or code:
                    server.calls.append({"op": self.operation, "status": status, "code": code, "at": time.time()})
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("x-amzn-RequestId", secrets.token_hex(16))
                if code:
                    self.send_header("x-amzn-errortype", code)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = serve

            def log_message(self, *_):
                return      # the log of calls is at /_peer/log

        return Handler


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--s3", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--throttle", action="store_true")
    parser.add_argument("--delay", action="append", default=[], type=lambda text: tuple(text.split("=", 1)))
    parser.add_argument("--rotate", type=int, default=ROTATE_BYTES)
    parser.add_argument("--job-command", type=pathlib.Path)
    parser.add_argument("--iam", type=pathlib.Path)
    args = parser.parse_args()
    args.dir = args.dir.resolve()
    args.dir.mkdir(parents=True, exist_ok=True)

    parent = os.getppid()
    emr_work.die_with_parent()
    if os.getppid() != parent:
        sys.exit(1)
    emr = Emr(args)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Server(emr, args).handler())
    server.daemon_threads = True
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    args.port = server.server_address[1]

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=emr.live, daemon=True).start()
    print(f"ready port={args.port}", flush=True)
    server.serve_forever(0.1)
    emr.end_all()


if __name__ == "__main__":
    main()
