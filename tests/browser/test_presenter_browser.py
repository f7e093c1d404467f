"""A teacher presents and a class follows, in real browsers: what one sees, all see."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import forget
from playwright.sync_api import Browser, BrowserContext, Page, expect
from screen import at, drag
from serving import server

from ctdenoise.ui.visitors import COOKIE, device_of, new_cookie
from ctdenoise.workspace import classes

pytestmark = pytest.mark.browser
APP = """
import sys
import streamlit as st
from pathlib import Path
from ctdenoise.ui import menu, server
from ctdenoise.ui.classroom import presenting, sharing

if __name__ == "__main__":
    st.set_page_config(layout="wide")
    own, product = Path(__file__).with_name("class.py"), menu.page
    if product.__name__ != "page_here":
        def page_here(name):
            return own if name == "Class" else product(name)
        menu.page = page_here
    page = st.navigation(
        [st.Page(product("Look"), title="Look", url_path="look"),
         st.Page(product("Train"), title="Train", default=True),
         st.Page(own, title="Class", url_path="class")]
    )
    presenting.bar(page.title, page.url_path)
    page.run()
else:
    app = st.App(__file__, lifespan=server.lifespan, routes=server.ROUTES,
                 middleware=server.MIDDLEWARE)
"""
CLASS = """
import streamlit as st
from ctdenoise.ui.classroom import presenting, sharing
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import classes

teacher = classes.seat_of(workspace())[1].role == "teacher"
st.title("Class")
if not teacher:
    presenting.followed(height=380)
sharing.shown_list(teacher)
"""
"""Look of the product and a page of the class, without all else."""


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
def address(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    (folder / "class.py").write_text(CLASS)
    with server(folder / "app.py", {"CTDENOISE_HOME": str(home)}) as running:
        yield running.address


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
    assert thrown == []
    teachers.close()
    learners.close()
