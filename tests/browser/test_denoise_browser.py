"""The Denoise page as a person uses it: a scan in, its noise out, the strength under the hand."""

import re
from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom, write_ct_series
from playwright.sync_api import Page, expect
from screen import canvas

pytestmark = pytest.mark.browser
SIZE, SLICES = 128, 5


def test_a_scan_is_denoised_and_mixed_under_the_hand(
    page: Page, dashboard: str, tmp_path: Path
) -> None:
    files = write_ct_series(tmp_path, disc_phantom(SIZE, slices=SLICES, noise=40))
    page.goto(f"{dashboard}/denoise")
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_role("combobox", name="Scan")).to_have_value(
        re.compile(rf"\({SLICES} slices\)")
    )
    page.get_by_role("combobox", name="Network or filter").click()
    page.get_by_role("option", name="Filter: Gaussian").click()
    expect(page.get_by_role("slider", name="Width (SD), px")).to_be_visible()
    page.get_by_role("button", name="Denoise", exact=True).click()
    expect(page.get_by_text(f"All {SLICES} slices are denoised.")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("viewer-canvas-2")).to_have_attribute("width", str(SIZE))
    expect(page.get_by_text("Anatomy shows in the removed noise")).to_be_visible()

    # A reload loses nothing, and from here on the server is not asked for pictures.
    page.reload()
    expect(page.get_by_test_id("viewer-canvas-2")).to_have_attribute("width", str(SIZE))
    page.wait_for_timeout(1500)
    before, after = canvas(page, 0), canvas(page, 1)
    assert np.abs(before - after).mean() > 3
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_test_id("viewer-dial-0").scroll_into_view_if_needed()
    dial = page.get_by_test_id("viewer-dial-0").bounding_box()
    assert dial
    height = dial["y"] + dial["height"] / 2
    page.mouse.move(dial["x"] + dial["width"] - 10, height)
    page.mouse.down()
    page.mouse.move(dial["x"] + dial["width"] / 2, height)
    page.wait_for_timeout(300)
    mixed = canvas(page, 1)
    assert not [url for url in asked if "/pixels/" in url]
    grey = (before > 5) & (before < 250) & (after > 5) & (after < 250)  # inside the window
    assert np.abs(mixed - (before + after) / 2)[grey].max() < 4
    page.mouse.up()
    expect(page.get_by_test_id("viewer-dial-value-0")).to_have_text(re.compile("^(49|50|51) %$"))
