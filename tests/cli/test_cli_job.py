"""The whole job on the command line: from a scan to a judged network, in files."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset, disc_phantom, write_ct_series
from waiting import until

from ctdenoise.cli import main
from ctdenoise.cli.train import load_pairs
from ctdenoise.config import events
from ctdenoise.errors import Problem
from ctdenoise.scans.reading import read
from ctdenoise.scans.sample import ATTRIBUTION, SERIES

TINY = ["--set", "epochs=1", "--set", "steps_per_epoch=3", "--set", "filters=4", "--set", "batch=4",
        "--set", "layers=3", "--set", "validation_patches=8", "--set", "device=cpu"]  # fmt: skip


def ctdenoise(*argv: object) -> None:
    assert main([str(each) for each in argv]) == 0


def compared(capsys: pytest.CaptureFixture[str], *argv: object) -> list[dict]:
    capsys.readouterr()
    ctdenoise("compare", *argv, "--json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    rows: list[dict] = json.loads(capsys.readouterr().out, parse_constant=refuse)
    return rows


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom scan of five slices, its quarter-dose pairs, a tiny run and its result."""
    home = tmp_path_factory.mktemp("job")
    write_ct_series(home / "scan", disc_phantom(96, slices=5), SeriesDescription="Abdomen")
    ctdenoise("low-dose", home / "scan", "--dose", 0.25, "--pairs", "--out", home / "pairs")
    ctdenoise("train", "--pairs", home / "pairs", "--out", home / "run", *TINY)
    ctdenoise("denoise", home / "run", home / "pairs" / "low", "--out", home / "denoised")
    return home


def test_each_slice_is_one_file_in_the_place_of_its_source(job: Path) -> None:
    given = read([job / "scan"]).scans[0]
    for folder in ("pairs/low", "pairs/full", "denoised"):
        files = sorted((job / folder).iterdir())
        assert [file.name for file in files] == [f"slice_000{n}.dcm" for n in range(1, 6)]
        scan = read([job / folder]).scans[0]
        np.testing.assert_array_equal(scan.origins, given.origins)
        assert (scan.spacing, scan.orientation) == (given.spacing, given.orientation)
        header = pydicom.dcmread(files[0])
        assert str(header.PatientName) == "Doe^Jane" and header.ImageType[0] == "DERIVED"
    np.testing.assert_array_equal(read([job / "pairs/full"]).scans[0].values, given.values)


def test_a_run_folder_holds_what_it_promises(job: Path) -> None:
    config = json.loads((job / "run" / "config.json").read_text())
    assert (config["epochs"], config["filters"]) == (1, 4)
    kinds = [event.kind for event in events.read(job / "run")]
    assert kinds[0] == "started" and kinds[-1] == "ended" and kinds.count("epoch") == 2
    assert len(list((job / "run" / "progress").iterdir())) == 2


def test_the_checkpoint_alone_gives_the_same_result(job: Path, tmp_path: Path) -> None:
    alone = tmp_path / "network.safetensors"
    alone.write_bytes((job / "run" / "checkpoint.safetensors").read_bytes())
    ctdenoise("denoise", alone, job / "pairs" / "low", "--out", tmp_path / "again")
    first, again = (read([each]).scans[0].values for each in (job / "denoised", tmp_path / "again"))
    np.testing.assert_array_equal(again, first)


def test_the_dial_is_turned_by_an_option(job: Path, tmp_path: Path, capsys) -> None:
    dial = ["--set", "loss.texture=9000", "--set", "loss.dial=texture"]
    dial += ["--set", "steps_per_epoch=40", "--set", "learning_rate=0.05"]
    ctdenoise("train", "--pairs", job / "pairs", "--out", tmp_path / "dial", *TINY, *dial)
    for name, stands in (("plain", []), ("smooth", ["--dial", 0]), ("grainy", ["--dial", 1])):
        out = tmp_path / name
        ctdenoise("denoise", tmp_path / "dial", job / "pairs" / "low", "--out", out, *stands)
    plain, smooth, grainy = (
        read([tmp_path / name]).scans[0].values for name in ("plain", "smooth", "grainy")
    )
    np.testing.assert_array_equal(plain, smooth)
    assert (grainy != smooth).any()
    argv = ["denoise", job / "run", job / "pairs" / "low", "--out", tmp_path / "no", "--dial", 0.5]
    assert main([str(each) for each in argv]) != 0
    assert "has no dial" in capsys.readouterr().err


