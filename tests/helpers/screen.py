"""What stands on the screen, and the mouse on it: how tests look at the viewer and use it."""

import numpy as np
from playwright.sync_api import Locator, Page

from ctdenoise.ui import menu


def menu_entry(page: Page, name: str) -> Locator:
    """A page's entry in the menu, below the name of its group where it has one, which is opened."""
    group = next((group for group, pages in menu.GROUPS.items() if name in pages), "")
    if group:
        page.get_by_text(group, exact=True).first.click()
    return page.get_by_role("menuitem" if group else "link", name=name, exact=True).first


def choose_page(page: Page, name: str) -> None:
    """By the menu."""
    menu_entry(page, name).click()


def canvas(page: Page, pane: int = 0) -> np.ndarray:
    """Grey levels (rows, columns) as they stand on a canvas, in the stored image's pixels."""
    drawn = page.get_by_test_id(f"viewer-canvas-{pane}").evaluate(
        """canvas => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
            const {width, height} = canvas;
            const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
            done({width, height, grey: Array.from(data).filter((_, i) => i % 4 === 0)});
        })))"""
    )
    return np.array(drawn["grey"]).reshape(drawn["height"], drawn["width"])


def at(page: Page, pane: int, row: float, column: float) -> tuple[float, float]:
    """Position on screen of a stored pixel's centre, from the canvas as it lies there."""
    x, y = page.get_by_test_id(f"viewer-canvas-{pane}").evaluate(
        """(canvas, [row, column]) => {
            const box = canvas.parentElement.getBoundingClientRect();
            const turn = new DOMMatrix(getComputedStyle(canvas).transform);
            const point = turn.transformPoint(new DOMPoint(column + 0.5, row + 0.5));
            return [box.x + point.x, box.y + point.y];
        }""",
        [row, column],
    )
    return x, y


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for part in (0.3, 0.6, 1.0):
        page.mouse.move(*(a + part * (b - a) for a, b in zip(start, end, strict=True)))
    page.mouse.up()
