"""COPY FROM 's3://..' as Amazon Redshift does it: what is read, and what is refused.

Sources, all docs.aws.amazon.com/redshift/latest/dg/: copy-usage_notes-copy-from-columnar (Parquet:
columns by position, as many as the table has), loading-data-files-using-manifest (mandatory,
meta.content_length), copy-parameters-data-conversion (NULL AS, EMPTYASNULL, IGNOREHEADER),
copy-parameters-data-format (CSV).  The texts of Parquet's errors: github.com/aws/aws-sdk-pandas/issues/280
and 529, rudderlabs/rudder-server/pull/3178, aws/amazon-redshift-python-driver/issues/107.
"""

import decimal
import json
import re
import tempfile

import boto3
import botocore.config
import botocore.exceptions
import duckdb


class CopyError(Exception):
    """What the client is told; row is for SYS_LOAD_ERROR_DETAIL, where one is written."""

    def __init__(self, message, detail=None, state="XX000", row=None):
        super().__init__(message)
        self.message, self.detail, self.state, self.row = message, detail, state, row


def boxed(error, code, context, where):
    rule = "-----------------------------------------------"
    return (f"\n  {rule}\n  error:  {error}\n  code:      {code}\n  context:   {context}\n"
            f"  query:     0\n  location:  {where}\n  process:   worker_thread [pid=1]\n  {rule}\n")


def scan_error(context):
    return CopyError("Spectrum Scan Error",
                     boxed("Spectrum Scan Error", 15007, context, "dory_util.cpp:1509"))


PHYSICAL = {"integer": (("INT32", ""), ("INT32", "INT_32")), "bigint": (("INT64", ""), ("INT64", "INT_64")),
            "smallint": (("INT32", "INT_16"),), "date": (("INT32", "DATE"),), "boolean": (("BOOLEAN", ""),),
            "double precision": (("DOUBLE", ""),), "real": (("FLOAT", ""),)}


class Column:
    def __init__(self, name, type_name):
        self.name = name
        self.kind = type_name.split("(")[0]
        size = re.search(r"\((\d+)(?:,(\d+))?\)", type_name)
        self.sizes = tuple(int(n) for n in size.groups() if n) if size else ()

    def takes(self, f):
        """Does a Parquet column load into it?  By physical type: nothing is converted."""
        logical = f["converted_type"] or ""
        if self.kind in ("character varying", "character", "text"):
            return f["type"] == "BYTE_ARRAY" and logical == "UTF8"
        if self.kind == "numeric":
            room = 8 if self.sizes[0] <= 18 else 16
            return logical == "DECIMAL" and (f["precision"], f["scale"]) == self.sizes and (
                f["type"] in ("INT32", "INT64") or int(f["type_length"] or 99) <= room)
        if self.kind == "timestamp without time zone":
            return f["type"] == "INT96" or logical == "TIMESTAMP_MICROS"
        return (f["type"], logical) in PHYSICAL.get(self.kind, ())


