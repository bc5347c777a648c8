"""What Amazon Redshift's SQL has not, and what it calls otherwise than PostgreSQL.

Each rule names the page of the Database Developer Guide (docs.aws.amazon.com/redshift/latest/dg/)
or the public report that it rests on.  The SQLSTATE of a refusal is the peer's guess where the page
shows only a text.
"""

import re

SYNTAX, UNSUPPORTED, UNKNOWN_SETTING = "42601", "0A000", "42704"

LITERAL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"|\$(\w*)\$.*?\$\1\$", re.S)

# Session settings of 8.0.2 and Redshift: cm_chap_ConfigurationRef.
SETTINGS = {"analyze_threshold_percent", "application_name", "client_encoding", "datestyle",
            "enable_case_sensitive_identifier", "enable_result_cache_for_session",
            "error_on_nondeterministic_update", "extra_float_digits", "query_group", "search_path",
            "statement_timeout", "timezone", "wlm_query_slot_count"}
POSTGRES_HAS = {"application_name", "client_encoding", "datestyle", "extra_float_digits",
                "search_path", "statement_timeout", "timezone"}

# (what the statement holds, SQLSTATE, message, page)
REFUSED = [(re.compile(pattern, re.I | re.S), state, message, page) for pattern, state, message, page in (
    (r"\bON\s+CONFLICT\b", SYNTAX, 'syntax error at or near "conflict"', "r_INSERT_30"),
    (r"\bRETURNING\b", SYNTAX, 'syntax error at or near "returning"', "r_INSERT_30"),
    (r"\bDISTINCT\s+ON\s*\(", UNSUPPORTED, "SELECT DISTINCT ON is not supported", "r_SELECT_list"),
    (r"\)\s*FILTER\s*\(\s*WHERE\b", SYNTAX, 'syntax error at or near "filter"', "c_Aggregate_Functions"),
    (r"\bWINDOW\s+\w+\s+AS\s*\(", SYNTAX, 'syntax error at or near "window"', "r_SELECT_synopsis"),
    (r"\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b", SYNTAX, 'syntax error at or near "distinct"',
     "c_unsupported-postgresql-functions"),
    (r"(\bFROM|\bJOIN|\bAS|,)\s*\(\s*VALUES\b", UNSUPPORTED,
     "VALUES list used as a constant table is not supported", "c_unsupported-postgresql-features"),
    (r"\bROW\s*\(|(^|[\s(])\(\s*[\w.]+\s*(,\s*[\w.]+\s*)+\)\s*(=|<>|\bIN\b)\s*\(", UNSUPPORTED,
     "row constructors are not supported", "c_unsupported-postgresql-features"),
    (r"^\s*CREATE\s+(UNIQUE\s+)?INDEX\b", UNSUPPORTED,
     'SQL command "create index" not supported on Redshift tables.',
     "c_unsupported-postgresql-features"),
    (r"^\s*(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(TRIGGER|SEQUENCE|RULE|DOMAIN|TYPE|EXTENSION|"
     r"TABLESPACE|OPERATOR|AGGREGATE)\b|\bnextval\s*\(|\b(big|small)?serial\b", UNSUPPORTED,
     "triggers, sequences and user-defined types are not supported",
     "c_unsupported-postgresql-features"),
    (r"\bPARTITION\s+OF\b|\bINHERITS\s*\(|^\s*CREATE\s[^;]*\)\s*PARTITION\s+BY\b", UNSUPPORTED,
     "partitions and inheritance are not supported", "c_unsupported-postgresql-features"),
    (r"\bCHECK\s*\(|\bEXCLUDE\s+USING\b", UNSUPPORTED, "check constraints are not supported",
     "c_unsupported-postgresql-features"),
    (r"^\s*DO\b", SYNTAX, 'syntax error at or near "do"', "c_SQL_commands"),
    (r"\w\s*\[\s*\d*\s*\]|\bARRAY\s*\[", UNSUPPORTED, "arrays are not supported",
     "c_unsupported-postgresql-datatypes"),
    (r"\b(jsonb|uuid|bytea|hstore|tsvector|money|int4range|regclass|regnamespace)\b", UNSUPPORTED,
     "type is not supported on Redshift tables", "c_unsupported-postgresql-datatypes"),
    (r"^\s*(SET|RESET)\s+ROLE\b", SYNTAX, 'syntax error at or near "role"', "r_SET"),
    (r"^\s*COPY\b.*\b(STDIN|STDOUT|PROGRAM)\b", SYNTAX, 'syntax error at or near "stdin"', "r_COPY"),
    (r"^\s*(LISTEN|NOTIFY|UNLISTEN)\b", SYNTAX, "LISTEN and NOTIFY are no commands", "c_SQL_commands"),
    (r"^\s*DISCARD\b", SYNTAX, 'syntax error at or near "discard"', "c_SQL_commands"),
    (r"^\s*DEALLOCATE\s+ALL\b", SYNTAX, 'prepared statement "all" does not exist', "r_DEALLOCATE"),
    (r"^\s*(SAVEPOINT|RELEASE)\b|^\s*ROLLBACK\s+TO\b", UNSUPPORTED, "SAVEPOINT is not supported",
     "c_unsupported-postgresql-functions"),
    (r"\bpg_(try_)?advisory_\w+\s*\(|\b(string_agg|array_agg|every|clock_timestamp|pg_sleep|"
     r"transaction_timestamp|bit_length|overlay|format|quote_nullable|regexp_matches|div|"
     r"width_bucket|unnest|to_regclass|pg_relation_size|txid_\w+|pg_current_xact_id|"
     r"has_\w+_privilege|generate_subscripts|pg_notify)\s*\(", UNSUPPORTED,
     "function is not supported", "c_unsupported-postgresql-functions"),
    (r"\b(now|age)\s*\(|\b(current_timestamp|localtimestamp|current_time|localtime)\b", UNSUPPORTED,
     "Specified types or functions (one per INFO message) not supported on Redshift tables.",
     "Date_functions_header"),
    (r"\bOVER\s*\([^()]*\bNULLS\s+(FIRST|LAST)\b", SYNTAX, 'syntax error at or near "nulls"',
     "c_unsupported-postgresql-features"),
    (r"\bRANGE\s+(BETWEEN|UNBOUNDED)\b|\bGROUPS\s+BETWEEN\b", SYNTAX, 'syntax error at or near "range"',
     "r_Window_function_synopsis"),
    (r"\bLATERAL\b|\bTABLESAMPLE\b", SYNTAX, "syntax error in FROM", "r_FROM_clause30"),
    (r"\bWHEN\s+(NOT\s+)?MATCHED\s+AND\b|\bDO\s+NOTHING\b", SYNTAX, 'syntax error at or near "and"',
     "r_MERGE"),
    (r"^\s*(WITH\b.*)?DELETE\b[^()]*\bUSING\s*\(", SYNTAX, 'syntax error at or near "("', "r_DELETE"),
    (r"^\s*TRUNCATE\s+(TABLE\s+)?[\w.\"]+\s*,", SYNTAX, 'syntax error at or near ","', "r_TRUNCATE"),
    (r"^\s*LOCK\b.*\bIN\b.*\bMODE\b", SYNTAX, 'syntax error at or near "in"', "r_LOCK"),
    (r"^\s*BEGIN\b.*\bREAD\s+COMMITTED\b", UNSUPPORTED,
     "only SERIALIZABLE and SNAPSHOT isolation are there", "r_BEGIN"),
    (r"\bALTER\s+DATABASE\b.*\bSET\b|^\s*(CREATE|ALTER)\s+ROLE\b.*\bLOGIN\b", SYNTAX,
     "roles do not log in", "r_CREATE_ROLE"),
    (r"^\s*ALTER\s+TABLE\b[^;]*\b(SET\s+DATA\s+TYPE|ADD\s+COLUMN[^;]*,\s*ADD)\b", UNSUPPORTED,
     "ALTER TABLE changes one column at a time", "r_ALTER_TABLE"),
)]

