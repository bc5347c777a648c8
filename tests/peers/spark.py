"""How Spark is started here: pyspark's own, two cores, with the jars that speak s3a."""

import hashlib
import os
import pathlib
import subprocess
import sys

import pyspark

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = ROOT / "deploy/spark/spark_job.py"
HOME = pathlib.Path(pyspark.__file__).parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bikeops"
JARS = [CACHE / "jars" / f"{name}.jar" for name in ("hadoop-aws-3.3.4", "aws-java-sdk-bundle-1.12.262")]
CLASS_PATH = ":".join(map(str, JARS))

# A JVM that lives for seconds: no second compiler, no collector's threads.
SHORT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def class_archive():
    """Loaded classes of an earlier JVM with this class path: they halve what a start costs."""
    java = subprocess.run(["java", "-version"], stderr=subprocess.PIPE, check=True).stderr
    key = hashlib.sha256(java + CLASS_PATH.encode() + str(HOME).encode()).hexdigest()
    return ROOT / f"build/spark-{pyspark.__version__}-{key[:12]}.jsa"


def java_options():
    archive = class_archive()
    if not archive.is_file():
        return SHORT
    return f"{SHORT} -XX:SharedArchiveFile={archive} -Xlog:cds=off -Xlog:cds+dynamic=off"


def environment(base=os.environ):
    return {**base, "SPARK_HOME": str(HOME), "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SUBMIT_OPTS": java_options()}


SETTINGS = {
    "spark.master": "local[2]", "spark.driver.memory": "1g", "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1", "spark.driver.extraClassPath": CLASS_PATH,
}


def s3_settings(url):
    """Spark's s3:// is this S3 server; the credentials are those of the environment."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": url, "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider":
            "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    }


def command(program, *arguments, settings=None):
    pairs = {**SETTINGS, **(settings or {})}
    return [str(HOME / "bin/spark-submit"),
            *(word for name, value in pairs.items() for word in ("--conf", f"{name}={value}")),
            str(program), *map(str, arguments)]


def submit(program, *arguments, settings=None, env=None, timeout=600):
    """Run a job to its end.  The first of all leaves its classes for the others."""
    env = environment({**os.environ, **(env or {})})
    archive = class_archive()
    unfinished = archive.with_suffix(f".{os.getpid()}")
    if not archive.is_file():
        env["SPARK_SUBMIT_OPTS"] += f" -XX:ArchiveClassesAtExit={unfinished}"
    done = subprocess.run(command(program, *arguments, settings=settings), env=env, text=True,
                          capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL)
    if unfinished.is_file():
        unfinished.rename(archive)
    return done