class Bucket:
    """Under the keys of the COPY's role, or those of the environment."""

    def __init__(self, endpoint, region, key=None, secret=None):
        self.endpoint = endpoint
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name=region,
                               aws_access_key_id=key, aws_secret_access_key=secret,
                               config=botocore.config.Config(s3={"addressing_style": "path"},
                                                             retries={"max_attempts": 2}))

    def split(self, url):
        m = re.fullmatch(r"s3://([^/]+)/(.+)", url)
        if not m:
            raise CopyError(f"The S3 path '{url}' is not valid", state="0A000")
        return m.groups()

    def call(self, url, method, **more):
        bucket, key = self.split(url)
        try:
            return getattr(self.s3, method)(Bucket=bucket, **({"Key": key} | more if method != "list_objects_v2"
                                                              else {"Prefix": key} | more))
        except botocore.exceptions.ClientError as e:
            code = e.response["Error"]["Code"]
            context = f"Failed to access '{url}': {e.response['Error'].get('Message', code)}"
            raise CopyError("S3ServiceException:" + e.response["Error"].get("Message", code),
                            boxed(f"S3ServiceException:{code},Status "
                                  f"{e.response['ResponseMetadata']['HTTPStatusCode']}", 8001, context,
                                  "s3_utility.cpp:687"))

    def get(self, url):
        return self.call(url, "get_object")["Body"].read()

    def files(self, options):
        """[(url, bytes)] that a COPY loads: the manifest's, or all below a prefix."""
        if options.manifest:
            found = list(self.listed(options))
            if not found:       # regardless of mandatory
                raise CopyError("The manifest names no file that is there",
                                boxed("No files to load", 8001, options.source, "s3_utility.cpp:330"))
            yield from found
            return
        found = self.call(options.source, "list_objects_v2").get("Contents", [])
        if not found:
            raise CopyError(f"The specified S3 prefix '{self.split(options.source)[1]}' does not exist",
                            boxed(f"The specified S3 prefix '{self.split(options.source)[1]}' does not exist",
                                  8001, "", "s3_utility.cpp:687"))
        bucket = self.split(options.source)[0]
        for one in found:
            yield f"s3://{bucket}/{one['Key']}", self.get(f"s3://{bucket}/{one['Key']}")

    def listed(self, options):
        try:
            entries = json.loads(self.get(options.source))["entries"]
            urls = [(e["url"], bool(e.get("mandatory", False)), e.get("meta", {}).get("content_length"))
                    for e in entries]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CopyError(f"The manifest file '{options.source}' is not valid JSON of entries",
                            boxed("Manifest file is not in correct json format", 8001, options.source,
                                  "s3_utility.cpp:330"))
        for url, mandatory, length in urls:
            if options.format == "parquet" and length is None:
                raise CopyError(f"the manifest entry of '{url}' has no meta.content_length",
                                boxed("Invalid manifest file: content_length is required", 8001, url,
                                      "s3_utility.cpp:330"))
            try:
                data = self.get(url)
            except CopyError as e:
                if mandatory or "404" not in (e.detail or ""):
                    raise
                continue
            if length is not None and options.format == "parquet" and length != len(data):
                raise scan_error(f"File '{url}' has {len(data)} bytes, not the {length} of its manifest")
            yield url, data

    def https(self, url):
        return "https://s3.amazonaws.com/" + url.removeprefix("s3://")


def parquet_rows(bucket, url, data, columns):
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as db:
        file.write(data)
        file.flush()
        schema = db.execute("SELECT name, type, type_length, converted_type, precision, scale FROM "
                            "parquet_schema(?) WHERE num_children IS NULL", [file.name])
        names = [d[0] for d in schema.description]
        found = [dict(zip(names, row)) for row in schema.fetchall()]
        if len(found) != len(columns):
            raise scan_error(f"Unmatched number of columns between table and file. Table columns: "
                             f"{len(columns)}, Data columns: {len(found)}, File name: {bucket.https(url)}")
        for field, column in zip(found, columns):
            if not column.takes(field):
                raise scan_error(
                    f"File '{bucket.https(url)}' has an incompatible Parquet schema for column "
                    f"'{url}.{field['name']}'. Column type: {column.kind.upper()}, Parquet schema:\n"
                    f"optional {field['type'].lower()} {field['name']}")
        rows = db.execute("SELECT * FROM read_parquet(?)", [file.name])
        while part := rows.fetchmany(10000):
            for i, column in enumerate(columns):
                if column.kind != "character varying" or not column.sizes:
                    continue
                longest = max((len(row[i].encode()) for row in part if row[i] is not None), default=0)
                if longest > column.sizes[0]:
                    raise scan_error(
                        f"The length of the data column {column.name} is longer than the length "
                        f"defined in the table. Table: {column.sizes[0]}, Data: {longest}, "
                        f"File name: {bucket.https(url)}")
            yield from part


