"""One result of the Denoise page: how far it is, its pictures, and the way to take it away."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.runs import denoise
from ctdenoise.runs.denoisings import Denoising, State
from ctdenoise.runs.methods import ClassicalFilter, Method, RunNetwork
from ctdenoise.runs.store import store
from ctdenoise.ui import cards, palette, panes, pixels, removal
from ctdenoise.ui.viewer import Dial, Pane, ViewerState, viewer

STRENGTH = Dial("Strength", "Input", "Output")


def names(results: dict[str, Denoising]) -> dict[str, str]:
    """What the choices of results read."""
    told = {id: f"{each.record.name}: {each.record.title}" for id, each in results.items()}
    return cards.told_apart(told)


def show(result: Denoising) -> None:
    """Drawn anew once a second while slices are still to come."""
    live = denoise.standing(result).live
    st.fragment(_show, run_every=1.0 if live else None)(result, live)


@cards.telling_problems
def _show(result: Denoising, was_live: bool) -> None:
    state = denoise.standing(result)
    if was_live and not state.live:
        st.rerun(scope="app")  # without the timer
    _status(result, state)
    if not result.figures:
        return
    view = _pictures(result)
    (strength,) = view.dial
    removal.show(result, style(result.record.method), view.frame, strength)
    take_away(result, strength)


def _status(result: Denoising, state: State) -> None:
    """One line: how far, how long still, and what can be done."""
    bar, button, aside = st.columns([6, 1.4, 1.4], vertical_alignment="center")
    done, total = len(result.figures), result.record.slices
    if state.how == "waiting":
        bar.progress(0.0, "Waits for its turn.")
    elif state.how == "running":
        left = denoise.seconds_left(result)
        rest = f", about {cards.duration(left)} left" if left is not None else ""
        bar.progress(done / total, f"{done} of {cards.slices(total)}{rest}")
    elif state.how == "failed":
        bar.error(state.sentence, icon=":material/error:")
    elif done < total:
        bar.info(state.sentence, icon=":material/pause_circle:")
    else:
        bar.success(state.sentence, icon=":material/check_circle:")
    if state.live:
        if button.button("Stop", icon=":material/stop:", width="stretch",
                         help="What is denoised so far is kept."):  # fmt: skip
            result.ask_stop()
            st.rerun(scope="fragment")
    elif done < total and button.button(
        "Go on", icon=":material/play_arrow:", width="stretch", help="Denoise the other slices too."
    ):
        denoise.go_on(result)
        st.rerun(scope="app")
    with aside.popover("Remove", icon=":material/delete:", width="stretch"):
        st.write("The denoised slices are deleted for good; the scan stays.")
        if st.button("Remove this result", type="primary"):
            result.remove()
            st.rerun(scope="app")


def _pictures(result: Denoising) -> ViewerState:
    """Input, output and removed noise; the browser mixes while the strength slider moves."""
    record = result.record
    owner, id, count = record.workspace, record.id, record.slices
    look, low = style(record.method), palette.LOW
    before = Pane("Input", low.color, _frames(owner, id, count, "0"), dash=low.dash)
    after = Pane(record.title, look.color, _frames(owner, id, count, "{}"), dash=look.dash)
    shown = [before, after]
    return viewer(
        [*shown, panes.difference("Removed noise", shown, of=0, minus=1, like=1)],
        key=f"denoise-{id}",
        height=330,
        window=panes.first_window(before, record.unit),
        frame=count // 2,
        report=("frame", "dial"),
        dials=[STRENGTH],
        dial=[1.0],
        stops=2,
        **panes.geometry(record.source.load()),
    )


def _frames(owner: str, id: str, count: int, share: str) -> tuple[str, ...]:
    return tuple(pixels.result(owner, id, index, share) for index in range(count))


def style(method: Method) -> palette.Style:
    """The colour and dash of a method's pictures."""
    if isinstance(method, ClassicalFilter):
        return palette.GAUSSIAN
    if isinstance(method, RunNetwork):
        try:
            return panes.run_style(store().run(method.run))
        except Problem:  # the run has been deleted, its pictures are still there
            return palette.NETWORK
    return palette.NETWORK


def take_away(result: Denoising, strength: float) -> None:
    """The place for what people take home: files of the mix input + ``strength`` * (output - input)
    of every finished slice, and the report."""
