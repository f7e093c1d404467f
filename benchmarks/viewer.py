"""Dragging in the viewer, measured in headless Chromium: `python benchmarks/viewer.py`.

Prints each figure with its bound beside it and ends with exit code 1 where one is missed.
"""

import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

BROWSER_TESTS = Path(__file__).resolve().parent.parent / "tests" / "browser"
sys.path.insert(0, str(BROWSER_TESTS))
from serving import launch, server  # noqa: E402

MOVES = 120
LINES = 7

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


def tell(name: str, value: float, bound: float, unit: str) -> bool:
    kept = value <= bound
    print(f"{name:58} {value:8.1f} {unit:5} (at most {bound:g}) {'ok' if kept else 'MISSED'}")
    return kept


def window_drag(page: Page) -> list[bool]:
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
    return [
        tell("Bytes to the server while dragging", during, 0, "bytes"),
        tell(
            "Script time from pointer to four panes drawn, median",
            statistics.median(moves),
            8,
            "ms",
        ),
        tell("Longest gap between two frames", max(gaps), 50, "ms"),
    ]


def line_drag(page: Page) -> list[bool]:
    """From letting go of a line until the Plotly chart shows it."""
    page.get_by_test_id("viewer-tool-line").click()
    area, waits = box(page, 0), []
    curve = "() => document.querySelector('.js-plotly-plot .js-line')?.getAttribute('d') ?? ''"
    for number in range(LINES):
        before = page.evaluate(curve)
        page.mouse.move(area["x"] + 30, area["y"] + 40 + 15 * number)
        page.mouse.down()
        page.mouse.move(area["x"] + 200, area["y"] + 60 + 15 * number, steps=4)
        start = time.perf_counter()
        page.mouse.up()
        page.wait_for_function(f"before => ({curve})() !== before", arg=before, polling="raf")
        waits.append(1000 * (time.perf_counter() - start))
        page.wait_for_timeout(500)
    # The first line also makes the chart and loads Plotly, once per visit.
    print(f"First chart, Plotly's own loading included: {waits[0]:.0f} ms")
    return [tell("Line let go to chart, median", statistics.median(waits[1:]), 250, "ms")]


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
        kept = window_drag(page) + line_drag(page)
        browser.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
