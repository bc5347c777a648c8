"""Signature Version 4 of requests to AWS's JSON services, which botocore's signer checks here."""

import datetime
import hashlib
import hmac
import re
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials

SKEW_S = 300        # IAM reference_sigv-troubleshooting: five minutes


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def verify(handler, body, keys, region, service, offset_s=0):
    """The key id of a request that is signed by one of keys, {id: (secret, session token or None)};
    Refused otherwise.  offset_s: how far the server's clock is ahead."""
    m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                     r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
                     handler.headers.get("Authorization", ""))
    if not m:
        raise Refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, scope, named, signed, signature = m.groups()
    if key not in keys:
        raise Refused(403, "UnrecognizedClientException",
                      "The security token included in the request is invalid.")
    if scope != region or named != service:
        raise Refused(403, "InvalidSignatureException",
                      f"Credential should be scoped to a valid region. It is '{scope}/{named}'")
    stamp = handler.headers.get("X-Amz-Date", "")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise Refused(403, "IncompleteSignatureException", "Authorization header requires existence of either a "
                      "'X-Amz-Date' or a 'Date' header.")
    at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    ahead = at.timestamp() - time.time() - offset_s
    if abs(ahead) > SKEW_S or not stamp.startswith(day):
        raise Refused(403, "InvalidSignatureException",
                      f"Signature not yet current: {stamp} is still later than now by more than 5 min." if ahead > 0
                      else f"Signature expired: {stamp} is now earlier than the server's time by more than 5 min.")
    secret, token = keys[key]
    if handler.headers.get("X-Amz-Security-Token") != token:
        raise Refused(403, "UnrecognizedClientException",
                      "The security token included in the request is invalid.")
    says = handler.headers.get("X-Amz-Content-SHA256")
    if says and says != hashlib.sha256(body).hexdigest():
        raise Refused(403, "InvalidSignatureException", "The provided 'x-amz-content-sha256' header does not match "
                      "what was computed.")
    request = botocore.awsrequest.AWSRequest(
        method=handler.command, url=f"http://{handler.headers['Host']}{handler.path}", data=body,
        headers={name: handler.headers[name] for name in signed.split(";") if name in handler.headers})
    request.context["timestamp"] = stamp
    auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), service, region)
    canonical = auth.canonical_request(request)
    wanted = auth.signature(auth.string_to_sign(request, canonical), request)
    if not hmac.compare_digest(wanted, signature):
        raise Refused(403, "InvalidSignatureException", "The request signature we calculated does not match "
                      "the signature you provided. Check your AWS Secret Access Key and signing method.")
    if token and "x-amz-security-token" not in signed.split(";"):
        raise Refused(403, "InvalidSignatureException", "'X-Amz-Security-Token' must be a 'SignedHeader'")
    return key
