"""The viewer in a real browser: what is drawn, what is told to Python, and what is not."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from demo.pictures import picture
from playwright.sync_api import Locator, Page, Route, expect
from screen import at, canvas, drag
from serving import ROOT

from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise import statistics
from ctdenoise.metrics.profile import line_profile
from ctdenoise.units import Window

pytestmark = pytest.mark.browser
COLUMNS = 128

OWN_UNITS = """
from pathlib import Path
import numpy as np, streamlit as st
from starlette.routing import Route
from streamlit.starlette import App
from ctdenoise.units import Window
from ctdenoise.ui import pictures
from ctdenoise.ui.viewer import Pane, viewer

async def serve(request):
    return pictures.answer(np.load(Path(__file__).with_name(request.path_params["file"])))

if __name__ == "__main__":
    st.set_page_config(layout="wide")
    files = {"low": None, "full": None, "low minus full": 1, "large": None}
    panes = [Pane(name, "#009E73", (f"/pixels/{name.split()[0]}.npy",), minus=minus)
             for name, minus in files.items()]
    st.text(f"state {viewer(panes, key='own', unit='', window=Window(0.5, 1.0))}")
else:
    app = App(__file__, routes=[Route("/pixels/{file}", serve)])
"""
"""A viewer over the float32 pictures beside it, each served as the product serves it."""


@pytest.fixture(scope="module")
def demo(serve: Callable[..., str]) -> str:
    folder = ROOT / "tests" / "helpers" / "demo"
    return serve(folder / "app.py", {"PYTHONPATH": str(folder)})


EVERY_SETTING_IS_HERE = """() => new Set(performance.getEntriesByType("resource")
    .map((each) => each.name).filter((name) => name.includes("/pixels/dial/"))).size === 5 * 5"""


def own_pictures() -> dict[str, np.ndarray]:
    """0 to 1 with noise of 0.02, another range, and values up to 60,000, float32."""
    ramp = np.linspace(0.2, 0.8, COLUMNS)[None] + np.zeros((96, 1))
    low = np.random.default_rng(0).normal(ramp, 0.02).astype(np.float32)
    return {"low": low, "full": (ramp * 1.5).astype(np.float32), "large": low * 60_000}


@pytest.fixture(scope="module")
def own(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("own")
    for name, values in own_pictures().items():
        np.save(folder / f"{name}.npy", values)
    script = folder / "app.py"
    script.write_text(OWN_UNITS)
    return serve(script)


def opened(page: Page, address: str, wait_for: int = 0) -> None:
    page.goto(address)
    expect(page.get_by_test_id(f"viewer-canvas-{wait_for}")).to_have_attribute(
        "width", str(COLUMNS)
    )


def greys(image: np.ndarray, window: Window) -> np.ndarray:
    return np.clip((image - window.lower) / window.width * 255, 0, 255)


def told(page: Page) -> Locator:
    return page.get_by_text(re.compile("^state "))


def test_grey_levels_are_those_of_the_window(page: Page, demo: str) -> None:
    opened(page, demo)
    for pane, kind in enumerate(["low", "net", "full"]):
        expected = greys(picture(kind), Window(0, 400))
        assert np.abs(canvas(page, pane) - expected).max() <= 0.51
    page.get_by_test_id("viewer-preset-bone").click()
    expected = greys(picture("full"), Window(480, 2500))
    assert np.abs(canvas(page, 2) - expected).max() <= 0.51
    expect(told(page)).to_contain_text("Window(level=480.0, width=2500.0)")
    page.get_by_test_id("viewer-width").fill("100")
    expected = greys(picture("full"), Window(480, 100))
    assert np.abs(canvas(page, 2) - expected).max() <= 0.51


def test_automatic_window_is_mean_and_three_sd(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-preset-auto").click()
    window = Window.automatic(picture("low").astype(np.float32))
    expect(page.get_by_test_id("viewer-preset-soft tissue")).to_have_attribute(
        "aria-pressed", "false"
    )
    for name, exact in (("level", window.level), ("width", window.width)):
        assert abs(float(page.get_by_test_id(f"viewer-{name}").input_value()) - exact) <= 0.5


def test_window_drag_redraws_every_pane_and_sends_nothing_before_release(
    page: Page, demo: str
) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.on("request", lambda request: sent.append(request.url))
    opened(page, demo)
    page.wait_for_timeout(1500)  # neighbours are fetched
    before = [canvas(page, pane) for pane in range(3)]
    sent.clear()
    page.mouse.move(*at(page, 1, 40, 40))
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(*at(page, 1, 40 + 2 * step, 40 + 4 * step))
        page.wait_for_timeout(20)
    for pane in range(3):
        assert np.abs(canvas(page, pane) - before[pane]).mean() > 5
    assert sent == []
    page.mouse.up()
    expect(told(page)).not_to_contain_text("Window(level=0, width=400)")
    assert len(sent) == 1


def test_values_under_the_pointer_in_all_panes(page: Page, demo: str) -> None:
    opened(page, demo)
    page.mouse.move(*at(page, 0, 40, 100))
    for pane, kind in enumerate(["low", "net", "full"]):
        value = str(picture(kind)[40, 100]).replace("-", "−")
        expect(page.get_by_test_id(f"viewer-value-{pane}")).to_have_text(f"{value} HU")


def test_upside_down_scan_is_turned_and_reported_as_stored(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?flipped=1")
    _, top = at(page, 0, 90, 64)
    _, bottom = at(page, 0, 10, 64)
    assert top < bottom  # stored last rows are the front of the patient
    marks = page.get_by_test_id("viewer-pane-0").locator(".mark")
    shown = {m.get_attribute("class"): m.inner_text() for m in marks.all()}
    assert shown == {"mark right": "L", "mark left": "R", "mark bottom": "P", "mark top": "A"}
    page.mouse.move(*at(page, 0, 10, 64))
    value = picture("full")[10, 64]
    expect(page.get_by_test_id("viewer-value-2")).to_have_text(f"{value} HU")


def test_line_gives_its_ends_on_release_and_a_chart_follows(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-tool-line").click()
    drag(page, at(page, 1, 20, 30), at(page, 1, 60, 110))
    expect(told(page)).to_contain_text("line=((")
    line = told(page).inner_text().split("line=")[1].split("region")[0]
    ends = [float(number) for number in re.findall(r"[\d.]+", line)]
    assert np.abs(np.array(ends) - [20, 30, 60, 110]).max() < 0.5
    expect(page.locator(".js-plotly-plot .trace")).to_have_count(3)
    points = page.get_by_test_id("viewer-curve-0").get_attribute("points") or ""
    heights = np.array([float(point.split(",")[1]) for point in points.split()])
    _, values = line_profile(picture("low"), (ends[0], ends[1]), (ends[2], ends[3]), (0.5, 0.5))
    assert len(heights) == len(values)
    # One scale for all: the drawn curve is the profile up to the axis, which points down.
    assert np.corrcoef(heights, values)[0, 1] < -0.999
    page.keyboard.press("Escape")
    expect(told(page)).to_contain_text("line=None")


def test_region_statistics_and_moving_it(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-tool-region").click()
    drag(page, at(page, 0, 19.5, 29.5), at(page, 0, 39.5, 69.5))
    expect(told(page)).to_contain_text("region=(20, 30, 20, 40)")
    for pane, kind in enumerate(["low", "net", "full"]):
        expected = statistics(picture(kind), Region(20, 30, 20, 40))
        text = f"{expected.mean:.1f} ± {expected.sd:.1f} HU"
        expect(page.get_by_test_id(f"viewer-region-{pane}")).to_have_text(text.replace("-", "−"))
    drag(page, at(page, 0, 30, 50), at(page, 0, 45, 55))
    expect(told(page)).to_contain_text("region=(35, 35, 20, 40)")
    drag(page, at(page, 0, 54.5, 74.5), at(page, 0, 64.5, 79.5))
    expect(told(page)).to_contain_text("region=(35, 35, 30, 45)")


def test_distance_in_mm(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-tool-distance").click()
    drag(page, at(page, 0, 20, 20), at(page, 0, 50, 60))
    label = page.get_by_test_id("viewer-pane-0").locator("text.label").text_content() or ""
    assert abs(float(label.removesuffix(" mm")) - 25.0) < 0.5  # 0.5 mm * hypot(30, 40)


def test_wheel_and_keys_change_the_frame_of_all_panes(page: Page, demo: str) -> None:
    opened(page, demo)
    page.mouse.move(*at(page, 0, 40, 40))
    page.mouse.wheel(0, 120)
    expect(page.get_by_test_id("viewer-frame-label")).to_have_text("Slice 2")
    expect(told(page)).to_contain_text("frame=1")
    for pane, kind in enumerate(["low", "net", "full"]):
        expected = greys(picture(kind, 1), Window(0, 400))
        assert np.abs(canvas(page, pane) - expected).max() <= 0.51
    page.get_by_test_id("viewer").focus()
    page.keyboard.press("End")
    expect(told(page)).to_contain_text("frame=3")
    page.keyboard.press("ArrowLeft")
    expect(told(page)).to_contain_text("frame=2")
    page.get_by_test_id("viewer-play").click()
    expect(page.get_by_test_id("viewer-frame-label")).to_have_text("Slice 4")
    expect(told(page)).to_contain_text("frame=3")


def test_a_view_begins_where_it_was_asked_to_and_a_reset_leads_there(page: Page, demo: str) -> None:
    def middle_and_scale() -> tuple[float, ...]:
        box = page.get_by_test_id("viewer-pane-1").bounding_box()
        assert box
        x, y = at(page, 1, 20, 90)
        beside, _ = at(page, 1, 20, 91)
        return x - box["x"] - box["width"] / 2, y - box["y"] - box["height"] / 2, beside - x

    opened(page, demo, 2)
    whole = middle_and_scale()
    opened(page, f"{demo}?enlarged", 2)
    asked = (0, 0, 4 * whole[2])
    assert middle_and_scale() == pytest.approx(asked, abs=1)
    page.get_by_test_id("viewer-pane-1").click()
    for _ in range(10):
        page.keyboard.press("-")
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    assert middle_and_scale() == pytest.approx(whole, abs=1)  # the whole picture is still to be had
    page.keyboard.press("r")
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    assert middle_and_scale() == pytest.approx(asked, abs=1)


def test_zoom_keeps_what_is_under_the_pointer(page: Page, demo: str) -> None:
    opened(page, demo)
    place = at(page, 0, 40, 100)
    page.mouse.move(*place)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_timeout(200)
    for pane in range(3):
        box, first = (page.get_by_test_id(f"viewer-pane-{i}").bounding_box() for i in (pane, 0))
        assert box and first
        x, y = at(page, pane, 40, 100)
        assert abs(x - box["x"] - (place[0] - first["x"])) < 1
        assert abs(y - place[1]) < 1
    assert abs(at(page, 0, 40, 101)[0] - place[0]) > 3  # more screen per pixel than before
    page.mouse.dblclick(*place)
    page.wait_for_timeout(200)
    assert at(page, 0, 40, 100) == pytest.approx(place, abs=0.5)


def test_difference_has_its_own_symmetric_window(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?panes=low,full,difference", 2)
    difference = picture("low") - picture("full")
    assert np.abs(canvas(page, 2) - greys(difference, Window(0, 200))).max() <= 0.51
    expect(page.get_by_test_id("viewer-window-2")).to_have_text("± 100")
    before = canvas(page, 0)
    drag(page, at(page, 2, 40, 40), at(page, 2, 40, 10))
    expect(page.get_by_test_id("viewer-window-2")).not_to_have_text("± 100")
    assert (canvas(page, 0) == before).all()


def test_failed_and_slow_pictures_say_so_and_leave_the_others(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?panes=low,broken,slow")
    expect(page.get_by_test_id("viewer-message-1")).to_contain_text(
        "run7 has no checkpoint: train it for one epoch."
    )
    slow = page.get_by_test_id("viewer-pane-2")
    expect(slow.get_by_role("status")).to_be_visible()
    expect(slow.get_by_role("status")).to_be_hidden()
    assert np.abs(canvas(page, 0) - greys(picture("low"), Window(0, 400))).max() <= 0.51


def test_curtain_shows_two_pictures_parted_by_a_handle(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-tool-curtain").click()
    expect(page.get_by_test_id("viewer-pane-1")).to_be_hidden()
    handle = page.get_by_role("slider", name="Curtain")
    box = handle.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, middle, (middle[0] - 200, middle[1]))
    part = int(handle.get_attribute("aria-valuenow") or 0)
    assert 20 < part < 40
    clip = page.get_by_test_id("viewer-pane-2").locator(".picture").get_attribute("style")
    assert clip is not None and re.search(rf"{part}\.?\d*%", clip)
    page.get_by_test_id("viewer-tool-curtain").click()
    expect(page.get_by_test_id("viewer-pane-1")).to_be_visible()


def test_magnifier_enlarges_the_same_place_in_every_pane(page: Page, demo: str) -> None:
    opened(page, demo)
    page.get_by_test_id("viewer-tool-magnifier").click()
    page.mouse.move(*at(page, 0, 40, 100))
    expect(page.locator("canvas.lens:visible")).to_have_count(3)
    for pane, lens in enumerate(page.locator("canvas.lens").all()):
        middle = lens.evaluate(
            "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
        )
        assert abs(middle - canvas(page, pane)[40, 100]) <= 3


SIZES = """() => {
    const parts = (name) => [...document.querySelectorAll("*")]
        .flatMap((each) => [...(each.shadowRoot?.querySelectorAll(name) ?? [])])
        .filter((each) => each.checkVisibility({ opacityProperty: true }));
    const box = (each) => each.getBoundingClientRect();
    const [root] = parts(".viewer"), frame = box(root);
    const clipped = (each) => each.closest(".area") && !each.matches(".area");
    const labels = parts(".name, .note, .value, .region, .window, .mark, .overlay .label, "
        + ".frame-label, .quantity, .preset, .tool, .dial > *")
        .filter((each) => each.textContent || each.matches("input, .tool"));
    const over = (p, q) => Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1
        && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1;
    const told = (each) => each.getAttribute("class") + " " + each.textContent;
    return {
        panes: parts(".area").map((each) => [box(each).width, box(each).height]),
        outside: parts("*").filter((each) => !clipped(each) && !each.closest(".help, svg")
            && (box(each).right > frame.right + 1 || box(each).left < frame.left - 1)).map(told),
        overlapping: labels.flatMap((p, i) => labels.slice(i + 1)
            .filter((q) => over(box(p), box(q))).map((q) => told(p) + " / " + told(q))),
        type: parseFloat(getComputedStyle(parts(".name")[0]).fontSize),
        buttons: parts(".tool, .preset").length,
    };
}"""
"""What is seen of the viewer: [width, height] of the panes, and what lies where it should not."""

LARGEST = {1: 600, 2: 600, 3: 420, 4: 315}
"""Screen pixels that so many square pictures are high at least, on a screen of 1280 x 720."""


def settle(page: Page) -> None:
    """The panes follow a change of size within some frames, however long those take."""
    page.wait_for_timeout(300)
    page.evaluate("""() => new Promise((done) => {
        let left = 6;
        const next = () => (left-- ? requestAnimationFrame(next) : done());
        next();
    })""")


@pytest.mark.parametrize("count", LARGEST)
def test_the_viewer_keeps_within_its_frame_and_fills_the_screen(
    page: Page, demo: str, count: int
) -> None:
    kinds = ["low", "full", "dial", "difference"][:count]
    opened(page, f"{demo}/?panes={','.join(kinds)}&shape=128/128&long=1&band=1&enlarged=1")
    page.get_by_test_id("viewer-tool-region").click()
    drag(page, at(page, 0, 18, 88), at(page, 0, 24, 94))
    expect(page.get_by_test_id("viewer-region-0")).to_contain_text("HU")
    for width in (390, 768, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 720})
        settle(page)
        page.get_by_test_id("viewer-pane-0").hover()
        seen = page.evaluate(SIZES)
        assert (width, seen["outside"], seen["overlapping"]) == (width, [], [])
    before = page.evaluate(SIZES)
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    settle(page)
    full = page.evaluate(SIZES)
    page.keyboard.press("s")
    page.keyboard.press("2")
    page.mouse.move(2, 2)
    page.wait_for_function(f"({SIZES})().buttons === 0")  # shown to a moving pointer alone
    presented = page.evaluate(SIZES)
    for seen in (full, presented):
        assert min(height for _, height in seen["panes"]) >= LARGEST[count] > before["panes"][0][1]
        assert (seen["outside"], seen["overlapping"]) == ([], [])
    assert full["buttons"] == before["buttons"] > presented["buttons"] == 0
    assert presented["type"] >= 20
    page.keyboard.press("Escape")
    page.wait_for_function("document.fullscreenElement === null")
    settle(page)
    after = page.evaluate(SIZES)
    assert after["panes"] == before["panes"] and after["type"] == before["type"]
    expect(told(page)).to_contain_text("Window(level=480.0, width=2500.0)")  # key 2 chose bone


def test_five_panes_fit_a_small_screen_without_scrolling_sideways(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?panes=low,net,full,other,difference&band=1", 4)
    boxes = [page.get_by_test_id(f"viewer-pane-{i}").bounding_box() for i in range(5)]
    assert all(box and box["width"] > 180 and box["x"] + box["width"] <= 1280 for box in boxes)
    assert len({round(box["y"]) for box in boxes if box}) == 1
    expect(page.get_by_test_id("viewer-pane-0").get_by_text("test")).to_be_visible()
    band = page.get_by_test_id("viewer-pane-0").locator("svg polygon").first
    expect(band).to_have_attribute("fill", "none")  # an outline: no grey below it changes


def test_own_units_are_drawn_read_and_subtracted_in_their_own_numbers(page: Page, own: str) -> None:
    opened(page, own, 3)
    images = own_pictures()
    low, full = images["low"], images["full"]
    page.mouse.move(*at(page, 0, 40, 100))
    for pane, exact in enumerate([low, full, low - full, images["large"]]):
        told = page.get_by_test_id(f"viewer-value-{pane}")
        expect(told).to_be_attached()
        value = float(told.inner_text().replace("−", "-"))
        assert value == pytest.approx(float(exact[40, 100]), abs=1e-4, rel=1e-4)
    for pane, exact in ((0, low), (1, full)):
        assert np.abs(canvas(page, pane) - greys(exact, Window(0.5, 1.0))).max() <= 0.6
    assert np.abs(canvas(page, 2) - greys(low - full, Window(0, 0.5))).max() <= 0.6
    page.get_by_test_id("viewer-tool-region").click()
    drag(page, at(page, 0, 9.5, 59.5), at(page, 0, 79.5, 61.5))
    for pane, exact in ((0, low), (2, low - full), (3, images["large"])):
        expected = statistics(exact, Region(10, 60, 70, 2))
        over = page.get_by_test_id(f"viewer-region-{pane}").inner_text().replace("−", "-")
        mean, sd = map(float, over.split(" ± "))
        assert mean == pytest.approx(expected.mean, rel=0.01)
        assert sd == pytest.approx(expected.sd, rel=0.01)


def test_the_window_of_own_units_is_finer_than_one_and_hu_windows_are_off(
    page: Page, own: str
) -> None:
    opened(page, own)
    expect(page.get_by_test_id("viewer-own-unit")).to_contain_text("not in HU")
    expect(page.get_by_test_id("viewer-preset-bone")).to_have_count(0)
    page.get_by_test_id("viewer-width").fill("0.25")
    low = own_pictures()["low"]
    assert np.abs(canvas(page) - greys(low, Window(0.5, 0.25))).max() <= 0.6
    page.get_by_test_id("viewer-preset-auto").click()
    expect(told(page)).not_to_contain_text("width=0.25")
    for name, exact in (("level", low.mean()), ("width", 6 * low.std())):
        shown = float(page.get_by_test_id(f"viewer-{name}").input_value())
        assert shown == pytest.approx(exact, abs=2e-4)


def test_in_hu_nothing_is_said_of_other_units(page: Page, demo: str) -> None:
    opened(page, demo)
    expect(page.get_by_test_id("viewer-own-unit")).to_have_count(0)


def test_turning_a_dial_mixes_the_pictures_beside_it_without_the_server(
    page: Page, demo: str
) -> None:
    held: list[Route] = []
    ends = re.compile(r"/[01]-[01]$")
    holding = [True]

    def serve(route: Route) -> None:
        if holding and not ends.search(route.request.url):
            held.append(route)
        else:
            route.continue_()

    page.route("**/pixels/dial/**", serve)
    opened(page, f"{demo}/?panes=dial,full,difference")
    for _ in range(1200):  # until the ends are here; what lies between them keeps us waiting
        if held:
            break
        page.wait_for_timeout(50)
    assert held
    page.get_by_test_id("viewer-dial-0").fill("0.5")
    page.mouse.move(*at(page, 0, 40, 60))
    expect(page.get_by_test_id("viewer-value-0")).to_have_text("≈ 200 HU")
    expect(page.locator(".waiting")).to_have_count(0)
    holding.clear()
    for route in held:
        route.continue_()
    expect(page.get_by_test_id("viewer-value-0")).to_have_text("200 HU")
    asked: list[str] = []
    page.wait_for_function(EVERY_SETTING_IS_HERE)
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_test_id("viewer-dial-0").fill("0.3")
    page.get_by_test_id("viewer-dial-1").fill("0.85")
    expect(told(page)).to_contain_text("dial=(0.3, 0.85)")
    page.mouse.move(*at(page, 0, 40, 60))
    mixed = 400 * 0.3 + 1000 * 0.3 * 0.85
    for pane, expected in ((0, mixed), (2, mixed - picture("full")[40, 60])):
        expect(page.get_by_test_id(f"viewer-value-{pane}")).to_have_text(f"{expected:.0f} HU")
    assert not [url for url in asked if "/pixels/dial/" in url]


def test_the_pad_turns_both_dials(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?panes=dial,full")
    box = page.get_by_test_id("viewer-pad").bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.75 * box["height"], steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("viewer-dial-value-0")).to_have_text("50 %")
    expect(page.get_by_test_id("viewer-dial-value-1")).to_have_text("25 %")
    expect(told(page)).to_contain_text("dial=(0.5, 0.25)")


def test_a_dial_takes_the_keys_of_a_slider(page: Page, demo: str) -> None:
    opened(page, f"{demo}/?panes=dial,full")
    page.get_by_test_id("viewer-dial-0").focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("viewer-dial-value-0")).to_have_text("100 %")
    page.keyboard.press("Home")
    expect(page.get_by_test_id("viewer-dial-value-0")).to_have_text("0 %")
