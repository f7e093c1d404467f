"""The script that trains what ships, on somebody's own folder: one command, an honest card."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from phantoms import disc_phantom, write_ct_series

from ctdenoise.config.shipped import shipped
from ctdenoise.config.split import read
from ctdenoise.scans.sample import FOLDER
from ctdenoise.settings import ROOT


def trained(data: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    options = ["--only", "optimised", "--minutes", "0.01", "--draws", "2", *more]
    script = [sys.executable, str(ROOT / "checkpoints" / "train.py"), str(data)]
    folders = ["--out", str(out), "--runs", str(out / "runs")]
    return subprocess.run(
        [*script, *folders, *options], capture_output=True, text=True, check=False
    )


def test_full_dose_series_of_three_patients(tmp_path: Path) -> None:
    for n in range(3):
        values = disc_phantom(96, slices=2, noise=10, seed=n)
        write_ct_series(
            tmp_path / "in" / f"{n}", values, series=f"1.2.{n}", PatientID=f"P{n}",
            SeriesDescription=f"Series {n}",
        )  # fmt: skip
    done = trained(tmp_path / "in", tmp_path / "out", "--source", "three discs")
    assert done.returncode == 0, done.stderr
    card = shipped(tmp_path / "out")["optimised"].card
    assert "2 full-dose slices of 1 patient from three discs" in card
    assert "simulated by noise insertion" in card
    assert (
        "## On patients never seen" in card and "| 25% |" in card and "| as it came |" not in card
    )


def test_pairs_of_one_patient_are_told_as_what_they_are(tmp_path: Path) -> None:
    for name, noise in (("full", 5), ("low", 40)):
        values = disc_phantom(96, slices=8, noise=noise, seed=noise)
        write_ct_series(tmp_path / "in" / name, values, series=f"1.2.{noise}")
    done = trained(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    card = shipped(tmp_path / "out")["optimised"].card
    assert "from the folder in" in card and "in pairs as they came" in card
    assert "## On slices kept aside" in card and "figures look better" in card
    assert "Slices: 1 of" in card  # of the eight, those that were not learned from
    assert "| as it came |" in card


def test_what_has_no_pixel_spacing_is_refused_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "a.npy", disc_phantom(96, slices=2, noise=10))
    done = trained(tmp_path / "in", tmp_path / "out")
    assert done.returncode != 0
    assert "has no pixel spacing" in done.stderr and "Traceback" not in done.stderr


def test_no_network_learns_from_a_patient_of_the_sample(tmp_path: Path) -> None:
    for n in range(3):
        values = disc_phantom(96, slices=2, noise=10, seed=n)
        write_ct_series(tmp_path / "in" / f"{n}", values, series=f"1.2.{n}", PatientID=f"P{n}")
    for file in (FOLDER / "heart-3.dcm", FOLDER / "chest-5.dcm"):
        shutil.copy(file, tmp_path / "in")
    done = trained(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    parts = read(tmp_path / "out" / "runs" / "optimised")
    sides = [{part.pair for part in side} for side in (parts.train, parts.validation, parts.test)]
    assert [len(side) for side in sides] == [6, 3, 6]  # each scan at three sizes
    card = shipped(tmp_path / "out")["optimised"].card
    assert "2 for the test, the program's sample" in card
    assert "B30s" in card and "STANDARD" in card  # whom it was tested on
