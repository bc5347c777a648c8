"""Make the staging tables of one batch with Spark, as bikeops' own engine makes them.

usage: spark-submit spark_job.py JOB

JOB is the URI of a JSON object that `bikeops` writes: the raw files with what is known of each, and
the SELECT of each staging table.  Everything is written under its "prefix", staging.json last: where
that is, all the rest is whole.  A second run over what a killed one left begins anew.

Plain PySpark 3.5 and Python 3.9: EMR Serverless 7.x runs it as it is.
"""

import json
import sys
import time

from py4j.java_gateway import is_instance_of
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType

VERDICT = ("_rule", "_key", "_n", "_raw", "_object")
HEADER_MAX = 1 << 16    # bytes of a first line
BLOCK_BYTES = 1 << 20   # of rejected rows, handed to the file system at a time
REASON_MAX = 500        # characters of another program's message

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Integers that do not fit are errors, in both engines.
    "spark.sql.ansi.enabled": "true",
    # The rules make one method that HotSpot would never compile: interpret the plan instead.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # A row with too few columns is seen only where all of them are read.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # Types and days as every other reader of Parquet understands them.
    "spark.sql.parquet.compression.codec": "snappy",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.writeLegacyFormat": "false",
}

# PostgreSQL's CSV.  Its text holds no U+0000: with that as mark, NULL and '' stay apart.
CSV = {
    "sep": ",", "quote": '"', "escape": '"', "multiLine": True, "lineSep": "\n",
    "nullValue": "\0", "emptyValue": "", "mode": "FAILFAST", "enforceSchema": False,
    "encoding": "UTF-8", "maxCharsPerColumn": -1, "unescapedQuoteHandling": "RAISE_ERROR",
    "recursiveFileLookup": True,
}


class JobError(Exception):
    """What is wrong, with which object: a line for the operator."""


def say(text):
    print("bikeops: " + text, flush=True)


def reason(error):
    """The innermost cause, in one line."""
    if isinstance(error, Py4JJavaError):
        cause = error.java_exception
        while cause.getCause() is not None:
            cause = cause.getCause()
        text = cause.toString()
    else:
        text = str(error) or type(error).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or ["no reason given"])[0][:REASON_MAX]


# --- objects ---

class Store:
    """Objects by Hadoop's file systems, named by URI."""

    def __init__(self, spark):
        self.gateway = spark.sparkContext._gateway
        self.jvm = spark._jvm
        self.conf = spark._jsc.hadoopConfiguration()

    def at(self, uri):
        path = self.jvm.org.apache.hadoop.fs.Path(uri)
        return path.getFileSystem(self.conf), path

    def status(self, uri):
        """Bytes, and the ETag where this file system tells one."""
        fs, path = self.at(uri)
        try:
            status = fs.getFileStatus(path)
        except Py4JJavaError as e:
            raise JobError("cannot find '%s': %s" % (uri, reason(e))) from e
        known = is_instance_of(self.gateway, status, "org.apache.hadoop.fs.EtagSource")
        return status.getLen(), status.getEtag() if known else None

    def read(self, uri, most=None):
        fs, path = self.at(uri)
        try:
            stream = fs.open(path)
            try:
                return bytes(stream.readAllBytes() if most is None else stream.readNBytes(most))
            finally:
                stream.close()
        except Py4JJavaError as e:
            raise JobError("cannot read '%s': %s" % (uri, reason(e))) from e

    def write(self, uri, blocks):
        fs, path = self.at(uri)
        stream = fs.create(path, True)
        for block in blocks:
            stream.write(bytearray(block))
        stream.close()

    def write_whole(self, uri, text):
        """The object is there with all of its text, or not at all."""
        fs, path = self.at(uri)
        _, unfinished = self.at(uri + ".unfinished")
        self.write(uri + ".unfinished", [text.encode()])
        if not fs.rename(unfinished, path):
            raise JobError("cannot write '%s'" % uri)

    def remove(self, uri):
        fs, path = self.at(uri)
        fs.delete(path, True)

    def files(self, uri):
        """Names and bytes of what is in a folder."""
        fs, path = self.at(uri)
        return sorted((status.getPath().getName(), status.getLen()) for status in fs.listStatus(path))

    def name(self, uri):
        """As Spark names it."""
        fs, path = self.at(uri)
        return fs.makeQualified(path).toString()


