from pathlib import Path

import numpy as np
import pydicom
import pytest
from independent import Ellipse, image

from ctdenoise.dose.field import extended, field, truncated

WHOLE = image([Ellipse(45, 35)], 128, 1.0)
CUT_OFF = image([Ellipse(90, 35)], 128, 1.0)


def padded(hu: np.ndarray, padding: float = -1024) -> np.ndarray:
    place = np.arange(len(hu)) - (len(hu) - 1) / 2
    return np.where(np.hypot(place[:, None], place) < len(hu) / 2, hu, padding)


def test_a_body_inside_the_field_is_whole() -> None:
    assert not truncated(WHOLE)
    assert not truncated(padded(WHOLE))
    couch = WHOLE.copy()
    couch[110:112] = 200  # runs out of the field on both sides
    assert not truncated(couch)


def test_a_body_at_the_edge_is_cut_off() -> None:
    assert truncated(CUT_OFF)
    assert truncated(padded(CUT_OFF))
    assert truncated(np.stack([WHOLE, CUT_OFF]))
    assert truncated(np.zeros((64, 64), np.float32))


def test_the_field_is_the_disc_amid_padding_and_everything_otherwise() -> None:
    noisy = WHOLE + np.random.default_rng(0).normal(0, 5, WHOLE.shape)
    seen = padded(noisy) != -1024
    assert (field(padded(noisy)) == seen).mean() > 0.995
    assert not field(padded(noisy))[0, 0]
    assert field(noisy).all()
    assert field(WHOLE).all()  # constant air around a body is no padding


@pytest.mark.parametrize("hu", [CUT_OFF, padded(CUT_OFF)])
def test_the_extension_keeps_what_is_seen_and_goes_on_outside(hu: np.ndarray) -> None:
    large = extended(hu.astype(np.float32), (2.0, 2.0))
    down, across = ((a - b) // 2 for a, b in zip(large.shape, hu.shape, strict=True))
    inside = large[down : down + 128, across : across + 128]
    np.testing.assert_array_equal(inside[field(hu)], hu[field(hu)])
    middle = large[large.shape[0] // 2]
    assert (middle[across - 5 : across + 133] == 0).all()  # water goes on to the left and right
    assert (large[0] == -1000).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "cut_off"),
    [
        ("covid19_ny_sbu_axial/A056642_19010107-111.dcm", True),
        ("lung_pet_ct_dx_A0002/1-12.dcm", True),
        ("totalseg_example_ct_j2k/07.dcm", False),
    ],
)
def test_real_slices_that_were_looked_at(shared_data: Path, name: str, cut_off: bool) -> None:
    dataset = pydicom.dcmread(shared_data / "ct" / name)
    hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    assert truncated(np.maximum(hu, -1024).astype(np.float32)) is cut_off
