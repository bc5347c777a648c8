"""sql/transform is read by DuckDB and by Spark SQL: only what both understand alike."""

import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "sql" / "transform"
FILES = sorted(FOLDER.glob("*.sql"))

# What the two understand differently, or one of them not at all.
FORBIDDEN = {
    "a backslash": r"\\",
    "a quote within a literal": r"'[^'\n]*''[^'\n]*'",
    "a quoted identifier": r'"|`',
    "ORDER BY without NULLS": r"\bORDER BY (?![^,)\n]*\bNULLS (FIRST|LAST)\b)",
    "division": r"/",
    "a double colon": r"::",
    "a parameter": r"\$\d|\?|:[a-z]",
    "a type that only one has": r"\b(text|varchar|double|timestamp|timestamptz|numeric)\b",
    "a cast that rounds or fails": r"(?<!try_)cast\((order_id|item_id|quantity|discount|list_price"
                                   r"|day|seq|order_date|model_year) AS (int|bigint|date|decimal)",
    "a function of one": r"\b(concat|regexp_\w+|datediff|date_diff|date_format|strftime|to_date"
                         r"|to_char|extract|dayofweek|dayname|monthname|weekday|string_agg|unnest"
                         r"|explode|sequence|generate_series|nvl|decode|initcap|octet_length|strlen"
                         r"|hash|sha2|substr|avg|sign|typeof|now|current_\w+)\s*\(",
    "a clause of one": r"\b(QUALIFY|DISTINCT ON|RECURSIVE|EXCLUDE|ILIKE|RLIKE|LIMIT|GROUP BY ALL)\b",
    "a condition that is NULL": r"\bWHEN NULL\b",
    "an order of the whole": r"\bORDER BY [^()]*\Z",
}


def bare(text, keep_literals=False):
    """Without comments; literals as '' where they may hold anything."""
    text = re.sub(r"--[^\n]*", "", text)
    return text if keep_literals else re.sub(r"'[^'\n]*'", "''", text)


def breaks(text):
    found = []
    for what, pattern in FORBIDDEN.items():
        literal = what in ("a backslash", "a quote within a literal")
        if re.search(pattern, bare(text, literal), re.IGNORECASE if not literal else 0):
            found.append(what)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_the_common_dialect(path):
    assert breaks(path.read_text()) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_has_the_columns_of_the_verdict(path):
    last = bare(path.read_text()).rsplit("\nSELECT\n", 1)[1]
    for column in ("_rule", "_key", "_n", "_raw", "_object"):
        assert re.search(rf"\b{column},?$", last, re.MULTILINE)


@pytest.mark.parametrize("text, what", [
    ("SELECT 'it''s'", "a quote within a literal"),
    (r"SELECT replace(a, '\n', '')", "a backslash"),
    ('SELECT "a" FROM t', "a quoted identifier"),
    ("SELECT row_number() OVER (ORDER BY seq)", "ORDER BY without NULLS"),
    ("SELECT a / 2", "division"),
    ("SELECT a::int", "a double colon"),
    ("SELECT cast(quantity AS int)", "a cast that rounds or fails"),
    ("SELECT cast(a AS varchar)", "a type that only one has"),
    ("SELECT concat(a, b)", "a function of one"),
    ("SELECT * EXCLUDE (a) FROM t", "a clause of one"),
])
def test_the_check_finds_what_it_forbids(text, what):
    assert what in breaks(text)
