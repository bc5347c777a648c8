"""Layers on the shop with rows that break a rule: what is wrong, why, and the rows, in two keys."""

import re
import time

import pytest

import scenes


@pytest.fixture(scope="module")
def broken(stack):
    """The shop of `generate --broken=rows`, loaded: customers and order lines were left out."""
    shop = stack.dir / "broken-shop"
    stack.run("generate", "--broken=rows", "--out", shop).quiet()
    stack.run("setup", "--recreate", "--dataset", shop).quiet()
    stack.run("run", "full").quiet()
    return stack


@pytest.mark.parametrize("columns,lines", [(80, 24), (140, 40), (60, 16)])
def test_two_keys(console, broken, columns, lines):
    """2, Enter, the second before anything came: the first break, with key, rule, object and the whole raw line of each, at any size."""
    told = {row["key"]: row for row in broken.json("rejects")["rejects"]
            if row["entity"] == "customers"}
    assert len(told) == 10
    t = console(broken, columns=columns, lines=lines)
    t.wait(r"run \d+ full ok", 5)
    t.keys("2\r")
    t.wait(r"layers > customers", 5)
    t.wait(r"run \d+, 10 rows, by rule:\n +10  zip_code: longer than 5 bytes" if columns >= 80 else
           r"run \d+, 10 rows +key / rule", 5)
    seen = set()
    for _ in told:
        picture = t.still(0.1).text().splitlines()
        at = [line for line in picture if re.match(r">\S+ +zip_code: longer than 5 bytes", line)]
        assert len(at) == 1, "\n".join(picture)
        key = at[0][1:].split()[0]
        if columns >= 80:
            raw = "".join(line[8:] for line in picture[-2 - 3:-2])
            assert raw.replace(" ", "").startswith(told[key]["raw"].replace(" ", "")[:190]), raw
        seen.add(key)
        t.keys("j")
    assert seen == set(told)
    if (columns, lines) == (80, 24):
        assert sum("zip_code" in line for line in picture) >= 8, "\n".join(picture)
    t.keys("q")
    t.wait("SUM revenue", 2)
    assert t.quit() == 0


def test_numbers_are_whole(console, broken):
    """At 80 columns no sum, difference or reason is cut."""
    sums = broken.json("counts")["sums"]
    t = console(broken)
    t.wait(r"run \d+ full ok", 5)
    t.keys("2")
    t.wait("SUM revenue", 5)
    picture = t.still().text()
    for row in sums:
        for value in (row["source"], row["serving"], f"diff {row['difference']}"):
            assert re.search(rf"SUM {row['measure']}.* {re.escape(str(value))}(?![\d.])", picture), picture
    t.wait(r"layers > customers   2 of 6 break; here 10 missing, 10 were rejected", 2)
    assert t.quit() == 0


def test_layers_of_another_run(console, broken):
    """Beside a run that read nothing, the panel says whose numbers it shows."""
    good = broken.json("runs")["runs"][0]["run"]
    scenes.without_source(broken)
    t = console(broken, columns=140, lines=40)
    t.wait(rf"layers as of run {good}, NOT of run {good + 1}", 5)
    t.wait(r"customers: 10 missing, 10 were rejected", 2)
    t.wait(r"incremental failed (\d+ s ago|just now)", 2)
    assert t.quit() == 0


@pytest.mark.parametrize("key", "23")
def test_idle_sends_little(console, broken, key):
    """In the first minute after a run, when every age counts seconds."""
    broken.run("run", "incremental").quiet()
    t = console(broken, columns=140, lines=40)
    t.wait(r"\? help", 5)
    t.keys(key)
    t.pump(3)
    sent, began = len(t.sent), time.monotonic()
    t.pump(10)
    assert (len(t.sent) - sent) / (time.monotonic() - began) < 95
    assert t.quit() == 0
