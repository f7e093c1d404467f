"""The run card: complete, honest about its data, and repeatable from itself alone."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.run_card import card, fingerprint
from ctdenoise.workspace.runs import Run, create_run

TINY = Config(layers=2, filters=4, epochs=2, steps_per_epoch=3, validation_patches=4)


@pytest.fixture
def run(pair_id: str) -> Run:
    made = create_run("ann", "My run", TINY, [("ann", pair_id)])
    train(TINY, [Library(settings().workspaces / "ann").pair(pair_id)], made.folder)
    return made


def test_it_holds_everything_and_no_scan(run: Run, pair_id: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(card(run)))
    assert {
        "card.json",
        "config.json",
        "events.jsonl",
        "split.json",
        "metrics.csv",
        "checkpoint.safetensors",
        "repeat.py",
        "pictures/low dose.png",
        "pictures/epoch 2.png",
        "pictures/full dose.tif",
    } <= set(archive.namelist())
    told = json.loads(archive.read("card.json"))
    pair = Library(settings().workspaces / "ann").pair(pair_id)
    assert told["pairs"][0]["sha256"] == fingerprint(pair)
    assert "ann" not in json.dumps(told)
    rows = list(csv.DictReader(io.StringIO(archive.read("metrics.csv").decode())))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert float(rows[2]["mse"]) > 0 and rows[0]["mse"] == ""


def test_one_other_number_is_another_fingerprint(pair_id: str) -> None:
    pair = Library(settings().workspaces / "ann").pair(pair_id)
    before, low = fingerprint(pair), np.array(pair.low)
    low[0, -1, -1, -1] += 1
    assert fingerprint(type(pair)(**{**vars(pair), "low": low})) != before


def test_its_script_gives_the_same_network(run: Run, tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(card(run))).extractall(tmp_path)
    ended = subprocess.run(
        [sys.executable, tmp_path / "repeat.py"], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "Finished after 2 epochs.\n"
    first, second = (
        load_file(folder / "checkpoint.safetensors")
        for folder in (run.folder, tmp_path / "repeated")
    )
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_run_without_a_network_says_so(pair_id: str) -> None:
    waiting = create_run("ann", "Waiting", TINY, [("ann", pair_id)])
    with pytest.raises(Problem, match="has no network yet"):
        card(waiting)
