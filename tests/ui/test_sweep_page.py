"""The Sweep page without a browser: what it orders and what it shows."""

import json
from types import SimpleNamespace
from typing import cast

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened

from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.training.trainer import train
from ctdenoise.ui import menu
from ctdenoise.ui.components import tables
from ctdenoise.ui.sweep import _standing
from ctdenoise.workspace.database import State
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, runs_of

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_one_press_queues_the_whole_grid(pair: PairRecord, on_the_spot: OnTheSpot) -> None:
    app = opened("Sweep")
    labelled(app.button, "Train all 9").click().run()
    assert not app.exception
    runs = runs_of(WORKSPACE)[::-1]
    assert on_the_spot.launched == [run.id for run in runs]
    assert len({run.sweep for run in runs}) == 1
    weights = [(run.config.loss.texture, run.config.loss.vgg) for run in runs]
    assert weights == [(t, v) for t in (0, 200, 400) for v in (0, 200, 400)]
    assert {run.config.seed for run in runs} == {1}
    assert any("0 of 9 runs done" in bar.proto.text for bar in app.get("progress"))


def test_what_to_learn_from_stays_and_a_new_pair_is_chosen(pair: PairRecord, mine: Library) -> None:
    def comes_back() -> list[tuple[str, str]]:
        app.switch_page(str(menu.page("Start"))).run()
        app.switch_page(str(menu.page("Sweep"))).run()
        chosen: list[tuple[str, str]] = labelled(app.multiselect, "Learn from").value
        return chosen

    second = mine.add_pair(mine.pair(pair.id))
    app = opened("Sweep")
    labelled(app.multiselect, "Learn from").set_value([(WORKSPACE, second.id)]).run()
    assert comes_back() == [(WORKSPACE, second.id)]
    third = mine.add_pair(mine.pair(pair.id))
    assert comes_back() == [(WORKSPACE, third.id)]
    mine.remove(third.id)
    assert set(comes_back()) == {(WORKSPACE, pair.id), (WORKSPACE, second.id)}


def test_a_sweep_that_waits_can_be_stopped_and_says_so(pair: PairRecord) -> None:
    app = opened("Sweep")
    labelled(app.button, "Train all 9").click().run()
    assert any("as soon as the first run has begun" in info.value for info in app.info)
    labelled(app.button, "Stop the sweep").click().run()
    assert not app.exception and not any(run.live for run in runs_of(WORKSPACE))
    app.run()
    assert any("has made a picture. Stopped before its turn" in info.value for info in app.info)


def test_cells_have_a_picture_and_their_numbers(pair: PairRecord, mine: Library) -> None:
    app = opened("Sweep")
    labelled(app.selectbox, "The second weight").set_value("nothing else").run()
    labelled(app.button, "Train all 3").click().run()
    for run in runs_of(WORKSPACE):
        short = run.config.model_copy(
            update={"layers": 2, "filters": 4, "epochs": 1, "validation_patches": 4}
        )
        job = leases.take(run.id, "test")
        assert job
        ended = train(short, [mine.pair(pair.id)], run.folder)
        leases.end(job, "finished", 1.0, ended.sentence)
    app = opened("Sweep")
    table = app.dataframe[0].value
    assert list(table["Cell"]) == [f"Grain {v}" for v in (0, 200, 400)]
    assert (table["RMSE (HU)"] > 0).all()
    assert all(link.startswith("/watch?run=") for link in table["Open"])
    columns = json.loads(app.dataframe[0].proto.columns)
    assert sum(column.get("width", 0) for column in columns.values()) <= tables.ROOM


def test_a_sweep_tells_when_its_last_run_ends_and_who_shares_the_machine() -> None:
    def cell(id: str, state: State = "queued", owner: str = WORKSPACE) -> Run:
        job = queue.add(TRAIN, Train(), owner, id=id, expected=60.0)
        if state == "finished":
            held = leases.take(id, "w")
            assert held
            leases.end(held, "finished", 1.0, "", seconds=60.0)
        return cast(Run, SimpleNamespace(job=queue.job(job.id), live=state != "finished"))

    cells = [cell("a", "finished"), cell("b"), cell("c")]
    assert _standing(cells) == "1 of 3 runs done, the rest in about 2 min"
    cell("d", owner="bob")
    assert _standing(cells) == (
        "1 of 3 runs done, the rest in about 3 min. 2 people share this machine."
    )
