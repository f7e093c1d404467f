"""Dragging in the viewer, measured in headless Chromium: `python benchmarks/viewer.py`.

The yardstick of script time is a plain loop in the same browser that does the arithmetic alone:
four pictures of 512 x 512 through a table of grey levels onto canvases, and for the dial two means
of four pictures before. It runs once a frame while the mouse moves over the page without a drag, in
turns with the drags, and its gaps between frames are the yardstick of ours.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from _bounds import beside, tell, verdict
from playwright.sync_api import Page, sync_playwright

BROWSER_TESTS = Path(__file__).resolve().parent.parent / "tests" / "helpers"
sys.path.insert(0, str(BROWSER_TESTS))
from serving import launch, server  # noqa: E402

MOVES = 120
ROUNDS = 3
DRAG = 2.4
"""1.5 to 1.7 measured: reading the event and drawing what lies over the pictures comes on top."""
TURN = 1.7
"""1.2 measured, 0.7 on a busy machine: mixing is nearly all of it."""
GAP = 2.5
"""Frames that fall out: one is no stutter (2 times the gap), two are."""

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


# The arithmetic alone in every frame, `means` pictures mixed of four first, while `probe.plain`.
PLAIN = """
(means) => {
  const size = 512 * 512, table = new Uint32Array(65536).fill(0xff808080);
  const ramp = (n) => Int16Array.from({ length: size }, (_, i) => (n * i) % 999);
  const pictures = [1, 2, 3, 4].map(ramp);
  const shown = pictures.map(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 512;
    const context = canvas.getContext("2d"), image = context.createImageData(512, 512);
    return { context, image, target: new Uint32Array(image.data.buffer) };
  });
  const frame = () => {
    if (!probe.plain) return;
    for (let m = 0; m < means; m++) {
      const sums = new Float32Array(size), mixed = new Int16Array(size);
      for (const values of pictures) for (let k = 0; k < size; k++) sums[k] += 0.25 * values[k];
      for (let k = 0; k < size; k++) mixed[k] = Math.floor(sums[k] + 0.5);
    }
    shown.forEach(({ context, image, target }, n) => {
      const values = pictures[n];
      for (let i = 0; i < size; i++) target[i] = table[values[i] & 0xffff];
      context.putImageData(image, 0, 0);
    });
    requestAnimationFrame(frame);
  };
  probe.plain = true;
  requestAnimationFrame(frame);
}
"""


@dataclass(frozen=True)
class Seen:
    """What the probe saw while the mouse moved, in seconds."""

    script: float
    """Median time of a move's script."""
    gap: float
    """95 % of the gaps between frames are shorter."""
    frames: int


def moving(page: Page, start: tuple[float, float], rows: int) -> Seen:
    """Move the mouse from ``start`` as a person drags, so many rows up and down."""
    page.evaluate("probe.moves = [], probe.gaps = [], probe.on = true")
    for step in range(MOVES):
        page.mouse.move(start[0] + step, start[1] + step % rows)
    page.evaluate("probe.on = false")
    moves, gaps = page.evaluate("[probe.moves, probe.gaps]")
    return Seen(median(moves) / 1000, quantiles(gaps, n=20)[-1] / 1000, len(moves))


def plain(page: Page, means: int) -> Seen:
    """The plain loop while the mouse moves over what is beside the pictures."""
    page.evaluate(PLAIN, means)
    page.wait_for_timeout(500)  # until it is compiled
    seen = moving(page, (2, 2), 3)
    page.evaluate("probe.plain = false")
    return seen


def in_turns(
    page: Page, start: tuple[float, float], rows: int, means: int
) -> tuple[list[Seen], list[Seen]]:
    """Drags from ``start`` and plain loops, one after the other; the first drag of all, while the
    browser still compiles, counts for nothing."""
    ours, yardstick = [], []
    for _ in range(ROUNDS + 1):
        yardstick.append(plain(page, means))
        page.mouse.move(*start)
        page.mouse.down()
        ours.append(moving(page, start, rows))
        page.mouse.up()
    return ours[1:], yardstick[1:]


def told(ours: list[Seen], yardstick: list[Seen], script: float, gap: float) -> None:
    """Drags beside the plain loops."""
    print(f"{sum(each.frames for each in ours)} drawn frames")
    beside("script time of a move", [each.script for each in ours],
           [each.script for each in yardstick], "plain loop", at_most=script)  # fmt: skip
    beside("gap between frames, 95 % under", [each.gap for each in ours],
           [each.gap for each in yardstick], "plain loop", at_most=gap)  # fmt: skip


def box(page: Page, pane: int) -> dict[str, float]:
    """Where a pane lies, in pixels of the page."""
    found = page.get_by_test_id(f"viewer-pane-{pane}").bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"]}


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
    start = area["x"] + 40, area["y"] + 60
    page.mouse.move(*start)
    page.mouse.down()
    sent.clear()
    moving(page, start, 40)
    during = sum(sent)
    page.mouse.up()
    print("A window drag over four 512x512 panes:")
    tell("bytes to the server while dragging", f"{during}", "none", during == 0)
    told(*in_turns(page, start, 40, 0), DRAG, GAP)


def dial(page: Page) -> None:
    """Turn a dial of two over four panes, one of them the difference of the mixed picture."""
    page.get_by_test_id("viewer-canvas-3").wait_for()
    page.wait_for_load_state("networkidle")
    pad = page.get_by_test_id("viewer-pad").bounding_box()
    assert pad is not None
    print("A dial of two, two panes mixed of four 512x512 pictures:")
    told(*in_turns(page, (pad["x"] + 2, pad["y"] + 2), 70, 2), TURN, GAP)


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
