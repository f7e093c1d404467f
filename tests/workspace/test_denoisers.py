"""Methods against what they stand for, applied by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from shipping import ships

from ctdenoise.config import run_folder, shipped
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.training.checkpoint import build_network, save
from ctdenoise.workspace import denoisers, networks
from ctdenoise.workspace.denoisers import (
    ClassicalFilter,
    ImportedNetwork,
    RunNetwork,
    ShippedNetwork,
)
from ctdenoise.workspace.runs import Run, create_run

IMAGE = np.random.default_rng(0).normal(40, 30, (32, 40)).astype(np.float32)
SMALL = Config(layers=2, filters=4)


@pytest.fixture
def run(pair_id: str) -> Iterator[Run]:
    run = create_run("ann", "My run", SMALL, [("ann", pair_id)])
    kept = run_folder.file(run.folder, 3)
    kept.parent.mkdir()
    save(kept, build_network(SMALL), SMALL, {"unit": "HU"})
    return run


def test_a_filter_is_applied_with_its_strength() -> None:
    method = ClassicalFilter(name="gaussian", strength=1.5)
    expected = FILTERS["gaussian"].apply(IMAGE, 1.5)
    np.testing.assert_array_equal(denoisers.ready(method, "HU")(IMAGE), expected)
    assert denoisers.title(method, "HU") == "Gaussian 1.5 px"
    wavelet = ClassicalFilter(name="wavelet", strength=0.02)
    assert denoisers.title(wavelet, "") == "Wavelet 0.02"  # in the scan's own unit, without a name


def test_a_run_is_its_network_of_that_epoch(run: Run) -> None:
    method = RunNetwork(run=run.id, epoch=3)
    expected = Denoiser.load(run_folder.file(run.folder, 3)).denoise(IMAGE[None])[0]
    np.testing.assert_array_equal(denoisers.ready(method, "HU")(IMAGE), expected)
    assert denoisers.title(method, "HU") == "My run, epoch 3"
    with pytest.raises(Problem, match="did not keep its network of epoch 4"):
        denoisers.ready(RunNetwork(run=run.id, epoch=4), "HU")


def test_a_network_from_a_file_is_called_as_it_was_named(home: Path, tmp_path: Path) -> None:
    config = Config(layers=2, filters=4, loss=Loss(texture=10, dial=("texture",)))
    file = tmp_path / "theirs.safetensors"
    save(file, build_network(config), config, {"unit": "HU"})
    brought = networks.add_network("ann", file, "Anna's")
    method = ImportedNetwork(workspace="ann", id=brought.id, dial=(0.5,))
    expected = Denoiser.load(file, setting=(0.5,)).denoise(IMAGE[None])[0]
    np.testing.assert_array_equal(denoisers.ready(method, "HU")(IMAGE), expected)
    assert denoisers.title(method, "HU") == "Anna's, dial at 50%"
    networks.remove("ann", brought.id)
    with pytest.raises(Problem, match="This network is not in the workspace"):
        denoisers.title(method, "HU")
    with pytest.raises(Problem, match="This network is not in the workspace"):
        denoisers.ready(method, "HU")


def test_a_card_without_a_unit_means_hu(run: Run) -> None:
    save(run_folder.file(run.folder, 3), build_network(SMALL), SMALL, {})
    method = RunNetwork(run=run.id, epoch=3)
    assert denoisers.ready(method, "HU")(IMAGE).shape == IMAGE.shape
    with pytest.raises(Problem, match="learned from pictures in HU and these are in their own"):
        denoisers.ready(method, "")


def test_a_network_of_another_unit_is_refused(run: Run) -> None:
    with pytest.raises(Problem, match="learned from pictures in HU and these are in their own"):
        denoisers.ready(RunNetwork(run=run.id, epoch=3), "")


def test_a_shipped_network_is_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "article.safetensors"
    save(path, build_network(SMALL), SMALL, {"unit": "HU"})
    monkeypatch.setattr(shipped, "file", lambda name: tmp_path / f"{name}.safetensors")
    assert denoisers.weights(ShippedNetwork(name="article")) == path


def test_a_network_is_named_by_its_id_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "article")
    article = shipped.shipped()["article"]
    named = denoisers.network(article.id, article.edition, (0.5,))
    assert named == ShippedNetwork(name="article", dial=(0.5,))
    assert denoisers.network("0123456789ab", "3") == RunNetwork(run="0123456789ab", epoch=3)
    for id, edition in ((article.id, "older"), ("shipped:absent", article.edition)):
        with pytest.raises(Problem, match="does not ship in this edition"):
            denoisers.network(id, edition)
