"""The gallery of mistakes: every entry says what was measured, on the pictures that it shows."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from ctdenoise.config.presets import PRESETS
from ctdenoise.errors import Problem
from ctdenoise.lessons import gallery
from ctdenoise.lessons.gallery import ENTRY, FIGURES, FOLDER, PICTURES, picture
from ctdenoise.units import WINDOWS, Window

IDS = sorted(path.parent.name for path in FOLDER.glob(f"*/{ENTRY}"))
LIVER = slice(80, 140), slice(25, 95)
TISSUE, ALL = WINDOWS["soft tissue"], Window(1023.5, 4095)


def pixels(id: str, name: str) -> np.ndarray:
    return picture(id, name).astype(float)


def psnr(id: str, image: str, reference: str, window: Window) -> float:
    both = (np.clip(pixels(id, n), window.lower, window.upper) for n in (reference, image))
    return float(peak_signal_noise_ratio(*both, data_range=window.width))


def rmse(id: str, image: str, reference: str = "full") -> float:
    return float(np.sqrt(np.mean((pixels(id, image) - pixels(id, reference)) ** 2)))


def test_the_nine_mistakes_are_there_in_their_order_and_small() -> None:
    found = gallery.entries()
    assert [each.place for each in found] == list(range(1, 10)) and len(IDS) == 9
    assert sum(file.stat().st_size for file in FOLDER.glob("*/*")) < 3 * 2**20
    for each in found:
        with np.load(FOLDER / each.id / PICTURES) as held:
            shown = [held[name.picture] for name in each.pictures]
        assert {(image.dtype, image.shape) for image in shown} == {(np.dtype("i2"), (256, 256))}
        assert any(not name.later for name in each.pictures)


@pytest.mark.parametrize("id", IDS)
def test_every_number_that_was_measured_comes_from_the_figures(id: str) -> None:
    """So no text has a decimal number of its own."""
    text = (FOLDER / id / ENTRY).read_text(encoding="utf-8").partition("live:")[0]
    own = [word.strip(".,:;()") for word in gallery._PLACE.sub("", text).split()]
    assert [word for word in own if "." in word and word.replace(".", "").isdigit()] == []
    found = gallery.entry(id)
    told = [found.sentences, found.ask.question, found.seen, found.live.sentence]
    assert not set("{}") & set("".join([*told, *(p.name + p.note for p in found.pictures)]))


@pytest.mark.parametrize("id", [id for id in IDS if id not in ("wrong-intercept", "lesion")])
def test_errors_are_those_of_the_pictures(id: str) -> None:
    figures = gallery.entry(id).figures
    for name in {each.picture for each in gallery.entry(id).pictures} - {"full"}:
        told = name.replace("-", "_")
        assert rmse(id, name) == pytest.approx(figures[f"{told}_rmse"], abs=0.01)
        measured = psnr(id, name, "full", TISSUE)
        assert measured == pytest.approx(figures[f"{told}_psnr"], abs=0.01)


def test_the_same_pixels_have_twenty_decibels_more() -> None:
    entry = gallery.entry("flattering-metric")
    narrow, wide = (psnr(entry.id, "low", "full", window) for window in (TISSUE, ALL))
    assert wide - narrow == pytest.approx(20, abs=0.5)
    assert f"{narrow:.1f} dB" in entry.sentences and f"{wide:.1f} dB" in entry.sentences


def test_a_rate_too_high_leaves_the_low_dose() -> None:
    assert rmse("learning-rate", "wrong", "low") < 1
    figures = gallery.entry("learning-rate").figures
    assert figures["wrong_highest"] > figures["low_validation"] + 1
    assert figures["wrong_validation"] == pytest.approx(figures["low_validation"], abs=0.05)
    assert rmse("learning-rate", "right") < 0.8 * rmse("learning-rate", "wrong")


def test_what_is_known_by_heart_is_worse_than_the_low_dose_elsewhere() -> None:
    figures = gallery.entry("fixed-order").figures
    assert rmse("fixed-order", "wrong") > rmse("fixed-order", "low")
    assert figures["wrong_training"] < figures["right_training"] / 2


def test_who_knows_the_patient_is_flattered() -> None:
    figures = gallery.entry("same-patient").figures
    others = max(figures["wrong_heart_gain"], figures["wrong_chest_gain"])
    assert figures["wrong_gain"] > max(figures["right_gain"], others)
    assert rmse("same-patient", "wrong") < rmse("same-patient", "right")


def test_a_wrong_intercept_whitens_the_window_and_does_not_stop_the_network() -> None:
    id, figures = "wrong-intercept", gallery.entry("wrong-intercept").figures
    moved = pixels(id, "moved")
    assert (np.abs(moved - pixels(id, "low") - 1024) <= 1).all()  # each rounded by itself
    assert np.mean(moved >= TISSUE.upper) > 0.9
    error = np.sqrt(np.mean((pixels(id, "wrong") - 1024 - pixels(id, "full")) ** 2))
    assert error == pytest.approx(figures["back_wrong_rmse"], abs=0.01)
    assert error < 0.9 * rmse(id, "low")


def test_vgg_alone_shifts_the_ct_number() -> None:
    full = pixels("vgg-alone", "full")
    shift, kept = ((pixels("vgg-alone", name) - full)[LIVER].mean() for name in ("wrong", "right"))
    assert abs(shift) > 5 > 1 > abs(kept)
    assert gallery.entry("vgg-alone").ask.right == pytest.approx(shift, abs=0.51)


def test_few_layers_stop_half_way() -> None:
    low, wrong, right = (rmse("few-layers", name) for name in ("low", "wrong", "right"))
    assert 0.3 < (low - wrong) / (low - right) < 0.7


def test_noise_never_seen_is_left_in_the_picture() -> None:
    figures = gallery.entry("never-seen").figures
    assert figures["both_removed"] < figures["known_removed"] < figures["both_broad_removed"]
    assert figures["both_out_rmse"] > 2 * figures["known_low_rmse"]  # as the text says


def test_a_lesion_loses_most_of_its_contrast_while_psnr_rises() -> None:
    entry = gallery.entry("lesion")
    row, column = (round(entry.figures[name]) for name in ("row", "column"))
    inside = slice(row - 1, row + 2), slice(column - 1, column + 2)
    left = (pixels("lesion", "out-with") - pixels("lesion", "out-without"))[inside].mean()
    assert left == pytest.approx(entry.figures["out_contrast"], abs=2)
    assert abs(left) < abs(entry.figures["full_contrast"]) / 2
    before, after = (psnr("lesion", n, "full-with", TISSUE) for n in ("low-with", "out-with"))
    assert before == pytest.approx(entry.figures["low_psnr"], abs=0.01)
    assert after == pytest.approx(entry.figures["out_psnr"], abs=0.01)
    assert after > before + 5


def changed(id: str) -> list[dict[str, Any]]:
    usual = PRESETS["recommended"]
    runs = [run.settings for run in gallery.entry(id).live.runs]
    return [{n: v for n, v in each if v != getattr(usual, n)} for each in runs]


def test_runs_differ_from_the_recommended_ones_in_what_goes_wrong_alone() -> None:
    assert changed("learning-rate") == [{"learning_rate": 0.3}, {}]
    assert changed("few-layers") == [{"layers": 2}, {}]
    assert changed("fixed-order") == [{"patches": 8}, {}, {"patches": 80}]
    assert changed("same-patient") == changed("never-seen") == [{}]
    alone, usual = changed("vgg-alone")
    assert list(alone) == ["loss"] and not usual
    assert {name for name, weight in alone["loss"].terms.items() if weight} == {"vgg"}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A gallery with one entry, to be spoilt."""
    shutil.copytree(FOLDER / "few-layers", tmp_path / "few-layers")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("title:", "titel:", "has a mistake (title: Field required)"),
        ("place: 6", "place: six", "has a mistake (place: "),
        ("{wrong_sd:.1f}", "{sd:.1f}", "names a figure that was not measured (sd): choose one of"),
        ("{wrong_sd:.1f}", "{wrong_sd:.q}", "writes wrong_sd in a form that there is not (.q)"),
        ("picture: full,", "picture: best,", "shows a picture that there is not (best)"),
        ("layers: 2", "lairs: 2", "in its run Two layers (The setting lairs does not exist"),
        ("right: 2", "right: 9", "right is 9, but there are 3 options"),
        ("kind: choice", "kind: guess", "has a mistake (ask: "),
        ("sentences: >-", "sentences: [", "cannot be read (line "),
        ("role: full,", "role: fool,", "has a mistake (pictures.3.role: "),
        ("minus: wrong", "minus: other", "subtracts pictures that are not shown"),
    ],
)
def test_a_mistake_in_an_entry_is_told_in_a_sentence(
    broken: Path, old: str, new: str, sentence: str
) -> None:
    file = broken / "few-layers" / ENTRY
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Problem) as told:
        gallery.entry("few-layers", broken)
    assert sentence in str(told.value) and str(told.value).startswith("few-layers/entry.yaml ")


def test_pictures_and_figures_that_are_damaged_are_told(broken: Path) -> None:
    (broken / "few-layers" / PICTURES).write_bytes(b"PK")
    with pytest.raises(Problem, match="few-layers"):
        gallery.entry("few-layers", broken)
    with pytest.raises(Problem, match="few-layers"):
        gallery.picture("few-layers", "low", broken)
    (broken / "few-layers" / FIGURES).write_text("{", encoding="utf-8")
    with pytest.raises(Problem, match="few-layers"):
        gallery.entry("few-layers", broken)


@pytest.mark.parametrize("id", ["../secret", "few-layers/..", "nothing", "", "Few-layers"])
def test_what_is_no_entry_is_told_and_no_path_is_followed(id: str) -> None:
    for asked in (lambda: gallery.entry(id), lambda: gallery.picture(id, "low")):
        with pytest.raises(Problem):
            asked()
    with pytest.raises(Problem):
        gallery.picture("few-layers", "nothing")
