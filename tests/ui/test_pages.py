"""Every page as its script runs, without a browser."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from streamlit.testing.v1 import AppTest
from waiting import SECONDS

from ctdenoise.config import events, run_folder
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.train import continue_run, launch
from ctdenoise.metrics.metric import METRICS, Metric
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import ROOT
from ctdenoise.ui import menu
from ctdenoise.ui.compare import view
from ctdenoise.ui.visitors import workspace_of
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, find_run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("on_the_spot")


@pytest.mark.parametrize("name", list(menu.ICONS))
def test_every_page_asks_a_question_even_when_there_is_nothing_yet(name: str) -> None:
    app = opened(name)
    assert app.title[0].value.endswith("?")
    assert not app.error


@pytest.mark.parametrize("name", list(menu.ICONS))
def test_without_a_cookie_there_is_one_sentence_and_nothing_is_made(
    name: str, home: Path, pair: PairRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdenoise.ui.session.workspace_of", workspace_of)
    before = sorted(str(file) for file in home.rglob("*"))
    app = opened(name)
    (told,) = app.error
    assert told.value.startswith("This browser keeps no cookie of this address")
    assert "allow cookies for this address" in told.value
    assert not (app.title or app.button or app.markdown)
    assert sorted(str(file) for file in home.rglob("*")) == before


def test_start_shows_the_first_pair_and_the_latest_runs(trained: Run) -> None:
    app = opened("Start")
    assert any("First run" in text.value for text in app.markdown)


def test_look_opens_the_pair_of_a_link(pair: PairRecord) -> None:
    app = opened("Look", pair=pair.id)
    assert app.selectbox[0].value == (WORKSPACE, pair.id)


def test_train_says_what_the_network_is_before_it_starts(pair: PairRecord) -> None:
    app = opened("Train")
    told = {metric.label: metric.value for metric in app.metric}
    assert told["Weights"] == "148,929"
    assert told["Sees around each pixel"] == "13 px"
    assert told["Time on this machine"] == "about 1 min 15 s"
    assert any("one patient" in warning.value for warning in app.warning)


def test_the_whole_form_is_one_link(pair: PairRecord) -> None:
    app = opened("Train")
    labelled(app.slider, "Layers").set_value(9).run()
    labelled(app.slider, "Grain (noise spectrum)").set_value(35).run()
    (shared,) = app.code
    query = parse_qs(urlsplit(shared.value).query)
    fresh = AppTest.from_file(str(ROOT / "ctdenoise" / "ui" / "main.py"), default_timeout=SECONDS)
    fresh.switch_page(str(menu.page("Train")))
    for name, values in query.items():
        fresh.query_params[name] = values
    fresh.run()
    assert labelled(fresh.slider, "Layers").value == 9
    assert labelled(fresh.slider, "Grain (noise spectrum)").value == 35
    assert not fresh.warning or all("link" not in each.value for each in fresh.warning)


def test_train_queues_a_run_with_the_chosen_settings(
    pair: PairRecord, on_the_spot: OnTheSpot
) -> None:
    app = opened("Train")
    labelled(app.slider, "Layers").set_value(4)
    labelled(app.slider, "VGG16 features").set_value(30)
    labelled(app.text_input, "Name of the run").set_value("Mine")
    app.run()
    labelled(app.button, "Train").click().run()
    (run,) = runs_of(WORKSPACE)
    assert (run.name, run.config.layers, run.config.loss.vgg) == ("Mine", 4, 30)
    assert run.pairs == ((WORKSPACE, pair.id),)
    assert on_the_spot.launched == [run.id]


def test_a_preset_sets_every_control(pair: PairRecord) -> None:
    app = opened("Train", preset="article")
    assert labelled(app.toggle, "Learn the noise").value is False
    assert labelled(app.number_input, "Batch (patches)").value == 32
    assert labelled(app.number_input, "Learning rate").value == 1e-4


def test_a_setting_that_cannot_be_used_is_told_in_a_sentence(pair: PairRecord) -> None:
    app = opened("Train")
    labelled(app.number_input, "Kernel size (pixels)").set_value(4).run()
    assert app.error[0].value.startswith("Kernel size cannot be used (must be odd")


def test_a_broken_link_falls_back_with_a_sentence(pair: PairRecord) -> None:
    app = opened("Train", set="layers=<script>")
    assert any("layers" in warning.value for warning in app.warning)
    assert labelled(app.slider, "Layers").value == 6


HIGHEST = {"layers": 30, "filters": 256, "kernel_size": 11, "batch": 256, "patch": 256}


def linked(assignments: dict[str, int]) -> AppTest:
    """Train, opened by a link with these settings."""
    app = AppTest.from_file(str(ROOT / "ctdenoise" / "ui" / "main.py"), default_timeout=SECONDS)
    app.switch_page(str(menu.page("Train")))
    app.query_params["set"] = [f"{key}={value}" for key, value in assignments.items()]
    return app.run()


def test_a_link_with_every_value_at_its_limit_is_refused_and_works_for_nothing(
    pair: PairRecord, on_the_spot: OnTheSpot
) -> None:
    app = linked(HIGHEST)
    assert not app.exception
    (told,) = app.error
    assert "These settings would take about" in told.value and "GB of memory" in told.value
    assert all(button.label != "Train" for button in app.button)
    assert queue.jobs_of(SAMPLE, "estimate") == []


def test_opening_a_link_measures_nothing_until_somebody_works_with_it(
    pair: PairRecord, on_the_spot: OnTheSpot
) -> None:
    app = linked({"layers": 9})
    told = {metric.label: metric.value for metric in app.metric}
    assert told["Time on this machine"].startswith("roughly ")
    assert queue.jobs_of(SAMPLE, "estimate") == []
    labelled(app.slider, "Layers").set_value(8).run()
    told = {metric.label: metric.value for metric in app.metric}
    assert told["Time on this machine"] == "about 1 min 15 s"


def test_what_stands_on_the_screen_holds(pair: PairRecord) -> None:
    """A browser once showed three layers and the server went on with four: their message was lost
    in those of the controls that were moved next."""
    app = opened("Train")
    labelled(app.slider, "Layers").set_value(4).run()
    key = labelled(app.slider, "Layers").key
    app.session_state[key] = 3  # the control's state without its callback
    app.run()
    assert labelled(app.slider, "Layers").value == 3
    assert "layers=3" in app.query_params["set"]
    labelled(app.slider, "Filters").set_value(8).run()
    assert {"layers=3", "filters=8"} <= set(app.query_params["set"])


def test_a_stride_is_explained(pair: PairRecord) -> None:
    app = opened("Train", set="stride=2")
    assert any("shrinks" in warning.value for warning in app.warning)


def test_watch_tells_of_a_collapse_and_names_what_ssim_depends_on(trained: Run) -> None:
    events.append(trained.folder, events.Notice(time=0, sentence="It has collapsed."))
    app = opened("Watch", run=trained.id)
    assert [each.value for each in app.warning] == ["It has collapsed."]
    told = " ".join(each.value for each in app.caption)
    assert "Gaussian windows (sigma 1.5) of 11 x 11 pixels" in told and "data range" in told


def test_watch_continues_a_run(trained: Run, on_the_spot: OnTheSpot) -> None:
    app = opened("Watch", run=trained.id)
    labelled(app.number_input, "More epochs").set_value(3)
    labelled(app.button, "Go on").click().run()
    again = find_run(trained.id)
    assert again.state == "queued"
    assert again.config.epochs == 5
    assert on_the_spot.launched == [trained.id]


def test_watch_tells_the_place_in_the_queue(pair: PairRecord, trained: Run) -> None:
    first = launch(WORKSPACE, "A", trained.config, [(WORKSPACE, pair.id)])
    second = launch(WORKSPACE, "B", trained.config, [(WORKSPACE, pair.id)])
    assert opened("Watch", run=first.id).get("progress")[0].proto.text == "Next in line."
    told = opened("Watch", run=second.id).get("progress")[0].proto.text
    assert told.startswith("Your turn comes after your own run A: first picture in about ")


def test_watch_tells_the_browser_the_new_name_of_a_run(trained: Run) -> None:
    app = opened("Watch", run=trained.id)
    labelled(app.text_input, "Name").set_value("Anna's best").run()
    box = labelled(app.selectbox, "Run")
    assert box.value == trained.id and box.options == ["Anna's best"]
    assert box.proto.set_value  # else the browser goes on with the old name, which means nothing


def test_watch_deletes_a_run_only_when_asked(trained: Run) -> None:
    app = opened("Watch", run=trained.id)
    assert trained.folder.exists()
    labelled(app.button, "Delete").click().run()
    assert runs_of(WORKSPACE) == []
    assert not trained.folder.exists()


def test_watch_survives_the_removal_of_its_scan(trained: Run, mine: Library) -> None:
    mine.remove(trained.pairs[0][1])
    app = opened("Watch", run=trained.id)
    assert not app.error
    assert app.get("bidi_component")  # pictures and figures


def test_compare_measures_every_image_against_the_full_dose(trained: Run) -> None:
    app = opened("Compare", run=trained.id)
    table = app.dataframe[0].value
    assert list(table["Image"]) == ["Low dose", "Gaussian 1.4 px", "First run"]
    assert table["RMSE (HU)"][0] == pytest.approx(40, rel=0.05)


def test_compare_of_a_run_that_learns_changes_no_picture_by_itself(trained: Run) -> None:
    continue_run(trained.id, 5)
    app = opened("Compare", run=trained.id)
    before = app.dataframe[0].value["RMSE (HU)"][2]
    shutil.copyfile(run_folder.file(trained.folder, 0), run_folder.file(trained.folder, 3))
    app.run()
    assert app.dataframe[0].value["RMSE (HU)"][2] == before
    labelled(app.button, "First run has learned on: show epoch 3").click().run()
    table = app.dataframe[0].value["RMSE (HU)"]
    assert table[2] == pytest.approx(table[0], abs=0.5)  # untrained: it changes nothing
    assert not any("learned on" in button.label for button in app.button)


def test_compare_averages_over_the_test_slices(trained: Run, mine: Library) -> None:
    full = np.zeros((4, 64, 64), np.float32)
    low = full + np.array([10, 20, 30, 40], np.float32).reshape(4, 1, 1)  # errors of 10 to 40 HU
    unseen = mine.add_pair(Pair("Unseen", low[None], full, None, np.arange(4.0), patient="Ben"))
    app = opened("Compare", run=trained.id, pair=unseen.id)
    assert app.dataframe[0].value["RMSE (HU)"][0] == pytest.approx(30)  # the middle slice
    every = labelled(app.button_group, "Figures of")
    every.set_value("Mean of 4 test slices").run()
    assert app.dataframe[0].value["RMSE (HU)"][0] == pytest.approx(25)
    assert any("Mean of 4 test slices against" in text.value for text in app.caption)


def test_a_region_leaves_with_its_figures(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    original, regions = view.viewer, [(10, 10, 8, 8), None, (20, 20, 8, 8)]

    def drawn(*panes: Any, **options: Any) -> view.ViewerState:
        return replace(original(*panes, **options), region=regions[0])

    monkeypatch.setattr(view, "viewer", drawn)
    first, without, second = [], [], []
    for told in (first, without, second):
        told += list(opened("Compare", run=trained.id).dataframe[0].value.items())
        regions.pop(0)
    assert [name for name, _ in without] == ["Image", "RMSE (HU)", "PSNR (dB)", "SSIM"]
    assert dict(first)["SD (HU)"][0] != dict(second)["SD (HU)"][0]


def test_runs_of_one_name_have_a_row_each(trained: Run, pair: PairRecord) -> None:
    other = launch(WORKSPACE, "Low dose", trained.config, [(WORKSPACE, pair.id)])
    shutil.copytree(trained.folder, other.folder, dirs_exist_ok=True)
    app = opened("Compare", run=trained.id)
    labelled(app.multiselect, "Networks").set_value([trained.id, other.id]).run()
    table = app.dataframe[0].value
    assert list(table["Image"]) == ["Low dose", "Gaussian 1.4 px", "First run", "Low dose"]
    assert table["RMSE (HU)"][2] == table["RMSE (HU)"][3] != table["RMSE (HU)"][0]


def test_images_without_a_patient_are_nobodys(trained: Run, mine: Library) -> None:
    full = np.zeros((6, 64, 64), np.float32)
    for patient, told in (("", False), ("p", True)):
        own = Pair("Own", full[None], full, None, np.arange(6.0), patient=patient)
        other = mine.add_pair(replace(own, name="Other"))
        run = launch(
            WORKSPACE, f"of {patient}", trained.config, [(WORKSPACE, mine.add_pair(own).id)]
        )
        shutil.copytree(trained.folder, run.folder, dirs_exist_ok=True)
        app = opened("Compare", run=run.id, pair=other.id)
        assert app.session_state["compare-pair"][1] == other.id
        assert any("other slices of this patient" in c.value for c in app.caption) == told


def test_compare_changes_the_convention(trained: Run) -> None:
    app = opened("Compare", run=trained.id)
    before = app.dataframe[0].value["PSNR (dB)"][0]
    labelled(app.selectbox, "PSNR and SSIM clipped to").set_value("full").run()
    after = app.dataframe[0].value["PSNR (dB)"][0]
    assert after == pytest.approx(before + 20.2, abs=3)  # 20 log10(4095 / 400), less what was cut


def test_compare_finds_a_new_metric(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    original = view.viewer

    def drawn(*panes: Any, **options: Any) -> view.ViewerState:
        """A person has drawn a region."""
        return replace(original(*panes, **options), region=(10, 10, 8, 8))

    monkeypatch.setattr(view, "viewer", drawn)
    bias = Metric("bias", "Bias", lambda image, reference: float((image - reference).mean()))
    top = Metric("top", "Top", lambda image, region: float(region.of(image).max()), "", "image")
    with METRICS.added(bias), METRICS.added(top):
        table = opened("Compare", run=trained.id).dataframe[0].value
    assert list(table) == ["Image", "RMSE (HU)", "PSNR (dB)", "SSIM", "Mean (HU)", "SD (HU)",
                           "Bias", "Top (HU)"]  # fmt: skip
    assert list(table["Image"])[-1] == "Full dose"  # it has a region, and nothing to compare with
    assert np.isnan(table["Bias"].iloc[-1]) and abs(table["Bias"][0]) < 5
    assert (table["Top (HU)"] >= table["Mean (HU)"]).all() and table["SD (HU)"][0] > 20


def test_scans_removes_only_what_is_ones_own(pair: PairRecord, mine: Library, home: Path) -> None:
    app = opened("Scans")
    labelled(app.button, "Remove").click().run()
    assert mine.pairs() == []


def test_a_link_chooses_the_pair_to_learn_from(pair: PairRecord, mine: Library) -> None:
    other = mine.add_pair(mine.pair(pair.id), matched="Again.")
    app = opened("Train", pair=pair.id)
    assert labelled(app.multiselect, "Learn from").value == [(WORKSPACE, pair.id)]
    assert other.id != pair.id


def test_renaming_ignores_spaces_and_never_takes_an_empty_name(
    pair: PairRecord, mine: Library
) -> None:
    app = opened("Scans")
    labelled(app.text_input, "Name").set_value("  Liver   phase ").run()
    assert mine.pairs()[0].name == "Liver phase"
    labelled(app.text_input, "Name").set_value("   ").run()
    assert mine.pairs()[0].name == "Liver phase"
    assert not app.error


def test_a_layer_that_cannot_be_had_is_told_before_the_run_starts(
    pair: PairRecord, on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(config: Config) -> float:
        raise Problem("The VGG16 layers of blocks 4 and 5", "could not be downloaded", "go online")

    monkeypatch.setattr("ctdenoise.training.estimate.estimate_seconds", unreachable)
    app = opened("Train")
    labelled(app.slider, "VGG16 features").set_value(30).run()
    labelled(app.pills, "VGG16 layers").set_value(["block5_conv1"]).run()
    labelled(app.button, "Train").click().run()
    assert any("could not be downloaded" in error.value for error in app.error)
    assert not runs_of(WORKSPACE) and not on_the_spot.launched
