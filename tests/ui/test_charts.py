import numpy as np
import pytest

from ctdenoise.ui.components import charts


def test_curves_carry_their_images_colour_and_name_at_the_end() -> None:
    curve = charts.Curve("Full dose", [0, 1], [10, 20], "#123456", "dash")
    figure = charts.lines([curve], "Distance (mm)", "CT number (HU)")
    assert figure.data[0].line.color == "#123456"
    assert figure.data[0].line.dash == "dash"
    assert [(a.text, a.y) for a in figure.layout.annotations] == [("Full dose", 20)]
    assert figure.layout.xaxis.title.text == "Distance (mm)"


def test_labels_of_curves_that_end_together_do_not_overlap() -> None:
    curves = [charts.Curve(str(i), [0, 1], [1, 100 + i / 100], "#000000") for i in range(4)]
    figure = charts.lines(curves, "x", "y", height=300)
    heights = np.sort([a.y for a in figure.layout.annotations])
    pixels_a_unit = (300 - 64) / 99
    assert (np.diff(heights) * pixels_a_unit > 14).all()


def test_an_axis_of_a_few_whole_numbers_has_no_halves_and_no_title_is_cut() -> None:
    few = charts.lines([charts.Curve("a", [1, 2, 3], [1, 2, 3], "#000000")], "Slice", "SD (HU)")
    assert few.layout.xaxis.dtick == 1
    assert few.layout.xaxis.automargin and few.layout.yaxis.automargin
    for x in ([0, 0.5, 1], list(range(40))):
        other = charts.lines([charts.Curve("a", x, x, "#000000")], "Distance (mm)", "SD (HU)")
        assert other.layout.xaxis.dtick is None


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 1900, 180_000], ["10,000", "100,000"]),
        ([210.0, 320.0], ["250", "300"]),
        ([0.4, 3e7], ["1", "10,000"]),
        ([1683.0], ["1,600"]),
    ],
)
def test_a_logarithmic_axis_has_a_few_numbers_written_out(
    values: list[float], ticks: list[str]
) -> None:
    axis = charts.log_axis(values)
    shown = [tick.replace(",", "") for tick in axis["ticktext"]]
    assert [float(tick) for tick in shown] == pytest.approx(list(axis["tickvals"]))
    assert 1 <= len(shown) <= 6 and set(ticks) & set(axis["ticktext"])
    low, high = 10 ** np.array(axis["range"])
    assert all(low <= tick <= high for tick in axis["tickvals"])
    assert low < min(v for v in values if v) and max(values) < high


@pytest.mark.parametrize("furthest", [33.0, 900.0])
def test_labels_of_the_map_stay_inside_it_even_on_a_phone(furthest: float) -> None:
    names = ["Gaussian 0.5 px", "Gaussian 1 px", "Gaussian 1.4 px", "Low dose"]
    others = [
        (name, x, y) for name, x, y in zip(names, (30, 24, 12, 32), (1, 4, 9, 0), strict=True)
    ]
    trail = charts.Trail("a", "A run", [furthest, 14.0], [3.0, 2.0], "#000000", False)
    figure = charts.landscape([trail], others, [(14.0, 2.0)], "HU")
    low, high = figure.layout.xaxis.range
    bottom, top = figure.layout.yaxis.range
    wide, tall = 280, 440
    for name, x, y, side in zip(
        names, figure.data[1].x, figure.data[1].y, figure.data[1].textposition, strict=True
    ):
        place = wide * (np.log10(x) - low) / (high - low)
        reach = 7 * len(name)
        assert place - reach >= 0 if side.endswith("left") else place + reach <= wide
        above, below = (tall * abs(edge - y) / (top - bottom) for edge in (top, bottom))
        assert (above if side.startswith("top") else below) > charts.LABEL_PIXELS
