import numpy as np
import pytest

from ctdenoise.config.events import Epoch
from ctdenoise.ui.components import charts


def epoch(number: int, error: float, **terms: float) -> Epoch:
    return Epoch(
        time=0,
        epoch=number,
        step=number * 10,
        train_seconds=number,
        terms=terms,
        validation_mse=error,
        low_mse=900,
        metrics={"psnr": 30, "ssim": 0.8},
        image=f"epoch_{number:04d}.tif",
        seconds_left=1,
    )


def test_curves_carry_their_images_colour_and_name_at_the_end() -> None:
    curve = charts.Curve("Full dose", [0, 1], [10, 20], "#123456", "dash")
    figure = charts.lines([curve], "Distance (mm)", "CT number (HU)")
    assert figure.data[0].line.color == "#123456"
    assert figure.data[0].line.dash == "dash"
    assert [(a.text, a.y) for a in figure.layout.annotations] == [("Full dose", 20)]
    assert figure.layout.xaxis.title.text == "Distance (mm)"


@pytest.mark.parametrize("log", [False, True])
def test_labels_of_curves_that_end_together_do_not_overlap(log: bool) -> None:
    curves = [charts.Curve(str(i), [0, 1], [1, 100 + i / 100], "#000000") for i in range(4)]
    figure = charts.lines(curves, "x", "y", log=log, height=300)
    heights = np.sort([a.y for a in figure.layout.annotations])
    pixels_a_unit = (300 - 64) / (2 if log else 99)
    assert (np.diff(heights) * pixels_a_unit > 14).all()


def test_learning_curve_shows_the_error_beside_that_of_the_low_dose() -> None:
    figure = charts.learning_curve([epoch(0, 900), epoch(1, 400)], "#000000", "#111111", "HU")
    assert list(figure.data[0].y) == [900, 400]
    assert list(figure.data[1].y) == [900, 900]
    assert figure.layout.yaxis.type == "log"
    assert "HU²" in figure.layout.yaxis.title.text


def test_terms_are_shown_relative_to_their_first_epoch() -> None:
    said = [epoch(0, 900), epoch(1, 800, mse=50, vgg=4), epoch(2, 700, mse=25, vgg=3)]
    figure = charts.term_curves(said)
    assert list(figure.data[0].y) == [100, 50]
    assert list(figure.data[1].y) == [100, 75]


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
