"""What is taken home, read again by other programs: the mix, whole or not at all, nobody's name."""

import errno
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from phantoms import disc_phantom, write_ct_series
from PIL import Image
from pypdf import PdfReader
from shipping import ships
from waiting import until

from ctdenoise.errors import Problem, Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.jobs import leases, queue, worker
from ctdenoise.jobs.kinds import export
from ctdenoise.jobs.kinds.export import EXPORT, Export
from ctdenoise.metrics.removal import judge
from ctdenoise.scans import scan as scans
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import results
from ctdenoise.workspace.denoisers import ClassicalFilter, DenoiserChoice, ShippedNetwork
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.results import Result, SliceFigures, Source

METHOD = ClassicalFilter(name="gaussian", strength=1)
VALUES = np.rint(disc_phantom(128, slices=4, noise=40))
SHIFT = 8.0
"""HU that the stand-in for a denoiser adds; halves of it are whole."""


@pytest.fixture
def library(home: Path) -> Library:
    return Library(settings().workspaces / "ann")


@pytest.fixture
def chest(library: Library, tmp_path: Path) -> Source:
    """Four slices that came as DICOM."""
    write_ct_series(tmp_path / "in", VALUES)
    found = read([tmp_path / "in"])
    return Source(
        owner="ann", kind="scan", id=library.add_scan(found.scans[0], found.sources[0]).id
    )


def denoised(
    source: Source, finished: tuple[int, ...] = (0, 1, 2, 3), method: DenoiserChoice = METHOD
) -> Result:
    """With every finished slice ``SHIFT`` above the input."""
    result = results.create("ann", source, method)
    scan = source.load()
    for index in finished:
        before = np.array(results.slices_of(scan)[index])
        after = before + np.float32(SHIFT)
        removal = judge(before, after, scan.unit)
        result.keep(after, SliceFigures(index=index, seconds=1, removal=removal))
    return result


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


def wanted(result: Result, form: str, strength: float = 1.0, index: int = 2) -> Export:
    return Export(result=result.record.id, format=form, mix=strength, index=index,
                  level=40, width=400)  # fmt: skip


def make(asked: Export) -> None:
    """Have the job done; raises :class:`Problem` where it fails."""
    id = queue.add(EXPORT, asked, "ann", subject=asked.result).id
    job = leases.take(id, "here")
    assert job
    worker.execute(job, raising=True)
    assert queue.job(id).state == "finished"


def taken(result: Result, form: str, strength: float = 1.0, frame: int = 2) -> Path:
    asked = wanted(result, form, strength, frame)
    make(asked)
    path = export.file(result, asked)
    assert list(path.parent.iterdir()) == [path]
    return path


def lacking(result: Result, form: str) -> str:
    return export.lacking(result, wanted(result, form))


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_dicom_series_is_the_mix(chest: Source, tmp_path: Path, strength: float) -> None:
    with zipfile.ZipFile(taken(denoised(chest), "dicom", strength)) as archive:
        archive.extractall(tmp_path / "out")
    again = read([tmp_path / "out"])
    assert again.problems == [] and len(again.scans) == 1
    np.testing.assert_array_equal(again.scans[0].values, VALUES + strength * SHIFT)
    first = pydicom.dcmread(sorted((tmp_path / "out").rglob("*.dcm"))[0])
    assert first.ImageType[0] == "DERIVED" and first.PatientIdentityRemoved == "YES"
    assert "Doe" not in str(first) and first.PatientID != "P1"
    assert first.SeriesDescription.startswith("Denoised, Gaussian 1 px")


def test_only_finished_slices_go_along(chest: Source) -> None:
    path = taken(denoised(chest, (1, 2)), "nifti")
    image: Any = nibabel.load(path)
    np.testing.assert_array_equal(image.get_fdata().transpose(2, 1, 0), VALUES[1:3] + SHIFT)
    origins = chest.load().origins  # left and back in DICOM are right and front in NIfTI
    np.testing.assert_allclose(image.affine[:3, 3], origins[1] * [-1, -1, 1])


def test_a_pair_gives_volumes_and_says_why_no_dicom(library: Library) -> None:
    made = Pair("tiny", VALUES[None], VALUES, (0.7, 0.7), np.arange(4) * 2.5)
    pair = Source(owner="ann", kind="pair", id=library.add_pair(made).id)
    result = denoised(pair)
    image: Any = nibabel.load(taken(result, "nifti", 0.5))
    np.testing.assert_array_equal(image.get_fdata().transpose(2, 1, 0), VALUES + SHIFT / 2)
    assert image.header.get_zooms() == pytest.approx((0.7, 0.7, 2.5))
    assert "A pair keeps no DICOM headers" in lacking(result, "dicom")
    with pytest.raises(Problem, match="A pair keeps no DICOM headers"):
        taken(result, "dicom")


