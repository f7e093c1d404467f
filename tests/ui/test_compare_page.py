"""What Compare opens with, what it says of the slices in view, and its table, without a browser."""

import json
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from apptest import WORKSPACE, labelled, opened
from phantoms import disc_phantom
from streamlit.testing.v1 import AppTest

from ctdenoise.config.config import Config
from ctdenoise.jobs.kinds.train import launch
from ctdenoise.scans.scan import Pair
from ctdenoise.training.trainer import train
from ctdenoise.ui import menu
from ctdenoise.ui.compare import view
from ctdenoise.ui.components import tables
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run

pytestmark = pytest.mark.usefixtures("on_the_spot")


def like(run: Run, name: str, pair: PairRecord) -> Run:
    """Another run that learned the same, from ``pair``."""
    other = launch(WORKSPACE, name, run.config, [(WORKSPACE, pair.id)])
    shutil.copytree(run.folder, other.folder, dirs_exist_ok=True)
    return other


def go(app: AppTest, name: str) -> None:
    """By the menu, which leaves the address behind."""
    app.switch_page(str(menu.page(name)))
    app.query_params.clear()
    app.run()
    assert not app.exception, app.exception


def noisy(name: str, patient: str, slices: int, unit: str = "HU", size: int = 64) -> Pair:
    """A phantom like nobody else's."""
    full = disc_phantom(size, slices=slices) + np.float32(len(name))
    low = full + np.random.default_rng(0).normal(0, 40, (1, *full.shape))
    return Pair(name, low.astype(np.float32), full, (0.7, 0.7), np.arange(float(slices)),
                patient=patient, unit=unit)  # fmt: skip


def test_compare_opens_with_the_newest_networks_until_a_person_chooses(
    trained: Run, pair: PairRecord, mine: Library
) -> None:
    other = like(trained, "Of other slices", mine.add_pair(noisy("Elsewhere", "", 6)))
    foreign = like(trained, "No HU", mine.add_pair(noisy("Own unit", "", 6, unit="")))
    second, third = (like(trained, name, pair) for name in ("Second", "Third"))

    def shown(app: AppTest) -> list[str]:
        chosen: list[str] = labelled(app.multiselect, "Networks").value
        return chosen

    app = opened("Compare", run=trained.id)  # the link says: beside others
    assert shown(app) == [trained.id, third.id, second.id]
    assert foreign.id not in labelled(app.multiselect, "Networks").options
    alone = opened("Compare", run=trained.id, pair=pair.id)  # the page's own address
    assert shown(alone) == [trained.id]

    app = opened("Compare")
    assert shown(app) == [third.id, second.id, trained.id]
    go(app, "Look")
    newest = like(trained, "Newest", pair)
    go(app, "Compare")  # nobody chose
    assert shown(app) == [newest.id, third.id, second.id]
    labelled(app.multiselect, "Networks").set_value([other.id]).run()
    go(app, "Look")
    like(trained, "Newer still", pair)
    go(app, "Compare")
    assert shown(app) == [other.id]


def test_a_run_split_by_patient_is_judged_on_the_test_patient(
    mine: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlays: list[Any] = []
    original = view.viewer

    def noting(*panes: Any, **options: Any) -> view.ViewerState:
        overlays.append(options["overlay"])
        return original(*panes, **options)

    monkeypatch.setattr(view, "viewer", noting)
    config = Config(layers=2, filters=4, epochs=1, steps_per_epoch=1, validation_patches=4,
                    patch=16)  # fmt: skip
    pairs = [noisy(f"Scan of {name}", name, 3) for name in ("Jo", "Ada", "Cleo")]
    records = [mine.add_pair(pair) for pair in pairs]
    run = launch(WORKSPACE, "First", config, [(WORKSPACE, record.id) for record in records])
    train(config, pairs, run.folder)
    division = view.panes.division(run)
    told = {
        division.test[0].pair: "The test patient: First never learned from these slices.",
        division.validation[0].pair: "The validation patient: First never learned",
        division.train[0].pair: "First learned from this slice",
    }
    assert len(told) == 3
    app = opened("Compare")
    assert app.session_state["compare-pair"] == (WORKSPACE, records[division.test[0].pair].id)
    for number, sentence in told.items():
        app.session_state["compare-pair"] = (WORKSPACE, records[number].id)
        app.run()
        captions = [each.value for each in app.caption if "First" in each.value]
        assert len(captions) == 1 and sentence in captions[0]
    assert "Outline what was learned from" not in [toggle.label for toggle in app.toggle]
    assert not any(overlays)

    two = noisy("Two slices", "Dan", 2, size=128)
    run = launch(WORKSPACE, "Banded", config, [(WORKSPACE, mine.add_pair(two).id)])
    train(config, [two], run.folder)
    app = opened("Compare", run=run.id)
    assert any("Banded learned from other parts of this slice" in c.value for c in app.caption)
    assert any("A new patient: First never learned" in c.value for c in app.caption)
    assert not overlays[-1]
    labelled(app.toggle, "Outline what was learned from").set_value(True).run()
    assert {band.label for band in overlays[-1]} == {"training", "validation", "test"}


def test_the_table_of_every_metric_shows_its_last_column(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = view.viewer

    def drawn(*panes: Any, **options: Any) -> view.ViewerState:
        state = original(*panes, **options)
        return replace(state, region=(10, 10, 8, 8), background=(30, 30, 8, 8))

    monkeypatch.setattr(view, "viewer", drawn)
    app = opened("Compare", run=trained.id)
    table = app.dataframe[0]
    columns = json.loads(table.proto.columns)
    assert set(table.value) <= set(columns) and "CNR" in columns
    assert sum(column.get("width", 0) for column in columns.values()) <= tables.ROOM
    assert "The smaller, the better" in columns["RMSE (HU)"]["help"]
    assert any("Pixel by pixel, " in each.value for each in app.markdown)