# --- raw files ---

class Job:
    def __init__(self, spark, uri):
        self.spark = spark
        self.store = Store(spark)
        try:
            text = json.loads(self.store.read(uri).decode())
            if text["version"] != 1:
                raise JobError("'%s' is of version %s, this job reads 1" % (uri, text["version"]))
            self.raw = text["raw"].rstrip("/")
            self.processed = text["processed"].rstrip("/")
            self.prefix = text["prefix"].strip("/")
            self.batch = {"k": text["k"], "run": text["run"],
                          "first_year": text["first_year"] or None,
                          "last_year": text["last_year"] or None}
            self.files = text["files"]
            self.transforms = text["transforms"]
            for file in self.files:
                file["uri"] = "%s/%s" % (self.raw, file["key"])
                file["bytes"] + file["rows"], file["entity"], file["header"], file.get("sha256")
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise JobError("'%s' is no job: %s %s" % (uri, type(e).__name__, e)) from e

    def out(self, name):
        return "%s/%s/%s" % (self.processed, self.prefix, name)

    def header(self, entity):
        """The columns of an entity: a part without header line has those of the others."""
        for file in self.files:
            if file["entity"] == entity and file["header"] is not None:
                return file["header"]
        raise JobError("no file of %s has a header" % entity)


def check_file(job, file):
    """What needs no reading of the whole."""
    size, etag = job.store.status(file["uri"])
    if size != file["bytes"]:
        raise JobError("'%s' has %d bytes, its manifest says %d" % (file["uri"], size, file["bytes"]))
    expected = (file.get("etag") or "").strip('"')
    if etag and expected and etag.strip('"') != expected:
        raise JobError("'%s' has ETag %s, its manifest says %s" % (file["uri"], etag.strip('"'), expected))
    first = job.store.read(file["uri"], HEADER_MAX).split(b"\n", 1)[0]
    if file["header"] is None:
        if first.startswith(b"\xef\xbb\xbf"):
            raise JobError("'%s' begins with a byte order mark" % file["uri"])
    elif first != file["header"].encode():
        raise JobError("'%s' begins with '%s', its manifest says '%s'"
                       % (file["uri"], first.decode(errors="replace")[:REASON_MAX], file["header"]))


def check_sums(job):
    """A file with a sum is one row of one task, so that the files are summed beside each other."""
    wanted = {job.store.name(f["uri"]): f for f in job.files if f.get("sha256")}
    if not wanted:
        return
    sums = job.spark.read.format("binaryFile").option("recursiveFileLookup", True) \
        .load([f["uri"] for f in wanted.values()]) \
        .select("path", F.sha2("content", 256).alias("sum")).collect()
    found = {row["path"]: row["sum"] for row in sums}
    for path, file in wanted.items():
        if found.get(path) != file["sha256"].lower():
            raise JobError("'%s' has another content than its manifest says" % file["uri"])


def check_utf8(job):
    """Spark's readers put U+FFFD in place of bytes that are no UTF-8.  No character holds a line end."""
    if not job.files:
        return
    line = F.col("value").cast("binary")
    bad = job.spark.read.option("lineSep", "\n").option("recursiveFileLookup", True) \
        .text([f["uri"] for f in job.files]) \
        .where(F.encode(F.decode(line, "UTF-8"), "UTF-8") != line) \
        .select(F.input_file_name()).head()
    if bad:
        raise JobError("'%s' holds bytes that are not UTF-8" % bad[0])


