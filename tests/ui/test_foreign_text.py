"""Words of others on every page: whatever they hold, it is shown and does nothing."""

import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, opened
from foreign_text import HOSTILE, PIECES
from google.protobuf.message import Message
from markdown_it import MarkdownIt
from phantoms import disc_phantom
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Node

from ctdenoise.config import events
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds import denoise
from ctdenoise.lessons.model import Choice
from ctdenoise.scans.scan import Facts, Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.ui import menu
from ctdenoise.ui.components import charts
from ctdenoise.ui.components.text import JOINER, charted, plain
from ctdenoise.workspace import classes, votes
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.networks import NetworkRecord
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run, rename_run, star_run

pytestmark = pytest.mark.usefixtures("on_the_spot")

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False}).disable("text_join")
LOOKED_FOR = [
    r":material[/_]\w+:", r":streamlit:", r":[\w+-]+:", r":[a-z][\w-]*\[", r"https?://", r"www\.\w",
    r"\w@\w", r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
]  # fmt: skip
"""What is looked for once backslashes and entities are gone, so that these do not help."""


def shown(markdown: str) -> str:
    """The text of Markdown that is nothing but text."""
    (begin, inline, end) = MARKDOWN.parse(markdown) if markdown else [None, None, None]
    if inline is None:
        return ""
    assert begin and end and (begin.type, end.type) == ("paragraph_open", "paragraph_close")
    kinds = {token.type for token in inline.children or []}
    assert kinds <= {"text", "text_special"}, (markdown, kinds)
    return "".join(token.content for token in inline.children or [])


def test_whatever_is_put_together_is_shown_as_it_is() -> None:
    draw = random.Random(7)
    for _ in range(5000):
        text = "".join(draw.choices(PIECES, k=draw.randint(1, 6)))
        escaped = plain(text)
        told = shown(escaped)
        seen = re.sub(r"[\x00\u202e\s]+", " ", text).strip()
        assert told.replace(JOINER, "") == seen, text
        for each in LOOKED_FOR:
            assert not re.search(each, told), (each, told)
        assert not re.search(r"(?<!\\)\$", escaped), "no formula"
        for around in (f"**{escaped}**", f":small[{escaped}]") if seen else ():
            assert len(MARKDOWN.parse(around)) == 3


def test_names_that_hold_no_markup_stay_as_they_are() -> None:
    for name in ("Abdomen 3.0 B30f (12 slices, 25% dose)", "low/slice …", "-1024 HU", "3.5 mm, +1"):
        assert plain(name) == name


def test_our_folders_never_appear(monkeypatch: pytest.MonkeyPatch) -> None:
    home, workspace = settings().home, settings().workspaces / ("0123456789abcdef" * 2)
    for path in (
        home,
        workspace,
        workspace / "uploads" / ".making-1",
        workspace / "scans" / "x.npy",
    ):
        error = OSError(5, "Input/output error", str(path))
        for told in (plain(error), plain(Problem(str(path), "is gone", f"look into {home}"))):
            assert str(home) not in told and workspace.name not in told
    assert "x.npy" in told


def test_plotly_gets_text() -> None:
    assert charted("<a href='x'>$y$ %{z}") == "&lt;a href='x'&gt;&#36;y&#36; %&#123;z}"
    figure = charts.lines([charts.Curve(HOSTILE, [0, 1], [0, 1], "#000000")], HOSTILE, HOSTILE)
    figure.add_traces(
        charts.landscape(
            [charts.Trail("a", HOSTILE, [1.0], [1.0], "#000000", False)],
            [(HOSTILE, 1.0, 1.0)], [(1.0, 1.0)], HOSTILE,
        ).data
    )  # fmt: skip
    drawn = figure.to_json()
    assert "<b>" not in drawn and "$h$" not in drawn and drawn.count("&lt;b") >= 5


@pytest.fixture
def everything(trained: Run, mine: Library, on_the_spot: OnTheSpot) -> Run:
    """A scan, a pair, a network, a run and a result whose every word is hostile; the run."""
    facts = Facts(patient=HOSTILE, kernel=HOSTILE)
    values = disc_phantom(64, slices=3)
    for unit, spacing in (("HU", (1.0, 1.0)), (HOSTILE, (1.0, 1.0))):
        scan = Scan(HOSTILE, values, spacing, np.arange(3.0), np.zeros((3, 3)), unit=unit,
                    facts=facts)  # fmt: skip
        kept = mine.add_scan(scan, [])
        made = Pair(HOSTILE, values[None] + 1, values, spacing, np.arange(3.0), unit=unit,
                    patient=HOSTILE)  # fmt: skip
        mine.add_pair(made, matched=HOSTILE)
        method = ClassicalFilter(name=next(iter(FILTERS)), strength=1.0)
        denoise.start(WORKSPACE, Source(owner=WORKSPACE, kind="scan", id=kept.id), method)
    rename_run(trained.id, HOSTILE)
    star_run(trained.id, True)
    events.append(trained.folder, events.Notice(time=0.0, sentence=HOSTILE))
    taught, _ = classes.create(WORKSPACE, HOSTILE, "article")
    attended, _ = classes.create("f" * 32, HOSTILE, "article")
    classes.join(taught, "e" * 32, "Eve")
    classes.join(attended, WORKSPACE, "Wanda")
    asked = Choice(kind="choice", question=HOSTILE, options=(HOSTILE, f"{HOSTILE} 2"))
    for each in (taught, attended):
        votes.put(each.id, asked)
    folder = mine.root / "networks" / "0123456789ab"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(
        (trained.folder / "checkpoint.safetensors").read_bytes()
    )
    record = NetworkRecord(id=folder.name, name=HOSTILE, created=0.0, config=trained.config,
                           card={"unit": HOSTILE})  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())
    return trained


NO_MARKDOWN = {
    "options", "url", "id", "key", "default", "value", "json", "mixed_json", "spec", "json_args",
    "data", "query_string", "form_id", "raw_values", "set_value", "element_id", "page_script_hash",
    "columns", "placeholder", "js_content", "html_content", "css_content", "bytes", "file_name",
    "icon", "formatted_values", "code_text", "raw_value",
}  # fmt: skip
"""Fields of Streamlit's messages that are shown as they are, or not at all."""


def words(message: Message) -> Iterator[str]:
    """Every string of a message that the browser may read as Markdown."""
    for field, value in message.ListFields():
        if field.name in NO_MARKDOWN:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield from words(each)
            elif isinstance(each, str):
                yield f"{message.DESCRIPTOR.name}.{field.name}: {each}"


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Block):
        for child in node.children.values():
            yield from nodes(child)


def said(app: AppTest) -> list[str]:
    protos: list[Any] = [node.proto for node in nodes(app._tree) if getattr(node, "proto", None)]
    return [each for proto in protos for each in words(proto)]


@pytest.mark.parametrize("page", list(menu.ICONS))
def test_no_page_reads_them_as_markup(page: str, everything: Run) -> None:
    seen = 0
    for text in said(opened(page)):
        if "bolt" in text:  # a part of it that is in every way of writing it
            seen += 1
            left = text.replace(plain(HOSTILE), "")
            assert "bolt" not in left and "www" not in left, text
    silent = ("Look", "Train", "Sweep", "Features", "Dial", "Map", "Compare", "Mistakes")
    assert seen or page in silent
