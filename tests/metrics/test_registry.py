"""A new metric is one entry: whatever shows metrics finds it."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom

from ctdenoise.cli import main
from ctdenoise.config.events import Epoch
from ctdenoise.config.progress_slice import ProgressSlice
from ctdenoise.config.split import Part
from ctdenoise.exports.report import make_report
from ctdenoise.metrics.metric import METRICS, Metric, Region, Sample, mean_over_slices, measure
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import ROOT
from ctdenoise.workspace.run_card import _metrics

FULL = disc_phantom(64)[0]
LOW = FULL + np.float32(3)
LOW[7, 9] += 9


def largest_error(image: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(image - reference).max())


@pytest.fixture
def largest() -> Iterator[Metric]:
    entry = Metric("largest_error", "Largest error", largest_error, "largest absolute error",
                   "image", digits=3, better="smaller")  # fmt: skip
    with METRICS.added(entry):
        yield entry


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for name, image in (("low", LOW), ("full", FULL)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "slice.npy", image)
    return ["compare", "--reference", str(tmp_path / "full"), "--images", str(tmp_path / "low")]


def test_metrics_are_listed_as_they_always_were() -> None:
    assert list(METRICS) == ["mse", "rmse", "psnr", "ssim", "mean", "sd", "cnr"]


def test_what_is_known_of_a_slice_decides_what_is_measured() -> None:
    region, background = Region(0, 0, 4, 4), Region(8, 8, 4, 4)
    assert list(measure(Sample(LOW))) == []
    assert list(measure(Sample(LOW, region=region))) == ["mean", "sd"]
    assert list(measure(Sample(LOW, reference=FULL))) == ["mse", "rmse"]
    assert list(measure(Sample(LOW, region=region, background=background)))[-1] == "cnr"


def test_a_metric_is_told_only_what_it_asks_for() -> None:
    told = {}

    def coarseness(image: np.ndarray, spacing: tuple[float, float]) -> float:
        told["spacing"] = spacing
        return 1.0

    entry = Metric("coarseness", "Coarseness", coarseness, unit="mm")
    assert entry.needs == {"spacing"} and entry.heading("HU") == "Coarseness (mm)"
    with METRICS.added(entry):
        assert "coarseness" not in measure(Sample(LOW, reference=FULL))
        assert measure(Sample(LOW, spacing=(0.7, 0.8))) == {"coarseness": 1.0}
    assert told == {"spacing": (0.7, 0.8)}


def test_units_are_those_of_the_image() -> None:
    assert [METRICS[n].heading("HU") for n in ("mse", "rmse", "psnr", "ssim")] == [
        "MSE (HU²)", "RMSE (HU)", "PSNR (dB)", "SSIM"]  # fmt: skip
    assert METRICS["mse"].heading("") == "MSE"


def test_a_mean_over_slices_leaves_out_those_without_a_number() -> None:
    slices = [{"psnr": None, "mse": 0.0}, {"psnr": 30.0, "mse": 4.0}]
    assert mean_over_slices(slices) == {"psnr": 30.0, "mse": 2.0}
    assert mean_over_slices(slices[:1]) == {"psnr": None, "mse": 0.0}


def test_compare_finds_it(
    largest: Metric, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    head, row, *_ = capsys.readouterr().out.splitlines()
    assert head.endswith(" PSNR, dB    SSIM Largest error") and row.endswith(" 12.000")
    assert main([*command, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert list(found) == ["image", "slices", "mse", "rmse", "psnr", "ssim", "largest_error",
                           "window", "data_range", "convention", "ssim_window"]  # fmt: skip
    assert found["largest_error"] == 12


def test_the_help_of_compare_explains_it(
    largest: Metric, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    words = capsys.readouterr().out
    assert "largest absolute error, HU, smaller is better" in words
    assert "mean squared error, HU², smaller is better" in words
    assert "contrast of two regions" not in words  # the command line knows no regions


def test_the_report_finds_it(largest: Metric) -> None:
    table = make_report("Liver", LOW, FULL.copy(), FULL).tables[0]
    assert table.columns[-1] == "Largest error (HU)"
    assert [row[-1] for row in table.rows] == ["12.0", "0.0", ""]
    assert "RMSE, PSNR, SSIM and Largest error against the full dose." in table.note


def test_a_run_keeps_it(largest: Metric) -> None:
    pair = Pair("Phantom", LOW[None, None], FULL[None], None, np.arange(1.0))
    progress = ProgressSlice([pair], Part(0, (0,)))
    metrics = progress.score(progress.low)
    assert metrics["largest_error"] == 12
    event = Epoch(time=0, epoch=0, step=0, train_seconds=0, terms={"mse": 5.0}, validation_mse=1,
                  low_mse=1, metrics=metrics, image="", seconds_left=None)  # fmt: skip
    assert Epoch.model_validate_json(event.model_dump_json()) == event
    (row,) = csv.reader(io.StringIO(_metrics([event]).splitlines()[0]))
    assert row == ["epoch", "step", "train_seconds", "validation_mse", "low_mse", "psnr", "ssim",
                   "mse", "progress_mse", "progress_rmse", "progress_largest_error"]  # fmt: skip
    (line,) = csv.DictReader(io.StringIO(_metrics([event])))
    assert float(line["mse"]) == 5  # the loss term, as ever
    assert float(line["progress_largest_error"]) == 12


def test_the_worked_example_of_the_manual_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    section = (ROOT / "docs" / "extending.md").read_text().split("\n## A metric\n")[1]
    code = re.search(r"```python\n(.*?)```", section, re.S)
    assert code
    registered: list[Metric] = []
    monkeypatch.setattr(METRICS, "register", registered.append)
    exec(code[1], {})
    (bias,) = registered
    assert measure(Sample(FULL - np.float32(5), reference=FULL), [bias]) == {"bias": -5}


def test_listing_metrics_imports_nothing_slow() -> None:
    """The server of the dashboard does so before anybody has measured anything."""
    code = (
        "import sys; from ctdenoise.metrics.metric import METRICS; assert len(METRICS) > 6; "
        "print({'torch', 'skimage', 'streamlit'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
