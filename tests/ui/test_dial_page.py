"""The Dial page without a browser: ordering a network with a dial, and what is shown of it."""

from pathlib import Path

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from shipping import SMALL, ships

from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.config.presets import PRESETS
from ctdenoise.jobs import leases
from ctdenoise.jobs.kinds.train import launch
from ctdenoise.training.trainer import train
from ctdenoise.ui.components import panes
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, find_run, runs_of

pytestmark = pytest.mark.usefixtures("on_the_spot")


@pytest.fixture
def dialled(pair: PairRecord, mine: Library, on_the_spot: OnTheSpot) -> Run:
    config = Config(layers=2, filters=4, epochs=1, steps_per_epoch=3, validation_patches=4,
                    loss=Loss(texture=400, dial=("texture",)))  # fmt: skip
    run = launch(WORKSPACE, "My dial", config, [(WORKSPACE, pair.id)])
    job = leases.take(run.id, "test")
    assert job
    ended = train(config, [mine.pair(pair.id)], run.folder)
    leases.end(job, "finished", 1.0, ended.sentence)
    return find_run(run.id)


def test_one_press_trains_the_preset_with_the_chosen_terms(
    pair: PairRecord, on_the_spot: OnTheSpot
) -> None:
    app = opened("Dial")
    labelled(app.multiselect, "From squared error towards").set_value(["texture", "gradient"]).run()
    labelled(app.button, "Train").click().run()
    assert not app.exception
    (run,) = runs_of(WORKSPACE)
    assert on_the_spot.launched == [run.id]
    loss = run.config.loss
    assert loss.dial == ("texture", "gradient")
    assert loss.texture == loss.gradient > loss.mse > 0 and loss.vgg == 0
    assert run.config.batch == PRESETS["dial"].batch


def test_a_network_with_a_dial_is_shown_with_its_figures(dialled: Run) -> None:
    app = opened("Dial", run=dialled.id)
    assert not app.error
    names = list(app.dataframe[0].value["Image"])
    assert names == ["Low dose", "My dial at 0%"]


def test_the_dial_that_ships_is_there_before_anything_is_trained(
    pair: PairRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SMALL.model_copy(update={"loss": Loss(texture=10, dial=("texture",))})
    ships(tmp_path, monkeypatch, "dial", config=config)
    app = opened("Dial")
    assert not app.error
    assert labelled(app.selectbox, "Network").value == "shipped:dial"
    assert list(app.dataframe[0].value["Image"]) == ["Low dose", "The dial network at 0%"]
    assert any("tells on whom it was trained" in each.value for each in app.caption)


def test_a_turned_pane_is_that_setting(dialled: Run, pair: PairRecord) -> None:
    pane = panes.dialled(panes.network(dialled, 1, WORKSPACE, pair))
    assert all(frame.endswith("/{}") for frame in pane.frames)
    turned = panes.turned(pane, (0.25, 1.0))
    assert turned.frames[3].endswith("/3/0.25-1") and turned.name == "My dial at 25%, 100%"
    assert panes.turned(pane, (0.2371, 0.99)).frames == panes.turned(pane, (0.25, 1.0)).frames
    assert panes.turned(pane, (0.2371, 0.99)).name == "My dial at 25%, 100%"
