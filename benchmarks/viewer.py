"""Dragging in the viewer, measured in headless Chromium: `python benchmarks/viewer.py`.

Prints each figure with its bound beside it and ends with exit code 1 where one is missed.
"""

import statistics
import sys
from pathlib import Path

from _bounds import tell, verdict
from playwright.sync_api import Page, sync_playwright

BROWSER_TESTS = Path(__file__).resolve().parent.parent / "tests" / "helpers"
sys.path.insert(0, str(BROWSER_TESTS))
from serving import launch, server  # noqa: E402

MOVES = 120

# Script time of one move: its event handlers (between a first and a last listener on the window)
# and the animation frame callbacks that they ask for. Frame gaps come from a loop of its own.
PROBE = """
() => {
  const probe = (window.probe = { handlers: 0, moves: [], gaps: [], on: false });
  let began = 0;
  const moved = (event) => probe.on && event.isTrusted;
  window.addEventListener("pointermove", (e) => { if (moved(e)) began = performance.now(); }, true);
  window.addEventListener("pointermove", (e) => {
    if (moved(e)) probe.handlers += performance.now() - began;
  });
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => ask((now) => {
    const start = performance.now();
    callback(now);
    if (!probe.on) return;
    probe.moves.push(performance.now() - start + probe.handlers);
    probe.handlers = 0;
  });
  let last = 0;
  const beat = (now) => {
    if (probe.on && last) probe.gaps.push(now - last);
    last = probe.on ? now : 0;
    ask(beat);
  };
  ask(beat);
}
"""


def box(page: Page, pane: int) -> dict[str, float]:
    found = page.get_by_test_id(f"viewer-pane-{pane}").bounding_box()
    assert found is not None
    return dict(found)


def window_drag(page: Page) -> None:
    """Drag over one of four linked panes; all four are redrawn at every step."""
    sent: list[int] = []
    page.on("websocket", lambda s: s.on("framesent", lambda frame: sent.append(len(frame))))
    page.on("request", lambda request: sent.append(len(request.url)))
    page.add_init_script(f"({PROBE})()")
    page.goto(page.url)
    page.get_by_test_id("viewer-canvas-3").wait_for()
    page.wait_for_timeout(4000)
    area = box(page, 1)
    page.mouse.move(area["x"] + 40, area["y"] + 60)
    page.mouse.down()
    sent.clear()
    page.evaluate("probe.on = true")
    for step in range(MOVES):
        page.mouse.move(area["x"] + 40 + step, area["y"] + 60 + step % 40)
    page.evaluate("probe.on = false")
    during = sum(sent)
    moves, gaps = page.evaluate("[probe.moves, probe.gaps]")
    page.mouse.up()
    print(f"{len(moves)} drawn frames of a window drag over four 512x512 panes")
    tell("bytes to the server while dragging", f"{during}", "none", during == 0)
    median = statistics.median(moves)
    tell("script time from pointer to four panes drawn, median", f"{median:.1f} ms",
         "at most 8 ms", median <= 8)  # fmt: skip
    tell("longest gap between two frames", f"{max(gaps):.0f} ms", "at most 50 ms", max(gaps) <= 50)


def dial(page: Page) -> None:
    """Turn a dial of two over four panes, one of them the difference of the mixed picture."""
    page.get_by_test_id("viewer-canvas-3").wait_for()
    page.wait_for_load_state("networkidle")
    pad = page.get_by_test_id("viewer-pad").bounding_box()
    assert pad is not None
    page.mouse.move(pad["x"] + 2, pad["y"] + 2)
    page.mouse.down()
    page.evaluate("probe.on = true")
    for step in range(MOVES):
        page.mouse.move(pad["x"] + 2 + step, pad["y"] + 2 + step % 70)
    page.evaluate("probe.on = false")
    moves, gaps = page.evaluate("[probe.moves, probe.gaps]")
    page.mouse.up()
    print(f"{len(moves)} drawn frames of two dials, each mixed of four 512x512 pictures, twice")
    tell("script time from pointer to the mixed pictures drawn, median",
         f"{statistics.median(moves):.1f} ms")  # fmt: skip
    slowest = max(gaps)
    tell("frames a second while the dial moves, slowest", f"{1000 / slowest:.0f}",
         "at least 10", slowest <= 100)  # fmt: skip


def main() -> int:
    demo = BROWSER_TESTS / "demo"
    with (
        sync_playwright() as playwright,
        server(demo / "app.py", {"PYTHONPATH": str(demo)}) as served,
    ):
        browser = launch(playwright)
        if browser is None:
            print("No Chromium was found: run `playwright install chromium`.", file=sys.stderr)
            return 2
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{served.address}/?panes=low,net,full,other&shape=512/512")
        window_drag(page)
        page.goto(f"{served.address}/?panes=low,dial,full,difference&shape=512/512")
        dial(page)
        browser.close()
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
