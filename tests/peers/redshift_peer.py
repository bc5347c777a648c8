"""The stand-in of Redshift as a test uses it."""

import json
import urllib.request

import boto3
import botocore.config
import psycopg

import conftest

ROLE = "arn:aws:iam::123456789012:role/bike-copy"
PASSWORD = "Secret1!"
REGION = "us-east-1"


class Redshift(conftest.Peer):
    def __init__(self, directory, s3_url, *args):
        super().__init__("redshift.py", directory, "--s3-endpoint", s3_url, "--region", REGION, *args)
        self.api = f"http://127.0.0.1:{self.words['api']}"

    def dsn(self, user="admin", password=PASSWORD, dbname="dev"):
        return f"host=127.0.0.1 port={self.port} dbname={dbname} user={user} password={password}"

    def connect(self, user="admin", password=PASSWORD, **more):
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname="dev", user=user, password=password,
                               autocommit=True, prepare_threshold=None, **more)

    def ask(self, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(f"{self.api}/_peer/{path}", body, 10) as answer:
            return json.load(answer)

    def fault(self, **fault):
        self.ask("fault", fault)

    def usage(self):
        return self.ask("usage")

    def client(self, key=conftest.KEYS["AWS_ACCESS_KEY_ID"], secret=conftest.KEYS["AWS_SECRET_ACCESS_KEY"],
               region=REGION):
        return boto3.client("redshift-serverless", endpoint_url=self.api, region_name=region,
                            aws_access_key_id=key, aws_secret_access_key=secret,
                            config=botocore.config.Config(retries={"max_attempts": 0}))

    def admin(self):
        """A session with PostgreSQL itself, past the front: for what a test must know."""
        port = (self.dir / "data/postmaster.pid").read_text().splitlines()[3]
        return psycopg.connect(host="127.0.0.1", port=port, dbname="dev", user="admin", password=PASSWORD,
                               autocommit=True)

    def expire(self, user):
        with self.admin() as conn:
            conn.execute(psycopg.sql.SQL("ALTER ROLE {} VALID UNTIL 'yesterday'").format(
                psycopg.sql.Identifier(user)))


def table_of(redshift, table):
    with redshift.admin() as conn:
        return conn.execute(psycopg.sql.SQL("SELECT * FROM {} ORDER BY 1").format(
            psycopg.sql.Identifier(*table.split(".")))).fetchall()


def object_of(s3, key, data, bucket="shop-processed"):
    boto3.client("s3", endpoint_url=s3.url, region_name=REGION,
                 aws_access_key_id=conftest.KEYS["AWS_ACCESS_KEY_ID"],
                 aws_secret_access_key=conftest.KEYS["AWS_SECRET_ACCESS_KEY"],
                 config=botocore.config.Config(s3={"addressing_style": "path"})).put_object(
                     Bucket=bucket, Key=key, Body=data)
