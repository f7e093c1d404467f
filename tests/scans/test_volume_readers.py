"""NIfTI, MetaImage and NRRD: every voxel where the file says, by whatever way its axes run."""

import gzip
import itertools
import re
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctdenoise.errors import Problem
from ctdenoise.scans.reading import find, read
from ctdenoise.scans.scan import Scan
from ctdenoise.scans.writing import write_arrays

SHAPE = (6, 5, 4)
VOXELS = np.random.default_rng(0).integers(-1000, 2000, SHAPE).astype(np.int16)
VOXELS[0, 0, 0] = -1024
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
EACH = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    turned = np.eye(3)
    for axis, angle in enumerate(angles):
        one = np.eye(3)
        a, b = (axis + 1) % 3, (axis + 2) % 3
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turned = one @ turned
    return turned


@st.composite
def geometries(draw: st.DrawFn) -> np.ndarray:
    """An affine (4, 4) with axes in any order and direction, oblique, of any spacing and place."""
    axes = np.eye(3)[list(draw(st.permutations(range(3))))]
    axes *= draw(st.tuples(*[st.sampled_from([-1, 1])] * 3))
    small = st.floats(-0.3, 0.3)
    spacing = draw(st.tuples(*[st.floats(0.3, 5)] * 3))
    affine = np.eye(4)
    affine[:3, :3] = rotation(draw(st.tuples(small, small, small))) @ axes * spacing
    affine[:3, 3] = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    return affine


def assert_in_place(scan: Scan, voxels: np.ndarray, lps: np.ndarray) -> None:
    """Each pixel of ``scan`` has the value that is at its place in the file."""
    slices, rows, columns = np.indices(scan.values.shape)
    along, down = np.reshape(scan.orientation, (2, 3))
    assert scan.spacing is not None
    places = (
        scan.origins[slices]
        + rows[..., None] * down * scan.spacing[0]
        + columns[..., None] * along * scan.spacing[1]
    )
    index = (places - lps[:3, 3]) @ np.linalg.inv(lps[:3, :3]).T
    whole = np.rint(index).astype(int)
    np.testing.assert_allclose(index, whole, atol=1e-2)
    np.testing.assert_array_equal(scan.values, voxels[tuple(np.moveaxis(whole, -1, 0))])
    normal = np.cross(along, down)
    assert (np.diff(scan.positions) > 0).all()
    np.testing.assert_allclose(scan.positions, scan.origins @ normal, atol=1e-6)


def write_nifti(path: Path, voxels: np.ndarray, ras: np.ndarray, **header: float) -> Path:
    image = nibabel.Nifti1Image(voxels, ras)
    for key, value in header.items():
        image.header[key] = value
    image.to_filename(path)
    return path


RAS_TO_LPS = np.diag([-1.0, -1, 1, 1])


@EACH
@given(ras=geometries(), lean=st.floats(-0.4, 0.4), suffix=st.sampled_from([".nii", ".nii.gz"]))
def test_nifti_is_where_nibabel_says(
    tmp_path: Path, ras: np.ndarray, lean: float, suffix: str
) -> None:
    # a tilted gantry leans slices against each other, along the axis of the slices alone
    spacing = np.linalg.norm(ras[:3, :3], axis=0)
    tilted = int(np.argmax(np.abs(ras[2, :3]) / spacing))
    other = (tilted + 1) % 3
    ras[:3, tilted] += lean * ras[:3, other] / spacing[other] * spacing[tilted]
    path = write_nifti(tmp_path / f"a{suffix}", VOXELS, ras)
    [scan] = read([path]).scans
    image: Any = nibabel.load(path)
    assert_in_place(scan, np.asarray(image.dataobj), RAS_TO_LPS @ image.affine)
    assert scan.unit == "HU" and scan.name == "a"


@EACH
@given(lps=geometries(), suffix=st.sampled_from([".mha", ".mhd", ".nrrd", ".nhdr"]),
       compressed=st.booleans())  # fmt: skip
def test_metaimage_and_nrrd_are_where_itk_says(
    tmp_path: Path, lps: np.ndarray, suffix: str, compressed: bool
) -> None:
    folder = tmp_path / f"{suffix}{compressed}"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    image = sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    sitk.WriteImage(image, str(folder / f"a{suffix}"), useCompression=compressed)
    found = read([folder])
    assert found.problems == []
    [scan] = found.scans
    again = sitk.ReadImage(str(folder / f"a{suffix}"))
    for index in itertools.product(range(2), repeat=3):
        expected = np.array(lps @ (*index, 1))[:3]
        np.testing.assert_allclose(again.TransformIndexToPhysicalPoint(index), expected, atol=1e-3)
    assert_in_place(scan, VOXELS, lps)


