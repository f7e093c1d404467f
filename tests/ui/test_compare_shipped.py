"""Compare with networks that ship, the article's last figure, and adapting to a scan."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from shipping import ships
from streamlit.testing.v1 import AppTest

from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.jobs import leases
from ctdenoise.training.trainer import train
from ctdenoise.ui import pictures
from ctdenoise.ui.compare import view
from ctdenoise.ui.components import panes
from ctdenoise.units import to_int16
from ctdenoise.workspace.library import Library, PairRecord, library_of
from ctdenoise.workspace.runs import Run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("on_the_spot")
FIGURE = "As in the article's last figure"


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ships"
    folder.mkdir()
    ships(folder, monkeypatch, "article", "optimised")


@pytest.fixture
def viewers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What every viewer of Compare was asked to show."""
    asked: list[dict[str, Any]] = []
    original = view.viewer

    def noting(shown: list[panes.Pane], **options: Any) -> view.ViewerState:
        asked.append({"panes": [pane.name for pane in shown], **options})
        return original(shown, **options)

    monkeypatch.setattr(view, "viewer", noting)
    return asked


def images(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Image"])


@pytest.mark.usefixtures("both")
def test_the_picture_of_a_network_that_ships_is_that_network(
    pair: PairRecord, mine: Library
) -> None:
    article = shipped.shipped()["article"]
    pane = panes.shipped(article, WORKSPACE, pair)
    low = np.array(mine.pair(pair.id).low[0, 2:3])
    expected = to_int16(Denoiser.load(shipped.file("article")).denoise(low)[0])
    assert not np.array_equal(expected, to_int16(low[0]))
    np.testing.assert_array_equal(pictures.load(pane.frames[2], WORKSPACE), expected)
    assert article.edition in pane.frames[2]


@pytest.mark.usefixtures("both")
def test_networks_that_ship_stand_beside_runs(trained: Run) -> None:
    app = opened("Compare")
    networks = labelled(app.multiselect, "Networks")
    assert networks.value == [trained.id]
    networks.set_value([trained.id, "shipped:optimised"]).run()
    assert not app.exception and not app.error
    assert images(app) == ["Low dose", "Gaussian 1.4 px", "First run", "The optimised network"]
    assert app.query_params["run"] == [trained.id, "shipped:optimised"]
    assert any("on whom it was trained" in each.value for each in app.caption)


@pytest.mark.usefixtures("both")
def test_networks_that_ship_never_saw_the_sample(pair: PairRecord, mine: Library) -> None:
    sample = library_of(SAMPLE).add_pair(mine.pair(pair.id))
    app = opened("Compare", pair=sample.id)
    captions = [each.value for each in app.caption]
    assert any("learned from none of the sample's patients" in each for each in captions)
    assert not any("on whom it was trained" in each for each in captions)


@pytest.mark.usefixtures("both", "pair")
def test_one_click_makes_the_articles_last_figure(viewers: list[dict[str, Any]]) -> None:
    app = opened("Compare")
    labelled(app.button, FIGURE).click().run()
    whole, enlarged = viewers[-2:]
    names = ["Low dose", "The article network", "The optimised network", "Full dose"]
    assert whole["panes"] == enlarged["panes"] == names
    assert "view" not in whole and enlarged["frame"] == whole["frame"]
    row, column, zoom = enlarged["view"]
    assert (row, column) == (32, 32) and zoom > 2  # the phantom lies in the middle
    assert "last" in app.query_params["figure"]

    linked = opened("Compare", figure="last")
    assert images(linked) == names[:-1] and viewers[-1]["view"] == enlarged["view"]
    labelled(linked.toggle, "Enlarged as well").set_value(False).run()
    assert not linked.query_params.get("figure") and "view" not in viewers[-1]
    assert images(linked) == names[:-1]


def test_without_the_two_networks_the_figure_is_not_offered(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ships").mkdir()
    ships(tmp_path / "ships", monkeypatch, "article")
    app = opened("Compare", figure="last")
    assert FIGURE not in [button.label for button in app.button]
    assert "do not ship" in app.warning[0].value


def learned(run: Run, mine: Library) -> None:
    """Let an adaptation that was started end after an epoch."""
    job = leases.take(run.id, "test")
    assert job
    short = run.config.model_copy(update={"time_budget_s": None, "epochs": 1})
    ended = train(short, [mine.pair(id) for _, id in run.pairs], run.folder, start=run.start)
    leases.end(job, "finished", 1.0, ended.sentence)


@pytest.mark.usefixtures("both")
def test_among_three_the_adapted_network_replaces_another_than_its_parent(
    trained: Run, mine: Library
) -> None:
    app = opened("Compare")
    three = ["shipped:optimised", "shipped:article", trained.id]
    labelled(app.multiselect, "Networks").set_value(three).run()
    next(button for button in app.button if button.key == "adapt-optimised").click().run()
    run = runs_of(WORKSPACE)[0]
    learned(run, mine)
    app.run()
    assert labelled(app.multiselect, "Networks").value == [three[0], three[2], run.id]


@pytest.mark.usefixtures("both")
def test_a_network_is_adapted_and_then_shown_beside_itself(
    pair: PairRecord, mine: Library, on_the_spot: OnTheSpot
) -> None:
    app = opened("Compare", run="shipped:optimised")
    labelled(app.slider, "Minutes").set_value(2).run()
    labelled(app.button, "Start").click().run()
    (run,) = runs_of(WORKSPACE)
    assert (run.parent, run.pairs) == ("shipped:optimised", ((WORKSPACE, pair.id),))
    assert run.config.time_budget_s == 120 and on_the_spot.launched == [run.id]
    assert any("waits for its turn" in each.value for each in app.info)
    assert "Start" not in [button.label for button in app.button]  # one at a time

    learned(run, mine)
    app.run()
    assert labelled(app.multiselect, "Networks").value == ["shipped:optimised", run.id]
    assert images(app)[-2:] == ["The optimised network", "The optimised network, adapted"]
    assert any("learned from other slices" in each.value for each in app.caption)
    assert not app.info or all("waits" not in each.value for each in app.info)
    watch = opened("Watch", run=run.id)
    assert any("The optimised network, which ships" in each.value for each in watch.caption)


def test_a_network_with_a_dial_is_not_adapted(
    pair: PairRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ships").mkdir()
    loss = Loss(texture=10, dial=("texture",))
    ships(tmp_path / "ships", monkeypatch, "dial", config=Config(layers=2, filters=4, loss=loss))
    app = opened("Compare", run="shipped:dial")
    assert images(app)[-1] == "The dial network"
    assert "Start" not in [button.label for button in app.button]
