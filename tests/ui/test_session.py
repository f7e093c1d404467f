"""What one has just brought or made is chosen, whichever way one comes to a page."""

from dataclasses import replace

import pytest
from apptest import WORKSPACE, labelled, opened
from streamlit.testing.v1 import AppTest

from ctdenoise.ui import menu
from ctdenoise.workspace.library import Library, PairRecord

pytestmark = pytest.mark.usefixtures("on_the_spot")
CHOICES = {"Look": "Scan", "Compare": "Scan", "Denoise": "Scan"}


def go(app: AppTest, name: str) -> AppTest:
    """By the menu, which brings no pair along."""
    app.query_params.clear()
    app.switch_page(str(menu.page(name))).run()
    assert not app.exception, app.exception
    return app


def chosen(app: AppTest, page: str) -> str:
    return str(labelled(go(app, page).selectbox, CHOICES[page]).value[-1])


def test_a_new_pair_is_chosen_on_every_page_until_a_person_chooses(
    pair: PairRecord, mine: Library
) -> None:
    app = opened("Look")
    assert chosen(app, "Compare") == chosen(app, "Denoise") == pair.id
    assert labelled(go(app, "Train").multiselect, "Learn from").value == [(WORKSPACE, pair.id)]

    go(app, "Scans")
    new = mine.add_pair(replace(mine.pair(pair.id), name="New")).id
    assert {chosen(app, page) for page in CHOICES} == {new}
    assert labelled(go(app, "Train").multiselect, "Learn from").value == [(WORKSPACE, new)]

    go(app, "Look")
    labelled(app.selectbox, "Scan").set_value((WORKSPACE, pair.id)).run()
    labelled(go(app, "Train").multiselect, "Learn from").set_value([(WORKSPACE, pair.id)]).run()
    go(app, "Start")
    assert chosen(app, "Look") == pair.id
    assert labelled(go(app, "Train").multiselect, "Learn from").value == [(WORKSPACE, pair.id)]
