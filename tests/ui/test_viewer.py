"""The Python side of the viewer: what it hands over, what it believes of the answer."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ctdenoise.ui.components import palette
from ctdenoise.ui.viewer import Band, Pane, ViewerState, assets, viewer
from ctdenoise.ui.viewer.component import _state
from ctdenoise.units import Window

WINDOW = Window(40, 400)
PANE = Pane("Low dose", "#D55E00", ("/a", "/b", "/c"))


def page() -> None:
    import streamlit as st

    from ctdenoise.ui.viewer import Band, Pane, viewer
    from ctdenoise.units import Window

    state = viewer(
        [Pane("Low dose", "#D55E00", ("/a", "/b")), Pane("Map", "#0072B2", ("/a", "/b"), minus=0)],
        key="v",
        window=Window(40, 400),
        frame=1,
        overlay=[Band("test", (0, 10), "#009E73")],
    )
    st.text(state)


def test_before_anybody_touches_it_the_state_is_what_was_asked_for() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.text[0].value == str(ViewerState(1, None, None, None, WINDOW))


def test_everything_the_browser_reports_comes_back_typed() -> None:
    answer = {
        "frame": 2,
        "line": [1.5, 2, 3, 4.25],
        "region": [5, 6, 7, 8],
        "background": [1, 2, 3, 4],
        "window": [50, 350],
    }
    assert _state(answer, 0, 3, WINDOW) == ViewerState(
        2, ((1.5, 2.0), (3.0, 4.25)), (5, 6, 7, 8), (1, 2, 3, 4), Window(50, 350)
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"frame": "x", "line": [1, 2], "region": [0, 0, 0, 5], "window": [1]},
        {"frame": None, "line": "....", "region": [-1, 0, 5, 5], "window": [float("nan"), 1]},
        {"frame": [], "line": [1, 2, 3, float("inf")], "region": {}, "window": ["a", "b"]},
    ],
)
def test_nonsense_from_the_browser_is_ignored(answer: dict[str, object]) -> None:
    assert _state(answer, 1, 3, WINDOW) == ViewerState(1, None, None, None, WINDOW)


@pytest.mark.parametrize(("told", "kept"), [(-5, 0), (99, 2), (1.0, 1)])
def test_a_frame_that_is_not_there_becomes_the_nearest(told: float, kept: int) -> None:
    assert _state({"frame": told}, 0, 3, WINDOW).frame == kept


def test_a_window_has_at_least_a_width_of_one() -> None:
    assert _state({"window": [0, -3]}, 0, 1, WINDOW).window == Window(0, 1)


def test_the_view_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []

    def noting(*, data: list[dict[str, object]], **_: object) -> dict[str, object]:
        given.extend(data)
        return {}

    monkeypatch.setattr("ctdenoise.ui.viewer.component._component", noting)
    viewer([PANE], key="v", window=WINDOW, view=(10, 20.5, 3))
    viewer([PANE], key="w", window=WINDOW)
    assert [data["view"] for data in given] == [(10, 20.5, 3), None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"panes": []},
        {"panes": [Pane("Empty", "#000000", ())]},
        {"panes": [Pane("Map", "#000000", ("/a",), minus=1)]},
        {"tools": ["hammer"]},
        {"report": ["mouse"]},
    ],
)
def test_mistakes_of_a_page_are_refused(wrong: dict[str, object]) -> None:
    arguments = {"panes": [PANE], "key": "v", "window": WINDOW} | wrong
    with pytest.raises(ValueError):
        viewer(**arguments)  # type: ignore[arg-type]


def test_a_band_and_a_pane_are_plain_records() -> None:
    assert Band("test", (0, 10), "#009E73") == Band("test", (0, 10), "#009E73")
    assert PANE.minus is None and PANE.dash == "solid"


def _source(name: str) -> str:
    return (assets.HERE / f"{name}.js").read_text("utf-8")


def test_every_javascript_file_is_part_of_the_module_in_the_order_of_its_imports() -> None:
    assert {path.stem for path in assets.HERE.glob("*.js")} == set(assets.MODULES)
    for position, name in enumerate(assets.MODULES):
        imported = set(re.findall(r'from "\./(\w+)\.js"', _source(name)))
        assert imported <= set(assets.MODULES[:position]), name


def test_joined_modules_share_one_scope_without_clashes() -> None:
    names = re.findall(
        r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)",
        "\n".join(map(_source, assets.MODULES)),
        re.MULTILINE,
    )
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


def test_the_module_has_one_export_and_fetches_nothing_from_elsewhere() -> None:
    joined = assets.javascript()
    assert re.findall(r"^(?:import|export).*", joined, re.MULTILINE) == [
        "export default function (component) {"
    ]
    everything = joined + assets.css() + assets.html()
    addresses = set(re.findall(r"https?://[^\s\"')]+", everything))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert "@import" not in assets.css() and "url(" not in assets.css()


def test_files_are_small() -> None:
    for path in Path(assets.HERE).iterdir():
        if path.suffix in (".js", ".py"):
            lines = len(path.read_text("utf-8").splitlines())
            assert lines <= 420, f"{path.name} has {lines} lines"


def test_styles_stay_apart_without_colour() -> None:
    shipped = list(palette.SHIPPED.values())
    styles = [palette.LOW, palette.FULL, palette.GAUSSIAN, palette.NETWORK, *palette.RUNS, *shipped]
    assert len({(style.color, style.dash) for style in styles}) == len(styles)
    for style in styles:
        assert re.fullmatch(r"#[0-9A-F]{6}", style.color)
        assert style.dash in {"solid", "dot", "dash", "dashdot", "longdash", "longdashdot"}
    # What is always seen together differs in dash as well as in colour.
    together = [palette.LOW, palette.FULL, palette.GAUSSIAN, *palette.RUNS[:3]]
    assert len({style.dash for style in together}) == len({s.color for s in together}) == 6
