"""The dashboard as a person meets it: start, page switch, and Train to the first picture.

Must hold on 2 cores: start to a usable first page at most 3 s, with torch not imported by the
server; a page switch at most 0.5 s; from pressing Train with the sample, engine warm, to the
first picture after at least 20 steps on screen at most 3 s.

    python benchmarks/dashboard.py [--rounds 5]
"""

import argparse
import re
import statistics
import time
from pathlib import Path

from _dashboard import launch, served
from playwright.sync_api import Page, expect, sync_playwright

TITLES = {
    "Look": "What does a lower dose do to the picture?",
    "Train": "Which network shall learn?",
    "Compare": "Which picture would you rather read?",
    "Scans": "Which scans shall we use?",
    "Start": "What does a network see in the noise?",
}


def usable(page: Page) -> None:
    """Wait until the first page shows its picture."""
    expect(page.get_by_role("heading", name=TITLES["Start"])).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("viewer-canvas-1")).to_be_visible(timeout=60_000)


def switch_times(page: Page) -> dict[str, float]:
    """Seconds from the click in the menu to the other page's title on screen."""
    times = {}
    for name, title in TITLES.items():
        begin = time.perf_counter()
        page.get_by_role("link", name=name, exact=True).first.click()
        page.get_by_role("heading", name=title).wait_for()
        times[name] = time.perf_counter() - begin
        page.wait_for_timeout(500)
    return times


def first_picture(page: Page, home: Path) -> tuple[float, int]:
    """Seconds from Train to a trained picture on screen, and the steps it had seen."""
    from ctdenoise.training import events

    page.get_by_role("link", name="Train", exact=True).first.click()
    button = page.get_by_role("button", name="Train", exact=True)
    button.wait_for()
    page.wait_for_timeout(3000)  # let the time estimate finish, as a person would read the page
    begin = time.perf_counter()
    button.click()
    # The scrubber follows the newest epoch: epoch 1 is the first picture after training steps.
    expect(page.get_by_test_id("viewer-frame-label")).to_have_text(
        re.compile("Epoch [1-9]"), timeout=60_000
    )
    expect(page.get_by_test_id("viewer-canvas-1")).not_to_have_attribute("width", "1")
    seconds = time.perf_counter() - begin
    run = max((home / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime)
    steps = next(e.step for e in events.read(run) if isinstance(e, events.Epoch) and e.epoch)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(3000)
    return seconds, steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with sync_playwright() as playwright, served() as dashboard:
        chromium = launch(playwright)
        assert chromium, "no Chromium: run `playwright install chromium`"
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.goto(dashboard.server.address)
        usable(page)
        print(
            f"start to a usable first page: "
            f"{time.perf_counter() - dashboard.server.started:.2f} s (bound 3)"
        )
        maps = Path(f"/proc/{dashboard.server.pid}/maps")
        if maps.exists():
            print(f"torch in the server's memory: {'libtorch' in maps.read_text()} (must be False)")
        rounds = [switch_times(page) for _ in range(options.rounds)]
        for name in TITLES:
            times = [each[name] for each in rounds]
            print(
                f"switch to {name}: median {statistics.median(times):.2f} s, "
                f"slowest {max(times):.2f} s (bound 0.5)"
            )
        times = [first_picture(page, dashboard.home) for _ in range(options.rounds)]
        seconds = [each for each, _ in times]
        print(
            f"Train to the first picture after {min(s for _, s in times)} steps: "
            f"median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s (bound 3)"
        )


if __name__ == "__main__":
    main()
