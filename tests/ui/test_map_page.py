"""The Map page without a browser: dots, the picture behind one, a name and a star."""

import pytest
from apptest import labelled, opened

from ctdenoise.workspace.runs import Run, find_run

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_the_newest_picture_is_shown_until_a_dot_is_clicked(trained: Run) -> None:
    app = opened("Map")
    assert app.get("plotly_chart")
    assert labelled(app.text_input, "Name").value == "First run"


def test_a_run_is_named_and_starred(trained: Run) -> None:
    app = opened("Map")
    labelled(app.text_input, "Name").set_value("My favourite").run()
    labelled(app.toggle, "Star").set_value(True).run()
    assert not app.exception
    run = find_run(trained.id)
    assert (run.name, run.starred) == ("My favourite", True)
