"""IAM for the stand-ins: who signs with which key, and what their policies allow.

MiniStack's evaluator decides (Action, NotAction, Resource, Condition, Deny before Allow).  FILE, read at
each question, is what a test changes:
    {access key: {"secret": S, "arn": whose it is, "name": the policy's, "policy": document,
                  "role": ARN of the role and "trust": its document, for a service's keys}}
FILE.used gets a line `NAME SID ACTION PATTERN` for what of a statement allowed something.

Text of refusals: IAM User Guide, troubleshoot_access-denied.  Services take a role's keys without a
session token, which the S3 server behind them cannot read.
"""

import json
import pathlib

from ministack.core.iam_evaluator import (
    EvalContext, evaluate, evaluate_resource_policy, fnmatch_iam_cs, parse_policy_document)

ACCOUNT = "123456789012"


def refusal_text(arn, action, resource):
    on = f'"{resource}"' if action.startswith("s3:") else resource
    return (f"User: {arn} is not authorized to perform: {action} on resource: {on} because no identity-based policy "
            f"allows the {action} action")


class Iam:
    def __init__(self, path, region):
        self.path, self.region = pathlib.Path(path), region
        self.seen = set()

    def principals(self):
        return json.loads(self.path.read_text())

    def keys(self):
        """As sigv4.verify() takes them."""
        return {key: (who["secret"], None) for key, who in self.principals().items()}

    def write(self, principals):
        new = self.path.with_suffix(".new")
        new.touch(0o600)
        new.write_text(json.dumps(principals, indent=1))
        new.replace(self.path)

    def context(self, arn, action, resource, keys):
        return EvalContext(arn, "AssumedRole" if ":assumed-role/" in arn else "User", ACCOUNT, action, resource,
                           self.region, service_context={name.lower(): value for name, value in keys.items()})

    def refusal(self, key, needs):
        """Of the first that is not allowed, or None.  needs: as iam_actions makes them."""
        return next(filter(None, (self.one_refusal(key, *need) for need in needs)), None)

    def one_refusal(self, key, action, resource, keys):
        who = self.principals()[key]
        result = evaluate(self.context(who["arn"], action, resource, keys), [parse_policy_document(who["policy"])])
        if result.decision != "Allow":
            return refusal_text(who["arn"], action, resource)
        self.note(who, result.matched_sid, action, resource)
        return None

    def note(self, who, sid, action, resource):
        statement = next(s for s in who["policy"]["Statement"] if s["Sid"] == sid)
        pattern = next(p for p in statement["Resource"] if fnmatch_iam_cs(resource, p))
        use = (who["name"], sid, action, pattern)
        if use not in self.seen:
            self.seen.add(use)
            with open(f"{self.path}.used", "a") as log:
                print(*use, file=log)

    def role_keys(self, role, service, source=None):
        """(key, secret) of a role that this service takes, or None where its trust policy lets it not."""
        keys = {"aws:sourceaccount": ACCOUNT, **({"aws:sourcearn": source} if source else {})}
        for key, who in self.principals().items():
            if who.get("role") == role:
                context = self.context(service, "sts:AssumeRole", role, keys)
                result = evaluate_resource_policy(who["trust"], context, service)
                if result.decision == "Allow":
                    return key, who["secret"]
        return None
