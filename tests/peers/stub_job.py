"""In place of Spark's job, for tests of what is around it: copies tables that were made before.

usage: stub_job.py S3 JOB

Object _stub/rules of bucket processed is JSON: {"from": prefix of the tables, "seconds": how long it
takes, "fail": what it says when it fails, or null}.
"""

import json
import sys
import time

import emr_work


def main():
    url, job_uri = sys.argv[1:]
    bucket = emr_work.Bucket(url, "us-east-1")
    job = json.loads(bucket.get(job_uri))
    processed, prefix = job["processed"], job["prefix"]
    rules = json.loads(bucket.get(f"{processed}/_stub/rules"))
    print(f"bikeops: begin stg_sales 1/{len(job['transforms'])}", flush=True)
    time.sleep(rules["seconds"])
    if rules["fail"]:
        print("bikeops: error: " + rules["fail"], file=sys.stderr)
        sys.exit(1)
    text = bucket.get(f"{processed}/{rules['from']}/staging.json").decode()
    for table in json.loads(text)["tables"]:
        for key in table["keys"]:
            bucket.put(f"{processed}/{key.replace(rules['from'], prefix)}", bucket.get(f"{processed}/{key}"))
    bucket.put(f"{processed}/{prefix}/staging.json", text.replace(rules["from"], prefix).encode())
    print("bikeops: done", flush=True)


main()