# r_pg_keywords: reserved here and not in PostgreSQL, those that no statement of ours has as a word.
RESERVED = re.compile(r"\b(aes128|aes256|binary|blanksasnull|bytedict|bzip2|deflate|defrag|delta|delta32k|"
                      r"disable|enable|encrypt|encryption|explicit|globaldict\w+|gzip|ignore|luns?|lzop?|"
                      r"new|offline|oid|old|open|percent|permissions|readratio|recover|rejectlog|resort|"
                      r"respect|restore|snapshot|system|tag|tdes|wallet)\b", re.I)
FRAMELESS = re.compile(r"\b(sum|count|avg|min|max|first_value|last_value|nth_value|stddev\w*|var\w*)"
                       r"\s*\(", re.I)
AGAINST_TABLES = re.compile(r"\b(INSERT|UPDATE|DELETE|CREATE|JOIN)\b", re.I)


def mask(sql, quoted_names=False):
    """The statement with the inside of literals and comments blanked, all positions kept."""
    def blank(m):
        text = m.group()
        if text.startswith('"') and not quoted_names:
            return text
        ends = 0 if text.startswith(("--", "/*")) else 1
        return text[:ends] + re.sub(r"[^\n]", " ", text[ends:len(text) - ends]) + text[len(text) - ends:] \
            if ends else re.sub(r"[^\n]", " ", text)
    return LITERAL.sub(blank, sql)


