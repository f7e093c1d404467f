"""What other programs read from derived series: the source's geometry and HU, of every kind of
series that scanners make."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from derived import write_values
from dicom_validator import errors, has_validator
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless
from scanners import Acquisition, steps, tilted, turned

from ctdenoise.scans.reading import read
from ctdenoise.scans.writing import write_series

sitk.ProcessObject.SetGlobalWarningDisplay(False)

has_dcm2niix = pytest.mark.skipif(
    shutil.which("dcm2niix") is None,
    reason="dcm2niix is not installed (on Debian: apt-get install dcm2niix)",
)

PLAIN = steps()
SERIES = {
    "axial": PLAIN,
    "tilted": tilted(PLAIN, 15),
    "tilted the other way": tilted(PLAIN, -22.5),
    "a slice missing": replace(PLAIN, missing=frozenset({3})),
    "oblique": turned(PLAIN, (20, -35, 60)),
    "coronal": turned(PLAIN, (90, 0, 0)),
    "sagittal": turned(PLAIN, (0, 90, 0)),
    "upside down": turned(PLAIN, (180, 0, 0)),
    "feet first": replace(PLAIN, step=(0, 0, -2.5), tags={"PatientPosition": "FFS"}),
    "rounded positions": replace(PLAIN, step=(0, 0, 0.75), decimals=1),
    "big-endian": replace(PLAIN, syntax=ExplicitVRBigEndian),
    "implicit": replace(PLAIN, syntax=ImplicitVRLittleEndian),
    "signed": steps(signed=True),
    "signed, 16 bits": steps(signed=True, bits=16),
    "16 bits": steps(bits=16),
    "half a HU": replace(PLAIN, slope="0.5"),
    "a tenth of a HU": replace(PLAIN, slope="0.1", intercept="-100"),
    "a third of a HU": replace(PLAIN, slope="0.33333333333333"),
    "ten HU": replace(PLAIN, slope="10", intercept="-1900"),
    "two and a half HU": replace(PLAIN, slope="2.5", intercept="-1024"),
    "falling": replace(PLAIN, slope="-1", intercept="3071"),
    "no frame of reference": replace(PLAIN, tags={"FrameOfReferenceUID": None}),
}

UNEVEN = {"tilted", "tilted the other way", "a slice missing", "rounded positions"}
"""Of these no program's volume is right, or highdicom makes none."""


@pytest.fixture(scope="module", params=list(SERIES))
def made(request) -> Acquisition:
    return SERIES[request.param]


@pytest.fixture(scope="module")
def identity(made, tmp_path_factory) -> Path:
    """The folder of a derived series whose values are the source's; both are for reading alone."""
    return derived(made, tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="module")
def changed(made, tmp_path_factory) -> tuple[Path, NDArray[np.float32]]:
    """The folder of one whose values :func:`noisy` changed, and these values."""
    given = []
    folder = tmp_path_factory.mktemp("changed")
    out = derived(made, folder, lambda hu: given.append(noisy(hu)) or given[0])
    return out, given[0]


class Volume(NamedTuple):
    """(slices, rows, columns) of HU, and the 4 x 4 matrix from (column, row, slice) to mm."""

    affine: NDArray[np.float64]
    hu: NDArray[np.float64]


def derived(made: Acquisition, folder: Path, change=lambda hu: hu) -> Path:
    """The folder of a derived series, beside the source's, ``in``."""
    made.write(folder / "in")
    return written(read([folder / "in"]), folder / "out", change)


def written(source, out: Path, change=lambda hu: hu) -> Path:
    [scan], [sources] = source.scans, source.sources
    write_values(change(scan.values.copy()), sources, out, description="Denoised")
    return out


