"""Every command from outside: exit status, JSON, stderr, bad input, and what its papers say."""

import csv
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess

import jsonschema
import pytest

import stack as stacks

SCHEMAS = pathlib.Path(__file__).with_name("schemas")
MAN = stacks.ROOT / "man" / "bikeops.1"
README = stacks.ROOT / "README.md"


@pytest.fixture(scope="module")
def loaded(session_stack, dataset):
    """A stack with the whole shop, one full run and one incremental."""
    stack = session_stack
    stack.run("setup", "--recreate", "--dataset", dataset).quiet()
    stack.shop_role()
    stack.run("run", "full").quiet()
    with stack.shop() as conn:
        conn.execute("UPDATE store.customers SET city = 'Reno', zip_code = 'éé123' "
                     "WHERE customer_id = '5'")
        conn.execute("UPDATE store.orders SET shipped_date = current_date WHERE order_id = '7'")
    stack.run("run", "incremental").quiet()
    return stack


def table(stack):
    return {row["command"]: row for row in stack.json("help")["commands"]}


# --- what every command has

READING = {
    "local status": 0, "status": 0, "runs": 0, "counts": 0, "counts --live": 0, "rejects": 0,
    "logs": 0, "sql": 0, "doctor": 0, "help": 0, "help --keys": 0, "version": 0,
    "run incremental --dry-run": 0, "run full --dry-run": 0,
    "run backfill --from 2016-01-01 --to 2016-01-31 --dry-run": 0,
}


@pytest.mark.parametrize("line", READING)
def test_reading(stack, loaded, line):
    """A table, JSON and CSV on stdout; nothing unexpected on stderr."""
    args = line.split()
    assert stack.run(*args, status=READING[line]).stdout.strip()
    data = json.loads(stack.run(*args, "--output", "json", status=READING[line]).stdout)
    validate(data)
    text = stack.run(*args, "--output", "csv", status=READING[line]).stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] and {len(row) for row in rows} == {len(rows[0])}


def validate(data):
    name, version = data["schema"].removeprefix("bikeops.").split("/")
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert schema["properties"]["schema"]["const"] == f"bikeops.{name}/{version}"
    jsonschema.validate(data, schema, cls=jsonschema.Draft202012Validator)


def test_runs_show(stack, loaded):
    runs = stack.json("runs")["runs"]
    shown = stack.json("runs", "show", runs[0]["run"])
    validate(shown)
    assert shown["run"][0]["run"] == runs[0]["run"]


def test_every_reading_command_has_a_schema(stack, loaded):
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        assert path.stem in schema["properties"]["schema"]["const"]


def test_sql(stack, loaded):
    """Each text that 'sql' lists is printed by its name, and is the file's."""
    for row in stack.json("sql")["sql"]:
        text = stack.run("sql", row["name"]).stdout
        file = stacks.ROOT / "sql" / f"{row['name']}.sql"
        assert text == file.read_text()


def test_version(stack):
    assert re.match(r"bikeops \d+\.\d+\.\d+", stack.run("version").stdout)
    assert stack.run("--version").stdout == stack.run("version").stdout


def test_logs_of_a_run(stack, loaded):
    run = stack.json("runs")["runs"][0]["run"]
    assert stack.run("logs", run).stdout.strip()
    assert stack.run("logs", run, "publish").stdout.strip()
    stack.run("logs", run, "nonsense", status=1).talk("nonsense")


def test_logs_that_are_long(stack, loaded):
    """Longer than what is read at once: CSV and JSON have the last line too."""
    run = stack.json("runs")["runs"][0]["run"]
    log = stack.dir / f"stack/lake/log/run-log/{run}/extract.a9.log"
    line = b"2026-07-15T03:12:00Z info " + (1 << 20) * b"x" + b"\n"
    log.write_bytes(68 * line + b"2026-07-15T03:12:01Z info the last\n")
    try:
        assert stack.run("logs", run, "extract", "--output", "csv").stdout.endswith("the last\n")
    finally:
        log.unlink()


def test_follow_ends_with_the_run(stack, loaded):
    run = stack.json("runs")["runs"][0]["run"]
    assert stack.run("logs", run, "--follow", timeout=20).stdout == stack.run("logs", run).stdout