def raw_view(job, entity):
    """raw_<entity>: all columns as text, and the object that a row is from."""
    columns = job.header(entity).split(",")
    schema = StructType([StructField(column, StringType()) for column in columns])
    rows = None
    for file in job.files:
        if file["entity"] != entity:
            continue
        part = job.spark.read.options(header=file["header"] is not None, **CSV).schema(schema) \
            .csv(file["uri"]).withColumn("_object", F.lit(file["key"]))
        rows = part if rows is None else rows.union(part)
    rows.createOrReplaceTempView("raw_" + entity)


def batch_view(job):
    types = {"k": LongType(), "run": LongType(), "first_year": IntegerType(),
             "last_year": IntegerType()}
    schema = StructType([StructField(name, types[name]) for name in types])
    job.spark.createDataFrame([tuple(job.batch[name] for name in types)], schema) \
        .createOrReplaceTempView("batch")


# --- staging tables ---

class Table:
    """One transform at work, and what staging.json says of it."""

    def __init__(self, job, table):
        self.job = job
        self.table = table
        self.entity = "dates" if table == "stg_date" else table[len("stg_"):]
        self.text = job.transforms[table]
        self.raw = next((f["entity"] for f in job.files
                         if "FROM raw_%s\n" % f["entity"] in self.text), None)
        self.parts = [f for f in job.files if f["entity"] == self.raw]
        self.keys = []
        self.rejects_key = None
        self.bytes = self.rows = self.superseded = self.rejected = 0

    @property
    def read(self):
        return self.rows + self.superseded + self.rejected

    @property
    def expected(self):
        return sum(f["rows"] for f in self.parts)

    def json(self):
        row = {"table": self.table, "entity": self.entity, "keys": self.keys, "bytes": self.bytes,
               "read": self.read, "rows": self.rows, "superseded": self.superseded,
               "rejected": self.rejected}
        if self.rejects_key:
            row["rejects_key"] = self.rejects_key
        return row


def stage(table):
    """The good rows as Parquet: a file for each raw part, none for no rows."""
    job = table.job
    folder = job.out(table.table)
    job.spark.sql(table.text).where("_rule IS NULL AND _n = 1").drop(*VERDICT) \
        .coalesce(max(1, len(table.parts))).write.mode("overwrite") \
        .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").parquet(folder)
    # The rows that the files have, by their footers: whatever a task that ran twice had counted.
    counted = job.spark.read.parquet(folder).groupBy(F.col("_metadata.file_name")).count().collect()
    rows = {row["file_name"]: row["count"] for row in counted}
    for name, size in job.store.files(folder):
        if name not in rows:
            job.store.remove("%s/%s" % (folder, name))
            continue
        table.keys.append("%s/%s/%s" % (job.prefix, table.table, name))
        table.rows += rows[name]
        table.bytes += size


def csv_field(column):
    """As the other engine writes it: NULL is nothing, and what looks like it is quoted."""
    return F.when(column.isNull(), "") \
        .when((column == "") | column.rlike('[,"#\n\r]'),
              F.concat(F.lit('"'), F.replace(column, F.lit('"'), F.lit('""')), F.lit('"'))) \
        .otherwise(column)


def rejected_lines(table):
    """The rejects file in blocks; counts on the way, also the rows that were superseded."""
    fields = [F.lit(table.raw)] + [F.col(c).cast("string") for c in ("_key", "_rule", "_raw", "_object")]
    line = F.when(F.col("_rule").isNotNull(), F.concat_ws(",", *[csv_field(f) for f in fields]))
    rest = table.job.spark.sql(table.text).where("_rule IS NOT NULL OR _n <> 1").select(line)
    block = bytearray(b"entity,key,rule,raw,object\n")
    for row in rest.toLocalIterator():
        if row[0] is None:
            table.superseded += 1
            continue
        table.rejected += 1
        block += row[0].encode() + b"\n"
        if len(block) >= BLOCK_BYTES:
            yield block
            block = bytearray()
    yield block