def closing(masked, at):
    """Where the parenthesis that opens at this place closes."""
    depth = 0
    for i in range(at, len(masked)):
        depth += {"(": 1, ")": -1}.get(masked[i], 0)
        if not depth:
            return i
    return len(masked) - 1


def top_level(masked):
    """What stands in no parentheses."""
    out, depth = [], 0
    for c in masked:
        depth -= c == ")"
        out.append(c if depth == 0 else " ")
        depth += c == "("
    return "".join(out)


def split(sql):
    """The statements of a simple query."""
    masked, parts, start = mask(sql, quoted_names=True), [], 0
    for m in re.finditer(";", masked):
        parts.append(sql[start:m.start()])
        start = m.end()
    parts.append(sql[start:])
    return [part for part in parts if mask(part).strip()]


def frameless(masked):
    for m in FRAMELESS.finditer(masked):
        end = closing(masked, m.end() - 1)
        over = re.match(r"\s*OVER\s*\(", masked[end + 1:], re.I)
        if over:
            at = end + over.end()
            body = masked[at:closing(masked, at)]
            if re.search(r"\bORDER\s+BY\b", body, re.I) and not re.search(r"\bROWS\b", body, re.I):
                return True
    return False


def not_joined(flat):
    """An UPDATE .. FROM whose target equals no column of the others."""
    m = re.match(r"\s*UPDATE\s+(?:\w+\.)?(\w+)\s+SET\b.*?\bFROM\b(.*)", flat, re.I | re.S)
    return bool(m) and not any(
        (one == m.group(1)) != (other == m.group(1))
        for one, other in re.findall(r"\b(\w+)\.\w+\s*=\s*(\w+)\.\w+", m.group(2)))


def untyped(masked):
    """A bare string or NULL as a column of a subquery or a new table, where no UNION gives a type."""
    for m in re.finditer(r"(\bSELECT|,)\s+('[^']*'|NULL)\s+AS\s+\w+", masked, re.I):
        depth = 0
        start = m.start()
        while start and depth >= 0:         # to the parenthesis around this SELECT
            start -= 1
            depth += {")": 1, "(": -1}.get(masked[start], 0)
        inside = depth < 0
        body = masked[start:closing(masked, start)] if inside else masked
        if not inside and not re.match(r"\s*CREATE\b", masked, re.I):
            continue
        if not re.search(r"\bUNION\b", top_level(body[1:] if inside else body), re.I):
            return True
    return False