def test_handoff(stack, loaded, tmp_path):
    """Two files of the newest run that went wrong: for people and for programs, replaced each time."""
    stack.run("run", "incremental", status=None,
              env={"BIKEOPS_SOURCE_DSN": "host=/nonexistent dbname=bikestore"}).quiet()
    run = stack.json("runs")["runs"][0]["run"]
    for _ in range(2):
        told = stack.json("handoff", run, "--out", tmp_path)
    validate(told)
    assert [pathlib.Path(row["file"]).name for row in told["files"]] == [
        f"handoff-{run}.md", f"handoff-{run}.json"]
    data = json.loads((tmp_path / f"handoff-{run}.json").read_text())
    validate(data)
    shown = stack.json("runs", "show", run)
    assert {**data["run"][0], "age_s": 0} == {**shown["run"][0], "age_s": 0}
    assert data["tasks"] == shown["tasks"]
    assert "cannot connect to the source" in data["why"][0]["cause"]
    assert any(line["level"] == "error" for line in data["log"])
    text = (tmp_path / f"handoff-{run}.md").read_text()
    assert text.startswith(f"# Run {run}: incremental failed")
    for part in ("Why it failed", "Tasks", "Layers", "Log"):
        assert f"\n## {part}" in text
    stack.run("handoff", "999999", "--out", tmp_path, status=1).talk("no run 999999").quiet()
    stack.run("handoff", run, "--out", tmp_path / "none", status=None).talk("none").quiet()
    stack.run("run", "incremental").quiet()


def test_handoff_chooses(stack, loaded, tmp_path):
    """Of a long log what was wrong and its end; of what was sent this profile's, the newest 200."""
    stack.run("run", "incremental").quiet()
    run = stack.json("runs")["runs"][0]["run"]
    log = stack.dir / f"stack/lake/log/run-log/{run}/open_window.a1.log"
    clean = log.read_bytes()
    audit = tmp_path / "bikeops/audit.jsonl"
    audit.parent.mkdir()
    line = {"at": "2026-11-24T10:00:00Z", "who": "ann", "what": "send", "ticket": "OPS-1",
            "reason": "`code` | # no markup"}
    audit.write_text("not JSON\n" + "".join(json.dumps({**line, "profile": profile, "command": f"bikeops run {n}"})
                                            + "\n" for n in range(1500) for profile in ("local", "prod")))
    try:
        log.write_bytes(b"2026-11-24T10:00:00Z warning early and late\n2026-11-24T10:00:00Z error early too\n"
                        + b"".join(b"2026-11-24T10:00:01Z info line %d\n" % n for n in range(200)))
        told = stack.run("handoff", run, "--out", tmp_path, "--output", "json",
                         env={"XDG_STATE_HOME": str(tmp_path)}).json()
    finally:
        log.write_bytes(clean)
    data = json.loads(pathlib.Path(told["files"][1]["file"]).read_text())
    validate(data)
    assert [row["bytes"] for row in told["files"]] == [
        pathlib.Path(row["file"]).stat().st_size for row in told["files"]]
    said = [row["message"] for row in data["log"]]
    assert said[:2] == ["early and late", "early too"]
    assert said[-1] == "line 199" and len(said) == 52, len(said)
    assert [row["command"] for row in data["commands"]] == [f"bikeops run {n}" for n in range(1400, 1500)]
    assert {(row["ticket"], row["who"]) for row in data["commands"]} == {("OPS-1", "ann")}
    assert data["why"] == [] and data["differ"] == []
    text = pathlib.Path(told["files"][0]["file"]).read_text()
    markup = [line for line in text.splitlines() if line and not line.startswith("    ")]
    assert markup[0] == f"# Run {run}: incremental ok"
    assert all(line.startswith("## ") for line in markup[1:])
    assert "## Why it failed" not in markup and "## Sent from the console here" in markup


def test_handoff_takes_the_end(stack, loaded, tmp_path):
    """Of a log beyond 64 MiB the end is read, from a whole line on, and it is said."""
    stack.run("run", "incremental").quiet()
    run = stack.json("runs")["runs"][0]["run"]
    log = stack.dir / f"stack/lake/log/run-log/{run}/open_window.a1.log"
    clean = log.read_bytes()
    line = b"2026-11-24T10:00:01Z info " + b"x" * 65536 + b"\n"
    try:
        log.write_bytes(b"2026-11-24T10:00:00Z error of the beginning\n" + line * 1100
                        + b"2026-11-24T10:00:02Z error of the end\n")
        size = log.stat().st_size
        told = stack.json("handoff", run, "--out", tmp_path)
    finally:
        log.write_bytes(clean)
    data = json.loads(pathlib.Path(told["files"][1]["file"]).read_text())
    validate(data)
    first = data["log"][0]
    assert first["task"] == "open_window" and not first["time"]
    assert first["message"] == f"cut: its first {size - (64 << 20)} bytes were not read"
    said = {row["message"] for row in data["log"]}
    assert said - {first["message"], "x" * 65536} >= {"of the end"} and "of the beginning" not in said
    assert not any(message.startswith("xx") and len(message) != 65536 for message in said)


