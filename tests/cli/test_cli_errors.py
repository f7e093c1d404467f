"""What the command line says when something is wrong: one sentence, a code, nothing lost."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom, write_ct_series

from ctdenoise import cli
from ctdenoise.cli import main


def told(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    """Exit code and what stands on stderr."""
    try:
        code = main([str(each) for each in argv])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, capsys.readouterr().err


def assert_one_sentence(error: str) -> None:
    assert error.endswith(".\n") and error.count("\n") == 1, error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "COMMAND"),
        (("fly",), "fly"),
        (("denoise", "run"), "INPUT"),
        (("low-dose", "x", "--dose", "much", "--out", "o"), "much"),
        (("compare", "--reference", "a", "--images", "b", "--convention", "c"), "convention"),
    ],
)
def test_a_command_that_makes_no_sense_is_told_in_one_sentence(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], words: str
) -> None:
    code, error = told(capsys, *argv)
    assert code == 2 and words in error and "--help" in error
    assert_one_sentence(error)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("denoise", "nowhere", "scan", "--out", "o"), "nowhere"),
        (("denoise", "text.txt", "scan", "--out", "o"), "is not a checkpoint"),
        (("low-dose", "nowhere", "--dose", "0.25", "--out", "o"), "nowhere does not exist"),
        (("low-dose", "text.txt", "--dose", "0.25", "--out", "o"), "text.txt"),
        (("low-dose", "scan", "--dose", "0", "--out", "o"), "dose fraction"),
        (("low-dose", "scan", "--dose", "nan", "--out", "o"), "dose fraction"),
        (
            ("low-dose", "scan", "--dose", "0.5", "--dose", "25", "--out", "o"),
            "dose fraction is 25",
        ),
        (("low-dose", "scan", "--dose", "0.5", "--photons", "inf", "--out", "o"), "photons"),
        (("low-dose", "scan", "--dose", "0.5", "--seed", "-1", "--out", "o"), "seed"),
        (
            ("low-dose", "scan", "--dose", "0.5", "--calibrate", "--f50", "1", "--out", "o"),
            "--calibrate",
        ),
        (("low-dose", "scan", "--dose", "0.5", "--out", "kept"), "kept is not empty"),
        (("low-dose", "scan", "--dose", "0.5", "--out", "text.txt"), "text.txt is a file"),
        (
            ("low-dose", "scan", "--dose", "0.5", "--out", "scan", "--overwrite"),
            "scan holds the input",
        ),
        (("train", "--pairs", "scan", "--out", "o"), "low/"),
        (("train", "--pairs", "scan", "--out", "o", "--set", "epochs"), '"epochs" sets nothing'),
        (("train", "--pairs", "scan", "--out", "o", "--set", "epochs=NaN"), "epochs"),
        (("train", "--pairs", "scan", "--out", "o", "--set", "hue=1"), "hue does not exist"),
        (
            (
                "train",
                "--pairs",
                "pairs",
                "--out",
                "o",
                "--set",
                "layers=50",
                "--set",
                "filters=512",
            ),
            "layers",
        ),
        (("train", "--pairs", "pairs", "--out", "o", "--set", "filters=512"), "filters"),
        (("train", "--pairs", "scan", "--out", "o", "--resume"), "o holds no run"),
        (("compare", "--reference", "scan", "--images", "other"), "differ in size"),
        (("compare", "--reference", "nan.npy", "--images", "nan.npy"), "nan.npy"),
    ],
)
def test_bad_input_is_told_in_one_sentence_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_ct_series(tmp_path / "scan", disc_phantom(32, slices=2))
    write_ct_series(tmp_path / "other", disc_phantom(48, slices=2))
    (tmp_path / "text.txt").write_text("not a scan")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.doc").write_text("years of work")
    np.save(tmp_path / "nan.npy", np.full((32, 32), np.nan))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, error = told(capsys, *argv)
    assert code == 1 and words in error
    assert_one_sentence(error)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_export_names_the_networks_that_ship(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "nothing", "--onnx", str(tmp_path / "n.onnx")]) == 1
    assert "nothing is no run or checkpoint" in capsys.readouterr().err


def test_an_error_of_the_program_is_one_sentence_and_verbose_adds_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(args: object) -> None:
        raise ZeroDivisionError("in two\nlines")

    monkeypatch.setattr(cli.sample, "run", broken)
    code, error = told(capsys, "sample")
    assert code == 1 and "ZeroDivisionError: in two lines" in error
    assert_one_sentence(error)
    code, error = told(capsys, "sample", "--verbose")
    assert code == 1 and error.startswith("Traceback")


def test_a_full_disk_and_too_little_memory_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    for trouble, word in (
        (OSError(errno.ENOSPC, "No space left on device", "out.dcm"), "disk is full"),
        (MemoryError(), "memory"),
        (KeyboardInterrupt(), "Interrupted"),
    ):

        def troubled(args: object, trouble: BaseException = trouble) -> None:
            raise trouble

        monkeypatch.setattr(cli.sample, "run", troubled)
        code, error = told(capsys, "sample")
        assert code == 1 and word in error
        assert_one_sentence(error)


def test_a_training_beyond_what_this_machine_has_is_refused_before_it_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    highest = ("layers=30", "filters=256", "kernel_size=11", "batch=256", "patch=256")
    settings = [part for each in highest for part in ("--set", each)]
    out = tmp_path / "run"
    code, error = told(capsys, "train", "--pairs", tmp_path, "--out", out, *settings)
    assert code == 1 and "GB of memory" in error and not out.exists()
    assert_one_sentence(error)


@pytest.mark.parametrize(
    "command", ["serve", "sample", "fetch", "low-dose", "train", "denoise", "compare"]
)
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([command, "--help"])
    assert leaving.value.code == 0
    assert f"\n  ctdenoise {command} " in capsys.readouterr().out


def test_help_answers_at_once_because_torch_is_not_imported() -> None:
    program = (
        "import sys; from ctdenoise.cli import main\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'streamlit' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
