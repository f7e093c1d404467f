"""A teacher presents and a class follows, in real browsers: what one sees, all see."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import forget
from playwright.sync_api import Browser, BrowserContext, Page, expect
from screen import at, drag
from serving import ROOT, server

from ctdenoise.ui.visitors import COOKIE, device_of, new_cookie
from ctdenoise.workspace import classes

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, made_sample: Path) -> Iterator[Path]:
    """With the sample, for this process and the server."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(made_sample, folder / "workspaces", copy_function=os.link)
    patch = pytest.MonkeyPatch()
    patch.setenv("CTDENOISE_HOME", str(folder))
    patch.delenv("CTDENOISE_DATABASE", raising=False)
    forget()
    yield folder
    patch.undo()
    forget()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with server(ROOT / "app.py", {"CTDENOISE_HOME": str(home)}) as running:
        yield running.address
    end = "from ctdenoise.jobs.executor import executor; executor().shutdown()"
    environment = {"CTDENOISE_HOME": str(home)}
    subprocess.run([sys.executable, "-c", end], env=environment, check=True, timeout=60)


def person(browser: Browser, address: str, **size: int) -> tuple[BrowserContext, str]:
    """A browser with a cookie of ours, and the workspace that it opens."""
    view = {"width": 1280, "height": 720, **size}
    context = browser.new_context(viewport=view)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    cookie = new_cookie()
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    return context, device_of(cookie) or ""


DRAWN = """() => [...Array(3).keys()].map(pane => {
    const root = [...document.querySelectorAll("*")].map(each => each.shadowRoot).filter(Boolean);
    const canvas = root.map(each => each.querySelector(`[data-testid=viewer-canvas-${pane}]`))
        .find(Boolean);
    const {width, height} = canvas;
    let sum = 0;
    for (const value of canvas.getContext("2d").getImageData(0, 0, width, height).data)
        sum = (31 * sum + value) % 2147483647;
    return `${width} x ${height}: ${sum}`;
})"""
"""What stands on the canvases, in a few digits."""


def pictures(page: Page) -> list[str]:
    found: list[str] = page.evaluate(DRAWN)
    return found


def same(one: Page, other: Page) -> None:
    """Both show the same grey levels, as soon as they have had the time."""
    for _ in range(100):
        if pictures(one) == pictures(other):
            return
        one.wait_for_timeout(100)
    assert pictures(one) == pictures(other)


def test_a_class_sees_what_its_teacher_sees(browser: Browser, address: str, home: Path) -> None:
    (teachers, teacher), (learners, learner) = (person(browser, address) for _ in range(2))
    lesson, _ = classes.create(teacher, "Residents", "article")
    classes.join(lesson, learner, "Ann")
    leading, following = teachers.new_page(), learners.new_page()
    thrown: list[str] = []
    for each in (leading, following):
        each.on("pageerror", lambda error: thrown.append(str(error)))

    following.goto(f"{address}/look")
    expect(following.get_by_test_id("viewer-canvas-0")).to_have_attribute("width", re.compile("1"))
    leading.goto(f"{address}/look")
    leading.get_by_text("Present to the class").click()
    expect(following.get_by_test_id("notice")).to_contain_text("Your teacher presents: Look")
    following.get_by_test_id("notice-follow").click()
    expect(following.get_by_test_id("follow-status")).to_have_text("Following live")
    expect(following.get_by_test_id("viewer-canvas-2")).to_have_attribute("width", re.compile("1"))
    same(leading, following)

    first = pictures(leading)
    drag(leading, at(leading, 0, 200, 200), at(leading, 0, 260, 300))  # another window
    leading.mouse.wheel(0, 120)
    leading.mouse.wheel(0, 120)  # another slice
    leading.get_by_test_id("viewer-tool-line").click()
    drag(leading, at(leading, 1, 200, 150), at(leading, 1, 260, 300))
    leading.wait_for_timeout(300)
    same(leading, following)
    assert pictures(following)[0] != first[0]
    label = leading.get_by_test_id("viewer-frame-label").inner_text()
    expect(following.get_by_test_id("viewer-frame-label")).to_have_text(label)
    expect(following.get_by_test_id("viewer-curves")).to_be_visible()

    following.get_by_test_id("follow-button").click()
    leading.get_by_test_id("viewer-preset-bone").click()
    following.wait_for_timeout(500)
    assert pictures(leading)[0] != pictures(following)[0]
    following.get_by_test_id("follow-button").click()
    same(leading, following)

    leading.get_by_text("Present to the class").click()
    expect(following.get_by_test_id("follow-nothing")).to_be_visible()

    following.goto(f"{address}/look")
    following.get_by_test_id("viewer-preset-lung").click()
    following.get_by_test_id("viewer-show").click()
    expect(following.get_by_test_id("viewer-said")).to_have_text("Shown to your class")
    following.goto(f"{address}/class")
    leading.goto(f"{address}/teach")
    leading.get_by_text("Shown", exact=True).click()
    expect(leading.get_by_text("Ann", exact=True)).to_have_count(0)
    leading.get_by_text("Put on the projector").click()
    expect(leading.locator(".viewer.presenting")).to_be_visible()
    expect(following.get_by_test_id("viewer-level").first).to_have_value("-600")
    assert thrown == []
    teachers.close()
    learners.close()