def csv_fields(text):
    """Rows of (value, quoted): the csv module tells no quotes, and an empty field is not NULL."""
    row, field, quoted, inside, i = [], [], False, False, 0
    while i < len(text):
        c = text[i]
        if inside:
            if c == '"' and text[i + 1:i + 2] == '"':
                field.append('"')
                i += 1
            elif c == '"':
                inside = False
            else:
                field.append(c)
        elif c == '"':
            quoted = inside = True
        elif c in ",\n":
            row.append(("".join(field), quoted))
            field, quoted = [], False
            if c == "\n":
                yield row
                row = []
        elif c != "\r":
            field.append(c)
        i += 1
    if field or quoted or row:
        row.append(("".join(field), quoted))
        yield row


def csv_value(options, column, value, fail):
    text = column.kind in ("character varying", "character", "text")
    null = options.null if options.null is not None else "\\N"
    if value == null or (value == "" and (options.emptyasnull or not text)):
        return None
    if text and column.sizes and len(value.encode()) > column.sizes[0]:
        fail(1204, "String length exceeds DDL length", column, value)
    if column.kind in ("integer", "bigint", "smallint"):
        digits = re.fullmatch(r"\s*[-+]?\d+\s*", value)
        if not digits:
            at = next((i for i, c in enumerate(value) if not c.isdigit()), 0)
            fail(1207, f"Invalid digit, Value '{value[at:at + 1]}', Pos {at}, Type: "
                       f"{'Integer' if column.kind == 'integer' else 'Long'}", column, value)
    if column.kind == "numeric":
        try:
            number = decimal.Decimal(value.strip())
        except decimal.InvalidOperation:
            fail(1207, f"Invalid digit, Value '{value[:1]}', Pos 0, Type: Decimal", column, value)
        if column.sizes:            # without ROUNDEC COPY cuts what the scale does not hold
            value = str(number.quantize(decimal.Decimal(1).scaleb(-column.sizes[1]),
                                        rounding=decimal.ROUND_DOWN))
    if column.kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        fail(1205, "Invalid Date Format - length must be 10 or more", column, value)
    return value


def csv_rows(options, url, data, columns):
    def fail(code, message, column, value):
        row = {"file_name": url, "line_number": line, "column_name": column.name,
               "column_type": {"character varying": "varchar", "integer": "int4", "bigint": "int8"}.get(
                   column.kind, column.kind)[:10],
               "column_length": str(column.sizes[0]) if column.sizes else "", "position": 0,
               "error_code": code, "error_message": message}
        raise CopyError(f"Load into table '{options.table.split('.')[-1]}' failed.  Check "
                        f"'sys_load_error_detail' system table for details.", row=row)

    for line, fields in enumerate(csv_fields(data.decode()), 1):
        if line <= options.header:
            continue
        if len(fields) < len(columns):
            fail(1213 if fields == [("", False)] else 1202,
                 "Missing newline: Unexpected character found" if len(fields) == 0 else
                 "Delimiter not found", columns[len(fields)], "")
        if len(fields) > len(columns):
            fail(1202, "Extra column(s) found", columns[-1], "")
        yield tuple(csv_value(options, c, v, fail) for c, (v, _) in zip(columns, fields))


def load(bucket, options, columns):
    """(bytes for PostgreSQL's COPY FROM STDIN (FORMAT csv), rows, [(url, bytes)])."""
    out, rows, files = [], 0, []
    for url, data in bucket.files(options):
        files.append((url, len(data)))
        source = parquet_rows(bucket, url, data, columns) if options.format == "parquet" \
            else csv_rows(options, url, data, columns)
        for row in source:
            out.append(",".join("" if v is None else '"' + str(v).replace('"', '""') + '"' for v in row))
            rows += 1
    return ("\n".join(out) + "\n" * bool(out)).encode(), rows, files
