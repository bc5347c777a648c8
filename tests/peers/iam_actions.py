"""What a request is in terms of IAM: [(action, resource, keys of conditions)].

Service Authorization Reference: list_amazons3, list_amazonemrserverless, list_amazonredshiftserverless.
"""

import urllib.parse
import xml.etree.ElementTree

BUCKET_GETS = {"location": "GetBucketLocation", "uploads": "ListBucketMultipartUploads",
               "versions": "ListBucketVersions", "versioning": "GetBucketVersioning"}
JOBS = ("GetJobRun", "CancelJobRun", "ListJobRunAttempts", "GetDashboardForJobRun")


def s3_arn(bucket, key=None):
    return f"arn:aws:s3:::{bucket}" + ("" if key is None else f"/{key}")


def s3(method, target, headers, body=b""):
    """Of a path-style request; headers with small names.  None: no action is known for it."""
    url = urllib.parse.urlsplit(target)
    bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    if not bucket:
        return [("s3:ListAllMyBuckets", "*", {})]
    if key:
        return s3_object(method, bucket, key, query, headers)
    return s3_bucket(method, bucket, query, body)


def s3_bucket(method, bucket, query, body):
    if method == "POST" and "delete" in query:
        return [("s3:DeleteObject", s3_arn(bucket, key), {}) for key in s3_keys(body)]
    if method not in ("GET", "HEAD"):
        return None
    name = next((BUCKET_GETS[word] for word in query if word in BUCKET_GETS), "ListBucket")
    keys = {f"s3:{word}": query[word] for word in ("prefix", "delimiter", "max-keys") if word in query}
    return [(f"s3:{name}", s3_arn(bucket), keys)]


def s3_keys(body):
    """Those that DeleteObjects names."""
    return [e.text or "" for e in xml.etree.ElementTree.fromstring(body).iter() if e.tag.endswith("Key")]


def s3_object(method, bucket, key, query, headers):
    arn = s3_arn(bucket, key)
    if method in ("GET", "HEAD"):
        name = "ListMultipartUploadParts" if "uploadId" in query else \
            "GetObjectVersion" if "versionId" in query else "GetObject"
        return [(f"s3:{name}", arn, {})]
    if method == "DELETE":
        name = "AbortMultipartUpload" if "uploadId" in query else \
            "DeleteObjectVersion" if "versionId" in query else "DeleteObject"
        return [(f"s3:{name}", arn, {})]
    if method not in ("PUT", "POST"):
        return None
    needs = [("s3:PutObject", arn, {})]
    source = headers.get("x-amz-copy-source")
    if source:
        needs.insert(0, ("s3:GetObject", s3_arn(*urllib.parse.unquote(source).lstrip("/").split("/", 1)), {}))
    return needs + [(f"s3:PutObject{name}", arn, {}) for header, name in (
        ("x-amz-acl", "Acl"), ("x-amz-tagging", "Tagging")) if header in headers]


def emr(operation, given, region, account):
    """With iam:PassRole of the job's role, which is checked on it and not on the job."""
    root = f"arn:aws:emr-serverless:{region}:{account}:/"
    where = f"applications/{given['applicationId']}" if "applicationId" in given else "*"
    if operation in JOBS:
        where += f"/jobruns/{given['jobRunId']}"
    needs = [(f"emr-serverless:{operation}", root + where, {})]
    if operation == "StartJobRun":
        needs.append(("iam:PassRole", given["executionRoleArn"],
                      {"iam:PassedToService": "emr-serverless.amazonaws.com"}))
    return needs



def redshift(operation, workgroup, namespace):
    """Of the ARNs of both."""
    return [(f"redshift-serverless:{operation}", "*" if operation.startswith("List") else
             namespace if operation == "GetNamespace" else workgroup, {})]


def rds_login(region, account, resource, user):
    return [("rds-db:connect", f"arn:aws:rds-db:{region}:{account}:dbuser:{resource}/{user}", {})]
