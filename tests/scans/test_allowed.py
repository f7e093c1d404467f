"""Numbers stay as long as they can be what they are called, and no longer."""

import numpy as np
import pytest
from phantoms import ct_dataset

from ctdenoise.scans.deidentify import Pseudonyms, deidentify

BOUNDED = """SliceThickness SpacingBetweenSlices GantryDetectorTilt ImagerPixelSpacing
NominalScannedPixelSpacing PixelAspectRatio WindowCenter WindowWidth FloatPixelPaddingValue
FloatPixelPaddingRangeLimit DoubleFloatPixelPaddingValue DoubleFloatPixelPaddingRangeLimit"""


@pytest.mark.parametrize("number", [19570412, -19570412, 4917012345, 1.9570412e30])
@pytest.mark.parametrize("keyword", BOUNDED.split())
def test_no_number_has_room_for_a_date_or_a_telephone(keyword, number):
    several = "AspectRatio" in keyword or "PixelSpacing" in keyword
    number = int(number) if "AspectRatio" in keyword else number
    dataset = ct_dataset(np.zeros((4, 4), np.int16))
    setattr(dataset, keyword, [1, number] if several else number)
    deidentify(dataset, Pseudonyms(b"key"), "")
    assert keyword not in dataset


PADDINGS = [float("nan"), float("inf"), float("-inf"), 0, -5000, -1024.5, 1e30, -1e20, 999999,
            -9999999, 2**31 - 1, -(2**31), float(np.finfo(np.float32).max),
            -float(np.finfo(np.float32).max)]  # fmt: skip


@pytest.mark.parametrize("number", PADDINGS)
@pytest.mark.parametrize("kind", ["Float", "DoubleFloat"])
def test_paddings_stay(kind, number):
    number = float(np.float32(number)) if kind == "Float" else number  # as it is stored
    dataset = ct_dataset(np.zeros((4, 4), np.int16))
    for keyword in (f"{kind}PixelPaddingValue", f"{kind}PixelPaddingRangeLimit"):
        setattr(dataset, keyword, number)
    deidentify(dataset, Pseudonyms(b"key"), "")
    np.testing.assert_equal(dataset[f"{kind}PixelPaddingValue"].value, number)
    np.testing.assert_equal(dataset[f"{kind}PixelPaddingRangeLimit"].value, number)


def test_the_end_of_all_numbers_stays():
    dataset = ct_dataset(np.zeros((4, 4), np.int16))
    dataset.DoubleFloatPixelPaddingValue = -float(np.finfo(np.float64).max)
    deidentify(dataset, Pseudonyms(b"key"), "")
    assert dataset.DoubleFloatPixelPaddingValue == -np.finfo(np.float64).max


def test_numbers_that_are_such_quantities_stay_as_they_are():
    said = {
        "SliceThickness": 0.625, "SpacingBetweenSlices": 0.6999999, "GantryDetectorTilt": -27.5,
        "ImagerPixelSpacing": [0.1432101, 0.1432101], "NominalScannedPixelSpacing": [0.5, 0.5],
        "PixelAspectRatio": [4, 3], "WindowCenter": [40, -600], "WindowWidth": [400, 1500],
    }  # fmt: skip
    dataset = ct_dataset(np.zeros((4, 4), np.int16), **said)
    deidentify(dataset, Pseudonyms(b"key"), "")
    assert {keyword: dataset[keyword].value for keyword in said} == said
