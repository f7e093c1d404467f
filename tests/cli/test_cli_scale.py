"""What numbers mean on the command line: said, plain from their range, or asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom

from ctdenoise.cli import main
from ctdenoise.cli.train import load_pairs
from ctdenoise.scans.meaning import Unclear

FULL = np.clip(disc_phantom(64, slices=2, noise=5), -1024, 3071)
LOW = np.clip(disc_phantom(64, slices=2, noise=60, seed=2), -1200, 3071)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Pairs as the field's training sets have them."""
    for name, values, word in (("low", LOW, "input"), ("full", FULL, "target")):
        (tmp_path / "pairs" / name).mkdir(parents=True)
        for n, image in enumerate(values):
            scaled = ((image + 1024) / 4096).astype(np.float32)
            np.save(tmp_path / "pairs" / name / f"L067_{n}_{word}.npy", scaled)
    return tmp_path / "pairs"


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    return error


@pytest.mark.parametrize("command", ["denoise", "low-dose", "train", "compare"])
def test_what_is_not_plainly_hu_is_never_taken_for_it(
    pairs: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    argv = {
        "denoise": ["gaussian", str(pairs / "full"), *out],
        "low-dose": [str(pairs / "full"), "--dose", "0.5", *out],
        "train": ["--pairs", str(pairs), *out],
        "compare": ["--reference", str(pairs / "full"), "--images", str(pairs / "low")],
    }[command]
    assert main([command, *argv]) == 1
    told = one_sentence(capsys)
    assert "holds numbers from " in told and told.endswith("--scale 0-1 fits.")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scale", ["hu", "hu+1024"])
def test_what_was_said_and_cannot_be_is_told(
    pairs: Path, tmp_path: Path, scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["denoise", "gaussian", str(pairs / "full"), "--scale", scale, "--out", "o"]
    assert main(argv) == 1
    assert f'which cannot be "{scale.upper()}"' in one_sentence(capsys)


def test_pairs_of_the_field_are_read_as_hu(pairs: Path) -> None:
    (pair,) = load_pairs(pairs, "0-1")
    np.testing.assert_allclose(pair.full, FULL, atol=1e-3)
    np.testing.assert_allclose(pair.low[0], LOW, atol=1e-3)
    assert pair.unit == "HU"


def test_a_result_in_hu_compares_with_a_reference_that_is_scaled(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    low = str(pairs / "low")
    assert main(["denoise", "gaussian", low, "--scale", "0-1", "--out", out]) == 0
    full = str(pairs / "full")
    argv = ["compare", "--reference", full, "--images", low, out, "--scale", "0-1", "--json"]
    capsys.readouterr()
    assert main(argv) == 0
    before, after = json.loads(capsys.readouterr().out)
    assert before["rmse"] == pytest.approx(np.sqrt(np.mean((LOW - FULL) ** 2)), rel=1e-3)
    assert 0 < after["rmse"] < 200  # edges are blurred


def test_a_word_that_is_no_scale_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["denoise", "gaussian", "x", "--scale", "volts", "--out", "o"])
    assert "volts is none of hu, hu+1024, 0-1, own" in capsys.readouterr().err


def test_numbers_of_ones_own_stay_as_they_are(tmp_path: Path) -> None:
    values = np.linspace(20_000, 40_000, 64 * 64).reshape(64, 64).astype(np.uint16)
    np.save(tmp_path / "micro.npy", values)
    argv = ["denoise", "gaussian", str(tmp_path / "micro.npy"), "--out", str(tmp_path / "out")]
    assert main([*argv, "--scale", "own"]) == 0
    assert 20_000 <= np.load(tmp_path / "out" / "micro.npy").min() <= 20_400


def test_the_refusal_pickles() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(Unclear("a.npy", "is", "say", "0-1")))
    assert (str(again), again.suggestion) == ("a.npy is: say.", "0-1")
