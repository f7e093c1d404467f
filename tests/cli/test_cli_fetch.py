"""Real pairs on the command line."""

from pathlib import Path

import numpy as np
import pytest
from mayo import FULL, LOW, STEP_MM, Mayo, slice_hu

from ctdenoise.cli import main
from ctdenoise.cli.train import load_pairs
from ctdenoise.scans import ldct

BOTH = sorted({*LOW["L004"]} & {*FULL["L004"]})


def fetch(*argv: object) -> int:
    return main(["fetch", "ldct", *map(str, argv)])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_patients_become_folders_that_train_takes(
    tmp_path: Path, mayo: Mayo, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mayo"
    assert fetch("--patient", "L004", "C002", "--out", out) == 0
    printed = capsys.readouterr().out
    assert "Mayo L004, abdomen: 7 slices at 25% and 100% of the dose" in printed
    assert "CC BY 4.0" in printed and ldct.DOI in printed
    assert names(out) == {"low", "full"}
    assert names(out / "low") == names(out / "full") == {"L004", "C002"}
    chest, abdomen = sorted(load_pairs(out), key=lambda pair: len(pair.full))
    assert chest.full.shape[0] == len(FULL["C002"]) and chest.patient != abdomen.patient
    np.testing.assert_array_equal(abdomen.full, [slice_hu("full", n) for n in BOTH])
    np.testing.assert_array_equal(abdomen.low[0], [slice_hu("low", n) for n in BOTH])

    mayo.asked.clear()
    assert fetch("--patient", "L004", "--out", out) == 0
    assert "was there already" in capsys.readouterr().err and not mayo.asked


def test_every_nth_position(tmp_path: Path, mayo: Mayo) -> None:
    assert fetch("--patient", "L004", "--every", 3, "--out", tmp_path / "mayo") == 0
    (pair,) = load_pairs(tmp_path / "mayo")
    np.testing.assert_array_equal(pair.positions, [STEP_MM * n for n in BOTH[::3]])


def test_a_lost_connection_leaves_no_half_series_and_the_next_call_goes_on(
    tmp_path: Path, mayo: Mayo, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mayo"
    mayo.lasts = 5
    assert fetch("--patient", "L004", "--out", out) == 1
    error = capsys.readouterr().err
    assert "cannot be reached" in error and error.count("\n") == 1
    assert not (out / "low").exists() and not (out / "full").exists()
    mayo.lasts = None
    assert fetch("--patient", "L004", "--out", out) == 0
    assert names(out) == {"low", "full"}
    assert len(mayo.whole()) == 2 * len(BOTH)


def test_ctrl_c_says_that_it_goes_on(
    tmp_path: Path, mayo: Mayo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ldct, "download", pressed)
    assert fetch("--patient", "L004", "--out", tmp_path / "mayo") == 1
    assert "start the command again, and it goes on" in capsys.readouterr().err


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch("--list") == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["patient", "region", "low", "dose", "slices", "MB", "licence"]
    assert len(lines) == 101 and ldct.DOI in lines[-1]
    assert "L004     abdomen       25%      99   104  CC BY 4.0" in lines


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--patient", "L999", "--out", "o"), '"L999"'),
        (("--patient", "C002", "L999", "--out", "o"), '"L999"'),
        (("--patient", "L004"), "--out"),
        (("--patient", "L004", "--every", "0", "--out", "o"), "Every 0th slice"),
        (("--patient", "L004", "--out", "text.txt"), "text.txt is a file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_before_anything_is_asked(
    tmp_path: Path,
    mayo: Mayo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("mine")
    assert fetch(*argv) == 1
    error = capsys.readouterr().err
    assert words in error and error.endswith(".\n") and error.count("\n") == 1
    assert names(tmp_path) == {"text.txt"} and not mayo.asked