def test_a_gap_and_a_tilted_gantry_are_told_before_a_volume_is_made(
    library: Library, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", VALUES)

    def result(origins: list[list[float]], down: tuple[float, float] = (1, 0)) -> Result:
        scan = Scan("tiny", VALUES, (0.7, 0.7), np.arange(4.0), np.array(origins, float),
                    (1, 0, 0, 0, *down))  # fmt: skip
        files = [scans.SliceSource(tmp_path / "a.npy", n) for n in range(4)]
        return denoised(Source(owner="ann", kind="scan", id=library.add_scan(scan, files).id))

    gap = result([[0, 0, 0], [0, 0, 2], [0, 0, 6], [0, 0, 8]])
    assert "lacks 1 slice between slices 2 and 3 (2.0 and 6.0 mm)" in lacking(gap, "nifti")
    with pytest.raises(Problem, match="lacks 1 slice"):
        taken(gap, "nifti")
    tilted = result([[0, 0, 2.0 * n] for n in range(4)], (0.8, -0.6))
    note = export.note(tilted, wanted(tilted, "nifti"))
    assert "gantry was tilted" in note and export.note(tilted, wanted(tilted, "npy")) == ""
    image: Any = nibabel.load(taken(tilted, "nifti"))
    assert image.shape[0] == 128 and image.shape[1] > 128


def test_images_give_an_array_and_say_why_nothing_else(library: Library, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, (2, 32, 40)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    scan = Scan("a", values, None, np.arange(2.0), np.zeros((2, 3)), unit="")
    files = [scans.SliceSource(tmp_path / "a.npy", n) for n in range(2)]
    source = Source(owner="ann", kind="scan", id=library.add_scan(scan, files).id)
    result = denoised(source, (0, 1))
    np.testing.assert_allclose(
        np.load(taken(result, "npy", 0.25)), values + SHIFT / 4, rtol=0, atol=1e-6
    )
    assert "did not come as DICOM" in lacking(result, "dicom")
    assert "no pixel spacing" in lacking(result, "nifti")
    assert taken(result, "html", frame=1).exists()


def test_the_picture_has_the_window_burnt_in(chest: Source) -> None:
    picture = np.asarray(Image.open(taken(denoised(chest), "png", 0.5)), np.float64)
    share = np.clip((VALUES[2] + SHIFT / 2 - (40 - 200)) / 400, 0, 1)
    np.testing.assert_allclose(picture, share * 255, atol=0.51)


def test_the_report_tells_noise_shifts_and_what_was_removed(chest: Source) -> None:
    result = denoised(chest)
    page = taken(result, "html", 0.5).read_text()
    assert "Gaussian 1 px" in page and "Slice 3 of 4" in page
    assert "50% output, 50% input" in page
    assert re.search(r"<td>Soft tissue</td><td>\d+</td><td>\+4\.00</td>", page)  # half of it
    before = result.figures[2].removal.noise_at(0)
    assert f"<td>3</td><td>{before:.3g}</td>" in page
    assert "What was removed" in page
    text = "".join(each.extract_text() for each in PdfReader(taken(result, "pdf")).pages)
    assert "Gaussian 1 px" in text and "Noise, slice by slice" in text


def test_the_report_has_the_card_of_a_network_that_ships(
    chest: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "tiny")
    (tmp_path / "tiny.md").write_text("# Tiny\n\n## Known failures\n\n- It has learned nothing.")
    page = taken(denoised(chest, method=ShippedNetwork(name="tiny")), "html").read_text()
    assert "Known failures" in page and "It has learned nothing." in page


def test_of_a_long_series_the_report_lists_a_few_slices(library: Library) -> None:
    values = np.random.default_rng(0).normal(40, 30, (60, 32, 32)).astype(np.float32)
    scan = Scan("long", values, (1.0, 1.0), np.arange(60.0), np.zeros((60, 3)))
    source = Source(owner="ann", kind="scan", id=library.add_scan(scan, []).id)
    page = taken(denoised(source, tuple(range(60))), "html").read_text()
    table = page.split("Noise, slice by slice")[1].split("</table>")[0]
    assert re.findall(r"<tr><td>(\w+)</td>", table) == ["Mean", *map(str, range(1, 61, 3))]
    assert "Every 3 slices one" in page


def test_a_full_disk_is_told_and_leaves_the_last_one(
    chest: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = denoised(chest)
    kept = taken(result, "npy")

    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Content, "slices", full)
    with pytest.raises(Problem, match="the disk is full"):
        make(wanted(result, "npy", 0.5))
    assert list(kept.parent.iterdir()) == [kept]


def test_what_a_killed_worker_left_is_swept_by_the_next(chest: Source) -> None:
    result = denoised(chest)
    old, young = (result.folder / "exports" / "npy" / name for name in (".old", ".young"))
    for each in (old, young):
        each.mkdir(parents=True)
        (each / "half.npy").touch()
    long_ago = time.time() - 2 * export.LEFT_SECONDS
    os.utime(old, (long_ago, long_ago))
    make(wanted(result, "npy"))
    assert not old.exists()
    assert young.exists(), "somebody may still be making it"


def test_progress_is_told_and_a_stop_is_heard(
    chest: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = denoised(chest)
    asked = wanted(result, "npy")
    id = queue.add(EXPORT, asked, "ann", subject=asked.result).id
    mixed = Content.slices

    def stopped_half_way(content: Content, tell: Progress) -> Iterator[tuple[int, Any]]:
        for done, each in enumerate(mixed(content, tell)):
            if done == 2:
                queue.stop(id)
                until(lambda: queue.job(id).progress == 0.5)
                until(lambda: tell(0.5, "Slice 2 of 4") is not None)
            yield each

    monkeypatch.setattr(Content, "slices", stopped_half_way)
    worker.serve("files")
    ended = queue.job(id)
    assert (ended.state, ended.message, ended.progress) == ("stopped", "Stopped.", 0.5)
    assert not export.file(result, asked).exists()


def test_two_forms_at_once_do_not_disturb_each_other(
    chest: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = denoised(chest)

    def meanwhile(content: Content, path: Path, tell: Progress) -> None:
        tell(1.0, "Slice 4 of 4")
        make(wanted(result, "png"))
        path.touch()

    with FORMATS.added(replace(FORMATS["npy"], name="slow", write=meanwhile)):
        taken(result, "slow")


def test_a_format_of_ones_own_is_written_and_may_refuse(chest: Source) -> None:
    def write(content: Content, path: Path, tell: Progress) -> None:
        numbers = [float(image.mean()) for _, image in content.slices(tell)]
        path.write_text(json.dumps([content.method, content.unit, numbers]))

    def refuse(content: Content) -> str:
        return "" if len(content.finished) > 1 else "One is too few."

    means = ExportFormat("means", 9, "Means", "The mean of each slice.", "json",
                         "application/json", "series", write, refuse)  # fmt: skip
    with FORMATS.added(means):
        path = taken(denoised(chest, (1, 3)), "means", 0.5)
        assert path.name == "denoised-2-strength-0.50.json"
        method, unit, numbers = json.loads(path.read_text())
        assert (method, unit) == ("Gaussian 1 px", "HU")
        assert numbers == pytest.approx([VALUES[n].mean() + SHIFT / 2 for n in (1, 3)], abs=1e-3)
        with pytest.raises(Problem, match="cannot be taken away so: One is too few"):
            taken(denoised(chest, (1,)), "means")
    with pytest.raises(Problem, match="The format means does not exist"):
        taken(denoised(chest), "means")


def test_the_names_of_the_files_stay_as_they_are(chest: Source) -> None:
    result = denoised(chest, (0, 2))
    names = {
        "dicom": "denoised-2-strength-0.50.zip",
        "nifti": "denoised-2-strength-0.50.nii.gz",
        "npy": "denoised-2-strength-0.50.npy",
        "png": "denoised-2-strength-0.50-slice-3-window-40-400.png",
        "html": "denoised-2-strength-0.50-slice-3-window-40-400.html",
        "pdf": "denoised-2-strength-0.50-slice-3-window-40-400.pdf",
    }
    assert list(FORMATS)[: len(names)] == list(names)
    assert {form: taken(result, form, 0.5).name for form in names} == names


def test_the_list_of_formats_needs_no_heavy_library() -> None:
    code = (
        "import sys; from ctdenoise.exports.formats import FORMATS; assert {*FORMATS}; "
        "print({'torch', 'onnx', 'nibabel', 'reportlab', 'pydicom', 'PIL'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
