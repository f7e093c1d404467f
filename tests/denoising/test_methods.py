"""Methods by name: a run, a checkpoint's file, one that ships, a filter."""

from pathlib import Path

import numpy as np
import pytest
import torch
from shipping import ships

from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.denoising.methods import Classical, find_method, find_network
from ctdenoise.errors import Problem
from ctdenoise.training import checkpoint
from ctdenoise.training.checkpoint import build_network

IMAGE = np.random.default_rng(0).normal(40, 25, (64, 64)).astype(np.float32)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with an untrained network."""
    config = Config(layers=2, filters=2, device="cpu")
    network = build_network(config)
    network.initialise(torch.Generator().manual_seed(1))
    (tmp_path / "run").mkdir()
    checkpoint.save(tmp_path / "run" / checkpoint.NAME, network, config, {"unit": ""})
    return tmp_path / "run"


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_by_its_name(name: str) -> None:
    usual, strong = find_method(name), find_method(name, strength=77.0)
    assert isinstance(usual, Classical) and usual.strength == FILTERS[name].default
    [filtered] = usual.each([IMAGE])
    np.testing.assert_array_equal(filtered, FILTERS[name].apply(IMAGE, FILTERS[name].default))
    assert usual.recipe == find_method(name).recipe != strong.recipe
    assert usual.unit is None and FILTERS[name].title in usual.description


def test_a_network_by_its_run_its_file_or_the_name_it_ships_under(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "plain.safetensors").write_bytes((run / checkpoint.NAME).read_bytes())
    (tmp_path / "shipped" / "plain.md").write_text("# Plain\n\nA network.\n")
    monkeypatch.setattr(shipped, "CHECKPOINTS", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    found = [find_method(name, device="cpu") for name in ("run", f"run/{checkpoint.NAME}", "plain")]
    assert all(isinstance(each, Denoiser) and each.unit == "" for each in found)
    assert len({each.recipe for each in found}) == 1


def test_a_run_of_ones_own_goes_before_a_filter_of_its_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wavelet").mkdir()  # a folder of results is no run
    assert isinstance(find_method("wavelet"), Classical)
    run.rename(tmp_path / "gaussian")
    assert isinstance(find_method("gaussian", device="cpu"), Denoiser)


def test_a_folder_with_the_name_of_a_network_that_ships_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ships").mkdir()
    ships(tmp_path / "ships", monkeypatch, "tiny")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()  # of results, as `denoise tiny scan --out tiny` leaves it
    assert isinstance(find_method("tiny", device="cpu"), Denoiser)
    assert find_network("tiny") == tmp_path / "ships" / "tiny.safetensors"
    with pytest.raises(Problem, match=r"nothing is no run or checkpoint: .* tiny"):
        find_network("nothing")


def test_what_a_method_does_not_have_is_told(run: Path) -> None:
    with pytest.raises(Problem, match=r"nothing is no run, checkpoint or filter: .* wavelet"):
        find_method("nothing")
    with pytest.raises(Problem, match="has no strength"):
        find_method(str(run), strength=1.0, device="cpu")
    with pytest.raises(Problem, match="has no dial"):
        find_method("gaussian", setting=(0.5,))
