"""Every SQL file stands alone: the server that runs it parses and plans it."""

import re

import pytest

import stack as stacks

SQL = stacks.ROOT / "sql"
# The database that a folder's files run on; sql/transform is DuckDB's and has its own test.
DATABASE = {"extract": "source", "window": "source", "source": "source", "capture": "source",
            "publish": "warehouse", "warehouse": "warehouse", "ledger": "ledger", "local": "ledger"}
FILES = sorted(str(path.relative_to(SQL)) for path in SQL.rglob("*.sql"))


def statements(text):
    """Parted by a line ';'."""
    parts = re.split(r"^;\s*$", text, flags=re.M)
    return [part for part in parts if re.sub(r"--.*", "", part).strip()]


@pytest.fixture(scope="module")
def loaded(session_stack, small):
    session_stack.run("setup", "--recreate", "--dataset", small).quiet()
    session_stack.run("run", "full").quiet()
    return session_stack


def planned(conn, statement):
    """PREPARE takes what has a plan; parameters are of types the server infers."""
    conn.execute(b"PREPARE one AS " + statement.encode())
    conn.execute("DEALLOCATE one")


@pytest.mark.parametrize("name", FILES)
def test_file(stack, loaded, name):
    folder = name.split("/")[0]
    assert folder in DATABASE or folder in ("transform", "view"), f"who runs {folder}?"
    text = (SQL / name).read_text()
    assert statements(text), "nothing in it"
    assert "\r" not in text and text.endswith("\n")
    if folder in ("extract", "window"):
        with stack.connect("source", role="bikeops_run") as conn:
            conn.execute("SELECT set_config(name, value, false) FROM (VALUES "
                         "('bikeops.full', 'f'), ('bikeops.prev_snapshot', '1:1:'), "
                         "('bikeops.timezone', 'UTC'), ('bikeops.from', ''), ('bikeops.to', ''), "
                         "('bikeops.extra_orders', '{}')) AS t (name, value)")
            for statement in statements(text):
                planned(conn, statement)


def test_nothing_else_is_in_the_program(stack, loaded):
    """What the program carries is what the tree holds."""
    listed = {row["name"] for row in stack.json("sql")["sql"]}
    assert listed == {name.removesuffix(".sql") for name in FILES}


def test_common_sql_of_publish():
    """The script is the part of SQL that Redshift has too."""
    banned = (r"\bON CONFLICT\b", r"\bDISTINCT ON\b", r"\bMERGE\b", r"\bTRUNCATE\b", r"\bIDENTITY\b",
              r"\bgenerate_series\b", r"\bIS (NOT )?DISTINCT FROM\b", r"\bFILTER\s*\(", r"\bWINDOW\s+\w+ AS\b")
    found = []
    for path in (SQL / "publish").rglob("*.sql"):
        text = re.sub(r"--.*", "", path.read_text())
        found += [f"{path.name}: {word}" for word in banned if re.search(word, text, re.I)]
    assert found == []
    assert list((SQL / "publish").rglob("*.sql"))
