"""Other programs find every point of the patient where DICOM has it."""

import nibabel
import numpy as np
import pytest
from phantoms import disc_phantom, write_ct_series
from scipy.spatial.transform import Rotation

from ctdenoise.errors import Problem
from ctdenoise.exports.nifti import affine, write_nifti
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
@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_every_voxel_lies_where_dicom_has_it(tmp_path, suffix, angles, tilt):
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    orientation = (*turn[:, 0], *turn[:, 1])
    step = 2.5 * turn[:, 2] + tilt * turn[:, 1]  # a tilted gantry moves slices sideways
    origins = np.array([-120.0, 35.5, 800.0]) + np.arange(4)[:, None] * step
    values = np.random.default_rng(1).integers(-1024, 3000, (4, 5, 7)).astype(np.float32)
    image = written(values, tmp_path / f"scan{suffix}", origins, orientation)
    assert image.shape == (7, 5, 4) and image.header.get_xyzt_units()[0] == "mm"
    stored = np.asarray(image.dataobj)
    for n, row, column in ((0, 0, 0), (0, 4, 6), (3, 1, 5), (2, 3, 0)):
        left, back, head = dicom_point(origins[n], orientation, (0.8, 0.6), row, column)
        found = image.affine @ [column, row, n, 1]
        np.testing.assert_allclose(found[:3], [-left, -back, head], atol=1e-3)
        assert stored[column, row, n] == values[n, row, column]
    if not tilt:  # without shear both ways of saying it agree
        np.testing.assert_allclose(image.get_qform(), image.affine, atol=1e-3)
        np.testing.assert_allclose(image.header.get_zooms(), (0.6, 0.8, 2.5), atol=1e-5)


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


def test_what_nifti_cannot_say_is_told(tmp_path):
    uneven = np.array([[0, 0, 0], [0, 0, 2], [0, 0, 5.0]])
    with pytest.raises(Problem, match="uneven distances"):
        affine(uneven, AXIAL, (1, 1))
    with pytest.raises(Problem, match="pixel spacing"):
        affine(np.zeros((1, 3)), AXIAL, None)


def test_nothing_is_left_half_written(tmp_path):
    def broken():
        yield np.zeros((4, 4), np.float32)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        written(broken(), tmp_path / "a.nii.gz", np.arange(2)[:, None] * [0, 0, 1.0])
    assert list(tmp_path.iterdir()) == []
