"""What the Watch page shows of one run; called once a second while the run is live."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.hounsfield import Window
from ctdenoise.runs.engine import engine
from ctdenoise.runs.store import Run, store
from ctdenoise.scans.library import PairRecord
from ctdenoise.training import events, split
from ctdenoise.ui import cards, charts, palette, panes, pixels
from ctdenoise.ui.session import library
from ctdenoise.ui.viewer import Pane, viewer

TERMS = {"mse": "MSE", "mae": "MAE", "vgg": "VGG16 features"}


def show(run_id: str) -> None:
    """Pictures of every epoch so far, curves, figures, and the buttons Stop and Continue."""
    run = store().run(run_id)
    said = events.read(run.folder)
    starts = [e for e in said if isinstance(e, events.Started)]
    epochs = [e for e in said if isinstance(e, events.Epoch)]
    _status(run, starts, epochs)
    for notice in (e for e in said if isinstance(e, events.Notice)):
        st.info(notice.sentence, icon=":material/info:")
    if not epochs:
        return
    pictures, curves = st.columns([3, 1], gap="medium")
    with pictures:
        _pictures(run, epochs, Window(*starts[-1].window))
    with curves:
        _figures(run, epochs, starts[-1])
    if run.state not in ("queued", "running"):
        if st.session_state.pop(f"live-{run_id}", False):
            st.rerun(scope="app")  # drops the timer
    else:
        st.session_state[f"live-{run_id}"] = True


def _status(run: Run, starts: list[events.Started], epochs: list[events.Epoch]) -> None:
    """One line: the state, how far, how long still, and what can be done."""
    bar, button = st.columns([5, 1], vertical_alignment="center")
    total = run.config.epochs
    done = epochs[-1].epoch if epochs else 0
    if run.state == "queued":
        ahead = store().queue_position(run.id)
        text = (
            "Next in line."
            if ahead == 0
            else f"Waiting: {ahead} run{'s' * (ahead > 1)} before yours."
        )
        bar.progress(0.0, text)
    elif run.state == "running":
        left = epochs[-1].seconds_left if epochs else None
        rest = f", about {cards.duration(left)} left" if left is not None else ""
        bar.progress(
            min(1.0, done / total), f"Epoch {done} of {total}{rest}" if epochs else "Starting …"
        )
    else:
        show = {"finished": bar.success, "stopped": bar.info, "failed": bar.error}[run.state]
        show(run.sentence or run.state)
    if run.state in ("queued", "running"):
        if button.button(
            "Stop",
            icon=":material/stop:",
            width="stretch",
            disabled=run.wanted == "stop",
            help="What is trained so far is kept.",
        ):
            store().ask_stop(run.id)
            st.rerun(scope="fragment")
        return
    with button.popover("Continue", icon=":material/play_arrow:", width="stretch"):
        more = st.number_input(
            "More epochs", 1, 500, value=max(1, total - done) if done < total else 5
        )
        if st.button("Go on", type="primary", width="stretch"):
            engine().continue_run(run.id, done + more)
            st.rerun(scope="app")


def _pictures(run: Run, epochs: list[events.Epoch], window: Window) -> None:
    """Low dose, the network after each epoch, full dose; the scrubber follows the newest epoch."""
    owner, record, index = progress_slice(run)
    if record is None:
        st.info("The scan of this run was removed; only the network's own pictures are left.")
    output = Pane(
        run.name,
        panes.run_style(run).color,
        tuple(pixels.progress(run.id, e.image) for e in epochs),
        dash=panes.run_style(run).dash,
    )
    shown = [output]
    if record is not None:
        low = Pane("Low dose", palette.LOW.color, (pixels.low(owner, record.id, index),))
        full = Pane("Full dose", palette.FULL.color, (pixels.full(owner, record.id, index),))
        shown = [low, output, full]
    viewer(
        shown,
        key=f"watch-{run.id}",
        height=330,
        window=window,
        follow=True,
        frame=st.session_state.setdefault(f"watch-frame-{run.id}", len(epochs) - 1),
        spacing=record.spacing if record else None,
        unit=record.unit if record else "HU",
        orientation=record.orientation if record else (1, 0, 0, 0, 1, 0),
        labels=["Before training" if e.epoch == 0 else f"Epoch {e.epoch}" for e in epochs],
    )


def progress_slice(run: Run) -> tuple[str, PairRecord | None, int]:
    """Workspace, pair and slice of the run's progress picture; no pair where it was removed."""
    part = split.read(run.folder).progress
    owner, pair_id = run.pairs[part.pair]
    try:
        record = library(owner).pair_record(pair_id)
    except Problem:
        record = None
    return owner, record, part.slices[0]


def _figures(run: Run, epochs: list[events.Epoch], start: events.Started) -> None:
    """Numbers with unit and convention, then the curves."""
    last, unit = epochs[-1], "HU²"
    change = 100 * (last.validation_mse / last.low_mse - 1)
    st.metric(
        f"Validation MSE ({unit})",
        f"{last.validation_mse:,.0f}",
        delta=f"{change:+.0f} % against low dose",
        delta_color="inverse",
        help="Mean squared error on patches that training never saw.",
    )
    level, width = start.window
    first, second = st.columns(2)
    convention = (
        f"Of the progress slice, clipped to the window {level:g}/{width:g}, data range {width:g}."
    )
    first.metric(
        "PSNR (dB)", "identical" if last.psnr is None else f"{last.psnr:.1f}", help=convention
    )
    second.metric("SSIM", f"{last.ssim:.3f}", help=convention)
    style = panes.run_style(run)
    st.plotly_chart(
        charts.learning_curve(epochs, style.color, palette.LOW.color, "HU"),
        key="learning",
        config={"displayModeBar": False},
    )
    if len(start.factors) > 1 and len(epochs) > 2:
        st.plotly_chart(
            charts.term_curves(epochs, TERMS, [s.color for s in palette.RUNS]),
            key="terms",
            config={"displayModeBar": False},
        )
    factors = ", ".join(f"{TERMS[name]} × {factor:.3g}" for name, factor in start.factors.items())
    st.caption(f"{start.split} {start.device}, {start.precision}; loss = {factors}.")