def test_compare_prints_one_object_an_image(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low, denoised, full = (job / each for each in ("pairs/low", "denoised", "pairs/full"))
    rows = compared(capsys, "--reference", full, "--images", low, denoised, full)
    assert [row["image"] for row in rows] == [str(low), str(denoised), str(full)]
    assert set(rows[0]) == {"image", "slices", "mse", "rmse", "psnr", "ssim", "window",
                            "data_range", "convention", "ssim_window"}  # fmt: skip
    values, wanted = read([low]).scans[0].values, read([full]).scans[0].values
    squared = np.mean((values.astype(float) - wanted) ** 2, axis=(1, 2))
    assert rows[0]["mse"] == pytest.approx(squared.mean())
    assert rows[0]["rmse"] == pytest.approx(np.sqrt(squared).mean())
    assert (rows[0]["slices"], rows[0]["data_range"], rows[0]["convention"]) == (5, 400, "abdomen")
    assert rows[0]["window"] == {"level": 50, "width": 400}
    identical = rows[2]
    assert (identical["psnr"], identical["mse"], identical["ssim"]) == (None, 0, pytest.approx(1))


def test_the_same_seed_gives_the_same_noise_and_another_seed_another(
    job: Path, tmp_path: Path
) -> None:
    for name, seed in (("same", 1), ("other", 2)):
        ctdenoise("low-dose", job / "scan", "--dose", 0.25, "--seed", seed, "--out",
                  tmp_path / name)  # fmt: skip
    first = read([job / "pairs/low"]).scans[0].values
    np.testing.assert_array_equal(read([tmp_path / "same"]).scans[0].values, first)
    assert not np.array_equal(read([tmp_path / "other"]).scans[0].values, first)


def test_the_same_seed_trains_the_same_network(job: Path, tmp_path: Path) -> None:
    ctdenoise("train", "--pairs", job / "pairs", "--out", tmp_path / "run", *TINY)
    mse = [[event.validation_mse for event in events.read(run) if event.kind == "epoch"]
           for run in (job / "run", tmp_path / "run")]  # fmt: skip
    assert mse[0] == mse[1]


def test_pairs_have_four_noise_draws_that_train_uses(job: Path) -> None:
    (pair,) = load_pairs(job / "pairs")
    (low,) = read([job / "pairs" / "low"]).scans
    assert pair.low.shape == (4, *pair.full.shape)
    np.testing.assert_array_equal(pair.low[0], low.values)
    noise = (pair.low - pair.full)[:, :, 40:56, 40:56]  # inside the body
    assert noise.std((1, 2, 3)) == pytest.approx(noise.std(), rel=0.15)
    assert np.abs(np.corrcoef(noise.reshape(4, -1)) - np.eye(4)).max() < 0.2


def test_one_draw_is_enough_and_draws_of_other_slices_are_refused(
    job: Path, tmp_path: Path
) -> None:
    scan, out = job / "scan", tmp_path / "pairs"
    ctdenoise("low-dose", scan, "--dose", 0.25, "--pairs", "--draws", 1, "--out", out)
    assert sorted(folder.name for folder in out.iterdir()) == ["full", "low"]
    assert load_pairs(out)[0].low.shape[0] == 1
    shutil.copytree(out / "low", out / "low-2")
    next((out / "low-2").iterdir()).unlink()
    with pytest.raises(Problem, match="are not noise draws of the same slices"):
        load_pairs(out)


def test_several_doses_get_a_folder_each_of_what_one_dose_gives(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, doses = tmp_path / "doses", ("--dose", 0.25, "--dose", 0.1)
    ctdenoise("low-dose", job / "scan", *doses, "--dose", 0.25, "--pairs", "--out", out)
    assert sorted(folder.name for folder in out.iterdir()) == ["dose-0.1", "dose-0.25"]
    told = capsys.readouterr().out
    assert "5 slices at 0.25 of the dose" in told and "5 slices at 0.1 of the dose" in told
    quarter, tenth = (load_pairs(out / name)[0] for name in ("dose-0.25", "dose-0.1"))
    np.testing.assert_array_equal(quarter.low, load_pairs(job / "pairs")[0].low)
    assert np.std(tenth.low - tenth.full) > 1.5 * np.std(quarter.low - quarter.full)
    ctdenoise("low-dose", job / "scan", *doses, "--out", tmp_path / "plain")
    plain = read([tmp_path / "plain" / "dose-0.1"]).scans[0]
    np.testing.assert_array_equal(plain.values, tenth.low[0])


def test_full_dose_is_the_scan_itself_and_says_so(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ctdenoise("low-dose", job / "scan", "--dose", 1, "--out", tmp_path / "same")
    assert "nothing is added" in capsys.readouterr().err
    given, same = (read([folder]).scans[0] for folder in (job / "scan", tmp_path / "same"))
    np.testing.assert_array_equal(same.values, given.values)


def test_identity_goes_only_when_asked(job: Path, tmp_path: Path) -> None:
    ctdenoise("denoise", job / "run", job / "scan", "--out", tmp_path / "out", "--deidentify")
    header = pydicom.dcmread(next((tmp_path / "out").iterdir()))
    assert "Jane" not in str(header) and header.PatientIdentityRemoved == "YES"


def test_overwrite_replaces_an_earlier_result_and_nothing_else(job: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ctdenoise("denoise", job / "run", job / "scan", "--out", out)
    (out / "notes.txt").write_text("mine")
    one = next((job / "scan").iterdir())
    ctdenoise("denoise", job / "run", one, "--out", out, "--overwrite")
    assert sorted(path.name for path in out.iterdir()) == ["notes.txt", "slice_0001.dcm"]


def test_several_series_get_a_folder_each(job: Path, tmp_path: Path) -> None:
    write_ct_series(tmp_path / "both" / "a", disc_phantom(64, slices=2), series="1.2.7")
    write_ct_series(tmp_path / "both" / "b", disc_phantom(80, slices=1), series="1.2.8")
    ctdenoise("low-dose", tmp_path / "both", "--dose", 0.5, "--pairs", "--out", tmp_path / "pairs")
    for dose in ("low", "full"):
        folders = list((tmp_path / "pairs" / dose).iterdir())
        assert sorted(len(list(folder.iterdir())) for folder in folders) == [1, 2]
    assert sorted(pair.full.shape for pair in load_pairs(tmp_path / "pairs")) == [
        (1, 80, 80),
        (2, 64, 64),
    ]


def test_numpy_in_numpy_out_and_pairs_match_by_file_name(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = disc_phantom(64, slices=3) + np.arange(3, dtype=np.float32)[:, None, None]
    for n, name in enumerate(("x9", "x10", "x30")):
        for part in ("scan",) if name == "x9" else ("scan", "fewer/full"):
            (tmp_path / part).mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / part / f"{name}.npy", full[n])
    ctdenoise("low-dose", tmp_path / "scan", "--dose", 0.25, "--spacing", 0.7, "--pairs", "--out",
              tmp_path / "pairs")  # fmt: skip
    for part in ("low", "full"):
        names = sorted(path.name for path in (tmp_path / "pairs" / part).iterdir())
        assert names == ["x10.npy", "x30.npy", "x9.npy"]
    low = np.load(tmp_path / "pairs" / "low" / "x9.npy")
    assert low.dtype == np.float32 and low.shape == (64, 64)
    np.testing.assert_array_equal(np.load(tmp_path / "pairs" / "full" / "x9.npy"), full[0])

    (tmp_path / "pairs" / "low").rename(tmp_path / "fewer" / "low")
    capsys.readouterr()
    (pair,) = load_pairs(tmp_path / "fewer")
    assert "x9.npy is only in low" in capsys.readouterr().err
    assert pair.full.shape == (2, 64, 64)
    for image, n in zip(pair.full, (1, 2), strict=True):
        np.testing.assert_array_equal(image, full[n])

    one = tmp_path / "scan" / "x9.npy"
    ctdenoise("denoise", job / "run", one, "--out", tmp_path / "out")
    assert np.load(tmp_path / "out" / "x9.npy").shape == (64, 64)
    (row,) = compared(capsys, "--reference", one, "--images", tmp_path / "out" / "x9.npy")
    assert row["slices"] == 1 and row["mse"] > 0


def test_without_positions_the_number_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the low dose the first slice is missing; each slice is brighter than the one before."""
    full = disc_phantom(64, slices=5) + 50 * np.arange(5, dtype=np.float32)[:, None, None]
    for dose, values in (("full", full), ("low", full + np.float32(3))):
        for n in range(dose == "low", 5):
            stored = np.rint(values[n] + 1024).astype(np.int16)
            told = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
            dataset = ct_dataset(stored, number=n + 1, SeriesInstanceUID=f"1.2.{len(dose)}", **told)
            (tmp_path / dose).mkdir(exist_ok=True)
            dataset.save_as(tmp_path / dose / f"{n}.dcm", enforce_file_format=True)
    low_folder, full_folder = tmp_path / "low", tmp_path / "full"
    (row,) = compared(capsys, "--reference", full_folder, "--images", low_folder)
    assert row["slices"] == 4 and row["rmse"] == pytest.approx(3, abs=1e-3)
    capsys.readouterr()
    (pair,) = load_pairs(tmp_path)
    np.testing.assert_allclose(pair.low[0] - pair.full, 3)
    assert "4 slices matched by number; 1 only at full dose." in capsys.readouterr().err

    for n, name in enumerate(("low", "full")):
        (tmp_path / "stacks" / name).mkdir(parents=True)
        np.save(tmp_path / "stacks" / name / "x.npy", full[n:])
    with pytest.raises(Problem, match="5 and 4 slices: export them with their positions"):
        load_pairs(tmp_path / "stacks")
    np.save(tmp_path / "stacks" / "full" / "x.npy", full + np.float32(9))
    load_pairs(tmp_path / "stacks")
    assert "look whether the slices that were paired show the same" in capsys.readouterr().err
    np.save(tmp_path / "stacks" / "full" / "x.npy", full)
    with pytest.raises(Problem, match="are the same to the pixel"):
        load_pairs(tmp_path / "stacks")


def test_the_sample_is_ready_for_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (few := tmp_path / "few").mkdir()
    for series in SERIES:  # a slice of each patient is enough here
        shutil.copy(series.files[0], few)
    monkeypatch.setattr("ctdenoise.scans.sample.FOLDER", few)
    ctdenoise("sample", "--out", tmp_path / "sample")
    assert ATTRIBUTION in capsys.readouterr().out
    pairs = load_pairs(tmp_path / "sample")
    assert len({pair.patient for pair in pairs}) == len(pairs) == 3
    assert {pair.low.shape for pair in pairs} == {(4, 1, 512, 512)}
    ctdenoise("train", "--pairs", tmp_path / "sample", "--out", tmp_path / "run", *TINY)


def test_the_first_ctrl_c_keeps_what_is_trained_and_resume_goes_on(
    job: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "ctdenoise.cli", "train", "--pairs", job / "pairs", "--out",
               run, *TINY, "--set", "epochs=1000"]  # fmt: skip
    training = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until(lambda: any(e.kind == "epoch" and e.epoch > 1 for e in events.read(run)))
        os.kill(training.pid, signal.SIGINT)
        _, error = training.communicate(timeout=60)
    finally:
        training.kill()
    assert training.returncode == 0 and b"what is trained is kept" in error
    stopped = events.read(run)[-1]
    assert stopped.kind == "ended" and stopped.how == "stopped"
    assert (run / "checkpoint.safetensors").exists()

    config = json.loads((run / "config.json").read_text())
    config["epochs"] = stopped.epoch + 1
    (run / "config.json").write_text(json.dumps(config))
    ctdenoise("train", "--pairs", job / "pairs", "--out", run, "--resume")
    ended = events.read(run)[-1]
    assert (ended.kind, ended.how, ended.epoch) == ("ended", "finished", stopped.epoch + 1)


def test_overwrite_starts_a_run_anew(job: Path, tmp_path: Path) -> None:
    argv = ["train", "--pairs", job / "pairs", "--out", tmp_path / "run", *TINY]
    ctdenoise(*argv)
    assert main([str(each) for each in argv]) == 1
    ctdenoise(*argv, "--overwrite", "--set", "filters=2")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["filters"] == 2
    assert [event.kind for event in events.read(tmp_path / "run")].count("started") == 1


def test_the_job_on_a_real_scan(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five slices in JPEG 2000 with padding and metal: low dose, denoise, compare."""
    slices = sorted((shared_data / "ct" / "totalseg_example_ct_j2k").iterdir())[:5]
    (tmp_path / "scan").mkdir()
    for each in slices:
        (tmp_path / "scan" / each.name).write_bytes(each.read_bytes())
    ctdenoise("low-dose", tmp_path / "scan", "--dose", 0.25, "--pairs", "--out", tmp_path / "pairs")
    ctdenoise("train", "--pairs", tmp_path / "pairs", "--out", tmp_path / "run", *TINY,
              "--set", "steps_per_epoch=60", "--set", "filters=8")  # fmt: skip
    ctdenoise("denoise", tmp_path / "run", tmp_path / "pairs/low", "--out", tmp_path / "out")
    low, out = compared(capsys, "--reference", tmp_path / "pairs/full", "--images",
                        tmp_path / "pairs/low", tmp_path / "out")  # fmt: skip
    assert low["slices"] == out["slices"] == 5
    assert out["mse"] < 0.95 * low["mse"] and out["psnr"] > low["psnr"]
