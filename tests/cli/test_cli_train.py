"""Every noise draw is joined to the full dose that it was matched with."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from phantoms import disc_phantom, write_ct_series

from ctdenoise.cli.train import load_pairs
from ctdenoise.errors import Problem


def draw(folder: Path, patient: str, level: int) -> None:
    """Four slices of a patient, each of its own grey, with ``level`` HU added."""
    values = disc_phantom(32, slices=4) + level + 100 * (patient == "Q")
    values += 10 * np.arange(4, dtype=np.float32)[:, None, None]
    write_ct_series(folder, values, series=f"1.2.{ord(patient)}.{level + 1}", PatientID=patient)


def test_patients_in_another_order_keep_their_own_draws(tmp_path: Path) -> None:
    for folder, level, order in (("full", 0, "PQ"), ("low", 1, "PQ"), ("low-2", 2, "QP")):
        for place, patient in zip("ab", order, strict=True):
            draw(tmp_path / folder / place, patient, level)
    pairs = load_pairs(tmp_path)
    assert len(pairs) == 2
    for pair in pairs:
        for number in (0, 1):
            np.testing.assert_allclose(pair.low[number] - pair.full, number + 1)


@pytest.mark.parametrize("lost", [("P",), ("P", "Q")])
def test_draws_of_other_slices_are_refused(tmp_path: Path, lost: tuple[str, ...]) -> None:
    """Equally many slices: low lacks the last one, low-2 the first."""
    for folder, level in (("full", 0), ("low", 1), ("low-2", 2)):
        for patient in "PQ":
            draw(tmp_path / folder / patient, patient, level)
    for patient in lost:
        for folder, place in (("low", 6.0), ("low-2", 0.0)):
            remove_slice(tmp_path / folder / patient, place)
    with pytest.raises(Problem, match=r"low and \S+low-2 are not noise draws of the same slices"):
        load_pairs(tmp_path)


def remove_slice(folder: Path, place: float) -> None:
    """Delete the file of the slice that lies at ``place`` mm."""
    for path in folder.iterdir():
        if pydicom.dcmread(path).ImagePositionPatient[2] == place:
            path.unlink()
