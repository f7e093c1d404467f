"""What was removed, in numbers: noise slice by slice, anatomy in it, shifts of the CT number."""

import pyarrow as pa
import streamlit as st

from ctdenoise.metrics.residue import WARNING, sentence
from ctdenoise.metrics.tissue import NOTABLE, Shift, pooled
from ctdenoise.ui.components import charts, palette
from ctdenoise.ui.components.text import plain
from ctdenoise.units import counted
from ctdenoise.workspace.results import Result, SliceFigures


def show(result: Result, look: palette.Style, frame: int, mix: float) -> None:
    """Of the slice in view and of all finished slices, for the output mixed in by ``mix``;
    ``look``: the output's colour and dash."""
    figures = result.figures
    if frame in figures:
        _anatomy(figures, frame, mix)
    noise, shifts = st.columns([3, 2], gap="medium")
    with noise:
        st.markdown("##### Noise, slice by slice")
        _noise(result, look, frame, mix)
    with shifts:
        st.markdown("##### Shift of the CT number")
        if result.record.unit != "HU":
            st.info(
                "This scan is not in HU: CT numbers of tissues are off.", icon=":material/info:"
            )
        else:
            _shifts(result, figures, mix)


def _anatomy(figures: dict[int, SliceFigures], frame: int, mix: float) -> None:
    """A warning where structure shows in what was removed."""
    if mix == 0:
        return
    share = figures[frame].removal.edges
    shown = sum((each.removal.edges or 0) >= WARNING for each in figures.values())
    of = f"in {shown} of {counted(len(figures), 'slice')}."
    if share is not None and share >= WARNING:
        st.warning(f"{sentence(share)} So it is {of}", icon=":material/warning:")
    else:
        icon = "check" if share is not None else "info"
        others = f" Anatomy shows {of}" if shown else ""
        st.caption(f":material/{icon}: {sentence(share)}{others}")


def _noise(result: Result, look: palette.Style, frame: int, mix: float) -> None:
    """The noise of every finished slice before and after, and of the one in view in words."""
    figures, unit, total = result.figures, result.record.unit, result.record.slices
    order, low = sorted(figures), palette.LOW
    if len(order) > 1:
        slices = [index + 1 for index in order]
        before = [figures[index].removal.noise_at(0) for index in order]
        after = [figures[index].removal.noise_at(mix) for index in order]
        curves = [
            charts.Curve("Input", slices, before, low.color, low.dash),
            charts.Curve("Output", slices, after, look.color, look.dash),
        ]
        chart = charts.lines(curves, "Slice", f"Noise, SD{unit and f' ({unit})'}", height=260)
        chart.add_vline(x=frame + 1, line={"color": "#888888", "width": 1})
        chart.update_yaxes(rangemode="tozero")
        chart.update_xaxes(range=[0.5, total + 0.5], tick0=1, dtick=max(1, total // 10))
        st.plotly_chart(chart, key="denoise-noise", config={"displayModeBar": False})
    if frame in figures:
        removal = figures[frame].removal
        before_here, after_here = removal.noise_at(0), removal.noise_at(mix)
        less = f" ({100 * (after_here / before_here - 1):+.0f} %)" if before_here else ""
        st.caption(
            f"Slice {frame + 1}: {before_here:.3g} {plain(unit)} before, {after_here:.3g} "
            f"{plain(unit)} after"
            f"{less}. The most frequent SD among small squares of soft tissue or, where there is "
            "none, of the whole slice."
        )


def _shifts(result: Result, figures: dict[int, SliceFigures], mix: float) -> None:
    """Mean CT number and its shift, by tissue, over the finished slices."""
    whole = pooled(each.removal.shifts for each in figures.values())
    found = {name: shift.mixed(mix) for name, shift in whole.items()}
    if not found:
        st.info("No tissue fills a large enough part of these slices.", icon=":material/info:")
        return
    rows = [
        {
            "Tissue": name.capitalize(),
            "Input (HU)": shift.before,
            "Shift (HU)": shift.shift,
            "± (HU)": shift.error,
        }
        for name, shift in found.items()
    ]
    st.dataframe(
        pa.Table.from_pylist(rows),
        hide_index=True,
        column_config={
            "Input (HU)": st.column_config.NumberColumn(format="%.0f"),
            "Shift (HU)": st.column_config.NumberColumn(
                format="%+.2f", help="Output minus input; 0 is what noise alone would leave."
            ),
            "± (HU)": st.column_config.NumberColumn(
                format="%.2f", help="Standard error: two of them are about what chance can do."
            ),
        },
    )
    for name, shift in found.items():
        if abs(shift.shift) > max(NOTABLE, 2 * shift.error):
            st.warning(_in_words(name, shift), icon=":material/warning:")
    by = "the full dose" if result.record.source.kind == "pair" else "a smoothed copy of the input"
    st.caption(
        f"Mean over {counted(len(figures), 'slice')}. Regions of one tissue are marked on {by}, "
        "away from its edges, so that noise does not choose the pixels."
    )


def _in_words(name: str, shift: Shift) -> str:
    way = "higher" if shift.shift > 0 else "lower"
    return f"{name.capitalize()} comes out {abs(shift.shift):.0f} HU {way} than it went in."