def refusal(sql):
    """(SQLSTATE, message, page) of a statement that Redshift would not run, or None."""
    masked = mask(sql)
    for pattern, state, message, page in REFUSED:
        if pattern.search(masked):
            return state, message, page
    reserved = RESERVED.search(mask(sql, quoted_names=True))
    if reserved:
        return SYNTAX, f'syntax error at or near "{reserved.group().lower()}"', "r_pg_keywords"
    if frameless(masked):
        return (UNSUPPORTED, "Aggregate window functions with an ORDER BY clause require a frame clause",
                "r_Window_function_synopsis")
    if untyped(masked):     # github.com/OHDSI/SqlRender/issues/192, calogica/dbt-expectations/issues/99
        return ("XX000", 'failed to find conversion function from "unknown" to text', "r_CAST_function")
    flat = top_level(masked)
    if re.match(r"\s*UPDATE\b.*\bFROM\b.*\b(LEFT|RIGHT|FULL)\b.*\bJOIN\b", flat, re.I | re.S):
        return "0A000", "Target table must be part of an equijoin predicate", "r_UPDATE"
    if not_joined(flat):
        return "0A000", "Target table must be part of an equijoin predicate", "r_UPDATE"
    if re.search(r"\bgenerate_series\s*\(", masked, re.I) and AGAINST_TABLES.search(masked):
        return (UNSUPPORTED, "Specified types or functions (one per INFO message) not supported on "
                "Redshift tables.", "c_unsupported-postgresql-functions")
    setting = re.match(r"\s*(?:SET|RESET|SHOW)\s+(?:(?:SESSION|LOCAL)\s+)?(\w+)", masked, re.I)
    if setting and setting.group(1).lower() not in SETTINGS | {"session", "names", "time", "all"}:
        return (UNKNOWN_SETTING, f'unrecognized configuration parameter "{setting.group(1).lower()}"',
                "cm_chap_ConfigurationRef")
    if re.match(r"\s*MERGE\b", masked, re.I):
        whens = re.findall(r"\bWHEN\s+(NOT\s+)?MATCHED\s+THEN\s+(\w+)", masked, re.I)
        if [bool(no) for no, _ in whens] != [False, True]:
            return SYNTAX, "MERGE needs WHEN MATCHED and WHEN NOT MATCHED", "r_MERGE"
    return None


# --- what has another name in PostgreSQL ---

FUNCTIONS = [(re.compile(pattern, re.I), new) for pattern, new in (
    (r"\bgetdate\s*\(\s*\)|\bsysdate\b", "(statement_timestamp() AT TIME ZONE 'UTC')::timestamp"),
    (r"\bnvl\s*\(", "coalesce("),
    (r"\bpg_last_copy_count\s*\(\s*\)", "peer.session_number('peer.last_copy_count')"),
    (r"\bpg_last_copy_id\s*\(\s*\)", "peer.session_number('peer.last_copy_id')"),
    (r"\bversion\s*\(\s*\)", "'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 "
     "20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.77467'::varchar"),
    (r"(?<![.\w])sys_(load_error_detail|load_history|query_history|serverless_usage)\b", r"peer.sys_\1"),
    (r"\bdateadd\s*\(\s*(\w+)\s*,", r"peer.date_add('\1',"),
    (r"\bdatediff\s*\(\s*(day|days|d)\s*,", "peer.days_between("),
)]
TABLE = [(re.compile(pattern, re.I), new) for pattern, new in (
    (r"\bDISTSTYLE\s*=?\s*(AUTO|EVEN|KEY|ALL)\b", ""),
    (r"\b(COMPOUND|INTERLEAVED)\s+SORTKEY\b", "SORTKEY"),
    (r"\b(DISTKEY|SORTKEY)\s*=?\s*\([^)]*\)", ""), (r"\bSORTKEY\s+AUTO\b", ""),
    (r"\b(DISTKEY|SORTKEY)\b", ""),
    (r"\bENCODE\s+\w+", ""), (r"\bBACKUP\s+(YES|NO)\b", ""),
    (r"\bIDENTITY\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)",
     r"GENERATED BY DEFAULT AS IDENTITY (START WITH \1 INCREMENT BY \2)"),
    (r"\b(var)?char(acter\s+varying)?\s*\(\s*max\s*\)", "varchar(65535)"),
    (r"(?<=\s)text\b", "varchar(256)"),
    # Keys are allowed and not enforced; NOT NULL is.
    (r",\s*(CONSTRAINT\s+\w+\s+)?(PRIMARY\s+KEY|UNIQUE)\s*\([^)]*\)", ""),
    (r",\s*(CONSTRAINT\s+\w+\s+)?FOREIGN\s+KEY\s*\([^)]*\)\s*REFERENCES\s+[\w.]+(\s*\([^)]*\))?", ""),
    (r"\bREFERENCES\s+[\w.]+(\s*\([^)]*\))?", ""),
    (r"\bPRIMARY\s+KEY\b", "NOT NULL"), (r"\bUNIQUE\b", ""),
)]
# VARCHAR(n) counts bytes: r_Character_types.
BYTES = re.compile(r"(?P<before>[(,]\s*)(?P<name>\w+)(?P<type>\s+(?:varchar|character\s+varying)\s*\(\s*"
                   r"(?P<n>\d+)\s*\))(?P<rest>[^,()]*)", re.I)


