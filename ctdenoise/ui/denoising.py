"""One result of the Denoise page: how far it is, its pictures, and the way to take it away."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.errors import Problem
from ctdenoise.runs import denoise
from ctdenoise.runs.denoisings import Denoising, State
from ctdenoise.runs.methods import ClassicalFilter, Method, RunNetwork
from ctdenoise.runs.store import store
from ctdenoise.ui import cards, palette, panes, pixels, removal, takeaway
from ctdenoise.ui.session import arrived, keep_link, recall, remember
from ctdenoise.ui.viewer import Dial, Pane, ViewerState, viewer

STRENGTH = Dial("Strength", "Input", "Output")
CHOSEN = "denoise-result"
"""The result in view: its key in the session."""


def show(results: dict[str, Denoising]) -> None:
    """One of the results by id, drawn anew once a second while slices of it are still to come."""
    if linked := [id for id in arrived("result", "denoise") if id in results]:
        st.session_state[CHOSEN] = linked[0]
    if recall(CHOSEN, next(iter(results))) not in results:
        st.session_state[CHOSEN] = next(iter(results))
    live = denoise.standing(results[st.session_state[CHOSEN]]).live
    st.fragment(_show, run_every=1.0 if live else None)(results, live)


@cards.telling_problems
def _show(results: dict[str, Denoising], watched: bool) -> None:
    choice, bar, button, aside = st.columns([3, 3.6, 1.2, 1.2], vertical_alignment="center")
    names = {id: f"{each.record.title}: {each.record.name}" for id, each in results.items()}
    chosen: str = choice.selectbox(
        "Result",
        list(results),
        key=CHOSEN,
        format_func=cards.told_apart(names).__getitem__,
        label_visibility="collapsed",
    )
    remember(CHOSEN)
    keep_link("result", "denoise", [chosen])
    result = results[chosen]
    state = denoise.standing(result)
    if state.live != watched:
        st.rerun(scope="app")  # with or without the timer
    _status(result, state, bar)
    _orders(result, state, button, aside)
    if not result.figures:
        return
    view = _pictures(result)
    (strength,) = view.dial
    removal.show(result, style(result.record.method), view.frame, strength)
    if not state.live:
        takeaway.show(result, view.frame, strength, view.window)


def _status(result: Denoising, state: State, place: DeltaGenerator) -> None:
    """How far, and how long still or why no further."""
    done, total = len(result.figures), result.record.slices
    if state.how == "running":
        left = denoise.seconds_left(result)
        rest = f", about {cards.duration(left)} left" if left is not None else ""
        place.progress(done / total, f"{done} of {cards.slices(total)}{rest}")
    elif state.how == "waiting":
        place.progress(done / total, state.sentence)
    elif state.how == "failed":
        place.error(state.sentence, icon=":material/error:")
    elif done < total:
        place.markdown(f":material/pause_circle: {state.sentence}")
    else:
        place.markdown(f":material/check_circle: {state.sentence}")


def _orders(result: Denoising, state: State, button: DeltaGenerator, aside: DeltaGenerator) -> None:
    """Stop, go on, remove."""
    if state.live:
        if button.button("Stop", icon=":material/stop:", width="stretch",
                         help="What is denoised so far is kept."):  # fmt: skip
            result.ask_stop()
    elif len(result.figures) < result.record.slices and button.button(
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
        report=("frame", "dial", "window"),
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
