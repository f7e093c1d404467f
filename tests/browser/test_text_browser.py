"""Words of others, read by Streamlit's own Markdown in a real browser."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from foreign_text import HOSTILE, PIECES
from playwright.sync_api import Page, expect

from ctdenoise.ui.components.text import JOINER

pytestmark = pytest.mark.browser
DEMO = Path(__file__).parents[1] / "helpers" / "demo" / "words.py"


def test_the_browser_shows_words_of_others_as_they_are(
    page: Page, serve: Callable[..., str]
) -> None:
    draw = random.Random(3)
    words = [HOSTILE, *PIECES, *("".join(draw.choices(PIECES, k=4)) for _ in range(150))]
    words = list(dict.fromkeys(words))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(serve(DEMO, {"WORDS": json.dumps(words)}))
    expect(page.get_by_test_id("stCheckbox")).to_have_count(len(words))
    page.wait_for_timeout(1000)  # plugins for emoji and mathematics come late, where they come
    shown = page.get_by_test_id("stMarkdownContainer")
    told = [text.replace(JOINER, "") for text in shown.all_text_contents()]
    for number, text in enumerate(words):
        seen = " ".join(re.sub(r"[\x00\u202e\s]+", " ", text).split())
        assert told[2 * number : 2 * number + 2] == [f"|{seen}|"] * 2
    inside = "a, img, em, strong, del, code, svg, math, .katex, [role=img], span[style]"
    assert shown.locator(inside).count() == 0
    assert not any("example" in url for url in asked)
