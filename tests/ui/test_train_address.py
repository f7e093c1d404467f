"""The choices of Train, and of other pages, in their addresses."""

import pytest
from apptest import WORKSPACE, labelled, opened
from streamlit.testing.v1 import AppTest
from waiting import SECONDS

from ctdenoise.ui import menu, server
from ctdenoise.ui.train import link
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, runs_of

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_a_reload_and_a_change_of_page_find_the_whole_form(trained: Run, mine: Library) -> None:
    first = trained.pairs[0][1]
    mine.add_pair(mine.pair(first))
    app = opened("Train", preset="article", pair=first)
    app.session_state["train-branch"] = (trained.id, 1)
    labelled(app.slider, "Filters").set_value(8)
    labelled(app.text_input, "Name of the run").set_value("Mine").run()
    told = dict(app.query_params)
    branch = f"{trained.id}:1"
    assert told == {"preset": "article", "set": "filters=8", "pair": first, "name": "Mine",
                    "branch": branch}  # fmt: skip

    again = AppTest.from_file(
        str(server.SCRIPT), default_timeout=SECONDS
    )  # it has the address alone
    again.switch_page(str(menu.page("Train")))
    for parameter, value in told.items():
        again.query_params[parameter] = value
    again.run()
    again.switch_page(str(menu.page("Map"))).run()
    again.query_params.clear()  # as a click on the menu does
    again.switch_page(str(menu.page("Train"))).run()
    assert labelled(again.slider, "Filters").value == 8
    assert labelled(again.toggle, "Learn the noise").value is False
    assert labelled(again.multiselect, "Learn from").value == [(WORKSPACE, first)]
    assert labelled(again.text_input, "Name of the run").value == "Mine"
    assert any("epoch 1" in info.value for info in again.info)
    assert dict(again.query_params) == told

    elsewhere = opened("Map")  # reloaded on another page: a new session
    elsewhere.switch_page(str(menu.page("Train"))).run()
    assert dict(elsewhere.query_params) == told

    elsewhere = opened("Scans")
    new = mine.add_pair(mine.pair(first))  # brought since the reload: it is chosen, the rest kept
    elsewhere.switch_page(str(menu.page("Train"))).run()
    assert labelled(elsewhere.multiselect, "Learn from").value == [(WORKSPACE, new.id)]
    assert dict(elsewhere.query_params) == told | {"pair": new.id}

    app.switch_page(str(menu.page("Map"))).run()
    app.query_params.clear()
    app.query_params["preset"] = "recommended"  # Back to where all was different, or a link
    app.switch_page(str(menu.page("Train"))).run()
    assert labelled(app.slider, "Filters").value == 64
    assert labelled(app.text_input, "Name of the run").value == ""
    assert not any("epoch 1" in info.value for info in app.info)


def test_an_address_that_makes_no_sense_is_a_form_all_the_same(pair: PairRecord) -> None:
    branch = f"{pair.id}:{'9' * 5000}"  # more digits than Python reads as a number
    app = opened("Train", preset="article", branch=branch, pair="nothing")
    assert labelled(app.slider, "Filters").value == 64


def test_no_address_and_no_message_asks_for_a_network_beyond_the_limits(pair: PairRecord) -> None:
    app = AppTest.from_file(str(server.SCRIPT), default_timeout=SECONDS)
    app.switch_page(str(menu.page("Train")))
    app.query_params["set"] = ["layers=50", "filters=512"]
    app.run()
    for label, most in (("Layers", 30), ("Filters", 256)):
        slider = labelled(app.slider, label)
        assert slider.value <= slider.max <= most
        slider.set_value(512)  # which no slider says, but a program can
    app.run()
    assert not app.exception
    for button in (each for each in app.button if each.label == "Train" and not each.disabled):
        button.click().run()
    assert not app.exception
    assert all(run.config.layers <= 30 and run.config.filters <= 256 for run in runs_of(WORKSPACE))


def test_the_forms_of_many_visitors_do_not_pile_up(
    pair: PairRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "MOST_KEPT", 2)
    link._last.update({"ann": {"name": ["Ann's"]}, "ben": {"name": ["Ben's"]}})
    opened("Train")
    assert list(link._last) == ["ben", WORKSPACE]


def test_a_message_that_crossed_with_our_last_writing_takes_nothing_back(
    pair: PairRecord, mine: Library
) -> None:
    other = mine.add_pair(mine.pair(pair.id))
    app = opened("Look", pair=pair.id)
    app.selectbox[0].set_value((WORKSPACE, other.id)).run()
    app.query_params["pair"] = pair.id  # what the browser still had
    app.run()
    assert app.selectbox[0].value == (WORKSPACE, other.id)
    app.switch_page(str(menu.page("Start"))).run()
    app.query_params["pair"] = pair.id  # a link, now
    app.switch_page(str(menu.page("Look"))).run()
    assert app.selectbox[0].value == (WORKSPACE, pair.id)


def test_shares_and_factors_say_what_they_are(pair: PairRecord) -> None:
    def weighed(by: str) -> str:
        labelled(app.button_group, "Loss terms are weighed by").set_value(by).run()
        assert not app.exception
        return " ".join(each.value for each in (*app.caption, *app.info))

    app = opened("Train", preset="article-features")
    field = labelled(app.text_input, "Name of the run")
    assert field.placeholder == "6 × 64 direct, MSE + VGG features (block 3, layer 3)"
    told = " ".join(each.value for each in app.caption)
    assert "Loss = 0.01 × Mean squared error + 1 × VGG16 features." in told
    assert "Five in the article's text" in told and "64 × 64 in the article's text" in told
    assert "how much each one pulled is not known before training" in weighed("influence")
    assert labelled(app.slider, "VGG16 features").value == 99
    labelled(app.slider, "VGG16 features").set_value(0).run()
    assert "These numbers were" not in weighed("factor")
    assert labelled(app.number_input, "Mean squared error, factor").value == 1.0
    weighed("influence")
    assert labelled(app.slider, "Mean squared error").value == 100
