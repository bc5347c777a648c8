#!/usr/bin/env python3
"""Breaks the program's SQL in one place at a time and sees the histories fail.

usage: mutants.py [NAME...]      a survivor is a hole in the tests: exit 1
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name: (file below sql/, what stands there, what is put there, the tests where not the histories:
# a file or one of its tests)
MUTANTS = {
    "late commits lost": ("capture/0001_journal.sql", "\tOR xid = ANY (ARRAY(", "\tOR false AND xid = ANY (ARRAY("),
    "window begins too late": ("capture/0001_journal.sql", "WHERE xid >= pg_snapshot_xmax(",
                               "WHERE xid > pg_snapshot_xmax(", "test_sql.py"),
    "no end of an old key": ("capture/0002_triggers.sql",
                             "IF old_key IS DISTINCT FROM key AND NOT appears THEN",
                             "IF false AND old_key IS DISTINCT FROM key AND NOT appears THEN"),
    "inactive edits captured": ("capture/0002_triggers.sql",
                                "OR TG_OP <> 'INSERT' AND appears AND coalesce(NEW.is_active, 'N') = 'N' THEN",
                                "THEN"),
    "moved line's old order": ("capture/0002_triggers.sql",
                               "IF OLD.order_id IS NOT NULL AND OLD.order_id IS DISTINCT FROM NEW.order_id",
                               "IF false AND OLD.order_id IS DISTINCT FROM NEW.order_id"),
    "renamed brand unseen": ("capture/0002_triggers.sql", "WHERE brand_id = NEW.brand_id AND is_active = 'Y'",
                             "WHERE false AND brand_id = NEW.brand_id"),
    "day of the server": ("source/audit.sql", "greatest(now(), OLD.updated_at + interval '1 microsecond')",
                          "now()"),
    "no-op is a change": ("source/audit.sql", "ELSIF NEW IS DISTINCT FROM OLD THEN", "ELSE"),
    "soft delete twice": ("source/audit.sql", "WHERE customer_id = OLD.customer_id AND is_active = 'Y'",
                          "WHERE false"),
    "day in UTC": ("extract/customers.sql", "AT TIME ZONE current_setting('bikeops.timezone'))::date,\n\timg",
                   "AT TIME ZONE 'UTC')::date,\n\timg"),
    "rejected day in UTC": ("extract/orders.sql", "current_setting('bikeops.timezone')", "'UTC'"),
    "first image of a day": ("transform/stg_customers.sql", "ORDER BY seq_v DESC NULLS LAST",
                             "ORDER BY seq_v NULLS LAST"),
    "rounded down": ("transform/stg_sales.sql", "try_cast(total * discount_v AS decimal(15,2)) AS off",
                     "try_cast(floor(total * discount_v * 100) / 100 AS decimal(15,2)) AS off"),
    "a rule gone": ("transform/stg_customers.sql", "bit_length(state) <= 8 * 2 ", "bit_length(state) <= 8 * 20 ",
                    "test_rules.py"),
    "not the shortest": ("publish/scd2.sql", "ORDER BY lo) = lo - 1", "ORDER BY lo) = lo"),
    "trailing blanks": ("publish/scd2.sql", "|| ':' || {attribute}, '-')\n\t\tAS image,\n\t\tday",
                        "|| ':' || rtrim({attribute}), '-')\n\t\tAS image,\n\t\tday"),
    "ended a day early": ("publish/scd2.sql", "CASE WHEN is_active = 'N' THEN day\n",
                          "CASE WHEN is_active = 'N' THEN day - 1\n"),
    "not re-pointed": ("publish/scd2.sql", "UPDATE serving.fact_sales SET {key} = m.{key}",
                       "UPDATE serving.fact_sales SET {key} = fact_sales.{key}"),
    "key of a version lost": ("publish/scd2.sql", "coalesce(b.{key}, n.last_key + row_number()",
                              "coalesce(NULL, n.last_key + row_number()"),
    "keys used again": ("publish/scd2.sql", "SET last_key = last_key + (SELECT count(*) FROM change_{entity} WHERE what = 'insert')",
                        "SET last_key = (SELECT coalesce(max({key}), 0) FROM serving.{dim})"),
    "books: extended is updated": ("publish/scd2.sql", "WHEN c.what = 'update' THEN 'updated'",
                                   "WHEN c.what IN ('update', 'extend') THEN 'updated'"),
    "absent stays": ("publish/scd2_full.sql", "(g.is_active = 'N' OR r.id IS NULL)", "g.is_active = 'N'"),
    "rejected is absent": ("publish/scd2_full.sql", "(g.is_active = 'N' OR r.id IS NULL)",
                           "(g.is_active = 'N' OR g.{id} IS NULL)", "test_rules.py"),
    "inactive row's attributes": ("publish/scd2_full.sql", "WHERE g.is_active = 'Y' OR t.{id} IS NULL", "WHERE true"),
    "lines stay": ("publish/fact_sales.sql", "line_change.what = 'delete'", "line_change.what = 'never'"),
    "line read with the last key": ("publish/fact_sales.sql",
                                    "AND coalesce(s.order_date, '00000000') BETWEEN p.lo AND p.hi",
                                    "AND p.hi = '99999999'"),
    "full keeps lines": ("publish/full.sql", " UNION SELECT order_id FROM serving.fact_sales", ""),
    "late commits lost by writers": ("capture/0001_journal.sql", "\tOR xid = ANY (ARRAY(",
                                     "\tOR false AND xid = ANY (ARRAY(", "test_writers.py"),
    "brand not locked": ("capture/0002_triggers.sql", "WHERE brand_id = brand FOR SHARE",
                         "WHERE brand_id = brand", "test_rules.py"),
    "import: a day early": ("source/import/orders.sql", "required_date::date + 1", "required_date::date",
                            "test_setup.py"),
    "import: customers' first day": ("source/import/customers.sql", "min(order_date::date)",
                                     "max(order_date::date)", "test_setup.py"),
    "a truncation unseen": ("capture/0002_triggers.sql", "VALUES (TG_TABLE_NAME, 'T', '', '')",
                            "VALUES (TG_TABLE_NAME, 'U', '', '')", "test_rules.py"),
    "restored source unseen": ("window/guard.sql", "AND NOT EXISTS (SELECT FROM bikeops_capture.journal",
                               "AND false AND NOT EXISTS (SELECT FROM bikeops_capture.journal",
                               "test_rules.py"),
    "healed elsewhere": ("publish/scd2.sql", "THEN p.first_day ELSE d.eff_date END", "THEN d.eff_date ELSE d.eff_date END",
                         "test_rules.py"),
    "undo: window stays": ("undo/begin.sql", "s = o.s", "s = watermark.s", "test_undo.py::test_every_kind_of_change"),
    "undo: no compare and swap": ("undo/begin.sql", "AND watermark.k = cast($3 AS bigint)",
                                  "AND watermark.k >= cast($3 AS bigint)", "test_undo.py::test_publish_wins"),
    "undo: added rows stay": ("undo/table.sql", "WHERE {row} > (", "WHERE false AND {row} > (", "test_undo.py::test_every_kind_of_change"),
    "undo: rows of another batch": ("undo/table.sql", "FROM bikeops.kept_{table} o\nJOIN bikeops.undone u ON u.k = o.k",
                                    "FROM bikeops.kept_{table} o\nJOIN bikeops.undone u ON u.k >= o.k", "test_undo.py::test_random_histories"),
    "undo: changed rows stay": ("undo/table.sql", "WHERE {table}.{row} = back_{tbl}.{row}\n;\nINSERT INTO serving.{table} SELECT * FROM back_{tbl}",
                                "WHERE false", "test_undo.py::test_every_kind_of_change"),
    "undo: not the newest": ("undo/state.sql", "WHERE y.k IS NULL AND z.k IS NULL)", "WHERE z.k IS NULL)", "test_undo.py::test_refused"),
    "undo: lines not counted": ("undo/end.sql", "coalesce(f.n, o.n)", "o.n", "test_undo.py::test_every_kind_of_change"),
    "kept: moved facts as moved": ("publish/scd2.sql", "JOIN move_{entity} m ON m.sales_id = f.sales_id\nLEFT JOIN repointed",
                                   "JOIN move_{entity} m ON m.sales_id = -f.sales_id\nLEFT JOIN repointed", "test_undo.py::test_every_kind_of_change"),
    "kept: a fact twice": ("publish/fact_sales.sql", "WHERE r.sales_id IS NULL\n", "WHERE true\n", "test_undo.py::test_every_kind_of_change"),
    "kept: a healed member forgotten": ("publish/scd2.sql", "AND c.what <> 'insert'", "AND c.what NOT IN ('insert', 'heal')",
                                        "test_undo.py::test_every_kind_of_change"),
    "kept: a lost version forgotten": ("publish/scd2.sql", "AND c.what <> 'insert'", "AND c.what NOT IN ('insert', 'delete')",
                                       "test_undo.py::test_every_kind_of_change"),
    "kept: keys too late": ("publish/open.sql", "SELECT b.k, n.tbl, n.last_key FROM", "SELECT b.k, n.tbl, n.last_key + 1 FROM",
                            "test_undo.py::test_every_kind_of_change"),
    "kept: for ever": ("publish/expired.sql", "INTERVAL '7 days'", "INTERVAL '70 days'", "test_undo.py::test_kept_for_seven_days"),
    "kept: six days": ("publish/forget.sql", "INTERVAL '7 days'", "INTERVAL '5 days'", "test_undo.py::test_kept_for_seven_days"),
    "undo: failed loads are covered": ("view/behind.sql", " AND mode <> 'undo'", "", "test_undo.py::test_told"),
    "undo: rejects counted twice": ("view/counts.sql", "AND stands)::bigint AS lost", ")::bigint AS lost", "test_undo.py::test_rejects_are_counted_once"),
    "window never moves": ("publish/begin.sql", "s = b.s", "s = coalesce(watermark.s, b.s)"),
}


def broken_copy(directory, file, old, new, tests="test_histories.py"):
    sql = directory / "sql"
    shutil.copytree(ROOT / "sql", sql)
    text = (sql / file).read_text()
    if old not in text:
        sys.exit(f"{file} does not hold: {old}")
    (sql / file).write_text(text.replace(old, new))
    return sql, pathlib.Path(__file__).with_name(tests)


def survives(mutant, seeds):
    with tempfile.TemporaryDirectory() as directory:
        sql, tests = broken_copy(pathlib.Path(directory), *mutant)
        env = {**os.environ, "BIKEOPS_SQL_DIR": str(sql), "HISTORIES_SEEDS": seeds}
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
                               str(tests)], env=env, capture_output=True, text=True)
    reasons = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    return done.returncode == 0, (reasons[1:2] or reasons or ["?"])[0][:150]


def main():
    names = sys.argv[1:] or list(MUTANTS)
    alive = []
    for name in names:
        survived, why = survives(MUTANTS[name], os.environ.get("HISTORIES_SEEDS", "1 2"))
        print(f"{'SURVIVED' if survived else 'killed  '}  {name:<28} {why if not survived else ''}",
              flush=True)
        alive += [name] if survived else []
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
