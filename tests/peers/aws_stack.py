"""The program on a profile whose parts are AWS's stand-ins, as tests of the stack use it."""

import psycopg

import stack as stacks
from aws import Account


class AwsStack(stacks.Stack):
    def __init__(self, name, **settings):
        """settings: those of the profile that are other than Account.settings() says."""
        super().__init__(name)
        self.account = Account(self.dir / "aws", self.program)
        self.changed = settings
        self.profile = ["--config", str(self.dir / "aws/bikeops.conf"), "--profile", "aws"]

    def up(self):
        self.account.start()
        self.account.changed = self.changed
        self.account.write("aws")
        self.env |= self.account.env
        return self

    def set(self, **settings):
        self.account.changed |= settings
        self.account.write("aws")

    def start(self, *args, **more):
        return super().start(*args, *self.profile, **more)

    def connect(self, which, role=None, user=None, **more):
        """As the administrator, past what stands before the databases."""
        account = self.account
        if which == "ledger":
            return psycopg.connect(account.ledger, autocommit=True)
        if which == "source":
            conn = psycopg.connect(account.source_dsn, autocommit=True, **more)
        else:
            port = (account.dir / "redshift/data/postmaster.pid").read_text().splitlines()[3]
            conn = psycopg.connect(host="127.0.0.1", port=port, dbname="dev", user="admin",
                                   password="Secret1!", autocommit=True, **more)
        conn.execute("SET timezone = 'UTC'")
        if role and which == "source":
            conn.execute(f"SET ROLE {role}")
        return conn

    def down(self):
        self.account.end()