def replace(sql, rules):
    for pattern, new in rules:
        masked = mask(sql)
        for m in reversed(list(pattern.finditer(masked))):
            sql = sql[:m.start()] + m.expand(new) + sql[m.end():]
    return sql


def rewrite(sql):
    """The statement as PostgreSQL understands it."""
    sql = replace(sql, FUNCTIONS)
    masked = mask(sql)
    if re.match(r"\s*CREATE\s+(TEMP\w*\s+)?TABLE\b", masked, re.I):
        sql = replace(sql, TABLE)
        if not re.search(r"\bAS\s+(\(?\s*SELECT|WITH)\b", masked, re.I):
            masked = mask(sql)
            for m in reversed(list(BYTES.finditer(masked))):
                check = f" CHECK (octet_length({m['name']}) <= {m['n']} " \
                        f"OR peer.too_long({m['name']}, {m['n']}))"
                sql = sql[:m.end()] + check + sql[m.end():]
    setting = re.match(r"\s*SET\s+(?:(?:SESSION|LOCAL)\s+)?(\w+)\s*(?:TO|=)\s*(.*)", sql, re.I | re.S)
    if setting and setting.group(1).lower() in SETTINGS - POSTGRES_HAS:
        return f"SET peer.{setting.group(1)} TO {setting.group(2)}"
    if re.match(r"\s*ANALYZE\s+COMPRESSION\b|\s*VACUUM\b", masked, re.I):
        return "SELECT 1 WHERE false"
    return sql


# --- COPY ---

COPY = re.compile(r"^\s*COPY\s+(?P<table>[\w.\"]+)\s*(?P<columns>\([^)]*\))?\s*FROM\s+(?P<source>'[^']*')"
                  r"\s*(?P<options>.*)$", re.I | re.S)


class CopyOptions:
    """The clauses of COPY; ValueError names one that the form does not take."""

    def __init__(self, sql):
        m = COPY.match(re.sub(r"--[^\n]*", "", sql))
        self.table = m["table"]
        self.columns = m["columns"] or ""
        self.source = m["source"][1:-1]
        self.role = self.null = self.format = None
        self.manifest = self.emptyasnull = False
        self.header = 0
        self.take(m["options"])

    def take(self, text):
        rules = (("role", r"IAM_ROLE\s+'([^']*)'"), ("role", r"IAM_ROLE\s+(default)"),
                 ("format", r"FORMAT\s+(?:AS\s+)?(PARQUET|CSV)"), ("format", r"(PARQUET|CSV)\b"),
                 ("manifest", r"(MANIFEST)\b"), ("header", r"IGNOREHEADER\s+(?:AS\s+)?(\d+)"),
                 ("emptyasnull", r"(EMPTYASNULL)\b"), ("null", r"NULL\s+(?:AS\s+)?'([^']*)'"),
                 (None, r"STATUPDATE\s*(?:ON|OFF|TRUE|FALSE)?"), (None, r"COMPUPDATE\s*(?:ON|OFF|PRESET)?"),
                 (None, r"DATEFORMAT\s+'(?:auto|YYYY-MM-DD)'"), (None, r"TIMEFORMAT\s+'auto'"))
        text = text.strip().rstrip(";").strip()
        seen = set()
        while text:
            for name, rule in rules:
                m = re.match(rule, text, re.I)
                if m:
                    text = text[m.end():].strip()
                    seen.add(name)
                    if name:
                        setattr(self, name, m.group(1))
                    break
            else:
                raise ValueError(f'syntax error at or near "{text.split()[0].lower()}"')
        self.format = (self.format or "text").lower()
        self.manifest = bool(self.manifest)
        self.header = int(self.header)
        if self.format == "text":
            raise ValueError("the peer reads FORMAT PARQUET and FORMAT CSV alone")
        if self.format == "parquet":        # copy-usage_notes-copy-from-columnar
            for name in ("header", "emptyasnull", "null"):
                if name in seen:
                    raise ValueError(f"{name.upper()} argument is not supported for PARQUET based COPY")
