"""Every file of pydicom's own tests, of pydicom-data and of the shared cases: right pixels, or one
true sentence."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom.pixels import apply_modality_lut

from ctdenoise.cli import main
from ctdenoise.errors import Problem
from ctdenoise.scans.reading import read

CASES = Path(__file__).parents[3] / "shared" / "cases"
MOST_HU = 3071
PADDED_BELOW = -1024


def files_of(folder):
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def pydicom_files():
    packages = [pydicom.data.__file__]
    if found := importlib.util.find_spec("data_store"):
        packages.append(found.origin)
    return [path for package in packages for path in files_of(Path(package).parent)]


def by_pydicom(path, frame):
    """The frame's values as pydicom gives them, or None where it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            values = dataset.pixel_array
        except Exception:
            return None
    values = values.reshape(-1, *values.shape[-2:])[frame]
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        held = dataset.get(groups, [])  # pydicom does not look into them (pydicom#2353)
        for macro in (
            held[frame if len(held) > 1 else 0].get("PixelValueTransformationSequence", [])
            if held
            else []
        ):
            values = values * float(macro.RescaleSlope) + float(macro.RescaleIntercept)
    return np.asarray(apply_modality_lut(values, dataset), float)


@pytest.mark.parametrize("path", pydicom_files(), ids=lambda path: path.name)
def test_pydicoms_files(path):
    reading = read([path])
    assert reading.scans or reading.problems, "neither a scan nor a word"
    for problem in reading.problems:
        assert isinstance(problem, Problem) and problem.subject
        assert "header that contradicts" not in problem.reason, problem
    if "DICOMDIR" in path.name:
        return
    for scan, sources in zip(reading.scans, reading.sources, strict=True):
        for values, source in zip(scan.values, sources, strict=True):
            expected = by_pydicom(source.path, source.frame)
            if expected is None:
                continue
            if scan.is_hu:
                expected = np.where(expected <= -2000, PADDED_BELOW, expected)
            np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-3)


EXPECTED = np.load(CASES / "expected_hu.npy").astype(float) if CASES.is_dir() else None
SINGLE = [
    "explicit_no_transfer_syntax.dcm", "float_nan_padding.dcm", "high_bit_15.dcm",
    "packed_12_bit.dcm", "preamble_without_meta.dcm", "overlay_bits_jpeg2000_signed.dcm",
    "overlay_bits_jpeg2000_unsigned.dcm", "overlay_bits_jpegls_signed.dcm",
    "overlay_bits_jpegls_unsigned.dcm",
]  # fmt: skip
SERIES = {
    "direction_jitter": [[0, 1, 2, 3]],
    "spacing_jitter": [[0, 1, 2, 3]],
    "same_position_everywhere": [[0, 1, 2, 3]],
    "two_phases_one_lacks_a_slice": [[0, 1, 3, 4], [10, 11, 12, 13, 14]],
    "two_phases_offset_by_0.02_mm": [[0, 1, 2, 3], [10, 11, 12, 13]],
    "one_slice_missing": [[0, 1, 2, 4, 5]],
    "positions_rounded_to_0.1_mm": [[0, 1, 2, 3, 4, 5]],
    "gantry_tilt_15_degrees": [[0, 1, 2, 3]],
    "without_positions_full": [[0, 1, 2, 3, 4]],
    "without_positions_low_lacks_the_first": [[1, 2, 3, 4]],
    "no_frame_of_reference": [[0]],
    "voi_lut_big_endian": [[0]],
}
SAID = {
    "same_position_everywhere": "the same position",
    "two_phases_one_lacks_a_slice": "lacks 1 slice between 3.0 and 9.0 mm",
    "one_slice_missing": "lacks 1 slice between 6.0 and 12.0 mm",
    "BitsStored.dcm": "BitsStored",
    "PhotometricInterpretation.dcm": "PhotometricInterpretation",
    "PixelRepresentation.dcm": "PixelRepresentation",
    "SamplesPerPixel.dcm": "SamplesPerPixel",
    "intercept_decimal_comma.dcm": "decimal comma",
    "slope_empty.dcm": "slope",
    "US.dcm": '"US"',
}
needs_cases = pytest.mark.skipif(EXPECTED is None, reason="../shared/cases is not there")


def shown(reading, name):
    """The words that the table asks for, and no others, stand in the notes."""
    words = SAID.get(name)
    assert (
        any(words in note for note in reading.notes)
        if words
        else not [note for note in reading.notes if "several times" not in note]
    )


@needs_cases
@pytest.mark.parametrize("name", SINGLE)
def test_single_files(name):
    reading = read([CASES / name])
    [values] = reading.scans[0].values
    padded = values == -1024
    np.testing.assert_array_equal(values[~padded], EXPECTED[~padded])
    assert (EXPECTED[padded] <= -900).all() and reading.scans[0].is_hu
    shown(reading, name)


@needs_cases
@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("missing_tag", "odd_tag", "rescale_type", "image_type", "rescale_slope_10")
        for path in (files_of(CASES / folder) if CASES.is_dir() else [])
        if path.name != "slope_zero.dcm"
    ],
    ids=lambda path: path.name,
)
def test_odd_headers(path):
    reading = read([path])
    [values] = reading.scans[0].values
    rows = np.arange(64) != 4  # a marker stands there
    padded = values == -1024
    compared = rows[:, None] & ~padded
    slack = 5 if path.parent.name == "rescale_slope_10" else 0
    np.testing.assert_allclose(values[compared], EXPECTED[compared], atol=slack)
    assert (EXPECTED[padded & rows[:, None]] <= -900).all() and reading.scans[0].is_hu
    shown(reading, path.name)


@needs_cases
@pytest.mark.parametrize("name", SERIES)
def test_series(name):
    reading = read([CASES / name])
    marks = [[round(values[4].mean() / 100) for values in scan.values] for scan in reading.scans]
    assert marks == SERIES[name]
    shown(reading, name)


@needs_cases
def test_a_slope_of_0_is_a_sentence(capsys, tmp_path):
    path = CASES / "odd_tag" / "slope_zero.dcm"
    assert main(["denoise", "bilateral", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "slope of 0" in capsys.readouterr().err
