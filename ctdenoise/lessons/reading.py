"""Finding lessons, and reading one: every mistake in a sentence with its file, line and mend.

Those that ship lie in ``lessons/``, a teacher's own in ``CTDENOISE_HOME/lessons``; of two with the
same name the teacher's is taken.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ctdenoise.config.config import settings as known_settings
from ctdenoise.config.shipped import shipped
from ctdenoise.errors import Problem
from ctdenoise.lessons import mistakes, recipe, yaml_tree
from ctdenoise.lessons.model import Image, Lesson, Page, Sweep, Train, Viewer
from ctdenoise.settings import ROOT, settings
from ctdenoise.units import WINDOWS

FILE = "lesson.yaml"
LESSONS = ROOT / "lessons"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Found:
    """A lesson's folder, and the lesson, unless there are mistakes in it."""

    id: str
    folder: Path
    lesson: Lesson | None
    mistakes: tuple[Problem, ...] = ()


def lessons(pages: Collection[str] = ()) -> dict[str, Found]:
    """All lessons by their ids, those that ship first; damaged ones with their mistakes.

    ``pages``: those that a step may lead to; whichever where none are given.
    """
    folders: dict[str, Path] = {}
    for place in (LESSONS, settings().home / "lessons"):
        for file in sorted(place.glob(f"*/{FILE}")):
            if _ID.fullmatch(file.parent.name):
                folders[file.parent.name] = file.parent
    return {id: read(folder, pages) for id, folder in folders.items()}


def read(folder: Path, pages: Collection[str] = ()) -> Found:
    """The lesson in a folder, read anew only where its file has changed."""
    try:
        stat = (folder / FILE).stat()
    except OSError:
        lacks = Problem(folder.name, f"holds no {FILE}", "choose the folder of a lesson")
        return Found(folder.name, folder, None, (lacks,))
    return _read(folder, frozenset(pages), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _read(folder: Path, pages: frozenset[str], changed: int, size: int) -> Found:
    name = f"{folder.name}/{FILE}"
    try:
        with (folder / FILE).open("rb") as file:
            tree = yaml_tree.read(name, file.read(yaml_tree.MOST_BYTES + 1))
    except OSError as error:
        told = Problem(name, f"cannot be read ({error.strerror})", "check who may read it")
        return Found(folder.name, folder, None, (told,))
    except Problem as problem:
        return Found(folder.name, folder, None, (problem,))
    found = list(tree.mistakes)
    try:
        lesson = Lesson.model_validate(tree.value)
    except ValidationError as error:
        found += mistakes.told(name, tree, error.errors())
        return Found(folder.name, folder, None, tuple(found))
    for path, show in _shown(lesson):
        for reason, mend in _unknown(show, folder, pages):
            found.append(Problem(yaml_tree.at(name, tree.line(path)), reason, mend))
    return Found(folder.name, folder, None if found else lesson, tuple(found))


def _shown(lesson: Lesson) -> Iterator[tuple[yaml_tree.Path, Any]]:
    """Everything live, with where it stands in the file."""
    for i, chapter in enumerate(lesson.chapters):
        for j, step in enumerate(chapter.steps):
            place = ("chapters", i, "steps", j)
            yield (*place, "show"), step.show
            if step.reveal:
                yield (*place, "reveal", "show"), step.reveal.show
    for i, concept in enumerate(lesson.concepts):
        for name in ("show_before", "show_after"):
            yield ("concepts", i, name), getattr(concept, name)


def _unknown(show: Any, folder: Path, pages: Collection[str]) -> Iterator[tuple[str, str]]:
    """What something live names that there is not, each with its mend."""
    match show:
        case Viewer():
            if isinstance(show.window, str) and show.window not in WINDOWS:
                yield f"names the window {show.window}", f"choose one of {', '.join(WINDOWS)}"
            networks = shipped()
            for pane in show.panes:
                kind, _, name = pane.partition(":")
                if kind == "network" and name not in networks:
                    yield f"names the network {name}", f"choose one of {', '.join(networks)}"
        case Train():
            yield from _of_recipe(lambda: recipe.config(show))
            controls = [key for key in known_settings() if key != "loss.vgg_shares"]
            if show.control is not None and show.control not in controls:
                yield f"names the control {show.control}", f"choose one of {', '.join(controls)}"
        case Sweep():
            yield from _of_recipe(lambda: recipe.cells(show))
        case Page() if pages and show.page not in pages:
            yield f"names the page {show.page}", f"choose one of {', '.join(pages)}"
        case Image() if not (folder / show.file).is_file():
            yield f"names the file {show.file}, which is not in the folder", "copy it there"


def _of_recipe(make: Any) -> Iterator[tuple[str, str]]:
    try:
        make()
    except Problem as problem:
        subject = f"{problem.subject[:1].lower()}{problem.subject[1:]}"
        yield f"cannot be trained, since {subject} {problem.reason}", problem.hint