def noisy(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """As a network changes a scan: a little everywhere, and beyond the scanner's range here and
    there."""
    hu = hu + np.random.default_rng(3).normal(0, 8, hu.shape).astype(np.float32)
    hu[len(hu) // 2, 2:4, 5:9] = [[-1380, -1040, 40, 3500], [-1024, -1500, 20, 4200]]
    return hu


def in_simpleitk(folder: Path) -> list[Volume]:
    """Every series of the folder."""
    reader = sitk.ImageSeriesReader()
    volumes = []
    for series in reader.GetGDCMSeriesIDs(str(folder)):
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
        image = reader.Execute()
        corners = [image.TransformIndexToPhysicalPoint(c)
                   for c in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]  # fmt: skip
        affine = np.eye(4)
        affine[:3, 3] = corners[0]
        affine[:3, :3] = np.subtract(corners[1:], corners[0]).T
        volumes.append(Volume(affine, sitk.GetArrayFromImage(image)))
    return volumes


def in_dcm2niix(folder: Path) -> list[Volume]:
    """Every file that it makes of the folder, a straightened one of a tilted gantry among them."""
    out = folder.with_name(f"{folder.name}-nifti")
    out.mkdir()
    subprocess.run(
        ["dcm2niix", "-b", "n", "-z", "n", "-f", "%j", "-o", out, folder],
        check=True, capture_output=True,
    )  # fmt: skip
    images: list[Any] = [
        nibabel.load(path) for path in sorted(out.glob("*.nii"), key=lambda p: len(p.name))
    ]
    return [Volume(image.affine, image.get_fdata().transpose(2, 1, 0)) for image in images]


def assert_same(found: list[Volume], expected: list[Volume]) -> None:
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.affine, other.affine, atol=1e-4)
        np.testing.assert_allclose(one.hu, other.hu, atol=1e-3)


def test_identity_is_the_source_in_simpleitk(identity):
    assert_same(in_simpleitk(identity), in_simpleitk(identity.parent / "in"))


@has_dcm2niix
def test_identity_is_the_source_in_dcm2niix(identity):
    assert_same(in_dcm2niix(identity), in_dcm2niix(identity.parent / "in"))


def test_every_slice_lies_where_it_lay(made, identity):
    """File by file, since no program's volume can lean or have a gap."""
    order = np.argsort(made.origins @ np.cross(made.orientation[:3], made.orientation[3:]))
    files = sorted(identity.iterdir())
    assert len(files) == len(order)
    for number, (path, index) in enumerate(zip(files, order, strict=True), 1):
        image = sitk.ReadImage(str(path))
        for row, column in ((0, 0), (0, 19), (23, 0), (23, 19), (7, 11)):
            found = image.TransformIndexToPhysicalPoint((column, row, 0))
            np.testing.assert_allclose(found, made.point(index, row, column), atol=1e-4)
        np.testing.assert_allclose(sitk.GetArrayFromImage(image)[0], made.hu[index], atol=1e-4)
        assert pydicom.dcmread(path).InstanceNumber == number


def test_identity_gives_the_very_values(identity):
    again, source = read([identity]), read([identity.parent / "in"])
    np.testing.assert_array_equal(again.scans[0].values, source.scans[0].values)
    np.testing.assert_array_equal(again.scans[0].origins, source.scans[0].origins)


@pytest.mark.parametrize("made", sorted(SERIES.keys() - UNEVEN), indirect=True)
def test_highdicom_makes_a_volume_of_it(identity):
    files = [pydicom.dcmread(path) for path in sorted((identity.parent / "in").iterdir())]
    for file in files:
        file.FrameOfReferenceUID = "1.2.3"  # without one it makes no volume of the source
    source = highdicom.get_volume_from_series(files)
    found = highdicom.get_volume_from_series([pydicom.dcmread(p) for p in identity.iterdir()])
    np.testing.assert_allclose(found.affine, source.affine, atol=1e-5)
    np.testing.assert_allclose(found.array, source.array, atol=1e-4)


@has_dcm2niix
def test_values_beyond_the_source_reach_every_program(made, changed):
    """One encoding for the whole series: converters take the first slice's for all of them."""
    out, hu = changed
    half = min(1, abs(float(made.slope))) / 2 + 1e-3
    np.testing.assert_allclose(read([out]).scans[0].values, hu, atol=half)
    [itk] = in_simpleitk(out)
    np.testing.assert_allclose(itk.hu, hu, atol=max(half, 1))  # it may cut fractions off
    first, *_ = in_dcm2niix(out)
    upwards = first.hu[:, ::-1]  # NIfTI of dcm2niix counts rows from below
    if abs(upwards - hu).max() > half:
        upwards = upwards[::-1]
    np.testing.assert_allclose(upwards, hu, atol=half)
    encodings = {(d.BitsStored, d.PixelRepresentation) for d in map(pydicom.dcmread, out.iterdir())}
    assert encodings == {(16, 1)}


@has_validator
def test_no_error_that_the_source_has_not(identity, changed):
    for out in (identity, changed[0]):
        of_source = errors(next((out.parent / "in").iterdir()))
        for path in sorted(out.iterdir())[::3]:
            assert errors(path) <= of_source


def phases(folder: Path) -> list[Acquisition]:
    """Two of one series, as some scanners write them: doubled places, one SeriesInstanceUID."""
    later = {"AcquisitionTime": "101530", "TemporalPositionIdentifier": 2}
    made = [steps(5), replace(steps(6, seed=1), start=6, tags=later)]
    for number, phase in enumerate(made):
        phase.write(folder / str(number))
    return made


@has_dcm2niix
def test_two_phases_of_a_series_become_two_series(tmp_path):
    made = phases(tmp_path / "in")
    for number in range(2):
        written(read([tmp_path / "in" / str(number)]), tmp_path / "out" / str(number))
    files = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").rglob("*.dcm"))]
    for keyword, count in (("SeriesInstanceUID", 2), ("SeriesNumber", 2), ("SOPInstanceUID", 11)):
        assert len({file[keyword].value for file in files}) == count
    numbers = [[f.InstanceNumber for f in files if f.SeriesNumber == each]
               for each in dict.fromkeys(f.SeriesNumber for f in files)]  # fmt: skip
    assert numbers == [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]]
    together = tmp_path / "together"
    together.mkdir()
    for number, file in enumerate(files):
        file.save_as(together / f"{number}.dcm")
    for found in (in_simpleitk(together), in_dcm2niix(together)):
        volumes = sorted((volume.hu for volume in found), key=len)
        assert len(volumes) == 2
        for volume, phase in zip(volumes, made, strict=True):
            upside_down = volume[0, 0, 0] != phase.hu[0, 0, 0]
            np.testing.assert_array_equal(volume[:, ::-1] if upside_down else volume, phase.hu)


def test_the_same_result_is_the_same_series_and_another_phase_another(tmp_path):
    phases(tmp_path / "in")
    uids = []
    for number, out in ((0, "a"), (0, "b"), (1, "c")):
        source = read([tmp_path / "in" / str(number)])
        slices = zip(source.sources[0], source.scans[0].values, strict=True)
        paths = write_series(slices, tmp_path / out, description="D", recipe="R")
        uids.append(pydicom.dcmread(paths[0]).SeriesInstanceUID)
    assert uids[0] == uids[1] != uids[2]


def test_compressed_sources_too(tmp_path):
    paths = PLAIN.write(tmp_path / "in")
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    out = written(read([tmp_path / "in"]), tmp_path / "out")
    assert_same(in_simpleitk(out), in_simpleitk(tmp_path / "in"))