def test_slices_lie_across_the_body_wherever_the_file_has_that_axis(tmp_path: Path) -> None:
    for order in itertools.permutations(range(3)):
        ras = np.eye(4)
        ras[:3, :3] = np.eye(3)[:, order]
        path = write_nifti(tmp_path / "a.nii", VOXELS.transpose(order), ras)
        [scan] = read([path]).scans
        assert scan.values.shape[0] == SHAPE[2]
        np.testing.assert_allclose(np.abs(np.cross(scan.orientation[:3], scan.orientation[3:])),
                                   [0, 0, 1])  # fmt: skip


def test_one_slice_of_any_direction_stays_whole(tmp_path: Path) -> None:
    coronal = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    for shape in ((6, 5, 1), (6, 5)):
        voxels = VOXELS[:, :, 0].reshape(shape)
        [scan] = read([write_nifti(tmp_path / "a.nii", voxels, coronal)]).scans
        np.testing.assert_array_equal(scan.values[0], VOXELS[:, :, 0].T)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float32, np.float64, np.int32])
def test_slope_and_intercept_count_whatever_the_kind_of_number(
    tmp_path: Path, kind: type[np.generic]
) -> None:
    stored = np.random.default_rng(1).integers(0, 200, SHAPE).astype(kind)
    stored[0, 0, 0] = 0
    image: Any = nibabel.Nifti1Image(stored, np.eye(4))
    image.header.set_slope_inter(10, -1000)
    image.to_filename(tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[112:120] = np.array([10, -1000], "<f4").tobytes()
    raw[352:] = stored.tobytes(order="F")
    (tmp_path / "a.nii").write_bytes(raw)
    [scan] = read([tmp_path / "a.nii"]).scans
    image = nibabel.load(tmp_path / "a.nii")
    expected = np.asarray(image.dataobj)
    assert expected.min() == -1000
    np.testing.assert_allclose(np.sort(scan.values.ravel()), np.sort(expected.ravel()))


def test_big_endian_second_version_and_other_lengths(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    nibabel.Nifti1Image(VOXELS.astype(">i2"), np.eye(4), header).to_filename(tmp_path / "b.nii")
    nibabel.Nifti2Image(VOXELS, np.eye(4)).to_filename(tmp_path / "c.nii.gz")
    packed = gzip.compress(nibabel.Nifti1Image(VOXELS, np.eye(4)).to_bytes())
    (tmp_path / "e.nii").write_bytes(packed)  # by a program that thought little of names
    micrometres = nibabel.Nifti1Image(VOXELS, np.diag([500.0, 500, 500, 1]))
    micrometres.header.set_xyzt_units("micron")
    micrometres.to_filename(tmp_path / "d.nii")
    scans = read([tmp_path]).scans
    assert [scan.spacing for scan in scans] == [(1, 1), (1, 1), (0.5, 0.5), (1, 1)]
    for scan in scans:
        np.testing.assert_array_equal(scan.values, VOXELS.T)


@pytest.mark.parametrize(
    ("name", "voxels", "words"),
    [
        ("four.nii", np.zeros((4, 4, 4, 3), np.int16), "holds 3 volumes"),
        ("complex.nii", np.zeros(SHAPE, np.complex64), "real numbers"),
        ("rgb.nii", np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")]), "is a colour image"),
        ("nan.nii.gz", np.full(SHAPE, np.nan, np.float32), "not numbers"),
    ],
)
def test_what_is_no_scan_is_told(tmp_path: Path, name: str, voxels: np.ndarray, words: str) -> None:
    [problem] = read([write_nifti(tmp_path / name, voxels, np.eye(4))]).problems
    assert str(problem).startswith(name) and words in str(problem)


def test_one_volume_in_four_dimensions_is_one(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS[..., None], np.eye(4))
    sitk.WriteImage(sitk.JoinSeries(sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))),
                    str(tmp_path / "b.mha"))  # fmt: skip
    for scan in read([tmp_path]).scans:
        np.testing.assert_array_equal(scan.values, VOXELS.T)


def test_colour_and_series_of_volumes_of_itk_are_told(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(tmp_path / "four.mha"))
    sitk.WriteImage(sitk.Compose([image] * 3), str(tmp_path / "colour.nrrd"))
    told = [str(problem) for problem in read([tmp_path]).problems]
    assert len(told) == 2
    assert "is a colour image" in told[0] and "holds 2 volumes" in told[1]


def test_oblique_rows_and_columns_are_told(tmp_path: Path) -> None:
    skewed = np.eye(4)
    skewed[0, 1] = 0.3
    [problem] = read([write_nifti(tmp_path / "a.nii", VOXELS, skewed)]).problems
    assert "oblique to each other: resample it" in str(problem)


def test_a_header_without_geometry_leaves_it_unknown(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", VOXELS, np.eye(4))
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[280:328] = bytes(48)
    (tmp_path / "a.nii").write_bytes(raw)
    [scan] = read([tmp_path / "a.nii"]).scans
    assert scan.spacing is None
    np.testing.assert_array_equal(scan.positions, range(4))


@pytest.mark.parametrize("line", ["ElementDataFile = /etc/passwd", "ElementDataFile = ../a.raw",
                                  "ElementDataFile = LIST", "ElementDataFile = s%03d.raw 1 4 1",
                                  "ElementDataFile = gone.raw", "ElementDataFile = \\\\x\\a.raw",
                                  "ElementDataFile = LOCAL\nElementDataFile = /etc/passwd",
                                  "Comment = \rElementDataFile = LOCAL\nElementDataFile = ../x",
                                  "ElementDataFile\n= /etc/passwd",
                                  "ElementDataFile\0x = /etc/passwd",
                                  "ElementDataFile =", "ElementDataFile : C:\\a.raw"])  # fmt: skip
def test_pixels_elsewhere_are_refused_before_the_library_sees_it(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitk, "ImageFileReader", None)
    text = f"ObjectType = Image\nNDims = 3\nDimSize = 6 5 4\nElementType = MET_SHORT\n{line}\n"
    (tmp_path / "a.mhd").write_text(text)
    said = line.replace(" =", ":").replace("ElementDataFile", "data file")
    text = "NRRD0004\ntype: short\ndimension: 3\nsizes: 6 5 4\nencoding: raw\n"
    (tmp_path / "a.nhdr").write_text(f"{text}{said}\n\n")
    problems = read([tmp_path]).problems
    assert [problem.subject for problem in problems] == ["a.mhd", "a.nhdr"]
    for problem in problems:
        assert problem.reason.startswith("has its pixels in ")


def test_the_pixels_of_a_header_are_no_file_of_their_own(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))
    sitk.WriteImage(image, str(tmp_path / "a.mhd"))
    sitk.WriteImage(image, str(tmp_path / "b.nhdr"), useCompression=True)
    assert {p.name for p in tmp_path.iterdir()} == {"a.mhd", "a.raw", "b.nhdr", "b.raw.gz"}
    found = read([tmp_path])
    assert [scan.name for scan in found.scans] == ["a", "b"] and found.problems == []


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr"])
def test_a_result_has_the_voxels_of_its_source(tmp_path: Path, suffix: str) -> None:
    lps = np.eye(4)
    lps[:3, :3] = rotation((0.1, 0.2, 0.1)) @ np.eye(3)[:, [2, 0, 1]] * (-2, 0.7, 0.8)
    lps[:3, 3] = (10, -20, 30)
    path = tmp_path / f"a{suffix}"
    if "nii" in suffix:
        write_nifti(path, VOXELS, RAS_TO_LPS @ lps)
    else:
        image = sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))
        image.SetSpacing((2, 0.7, 0.8))
        image.SetDirection((lps[:3, :3] / (2, 0.7, 0.8)).ravel().tolist())
        image.SetOrigin((10, -20, 30))
        sitk.WriteImage(image, str(path))
    found = read([path])
    [written] = write_arrays(found.scans[0].values + 1, found.sources[0], tmp_path / "out")
    assert written.name == path.name
    before, after = sitk.ReadImage(str(path)), sitk.ReadImage(str(written))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(after),
                                  sitk.GetArrayFromImage(before) + 1.0)  # fmt: skip
    np.testing.assert_allclose(after.GetDirection(), before.GetDirection(), atol=1e-5)
    np.testing.assert_allclose(after.GetOrigin(), before.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(after.GetSpacing(), before.GetSpacing(), atol=1e-5)


def test_an_uncompressed_nifti_is_read_slice_by_slice(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", VOXELS, np.eye(4))
    [series] = find([path]).series
    held = series.images.args[0].stored[0][0].values  # type: ignore[attr-defined]
    assert isinstance(held, np.memmap)
    for (_, image), expected in zip(series.images(), VOXELS.T, strict=True):
        np.testing.assert_array_equal(image, expected)


def test_the_case_that_was_refused() -> None:
    if not CASES.exists():
        pytest.skip("../shared/cases is not on this machine")
    [scan] = read([CASES / "series.nii.gz"]).scans
    image: Any = nibabel.load(CASES / "series.nii.gz")
    assert_in_place(scan, np.asarray(image.dataobj), RAS_TO_LPS @ image.affine)
    expected = np.load(CASES / "expected_hu.npy")
    assert sorted(scan.values[0].ravel()) == sorted(expected.ravel()) and scan.unit == "HU"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd"])
def test_headers_that_promise_too_much_are_refused(tmp_path: Path, suffix: str) -> None:
    if "nii" in suffix:
        image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
        raw = bytearray(image.to_bytes())
        raw[42:48] = np.array([30000, 30000, 100], "<i2").tobytes()
        content = gzip.compress(bytes(raw)) if suffix.endswith("gz") else bytes(raw)
    elif suffix == ".mha":
        content = (b"ObjectType = Image\nNDims = 3\nDimSize = 3000 3000 900\n"
                   b"ElementType = MET_SHORT\nElementDataFile = LOCAL\n\0\0")  # fmt: skip
    else:
        content = (b"NRRD0004\ntype: short\ndimension: 3\nsizes: 3000 3000 900\nencoding: gzip\n"
                   b"endian: little\n\n" + gzip.compress(bytes(100)))  # fmt: skip
    (tmp_path / f"a{suffix}").write_bytes(content)
    [problem] = read([tmp_path]).problems
    assert isinstance(problem, Problem)
    assert any(words in str(problem) for words in ("million", "should hold", "as no scan does"))


def write_compressed(path: Path) -> bytes:
    image = sitk.GetImageFromArray(np.ascontiguousarray(VOXELS.T))
    sitk.WriteImage(image, str(path), useCompression=True)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.mha", "a.nrrd", "a.zraw", "a.raw.gz"])
def test_damage_in_compressed_pixels_is_told(tmp_path: Path, name: str) -> None:
    suffix = {"a.zraw": ".mhd", "a.raw.gz": ".nhdr"}.get(name, Path(name).suffix)
    write_compressed(tmp_path / f"a{suffix}")
    whole = (tmp_path / name).read_bytes()
    [scan] = read([tmp_path]).scans
    for place in range(len(whole) - 200, len(whole), 7):
        for bad in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :],
        ):
            (tmp_path / name).write_bytes(bad)
            found = read([tmp_path])
            assert len(found.scans) + len(found.problems) == 1
            for each in found.scans:
                np.testing.assert_array_equal(each.values, scan.values)
            for problem in found.problems:
                assert "damaged" in problem.reason
    (tmp_path / name).write_bytes(whole)
    assert found.problems and not read([tmp_path]).problems


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (rb"CompressedDataSize = \d+\n", b"", "does not say how long"),
        (
            rb"CompressedData = True",
            b"HeaderSize = 9\nCompressedData = True",
            "has something before",
        ),
        (rb"CompressedData = True", b"HeaderSize = 0\nCompressedData = True", ""),
        (rb"NDims = 3", b"NDims = 100", "damaged"),
        (rb"NDims = 3", b"NDims = -1", "damaged"),
        (rb"NDims = 3", b"NDims = 0", "damaged"),
        (rb"CompressedData = True", b"CompressedData = T", ""),
        (rb"CompressedData = True", b"CompressedData = 1", ""),
        (rb"CompressedData = True", b"Comment = ElementDataFile of old\nCompressedData = true", ""),
    ],
)
def test_headers_of_metaimage(tmp_path: Path, old: bytes, new: bytes, words: str) -> None:
    whole = write_compressed(tmp_path / "a.mha")
    (tmp_path / "a.mha").write_bytes(re.sub(old, new, whole, count=1))
    found = read([tmp_path])
    assert len(found.scans) == (not words)
    for problem in found.problems:
        assert words in problem.reason


def test_numbers_in_text_take_fewer_bytes_than_in_memory(tmp_path: Path) -> None:
    numbers = b"7 " * 120
    meta = b"ObjectType = Image\nNDims = 3\nBinaryData = False\nDimSize = 6 5 4\n"
    meta += b"ElementType = MET_DOUBLE\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(meta + numbers)
    nrrd = b"NRRD0004\n# the data file: is this one\ntype: double\ndimension: 3\nsizes: 6 5 4\n"
    (tmp_path / "b.nrrd").write_bytes(nrrd + b"encoding: ascii\n\n" + numbers)
    (tmp_path / "c.nrrd").write_bytes(nrrd + b"encoding: bzip2\n\n" + numbers)
    found = read([tmp_path], meaning="own units")
    assert [np.unique(scan.values).tolist() for scan in found.scans] == [[7], [7]]
    assert [problem.reason for problem in found.problems] == ["is compressed as bzip2"]