def reject(table):
    """Rejected rows pass through the driver, one after the other: they are few, and one file."""
    store = table.job.store
    name = "_rejects/%s.csv" % table.raw
    store.write(table.job.out(name), rejected_lines(table))
    if table.rejected:
        table.rejects_key = "%s/%s" % (table.job.prefix, name)
    else:
        store.remove(table.job.out(name))


def inputs(table, tables):
    """Views of the staging tables that this one is made from; False where one of them is empty."""
    needed = [t for t in tables if "FROM %s\n" % t.table in table.text]
    for other in needed:
        if not other.keys:
            return False
        table.job.spark.read.parquet(table.job.out(other.table)).createOrReplaceTempView(other.table)
    return bool(needed)


def make(table, tables):
    """
    Most files have only good rows: the others are looked for, in a second pass, only where fewer
    were staged than there are.
    """
    if table.raw and not table.expected or not table.raw and not inputs(table, tables):
        return
    if table.raw:
        raw_view(table.job, table.raw)
    stage(table)
    if table.raw and table.rows != table.expected:
        reject(table)
    if table.raw and table.read != table.expected:
        raise JobError("%s gave %d rows, the manifest says %d"
                       % (", ".join("'%s'" % f["uri"] for f in table.parts), table.read,
                          table.expected))


def years(job, tables):
    """What the calendar spans after this batch."""
    first, last = job.batch["first_year"], job.batch["last_year"]
    dates = next((t for t in tables if t.table == "stg_date" and t.keys), None)
    if dates:
        span = job.spark.read.parquet(job.out("stg_date")).agg(F.min("year"), F.max("year")).head()
        first = min(y for y in (first, span[0]) if y)
        last = max(y for y in (last, span[1]) if y)
    return first or 0, last or 0


def work(spark, uri):
    began = time.monotonic()
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    job = Job(spark, uri)
    job.store.remove(job.out("staging.json"))
    job.store.remove(job.out("_rejects"))
    say("check %d files" % len(job.files))
    for file in job.files:
        check_file(job, file)
    check_sums(job)
    check_utf8(job)
    batch_view(job)
    tables = [Table(job, name) for name in sorted(job.transforms)]
    done = 0
    for table in sorted(tables, key=lambda t: not t.raw):    # those from raw files first
        say("begin %s %d/%d" % (table.table, done + 1, len(tables)))
        try:
            make(table, tables)
        except (Py4JJavaError, PySparkException) as e:
            raise JobError("cannot make %s from %s: %s" % (
                table.table, ", ".join("'%s'" % f["uri"] for f in table.parts) or "staged tables",
                reason(e))) from e
        done += 1
        say("step %s %d/%d rows %d" % (table.table, done, len(tables), table.rows))
    first, last = years(job, tables)
    staging = {"version": 1, "first_year": first, "last_year": last,
               "tables": [table.json() for table in tables]}
    job.store.write_whole(job.out("staging.json"), json.dumps(staging, indent=1))
    say("done run %s rows %d superseded %d rejected %d seconds %.1f" % (
        job.batch["run"], sum(t.rows for t in tables), sum(t.superseded for t in tables),
        sum(t.rejected for t in tables), time.monotonic() - began))


def main(arguments):
    if len(arguments) != 1:
        sys.exit("usage: spark-submit spark_job.py JOB")
    spark = SparkSession.builder.appName("bikeops transform").getOrCreate()
    try:
        work(spark, arguments[0])
    except JobError as e:
        failed = str(e)
    except (Py4JJavaError, PySparkException) as e:
        failed = "cannot do '%s': %s" % (arguments[0], reason(e))
    else:
        failed = None
    spark.stop()
    if failed:
        # spark-submit gives a program's stderr out as its stdout; the JVM's own stays what it is.
        spark._jvm.System.err.println("bikeops: error: " + failed)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
