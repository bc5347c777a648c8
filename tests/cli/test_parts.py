"""An entity that is too big for one object goes into several."""

import json
import pathlib

import pytest

from agree import disagreements
from star import Star


@pytest.fixture
def big(stack):
    shop = stack.dir / "big"
    stack.run("generate", "--scale", 6, "--out", shop).quiet()
    stack.run("setup", "--recreate", "--dataset", shop).quiet()
    return stack


def manifest(stack):
    with stack.connect("warehouse", role="bikeops_read") as conn:
        key = conn.execute("SELECT manifest FROM bikeops.batches ORDER BY k DESC").fetchone()[0]
    lake = pathlib.Path(stack.dsn["BIKEOPS_LAKE"]) / "raw"
    return json.loads((lake / key).read_text()), lake


def test_parts(big):
    """Whole rows in each, with the header; what is loaded is what the shop has."""
    big.run("run", "full", env={"BIKEOPS_RAW_PART_MIB": "1"}).quiet()
    told, lake = manifest(big)
    parts = [file for file in told["files"] if file["entity"] == "orders"]
    assert len(parts) >= 3
    for file in parts:
        text = (lake / file["key"]).read_text()
        assert text.startswith(file["header"] + "\n")
        assert len(text.encode()) == file["bytes"]
        assert len(text.splitlines()) == file["rows"] + 1
    assert all(file["bytes"] >= 1 << 20 for file in parts[:-1])
    with big.connect("warehouse", role="bikeops_read") as conn, big.connect("source") as source:
        assert disagreements(source, Star(conn)) == []
