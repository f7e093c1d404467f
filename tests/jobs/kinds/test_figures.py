"""What the lesson's figures draw: the sample's own low dose, and the numbers of the loss."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from phantoms import disc_phantom

from ctdenoise.config import progress_slice
from ctdenoise.errors import Problem
from ctdenoise.jobs.kind import Kind
from ctdenoise.jobs.kinds import figures
from ctdenoise.jobs.kinds.figures import FEATURE_FIGURE, LAYERS, LOW_DOSE_FIGURE, thinned
from ctdenoise.losses.vgg import VggFeatures
from ctdenoise.scans.scan import Pair
from ctdenoise.units import WINDOWS
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.sample import IDS
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE


def done(kind: Kind[Any, Any], **arguments: object) -> Any:
    asked = kind.arguments.model_validate(arguments)
    return kind.run(SimpleNamespace(arguments=asked))  # type: ignore[arg-type]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    own = Library(tmp_path)
    monkeypatch.setattr(figures, "library_of", lambda _: own)
    return own


def phantom(unit: str = "HU") -> Pair:
    full = disc_phantom(72, slices=2)
    low = full + np.random.default_rng(0).normal(0, 40, full.shape).astype(np.float32)
    return Pair("Phantom", low[None], full, (4.0, 4.0), np.arange(2.0), unit=unit)


def test_what_is_added_to_the_sample_makes_its_very_low_dose(
    made_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Library(made_sample / SAMPLE)
    monkeypatch.setattr(figures, "library_of", lambda _: sample)
    steps = done(LOW_DOSE_FIGURE, owner=SAMPLE, pair=IDS[1], index=3, dose=0.25)
    pair = sample.pair(IDS[1])
    some = thinned(figures.SIDE, pair.full.shape[1:])
    assert max(steps.full.shape) <= figures.SIDE
    np.testing.assert_allclose(steps.full + steps.noise, pair.low[0, 3][some], atol=1.01)
    assert steps.sinogram.shape == steps.ray_noise.shape


def test_the_numbers_are_those_of_the_loss_terms(library: Library) -> None:
    pair = phantom()
    id = library.add_pair(pair).id
    steps = done(FEATURE_FIGURE, owner="ann", pair=id, index=1, method=None)
    body = progress_slice.body(pair.full[1])
    low, full = (
        torch.from_numpy(each[body])[None, None] for each in (pair.low[0, 1], pair.full[1])
    )
    expected = VggFeatures(LAYERS, WINDOWS["soft tissue"])(low, full)
    for layer, differences in zip(LAYERS, steps.differences, strict=True):
        assert differences.mean() == pytest.approx(float(expected[layer]), rel=1e-4)
    assert steps.squares.mean() == pytest.approx(float(torch.nn.functional.mse_loss(low, full)))
    for mosaics in (steps.seen, steps.wanted):
        assert all(each.min() >= 0 and each.max() <= 1 for each in mosaics)


def test_without_hounsfield_units_there_are_no_rays_but_there_is_a_loss(library: Library) -> None:
    pair = phantom(unit="")
    without, no_spacing = library.add_pair(pair).id, replace(phantom(), spacing=None)
    with pytest.raises(Problem, match="no Hounsfield units"):
        done(LOW_DOSE_FIGURE, owner="ann", pair=without, index=0, dose=0.25)
    with pytest.raises(Problem, match="no pixel spacing"):
        id = library.add_pair(no_spacing).id
        done(LOW_DOSE_FIGURE, owner="ann", pair=id, index=0, dose=0.25)
    steps = done(FEATURE_FIGURE, owner="ann", pair=without, index=0, method=None)
    assert steps.output.dtype == np.float32 and steps.differences[2].mean() > 0
