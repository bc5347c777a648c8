#!/usr/bin/env python3
"""Pictures of the console for the README: a generated shop, real runs, each screen as SVG.

usage: docs.py DIR [SCREEN ...]     from a stack in DIR into docs/screens/

The times of the ledger are set to a fixed distance from now, and clocks are shown as if now were
NOON: a picture changes where the console does, and in what was measured (ms, MiB free).
"""

import datetime
import html
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "tests/cli"), str(ROOT / "tests/screen")]
import scenes            # noqa: E402
import stack as stacks   # noqa: E402
import terminal          # noqa: E402

COLUMNS, LINES = 100, 30
CELL, LEADING, SIZE = 8.4, 18, 14      # px: a cell's width and height, the font
PAPER, INK = "#16181d", "#d4d7dd"
INKS = {"default": INK, "red": "#f4707a", "green": "#7cc77f", "brown": "#e3b341",
        "cyan": "#5cc8d7", "blue": "#6ea8fe", "magenta": "#d08cf0"}
NBSP = "\u00a0"        # a row of these is as wide as it says, in every viewer
NOON = datetime.datetime(2026, 7, 15, 12, 0, 0)


# --- the shop

def fill(stack):
    stack.up()
    stack.run("generate", "--out", stack.dir / "shop").quiet()
    stack.run("setup", "--dataset", stack.dir / "shop").quiet()
    stack.run("run", "full").quiet()
    for seed in range(1, 8):
        stack.run("local", "churn", "--seconds", 1, "--rate", 20 * seed, "--seed", seed).quiet()
        if seed == 4:
            scenes.reject(stack)
            scenes.mend(stack)
        stack.run("run", "incremental").quiet()


def spoil(stack):
    """A few rows that the store takes and the warehouse does not."""
    with stack.connect("source") as conn:
        conn.execute("UPDATE store.orders SET required_date = '2218-01-05' WHERE order_id IN "
                     "('112', '305', '871')")
    stack.run("run", "incremental").quiet()


DRESS = """
UPDATE ledger.run SET ended_at = started_at + (52 + id * 7 % 23) * interval '1 s'
WHERE ended_at IS NOT NULL;
UPDATE ledger.task SET ended_at = started_at + (29 + run * 5 % 9) * interval '1 s'
WHERE name = 'publish' AND ended_at IS NOT NULL;
UPDATE ledger.step SET ended_at = started_at + (27 + run * 5 % 9) * interval '1 s'
WHERE name = 'publish.dim_customers' AND ended_at IS NOT NULL;
"""


def fix_times(stack):
    """As the golden screens have them, but not each run as long as the others."""
    now = scenes.fix_times(stack)
    with stack.connect("ledger") as conn:
        for statement in DRESS.split(";\n"):
            conn.execute(statement)
    return now


# --- the picture

def clocks(line, now):
    """The same line with its times as they would be at NOON."""
    def shift(form, year=""):
        def shifted(match):
            try:
                at = datetime.datetime.strptime(year + match[0], ("%Y" if year else "") + form)
            except ValueError:
                return match[0]
            if at.year == 1900:
                at = datetime.datetime.combine(now, at.time())
            return (at + (NOON - now)).strftime(form)
        return shifted
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", shift("%Y-%m-%dT%H:%M:%S"), line)
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", shift("%Y-%m-%d %H:%M"), line)
    line = re.sub(r"(?<!\d-)\b\d\d-\d\d \d\d:\d\d\b", shift("%m-%d %H:%M", str(now.year)), line)
    line = re.sub(r"(?<!T)\b\d\d:\d\d:\d\d(?!\d)", shift("%H:%M:%S"), line)
    return re.sub(r"\d{4}/\d\d/\d\d/(\d+)-[0-9a-f]{6}", NOON.strftime(r"%Y/%m/%d/\1-853bef"), line)


def spans(picture, y):
    """(column, text, ink, bold, reverse) of one line, in runs of equal looks."""
    line = picture.buffer[y]
    found = []
    for x in range(picture.columns):
        cell = line[x]
        look = (cell.fg, cell.bold, cell.reverse)
        if found and found[-1][2] == look:
            found[-1][1] += cell.data
        else:
            found.append([x, cell.data, look])
    return found


def svg(picture, now, title):
    width, height = COLUMNS * CELL + 24, LINES * LEADING + 24
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
           f'width="{width:g}" height="{height:g}" role="img">',
           f"<title>{html.escape(title)}</title>",
           f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
           f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}">']
    for y in range(picture.lines):
        line = clocks(picture.display[y], now)
        for x, text, (fg, bold, reverse) in spans(picture, y):
            text = line[x:x + len(text)]
            left, top = 12 + x * CELL, 12 + y * LEADING
            ink = INKS.get(fg, INK)
            if reverse:
                out.append(f'<rect x="{left:g}" y="{top:g}" width="{len(text) * CELL:.4g}" '
                           f'height="{LEADING}" fill="{ink}"/>')
                ink = PAPER
            if text.strip():
                weight = ' font-weight="bold"' if bold else ""
                blank = len(text) - len(text.lstrip())
                text = text.strip()
                out.append(f'<text x="{left + blank * CELL:g}" y="{top + 13.5:g}" '
                           f'textLength="{len(text) * CELL:g}" fill="{ink}"{weight}>'
                           f"{html.escape(text.replace(' ', NBSP), quote=False)}</text>")
    return "\n".join(out + ["</g>", "</svg>", ""])


# --- the screens

SCREENS = {     # keys, what then stands there, title
    "pipeline": ("1", r"publish", "Pipeline: a load at work"),
    "layers": ("2\r", r"required_date", "Layers: where rows were lost, and which"),
    "logs": ("3", r"where \d", "Logs: every task's log, merged by time"),
    "runs": ("4", r"p50 ", "Runs: the history"),
    "health": ("6", r"source", "Health: what is wrong and how to mend it"),
}


def draw(stack, names, now):
    env = {**stack.env, "TERM": "xterm-256color", "BIKEOPS_NOW": now}
    with terminal.Terminal([stack.program], env, COLUMNS, LINES, cwd=stack.dir) as t:
        t.wait(r"\$ bikeops", 5)
        t.still(0.3)
        for name in names:
            keys, there, title = SCREENS[name]
            for key in keys:
                t.keys(key)
                t.still(0.3)
            t.wait(there, 10)
            t.still(0.5)
            when = datetime.datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ")
            path = ROOT / "docs/screens" / f"{name}.svg"
            path.write_text(svg(t.picture, when, title))
            print(path.relative_to(ROOT))
            t.keys("q")
        t.quit()


def main(directory, *names):
    names = names or list(SCREENS)
    (ROOT / "docs/screens").mkdir(exist_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    stack = stacks.Stack("docs", directory=directory)
    try:
        fill(stack)
        if "pipeline" in names:
            with scenes.at_work(stack):
                draw(stack, ["pipeline"], fix_times(stack))
        spoil(stack)
        draw(stack, [name for name in names if name != "pipeline"], fix_times(stack))
    finally:
        stack.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
