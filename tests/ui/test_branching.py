"""Branch: from Watch over Train to a child that goes on."""

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened

from ctdenoise.scans.scan import Pair
from ctdenoise.ui import menu
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, runs_of

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_a_run_branches_from_a_chosen_epoch(trained: Run, on_the_spot: OnTheSpot) -> None:
    app = opened("Watch", run=trained.id)
    labelled(app.selectbox, "Epoch").set_value(1).run()
    labelled(app.button, "Choose its settings").click().run()
    assert not app.exception
    app.switch_page(str(menu.page("Train"))).run()
    assert any("First run" in info.value and "epoch 1" in info.value for info in app.info)
    labelled(app.slider, "Grain (noise spectrum)").set_value(40).run()
    labelled(app.button, "Train").click().run()
    assert not app.exception
    child = runs_of(WORKSPACE)[0]
    assert (child.parent, child.parent_epoch) == (trained.id, 1)
    assert child.config.loss.texture == 40 and child.config.layers == trained.config.layers
    assert child.start and child.start.exists()
    assert on_the_spot.launched == [child.id]
    reloaded = opened("Map")
    reloaded.switch_page(str(menu.page("Train"))).run()
    assert "branch" not in reloaded.query_params  # it has begun, and does not begin again by itself


def test_it_learns_from_its_parents_scans_whatever_is_chosen(trained: Run, mine: Library) -> None:
    other = Pair("MR", *(np.zeros((1, 3, 64, 64), np.float32), np.zeros((3, 64, 64), np.float32)),
                 None, np.arange(3.0), unit="")  # fmt: skip
    mine.add_pair(other)
    app = opened("Train")
    app.session_state["train-branch"] = (trained.id, 1)
    app.session_state["train-pairs"] = []
    app.run()
    assert not labelled(app.button, "Train").disabled
    assert any("blocks of slices" in text.value for text in (*app.info, *app.warning))


def test_another_network_cannot_go_on(trained: Run) -> None:
    app = opened("Train")
    app.session_state["train-branch"] = (trained.id, 1)
    app.run()
    labelled(app.button, "Train").click().run()
    assert any("is built otherwise" in error.value for error in app.error)
    assert len(runs_of(WORKSPACE)) == 1
