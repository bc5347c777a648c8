"""Every SQL file stands alone: the server that runs it parses and plans it."""

import contextlib
import json
import re

import psycopg
import pytest

import stack as stacks

SQL = stacks.ROOT / "sql"
# Who runs a folder's files: database and role.  sql/transform is DuckDB's: every run runs it.
SESSIONS = {"extract": ("source", "bikeops_run"), "window": ("source", "bikeops_run"),
            "churn": ("source", None), "source": ("source", None), "capture": ("source", None),
            "publish": ("warehouse", None), "undo": ("warehouse", None),
            "warehouse": ("warehouse", None),
            "ledger": ("ledger", None), "view": ("ledger", None), "local": ("ledger", None)}
# Tables and rows that only the run itself has, made by an earlier statement.
MADE_LATER = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction,
              psycopg.errors.InvalidSchemaName)
SETTINGS = {"bikeops.full": "f", "bikeops.prev_snapshot": "1:1:", "bikeops.timezone": "UTC",
            "bikeops.from": "", "bikeops.to": "", "bikeops.extra_orders": "{}",
            "bikeops.business_timezone": "UTC"}
FILES = sorted(str(path.relative_to(SQL)) for path in SQL.rglob("*.sql"))


def statements(text):
    """Parted by a line ';'."""
    parts = re.split(r"^;\s*$", text, flags=re.M)
    parts = [part.rstrip().removesuffix(";") for part in parts]
    return [part for part in parts if re.sub(r"--.*", "", part).strip()]


@pytest.fixture(scope="module")
def loaded(session_stack, small):
    session_stack.run("setup", "--recreate", "--dataset", small).quiet()
    session_stack.run("run", "full").quiet()
    return session_stack


def planned(conn, statement):
    """PREPARE what has a plan; of the rest let plpgsql read the syntax."""
    kind = re.sub(r"--.*", "", statement).split()[0].upper()
    if kind in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"):
        with contextlib.suppress(psycopg.errors.IndeterminateDatatype):
            conn.execute(b"PREPARE one AS " + statement.encode())
            conn.execute("DEALLOCATE one")
    elif kind not in ("BEGIN", "COMMIT"):
        conn.execute(b"DO $check$ BEGIN IF false THEN " + statement.encode() +
                     b"\n; END IF; END $check$")


@pytest.mark.parametrize("name", FILES)
def test_file(stack, loaded, name):
    folder = name.split("/")[0]
    text = (SQL / name).read_text()
    assert text.strip() and "\r" not in text and text.endswith("\n")
    if folder == "transform" or "/redshift_" in name:     # Redshift's: tests/peers reads them
        return
    database, role = SESSIONS[folder]
    with stack.connect(database, role=role) as conn:
        for setting, value in SETTINGS.items():
            conn.execute("SELECT set_config(%s, %s, false)", [setting, value])
        conn.execute("SET search_path = ledger" if folder == "view" else "SET search_path TO DEFAULT")
        for statement in statements(text):
            if "{" in re.sub(r"'\{.*?\}'", "", statement):
                continue    # a template: filled and run by publish alone
            try:
                planned(conn, statement)
            except MADE_LATER:
                assert folder in ("publish", "undo", "warehouse", "source", "capture", "local", "ledger"), name


def test_a_step_that_ended_does_not_begin_again(stack, loaded):
    """The beat of another thread, which saw it run, may come behind its end."""
    def told(state, rows, ended):
        return json.dumps([{"name": "extract.late", "ordinal": 9, "state": state, "rows": rows, "bytes": 0,
                            "started_us": 1000000, "ended_us": ended}])

    with stack.connect("ledger") as conn:
        conn.execute(b"PREPARE steps AS " + (SQL / "ledger/statement/steps.sql").read_bytes())
        run, = conn.execute("SELECT max(id) FROM ledger.run").fetchone()
        for state, rows, ended in (("running", 1, None), ("ok", 5, 2000000), ("running", 4, None)):
            conn.execute(psycopg.sql.SQL("EXECUTE steps ({}, 1, {})").format(run, told(state, rows, ended)))
        assert conn.execute("DELETE FROM ledger.step WHERE name = 'extract.late' RETURNING state, rows, ended_at "
                            "IS NOT NULL").fetchall() == [("ok", 5, True)]


def test_window_edges(stack, loaded):
    """A window takes the first transaction after the last snapshot, and those that were open."""
    with stack.connect("source") as writer, stack.connect("source", role="bikeops_run") as conn:
        rows = [writer.execute("UPDATE store.customers SET city = city || 'x' WHERE customer_id = '1' "
                               "RETURNING pg_current_xact_id()::text::bigint").fetchone()[0]
                for _ in range(3)]
        first, second, third = rows
        seen = "SELECT array_agg(xid::text::bigint ORDER BY seq) FROM bikeops_capture.changes " \
               "WHERE xid::text::bigint = ANY (%s)"
        for snapshot, wanted in ((f"{first}:{first}:", [first, second, third]),
                                 (f"{second}:{second}:", [second, third]),
                                 (f"{first}:{third}:{first}", [first, third]),
                                 (f"{first}:{third + 1}:{second}", [second]),
                                 (f"{third + 1}:{third + 1}:", None)):
            conn.execute("SELECT set_config('bikeops.prev_snapshot', %s, false)", [snapshot])
            assert conn.execute(seen, [rows]).fetchone()[0] == wanted, snapshot


def test_nothing_else_is_in_the_program(stack, loaded):
    """What the program carries is what the tree holds."""
    listed = {row["name"] for row in stack.json("sql")["sql"]}
    assert listed == {name.removesuffix(".sql") for name in FILES}


def test_common_sql_of_publish():
    """The script is the part of SQL that Redshift has too."""
    banned = (r"\bON CONFLICT\b", r"\bDISTINCT ON\b", r"\bMERGE\b", r"\bTRUNCATE\b", r"\bIDENTITY\b",
              r"\bgenerate_series\b", r"\bIS (NOT )?DISTINCT FROM\b", r"\bFILTER\s*\(", r"\bWINDOW\s+\w+ AS\b")
    found = []
    paths = [path for folder in ("publish", "undo") for path in (SQL / folder).rglob("*.sql")]
    for path in paths:
        text = re.sub(r"--.*", "", path.read_text())
        found += [f"{path.name}: {word}" for word in banned if re.search(word, text, re.I)]
    assert found == []
    assert len({path.parent for path in paths}) == 2
