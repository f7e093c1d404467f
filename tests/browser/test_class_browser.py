"""A class in three browsers: a teacher and two learners, from the new class to its export."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
SCREENS = ((1280, 720), (390, 844), (1280, 720))


@pytest.fixture
def three(browser: Browser) -> Iterator[list[Page]]:
    """The browsers of the teacher and of two learners, one of them on a phone."""
    contexts = [browser.new_context(viewport={"width": w, "height": h}) for w, h in SCREENS]
    for context in contexts:
        context.set_default_timeout(60_000)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def answer(page: Page, option: str) -> None:
    group = page.get_by_role("radiogroup", name="Your answer")
    group.get_by_text(option, exact=True).first.click()
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_text(f"Your answer: {option}.")).to_be_visible()


def test_a_class_joins_votes_twice_and_is_taken_home(three: list[Page], dashboard: str) -> None:
    teacher, ann, bob = three
    teacher.goto(f"{dashboard}/teach")
    teacher.get_by_label("Name of the class").fill("Residents")
    teacher.get_by_role("button", name="Make the class").click()
    code = teacher.get_by_test_id("class-code").inner_text()
    link = f"{dashboard}/class?code={code}"
    expect(teacher.get_by_text(link, exact=True)).to_be_visible()
    expect(teacher.get_by_alt_text("QR code of the link")).to_be_visible()
    teacher.get_by_role("button", name="Teacher's link").click()
    secret = "".join(teacher.get_by_text("key=").inner_text().split())
    assert parse_qs(urlsplit(secret).query)["code"] == [code]
    teacher.keyboard.press("Escape")

    for page, name in ((ann, "Ann"), (bob, "Bob")):
        page.goto(link)
        page.get_by_label("What may the class call you?").fill(name)
        page.get_by_role("button", name="Join").click()
        expect(page.get_by_text(f"You are {name}.")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(teacher.get_by_text("2 learners, 2 here now")).to_be_visible()
    assert "Ann" not in teacher.inner_text("body")  # a projector may show this

    teacher.get_by_role("radio", name="Vote").click()
    teacher.get_by_label("Or one of your own").fill("What does less dose make?")
    teacher.get_by_label("Its answers").fill("More noise\nLess noise")
    teacher.get_by_role("button", name="Ask this").click()
    answer(ann, "More noise")
    answer(bob, "Less noise")
    expect(teacher.get_by_text("2 of 2 learners have answered")).to_be_visible()
    expect(ann.locator(".bars")).to_have_count(0)
    teacher.get_by_role("button", name="Vote again").click()
    expect(bob.get_by_text("Discuss it with your neighbours")).to_be_visible()
    answer(bob, "More noise")
    expect(ann.get_by_text("Discuss it with your neighbours")).to_be_visible()
    expect(ann.get_by_text("Your answer:")).to_have_count(0)
    answer(ann, "More noise")
    teacher.get_by_role("button", name="Show the bars to all").click()
    for page in three:
        bars = page.locator(".bars")
        expect(bars).to_be_visible()
        told = re.findall(r"\d · \d+%", bars.inner_text())
        assert told == ["1 · 50%", "2 · 100%", "1 · 50%", "0 · 0%"]

    teacher.get_by_role("radio", name="The class").click()
    with teacher.expect_download() as download:
        teacher.get_by_role("link", name="With names (zip)").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as bundle:
        table = bundle.read("answers.csv").decode("utf-8-sig")
    told = [(r["Nickname"], r["Round"], r["Answer"]) for r in csv.DictReader(io.StringIO(table))]
    assert told == [
        ("Ann", "1", "More noise"), ("Bob", "1", "Less noise"),
        ("Bob", "2", "More noise"), ("Ann", "2", "More noise"),
    ]  # fmt: skip
    address = teacher.get_by_role("link", name="With names (zip)").get_attribute("href")
    assert address and ann.request.get(f"{dashboard}{address}").status == 404

    bob.goto(secret)
    expect(bob.get_by_test_id("class-code")).to_have_text(code)
    assert "key" not in bob.url
