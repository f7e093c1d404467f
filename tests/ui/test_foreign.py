"""Links to what is somebody else's: on every page a sentence, and not the thing."""

from pathlib import Path

import pytest
from apptest import WORKSPACE, opened
from streamlit.testing.v1 import AppTest

from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.settings import settings
from ctdenoise.ui import menu
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.access import Thing
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run, create_run

pytestmark = pytest.mark.usefixtures("on_the_spot")
OTHER = "f" * 32
BELONGS = "belongs to another workspace, or was deleted"
LINKS = {
    "Look": ("pair",),
    "Train": ("pair",),
    "Watch": ("run",),
    "Compare": ("run", "pair"),
    "Scans": ("pair",),
    "Denoise": ("result",),
    "Sweep": ("sweep",),
    "Features": ("pair",),
    "Dial": ("run", "pair"),
    "Map": ("run", "sweep"),
}


@pytest.fixture
def theirs(trained: Run, mine: Library, pair: PairRecord) -> dict[str, str]:
    """A pair, a run of a sweep and a result of somebody else, by what links call them."""
    library = Library(settings().workspaces / OTHER)
    other = library.add_pair(mine.pair(pair.id), matched="Theirs.")
    run = create_run(OTHER, "Secret run", trained.config, [(OTHER, other.id)], sweep="5ec2e7")
    source = Source(owner=OTHER, kind="pair", id=other.id)
    result = start(OTHER, source, ClassicalFilter(name="gaussian", strength=1.0))
    return {"pair": other.id, "run": run.id, "sweep": "5ec2e7", "result": result.record.id}


def said(app: AppTest) -> str:
    return " | ".join(each.value for each in (*app.warning, *app.info, *app.error, *app.markdown))


@pytest.mark.parametrize(("page", "parameter"), [(p, each) for p in LINKS for each in LINKS[p]])
def test_a_link_shows_a_sentence_and_not_the_thing(
    page: str, parameter: str, theirs: dict[str, str]
) -> None:
    app = opened(page, **{parameter: theirs[parameter]})
    assert f"The {parameter} of this link {BELONGS}" in said(app)
    assert OTHER not in str(app) and "Secret" not in str(app)
    assert BELONGS not in said(opened(page))


def test_every_page_is_in_the_table_or_takes_no_link() -> None:
    assert set(menu.ICONS) - set(LINKS) <= {"Start", "Class", "Teach", "Learn", "Mistakes"}


def test_ones_own_and_what_is_gone_are_told_apart_from_what_is_shown(
    theirs: dict[str, str], trained: Run, home: Path
) -> None:
    assert BELONGS not in said(opened("Watch", run=trained.id))
    assert BELONGS in said(opened("Watch", run="0" * 12))
    lesson, _ = classes.create("tess", "A", "article")
    classes.join(lesson, OTHER, "Olga [O]")
    classes.join(lesson, WORKSPACE, "Me")
    things = [str(Thing(OTHER, kind, theirs[kind])) for kind in ("run", "pair")]
    shares.add(lesson.id, OTHER, "Look", things)
    app = opened("Watch", run=theirs["run"])
    assert "was shown to your class by Olga \\[O\\]: opened read-only" in said(app)
    assert "Secret run" in said(app) and not app.button  # neither stop nor continue nor delete
    app = opened("Look", pair=theirs["pair"])
    assert "was shown to your class by Olga \\[O\\]: look at it on the page Class" in said(app)
    assert OTHER not in str(app)
    classes.end(lesson.id)
    app = opened("Watch", run=theirs["run"])
    assert BELONGS in said(app) and "Secret run" not in str(app)
