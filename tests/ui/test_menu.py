"""The way through the program: how pages are grouped, and how each leads on."""

from urllib.parse import parse_qs

import pytest
from apptest import opened

from ctdenoise.ui import menu
from ctdenoise.workspace.runs import Run

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_every_page_leads_to_one_that_there_is() -> None:
    assert set(menu.NEXT) == set(menu.ICONS)
    assert {page for page, _ in menu.NEXT.values()} <= set(menu.ICONS)
    assert list(menu.GROUPS[""]) == ["Start", "Learn", "Look", "Train", "Watch", "Compare"]


@pytest.mark.parametrize("name", ["Look", "Train", "Watch", "Compare", "Scans", "Map"])
def test_a_page_ends_with_the_way_on(name: str, trained: Run) -> None:
    way = opened(name).get("page_link")[-1].proto
    follows, sentence = menu.NEXT[name]
    assert way.label == f"**Next:** {sentence}" and way.page.endswith(follows.lower())
    brings = {"Look": {"pair": [trained.pairs[0][1]]}, "Watch": {"run": [trained.id]}}
    if name in brings:
        assert parse_qs(way.query_string) == brings[name]


def test_who_comes_new_finds_one_way_to_begin() -> None:
    first, *_ = opened("Start").get("page_link")
    assert first.proto.label.startswith("**Start here:**") and first.proto.page.endswith("look")