def test_churn(stack, loaded):
    """It plays the shop; what it changed arrives."""
    got = stack.run("local", "churn", "--seconds", 2, "--rate", 50)
    assert re.search(r"[1-9]", got.stderr)
    got.quiet()
    stack.run("run", "incremental").quiet()
    assert stack.json("runs")["runs"][0]["rows"] > 0
    totals = {row["entity"]: row for row in stack.json("counts", "--live", status=None)["counts"]}
    for entity in ("stores", "products", "staffs", "order_lines"):
        assert totals[entity]["source"] == totals[entity]["serving"], totals


def test_psql(stack, loaded):
    for name, database in (("source", "bikestore"), ("warehouse", "warehouse"), ("ledger", "bikeops")):
        got = stack.run("local", "psql", name, "--", "-Atc", "SELECT current_database()")
        assert got.stdout.strip() == database


def test_psql_hears_a_closed_pipe(stack, loaded):
    """What psql and its children inherit is as a shell would give it: SIGPIPE is not ignored."""
    got = stack.run("local", "psql", "source", "--", "-c",
                    r"\! grep SigIgn /proc/self/status")
    assert int(got.stdout.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0


def behind(stack, **env):
    data = stack.run("counts", "--output", "json", env=env).json()
    validate(data)
    return data["behind"][0]


def test_behind(stack, loaded):
    """What the journal has and no batch: also of a transaction that was open at the last load."""
    stack.run("run", "incremental").quiet()
    assert (behind(stack)["state"], behind(stack)["changes"]) == ("nothing", 0)
    with stack.connect("source") as late, stack.connect("source") as early:
        late.execute("BEGIN")
        late.execute("UPDATE store.customers SET city = 'Elko' WHERE customer_id = '8'")
        early.execute("UPDATE store.customers SET city = 'Ely' WHERE customer_id = '9'")
        assert behind(stack)["changes"] == 1
        stack.run("run", "incremental").quiet()
        assert behind(stack)["state"] == "nothing"
        late.execute("COMMIT")
        (written,) = late.execute("SELECT to_char(max(at), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM "
                                  "bikeops_capture.journal WHERE key = '8'").fetchone()
    row = behind(stack)
    assert (row["state"], row["changes"], row["more"]) == ("behind", 1, False)
    assert row["oldest_at"] == written and row["read_at"] >= written and row["note"] is None
    assert re.search(r"^behind +1 +\S* +\d+ s ago +\d+ s ago", stack.run("counts").stdout, re.M)
    stack.run("run", "incremental").quiet()
    assert behind(stack)["state"] == "nothing"


def test_behind_without_a_source(stack, loaded):
    """The ledger answers all the same."""
    row = behind(stack, BIKEOPS_SOURCE_DSN="host=127.0.0.1 port=1 dbname=x password=s3cret user=x")
    assert (row["state"], row["changes"]) == ("unknown", None)
    assert "cannot connect to the source" in row["note"] and "s3cret" not in row["note"]


def test_behind_reads_little(stack, loaded):
    """However long the journal: it is read from the index, and no further than is counted."""
    sql = (stacks.ROOT / "sql/source/behind.sql").read_text()
    with stack.connect("source") as conn:
        conn.execute("BEGIN")
        conn.execute("INSERT INTO bikeops_capture.journal (tbl, op, key, agg) SELECT 'customers',"
                     " 'U', n, n FROM generate_series(1, 150000) n")
        conn.execute("ANALYZE bikeops_capture.journal")
        ours = conn.execute("SELECT warehouse FROM bikeops_capture.consumers").fetchone()[0]
        conn.execute("PREPARE behind AS " + sql)
        plan = "\n".join(row[0] for row in conn.execute(
            "EXPLAIN EXECUTE behind('%s')" % ours.replace("'", "''")).fetchall())
        found = conn.execute("EXECUTE behind('%s')" % ours.replace("'", "''")).fetchone()
        conn.execute("ROLLBACK")
    assert found[:3] == ("behind", 100000, True)
    assert "Seq Scan on journal" not in plan and plan.count("journal_xid") >= 2, plan


def test_counts_finds_the_break(stack, loaded):
    """A line that is gone from serving, a sum that was changed: found, shown, exit 1."""
    stack.run("run", "incremental").quiet()
    with stack.connect("warehouse") as conn:
        lost = conn.execute("DELETE FROM serving.fact_sales WHERE order_id = '11' RETURNING quantity")
        lost = sum(row[0] for row in lost.fetchall())
    got = stack.run("counts", "--live", "--output", "json", status=1).talk("order lines|order_lines")
    got.quiet()
    data = got.json()
    units = next(row for row in data["sums"] if row["measure"] == "units")
    assert units["source"] - units["serving"] == lost
    broken = {row["entity"]: row["break"] for row in data["counts"] if row["break"] != "ok"}
    assert broken.keys() == {"order_lines"} and "serving" in broken["order_lines"]
    stack.run("run", "full").quiet()


# --- bad input: (arguments, status, what stderr says)

BAD = [
    ("nonsense", 2, "'nonsense' is not a command"),
    ("status --nonsense", 2, "--nonsense"),
    ("status extra", 2, "extra"),
    ("--nonsense status", 2, "'--nonsense' is not a command"),
    ("--profile nonsense status", 2, "no profile 'nonsense'"),
    ("-v --profile=nonsense", 2, "no profile 'nonsense'"),
    ("--output xml counts", 2, "xml"),
    ("--output json nonsense", 2, "'nonsense' is not a command"),
    ("status --output xml", 2, "xml"),
    ("status --output", 2, "--output"),
    ("status --profile nonsense", 2, "nonsense"),
    ("status --config /nonsense", 2, "/nonsense"),
    ("run", 2, "run"),
    ("run sideways", 2, "sideways"),
    ("run backfill", 2, "--from"),
    ("run backfill --from 2016-01-01", 2, "--to"),
    ("run backfill --from 2016-13-01 --to 2016-12-31", 2, "2016-13-01"),
    ("run backfill --from 2016-02-30 --to 2016-12-31", 2, "2016-02-30"),
    ("run backfill --from 2017-01-01 --to 2016-12-31", 2, "2017-01-01|2016-12-31"),
    ("run incremental --from 2016-01-01 --to 2016-01-02", 2, "--from"),
    ("run resume", 2, "resume|RUN"),
    ("run resume x", 2, "'x'"),
    ("run resume 999999", 1, "999999"),
    ("run cancel x", 2, "'x'"),
    ("run cancel 999999", 1, "999999"),
    ("run cancel 1 --dry-run", 2, "--dry-run does not go with 'run cancel'"),
    ("run resume 1 --dry-run", 2, "--dry-run does not go with 'run resume'"),
    ("run resume 1 --engine emr", 2, "--engine does not go with 'run resume'"),
    ("run undo 1 --no-full", 2, "--no-full does not go with 'run undo'"),
    ("run undo", 2, "undo|RUN"),
    ("run undo x", 2, "'x'"),
    ("run undo 999999", 4, "999999"),
    ("runs nonsense", 2, "nonsense"),
    ("runs show", 2, "show|RUN"),
    ("runs show x", 2, "'x'"),
    ("runs show 999999", 1, "999999"),
    ("logs x", 2, "'x'"),
    ("logs 999999", 1, "999999"),
    ("cost x", 2, "'x'"),
    ("cost 999999", 1, "there is no run 999999"),
    ("sql nonsense", 1, "nonsense"),
    ("sql ../../etc/passwd", 1, "passwd"),
    ("counts extra", 2, "extra"),
    ("rejects 1 extra", 2, "extra"),
    ("doctor extra", 2, "extra"),
    ("help nonsense", 2, "nonsense"),
    ("version extra", 2, "extra"),
    ("local", 2, "local"),
    ("local sideways", 2, "sideways"),
    ("generate", 2, "--out"),
    ("generate --out here --scale 0", 2, "'0'|scale"),
    ("generate --out here --scale x", 2, "'x'"),
    ("generate --out here --seed x", 2, "'x'"),
    ("generate --out here --broken=nonsense", 2, "nonsense"),
    ("setup --dataset /nonsense", 1, "/nonsense"),
    ("setup extra", 2, "extra"),
]


@pytest.mark.parametrize("line, status, says", BAD, ids=[row[0] for row in BAD])
def test_bad_input(stack, loaded, line, status, says):
    """Refused with a reason on stderr, nothing on stdout, nothing changed."""
    before = stack.json("status", status=None)
    got = stack.run(*shlex.split(line), status=None)
    got.talk(says).quiet()
    assert got.status == status, got.stderr
    assert got.stdout == ""
    assert stack.json("status", status=None).keys() == before.keys()


def test_dataset_of_other_bytes(stack, loaded, small, tmp_path):
    """The ledger takes UTF-8 alone: a name that is none is refused, before there is a run."""
    before = stack.json("runs")["runs"][0]["run"]
    path = os.fsencode(tmp_path) + b"/\xff"
    shutil.copytree(os.fsencode(small), path)
    child = stack.start("setup", "--recreate", "--dataset", path)
    said = child.communicate(timeout=30)[1]
    assert child.returncode == 2, said
    assert b"is no UTF-8" in said
    assert stack.json("runs")["runs"][0]["run"] == before


def test_unreachable(stack, loaded):
    """3: a server that is not there, or that does not let us in."""
    env = {"BIKEOPS_LEDGER_DSN": "host=127.0.0.1 port=1 dbname=x user=x"}
    stack.run("runs", env=env, status=3).quiet()
    dsn = {"BIKEOPS_WAREHOUSE_DSN": "host=127.0.0.1 port=1 dbname=x password=s3cret user=x"}
    got = stack.run("counts", "--live", env=dsn, status=3).quiet()
    assert "s3cret" not in got.stderr + got.stdout


def test_error_of_other_bytes(stack, loaded, tmp_path):
    """The ledger has the error of a run also where that names a file that is no UTF-8."""
    (tmp_path / "file").write_text("")
    lake = bytes(tmp_path / "file") + b"/\xff"
    stack.run("run", "full", status=2, env={"BIKEOPS_LAKE": lake}).talk("Not a directory").quiet()
    run = stack.json("runs")["runs"][0]
    assert run["state"] == "failed" and r"file/\xff/" in run["error"]


@pytest.mark.parametrize("line", ["status", "sql publish/fact_sales", "sql", "run --help", "version",
                                  "local env", "help --bash-completion"])
def test_stdout_that_is_full(stack, loaded, line):
    """What could not be written whole is told by the exit status, also where the rest could."""
    with open("/dev/full", "w") as full:
        child = subprocess.run([stack.program, *line.split()], env=stack.env, stdout=full,
                               stderr=subprocess.PIPE, text=True)
    assert child.returncode == 1
    assert child.stderr == "bikeops: cannot write to stdout: No space left on device\n"


def test_closed_files(stack, loaded):
    """Where stdin and stderr are closed no database's socket takes their place and hears the log."""
    def shut():
        stacks.child_died_with_us()
        os.close(0)
        os.close(2)
    for _ in range(2):      # the second finds nothing and says so
        assert stack.run("run", "incremental", preexec=shut).stdout
    assert stack.json("runs")["runs"][0]["state"] == "ok"


def test_config_that_is_read_once(stack, loaded):
    """A pipe as file, as <(..) makes it, is empty when the console reads it again."""
    ours, theirs = os.pipe()
    os.write(theirs, b"[profile once]\nledger_dsn = host=/nonexistent dbname=x\n")
    os.close(theirs)
    child = stack.start("console", "--plain", "--profile", "once", "--config", f"/dev/fd/{ours}",
                        stdin=subprocess.PIPE, pass_fds=[ours])
    os.close(ours)
    said = child.stdout.readline() + child.stdout.readline()
    out, err = child.communicate(b"q\n", 30)
    assert child.returncode == 0, err
    assert b"ledger: unreachable" in said


def test_destroy_asks(stack, loaded):
    """Without a terminal nothing is asked, and nothing is destroyed."""
    got = stack.run("local", "destroy", status=None).quiet()
    assert got.status in (2, 4)
    assert stack.run("local", "status").stdout


# --- the papers agree with the table of commands

def test_help_of_each(stack):
    for name, row in table(stack).items():
        text = stack.run(name, "--help").stdout
        usage = text.splitlines()[0]
        assert usage == f"usage: bikeops {name} {row['args']}".rstrip()
        for option in row["options"].split():
            assert re.search(rf"^  {option}\b", text, re.M), f"{name}: {option}"
        assert stack.run("help", name).stdout == text
    assert "worker" not in table(stack)


def test_help_lists_all(stack):
    text = stack.run("help").stdout
    for name, row in table(stack).items():
        assert re.search(rf"^  {name} +{re.escape(row['summary'])}$", text, re.M)


def test_man_page(stack):
    """Each command and option stands in the manual, and no others."""
    text = plain_manual(MAN)
    for name, row in table(stack).items():
        assert re.search(rf"\b{name}\b", text), name
        for option in row["options"].split():
            assert option in text, f"{name} {option}"
    known = {option for row in table(stack).values() for option in row["options"].split()}
    known |= {"--output", "--profile", "--config", "--verbose", "--help", "--version"}
    assert set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", text)) <= known


def test_man_page_has_every_key(stack):
    """Each key of the console, under its screen with its words, and no others."""
    part = MAN.read_text().split(".Sh CONSOLE\n")[1].split("\n.Sh ")[0]
    found = set()
    for section in part.split(".Ss ")[1:]:
        screen = section.split("\n")[0].lower()
        for key, what in re.findall(r"^\.It Sy (.*)\n((?:[^.].*\n?)+)", section, re.M):
            found.add((screen, key.replace("\\&", ""), " ".join(what.split())))
    rows = stack.json("help", "--keys")["keys"]
    assert {row["screen"].lower() for row in rows} >= {"every screen", "pipeline", "logs"}
    assert found == {(row["screen"].lower(), row["key"],
                      row["what"][0].upper() + row["what"][1:] + ".") for row in rows}


def plain_manual(path):
    shown = subprocess.run(["mandoc", "-T", "ascii", path], capture_output=True, check=True)
    return re.sub(".\b", "", shown.stdout.decode())


def completions(stack, *words):
    """What bash offers after these words."""
    script = stack.run("help", "--bash-completion").stdout
    line = " ".join(shlex.quote(word) for word in words)
    code = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _bikeops\n" \
           'printf "%s\\n" "${COMPREPLY[@]}"'
    return subprocess.run(["bash", "-c", code], capture_output=True, check=True,
                          text=True).stdout.split()


def test_completion(stack):
    rows = table(stack)
    assert set(completions(stack, "bikeops", "")) == set(rows)
    for name, row in rows.items():
        offered = set(completions(stack, "bikeops", name, "--"))
        assert set(row["options"].split()) | {"--output", "--profile", "--config"} <= offered
    assert "incremental" in completions(stack, "bikeops", "run", "inc")
    assert "status" in completions(stack, "bikeops", "local", "st")


# --- the README's tour

SETUP_BLOCKS = ("make run", "git clone", "make deps")


def blocks():
    if not README.exists():
        return []
    text = README.read_text()
    found = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    return [b for b in found if "$ " in b and not any(word in b for word in SETUP_BLOCKS)]


def commands(block):
    """[(command, output lines)] of a block with '$ ' prompts."""
    out = []
    for line in block.splitlines():
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif out:
            out[-1][1].append(line)
    return out


def test_readme_has_a_tour():
    assert len(blocks()) >= 3


@pytest.fixture(scope="module")
def tour(nothing_left, dataset):
    """A stack as 'make run' leaves it: set up, and one full run."""
    stack = stacks.Stack("tour")
    try:
        stack.up()
        stack.run("setup", "--dataset", dataset).quiet()
        stack.run("run", "full").quiet()
        bin_dir = stack.dir / "bin"
        bin_dir.mkdir()
        (bin_dir / "bikeops").symlink_to(stack.program)
        stack.env["PATH"] = f"{bin_dir}:{stack.env['PATH']}"
        yield stack
    finally:
        stack.end()


@pytest.mark.parametrize("number", range(len(blocks())))
def test_readme(tour, number):
    for command, output in commands(blocks()[number]):
        command = command.replace("build/release/bikeops", "bikeops")
        done = subprocess.run(["bash", "-c", command], cwd=stacks.ROOT, capture_output=True,
                              text=True, env=tour.env, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        same_shape(command, output, done.stdout + done.stderr)


def same_shape(command, expected, actual):
    """The words of the output; numbers, times and sizes change from run to run."""
    words = lambda text: set(re.findall(r"[a-z_]{4,}", text))  # noqa: E731
    missing = words("\n".join(expected)) - words(actual)
    assert len(missing) <= len(words("\n".join(expected))) // 5, f"{command}: no {missing} in\n{actual}"
