"""The page Mistakes without a browser: no reveal before an answer, and runs that are ordinary."""

from pathlib import Path

import numpy as np
import pytest
from apptest import COOKIES, WORKSPACE, OnTheSpot, labelled, opened
from samples import small_sample
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from ctdenoise.lessons import gallery
from ctdenoise.lessons.model import Answer
from ctdenoise.scans.sample import SERIES
from ctdenoise.settings import settings
from ctdenoise.ui import pictures, server
from ctdenoise.ui.gallery import view
from ctdenoise.workspace import answers
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("on_the_spot")
REVEAL = "##### What is to be seen"


@pytest.fixture(autouse=True)
def sample(home: Path) -> None:
    """Small stand-ins for the sample's pairs."""
    library = Library(settings().workspaces / SAMPLE)
    for number, series in enumerate(SERIES):
        library.add_pair(small_sample(number), id=series.pair)


def said(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*app.markdown, *app.success, *app.info])


def answer(app: AppTest, value: int | float) -> AppTest:
    (app.radio or app.slider)[0].set_value(value)
    labelled(app.button, "Answer, then see").click().run()
    assert not app.exception
    return app


def given(id: str) -> list[Answer]:
    found = answers.of_person(WORKSPACE, "gallery")
    return [each.value for each in found if each.step == id]


def test_nothing_is_revealed_before_an_answer() -> None:
    app = opened("Mistakes")
    first = gallery.entries()[0]
    assert app.query_params["mistake"] == first.id
    assert REVEAL not in said(app) and not [b for b in app.button if b.label == first.live.button]
    labelled(app.button, "Answer, then see").click().run()
    assert REVEAL not in said(app) and app.warning[0].value.startswith("Choose one")
    answer(app, 1)
    assert REVEAL in said(app) and "You expected: It is smoother" in said(app)
    assert f"{first.figures['right_rmse']:.2f} HU" in said(app)


def test_an_answer_stays_and_may_be_changed_and_both_are_kept() -> None:
    answer(opened("Mistakes", mistake="vgg-alone"), -3.0)
    app = opened("Mistakes", mistake="vgg-alone")
    assert "You expected: -3 HU. What was found: 8 HU." in said(app)
    labelled(app.button, "Answer again").click().run()
    assert REVEAL not in said(app)
    answer(app, 9.0)
    assert "You expected: 9 HU. So it is." in said(app)
    assert given("vgg-alone") == [-3.0, 9.0]


def test_pictures_of_the_reveal_are_not_sent_before_it() -> None:
    for entry in gallery.entries():
        before = {frame for pane in view.panes(entry, revealed=False) for frame in pane.frames}
        later = {each.picture for each in entry.pictures if each.later and not each.minus}
        assert not {frame.rpartition("/")[2] for frame in before} & later
        after = view.panes(entry, revealed=True)
        for shown, pane in zip(entry.pictures, after, strict=True):
            if shown.minus:
                assert pane.minus is not None
                assert after[pane.minus].frames[0].endswith(f"/{shown.minus}")


def test_everybody_may_see_a_prepared_picture_and_nothing_beside_it() -> None:
    client = TestClient(Starlette(routes=server.ROUTES), cookies=COOKIES)
    found = client.get(pictures.Prepared(entry="lesion", image="out-with").address)
    sent = np.frombuffer(found.content, "<i2").reshape(256, 256)
    assert (sent == gallery.picture("lesion", "out-with")).all()
    for wrong in ("lesion/nothing", "nothing/low", "..%2Flesion/low", "lesion/spacing"):
        assert client.get(f"/pixels/prepared/{wrong}").status_code == 404
    assert TestClient(Starlette(routes=server.ROUTES)).get(
        pictures.Prepared(entry="lesion", image="out-with").address
    ).status_code == 403  # fmt: skip


def test_the_button_starts_ordinary_runs_with_the_settings_that_were_prepared(
    on_the_spot: OnTheSpot,
) -> None:
    app = answer(opened("Mistakes", mistake="few-layers"), 2)
    labelled(app.button, "Train both").click().run()
    assert not app.exception and not app.error
    made = runs_of(WORKSPACE)[::-1]
    entry = gallery.entry("few-layers")
    assert [run.config for run in made] == [run.settings for run in entry.live.runs]
    assert [run.name for run in made] == ["Two layers", "Six layers"]
    assert {run.pairs for run in made} == {tuple((SAMPLE, each.pair) for each in SERIES)}
    assert on_the_spot.launched == [run.id for run in made]
    assert "**Two layers**" in said(app)
    labelled(app.button, "Train both").click().run()
    assert [run.name for run in runs_of(WORKSPACE)][:2] == ["Six layers, 2", "Two layers, 2"]


def test_one_patient_alone_is_learned_from_where_that_is_the_mistake() -> None:
    app = answer(opened("Mistakes", mistake="same-patient"), 2)
    labelled(app.button, "Train on the one patient").click().run()
    assert [run.pairs for run in runs_of(WORKSPACE)] == [((SAMPLE, SERIES[0].pair),)]


def test_a_scan_with_a_wrong_intercept_is_put_among_ones_own(mine: Library) -> None:
    app = answer(opened("Mistakes", mistake="wrong-intercept"), 2)
    labelled(app.button, "Put such a scan among mine").click().run()
    assert not app.exception and not app.error
    (record,) = mine.scans()
    pair = small_sample(0)
    assert np.allclose(mine.scan(record.id).values, pair.low[0] + 1024)
    assert app.get("page_link")[-2].proto.label == "See it on Denoise"


def test_a_disc_is_there_before_the_dose_is_lowered(mine: Library) -> None:
    app = answer(opened("Mistakes", mistake="lesion"), -20.0)
    labelled(app.button, "Put the disc into a pair of mine").click().run()
    assert not app.exception and not app.error
    (scan,), (made,) = mine.scans(), mine.pairs()
    assert made.full_scan == scan.id and made.dose_fraction == 0.05
    assert np.array_equal(mine.pair(made.id).full, mine.scan(scan.id).values)
    way = app.get("page_link")[-2].proto
    assert way.label == "See it on Compare" and f"pair={made.id}" in way.query_string


def test_the_way_leads_on_to_the_next_mistake() -> None:
    app = opened("Mistakes")
    second = gallery.entries()[1]
    labelled(app.button, f"Next mistake: {second.title}").click().run()
    assert app.query_params["mistake"] == second.id and second.sentences in said(app)
