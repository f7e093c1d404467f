"""Other programs find every point of the patient where DICOM has it."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from phantoms import disc_phantom, write_ct_series
from scanners import steps, tilted, turned
from scipy.spatial.transform import Rotation

from ctdenoise.errors import Problem
from ctdenoise.exports.nifti import grid_of, write_nifti
from ctdenoise.scans.reading import read

AXIAL = (1, 0, 0, 0, 1, 0)


def dicom_point(origin, orientation, spacing, row, column):
    """mm to the left, back and head: DICOM PS3.3, equation C.7.6.2.1-1, written out."""
    return [
        origin[i] + orientation[i] * spacing[1] * column + orientation[3 + i] * spacing[0] * row
        for i in range(3)
    ]


def written(values, path, origins, orientation=AXIAL, spacing=(0.8, 0.6), **options):
    write_nifti(values, path, origins=origins, orientation=orientation, spacing=spacing, **options)
    return nibabel.load(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("angles", [(0, 0, 0), (180, 0, 0), (0, 0, 90), (20, -35, 60)])
def test_every_voxel_lies_where_dicom_has_it(tmp_path, suffix, angles):
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    orientation = (*turn[:, 0], *turn[:, 1])
    origins = np.array([-120.0, 35.5, 800.0]) + np.arange(4)[:, None] * 2.5 * turn[:, 2]
    values = np.random.default_rng(1).integers(-1024, 3000, (4, 5, 7)).astype(np.float32)
    image = written(values, tmp_path / f"scan{suffix}", origins, orientation)
    assert image.shape == (7, 5, 4) and image.header.get_xyzt_units()[0] == "mm"
    stored = np.asarray(image.dataobj)
    for n, row, column in ((0, 0, 0), (0, 4, 6), (3, 1, 5), (2, 3, 0)):
        left, back, head = dicom_point(origins[n], orientation, (0.8, 0.6), row, column)
        found = image.affine @ [column, row, n, 1]
        np.testing.assert_allclose(found[:3], [-left, -back, head], atol=1e-3)
        assert stored[column, row, n] == values[n, row, column]
    np.testing.assert_allclose(image.get_qform(), image.affine, atol=1e-3)
    np.testing.assert_allclose(image.header.get_zooms(), (0.6, 0.8, 2.5), atol=1e-5)


LEANING = {
    "15 degrees": tilted(steps(), 15),
    "-22.5 degrees": tilted(steps(), -22.5),
    "a table that turns, too": replace(tilted(steps(), 10), step=(0.4, 0, 2.5)),
    "in an oblique frame": turned(tilted(steps(), -8), (20, -35, 60)),
}


def ramp(points):
    """HU that follow from the place (left, back, head) alone, so that straightening is exact."""
    return points @ [3.0, -5.0, 20.0] - 5500


def everywhere(made):
    """The place of every voxel, (slices, rows, columns, 3)."""
    indices = np.ndindex(made.stored.shape)
    return np.reshape([made.point(*index) for index in indices], (*made.stored.shape, 3))


@pytest.mark.parametrize("kind", LEANING)
def test_slices_of_a_tilted_gantry_are_straightened(tmp_path, kind):
    """So that programs that know right angles alone find every point where it was."""
    made = LEANING[kind]
    values = ramp(everywhere(made)).astype(np.float32)
    path = tmp_path / "a.nii.gz"
    image = written(values, path, made.origins, made.orientation, made.spacing, unit="")
    assert b"tilted gantry straightened" in image.header["descrip"].tobytes()
    itk = sitk.ReadImage(str(path))
    seen = sitk.GetArrayFromImage(itk)
    inside = 0
    for slice, row, column in np.argwhere(seen != 0):
        left, back, head = itk.TransformIndexToPhysicalPoint((int(column), int(row), int(slice)))
        place = image.affine @ [column, row, slice, 1]
        np.testing.assert_allclose(place[:3], [-left, -back, head], atol=1e-3)
        assert seen[slice, row, column] == pytest.approx(
            ramp(np.array([left, back, head])), abs=0.3
        )
        inside += 1
    assert inside > 0.9 * values.size  # half a pixel is lost at the rim


def test_values_of_a_tilted_gantry_are_kept_in_their_middle(tmp_path):
    made = LEANING["15 degrees"]
    values = made.hu.astype(np.float32)
    image = written(values, tmp_path / "a.nii", made.origins, made.orientation, made.spacing)
    first = image.get_fdata()[:, :, 0].T
    [top, left] = np.argwhere(first == values[0, 0, 0])[0]
    np.testing.assert_array_equal(first[top : top + 24, left : left + 20], values[0])
    outside = np.ones(first.shape, bool)
    outside[top : top + 24, left : left + 20] = False
    assert (first[outside] == -1024).all()


def test_positions_rounded_to_a_tenth_are_even(tmp_path):
    made = turned(replace(steps(40), step=(0, 0, 0.75), decimals=1), (10, 25, 40))
    image = written(made.hu, tmp_path / "a.nii", made.origins, made.orientation, made.spacing)
    itk = sitk.ReadImage(str(tmp_path / "a.nii"))
    for n, row, column in ((0, 0, 0), (39, 23, 19), (20, 5, 11), (13, 23, 0)):
        left, back, head = made.point(n, row, column)
        found = image.affine @ [column, row, n, 1]
        assert np.linalg.norm(found[:3] - [-left, -back, head]) < 0.1
        assert np.linalg.norm(
            np.subtract(itk.TransformIndexToPhysicalPoint((column, row, n)), [left, back, head])
        ) < 0.1  # fmt: skip


def test_a_scan_from_dicom(tmp_path):
    write_ct_series(tmp_path / "in", np.rint(disc_phantom(16, slices=3, noise=9)))
    scan = read([tmp_path / "in"]).scans[0]
    image = written(scan.values, tmp_path / "a.nii.gz", scan.origins, scan.orientation,
                    scan.spacing)  # fmt: skip
    np.testing.assert_array_equal(image.get_fdata(), scan.values.transpose(2, 1, 0))
    np.testing.assert_allclose(image.affine @ [0, 0, 1, 1], [10, 20, 2, 1])
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")


def test_a_real_oblique_or_flipped_series(shared_data, tmp_path):
    for number, scan in enumerate(read([shared_data / "ct" / "totalseg_example_ct_j2k"]).scans):
        image = written(scan.values, tmp_path / f"{number}.nii", scan.origins, scan.orientation,
                        scan.spacing, thickness=scan.facts.thickness_mm)  # fmt: skip
        corner = dicom_point(scan.origins[-1], scan.orientation, scan.spacing, 10, 20)
        found = image.affine @ [20, 10, len(scan.values) - 1, 1]
        np.testing.assert_allclose(found[:3] * [-1, -1, 1], corner, atol=0.05)


def test_slices_are_taken_one_by_one_and_rounded(tmp_path):
    images = (np.full((4, 3), n + 0.4, np.float32) for n in range(5))
    image = written(images, tmp_path / "a.nii", np.arange(5)[:, None] * [0, 0, 1.0])
    np.testing.assert_array_equal(image.dataobj[0, 0], range(5))
    assert image.get_data_dtype() == np.int16


def test_other_units_keep_their_digits(tmp_path):
    values = np.random.default_rng(0).normal(size=(1, 4, 3)).astype(np.float32)
    image = written(values, tmp_path / "a.nii", np.zeros((1, 3)), unit="", thickness=3.0)
    np.testing.assert_array_equal(image.get_fdata(dtype=np.float32).T, values)
    assert image.header.get_zooms()[2] == 3


@pytest.mark.parametrize(
    "told, heights, options",
    [
        ("uneven distances", [0, 2, 5], {}),
        (r"lacks 1 slice between slices 3 and 4 \(6.0 and 12.0 mm\)", [0, 3, 6, 12, 15], {}),
        ("lacks 2 slices between slices 1 and 2 .* and 1 more gap", [0, 3, 4, 6, 7, 8, 9], {}),
        ("pixel spacing", [0, 1], {"spacing": None}),
        ("not at right angles", [0, 1], {"orientation": (1, 0, 0, 0.01, 1, 0)}),
        ("not at right angles", [0, 1], {"orientation": (0, 0, 0, 0, 0, 0)}),
    ],
)
def test_what_nifti_cannot_say_is_told(told, heights, options):
    origins = np.outer(heights, [0, 0, 1.0])
    with pytest.raises(Problem, match=told):
        grid_of(origins, **{"orientation": AXIAL, "spacing": (1, 1), **options})


def test_nothing_is_left_half_written(tmp_path):
    def broken():
        yield np.zeros((4, 4), np.float32)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        written(broken(), tmp_path / "a.nii.gz", np.arange(2)[:, None] * [0, 0, 1.0])
    assert list(tmp_path.iterdir()) == []
