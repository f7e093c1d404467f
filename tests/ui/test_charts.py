import numpy as np

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
