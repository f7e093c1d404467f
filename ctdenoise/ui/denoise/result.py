"""One result of the Denoise page: how far it is, its pictures, and the way to take it away."""

import streamlit as st

from ctdenoise.config.shipped import PREFIX
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds import denoise
from ctdenoise.ui import menu, pictures
from ctdenoise.ui.components import cards, jobs, palette, panes, sharing
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.denoise import export, removal
from ctdenoise.ui.session import from_link, keep_link
from ctdenoise.ui.viewer import Dial, Pane, ViewerState, viewer
from ctdenoise.units import counted
from ctdenoise.workspace.denoisers import (
    ClassicalFilter,
    DenoiserChoice,
    RunNetwork,
    ShippedNetwork,
)
from ctdenoise.workspace.results import Result
from ctdenoise.workspace.runs import find_run

STRENGTH = Dial("Strength", "Strength: input", "output")
CHOSEN = "denoise-result"
"""Where the session keeps the result in view."""


def show(results: dict[str, Result]) -> None:
    """One of the results by id, drawn anew once a second while slices of it are still to come."""
    linked = from_link("result", "denoise")
    wanted = next((id for id in [*linked, st.session_state.get(CHOSEN)] if id in results), None)
    names = {id: f"{each.record.title}: {each.record.name}" for id, each in results.items()}
    choice, line = st.columns([3, 6], vertical_alignment="center")
    chosen: str = choice.selectbox(
        "Result",
        list(results),
        index=list(results).index(wanted) if wanted else 0,
        # One for every list: a timer's message may still bring what another one was set to.
        key=f"{CHOSEN}-{next(iter(results))}-{len(results)}",
        format_func=cards.distinct(names).__getitem__,
        label_visibility="collapsed",
    )
    st.session_state[CHOSEN] = chosen
    keep_link("result", "denoise", [chosen])
    result = results[chosen]
    live = result.live
    with line:
        st.fragment(_status, run_every=1.0 if live else None)(result, live)
    # No fragment may lie in this one: Streamlit can lose the outer one's blocks between two runs
    # and keep the inner one's, whose place is then nowhere, and the browser shows a white page.
    preparing = export.preparing(result)
    pace = 1.0 if live else 0.5 if preparing else None
    st.fragment(_judge, run_every=pace)(result, preparing)


@cards.telling_problems
def _status(result: Result, watched: bool) -> None:
    """How far it is, and how long still or why no further; stop, go on, remove."""
    job = result.job
    live = job is not None and job.live
    if live != watched:
        st.rerun(scope="app")  # with or without the timer
    place, button, aside = st.columns([3.6, 1.2, 1.2], vertical_alignment="center")
    done, total = len(result.figures), result.record.slices
    with place:
        if job is None or job.state in ("finished", "stopped"):
            icon = "check_circle" if done == total else "pause_circle"
            told = f"{done} of {counted(total, 'slice')} are denoised."
            if job and not (job.state == "finished" and done < total):  # else slices were lost
                told = job.message
            st.markdown(f":material/{icon}: {plain(told)}")
        else:
            text = ""
            if job.state == "running" or (done and job.used):
                how = f"{done} of {counted(total, 'slice')}"
                text = sharing.far(job, how, denoise.seconds_left(result))
            jobs.show(job, text)
    with button:
        if job and live:
            jobs.stop_button(job, "What is denoised so far is kept.")
        elif done < total and st.button(
            "Go on",
            icon=":material/play_arrow:",
            width="stretch",
            help="Denoise the other slices too.",
        ):
            denoise.go_on(result)
            st.rerun(scope="app")
    with aside.popover("Remove", icon=":material/delete:", width="stretch"):
        st.write("The denoised slices are deleted for good; the scan stays.")
        if st.button("Remove this result", type="primary"):
            result.remove()
            st.rerun(scope="app")


@cards.telling_problems
def _judge(result: Result, preparing: bool) -> None:
    """The pictures and the figures of what is there so far."""
    if not result.figures:
        return
    view = _pictures(result)
    (mix,) = view.dial
    removal.show(result, style(result.record.method), view.frame, mix)
    _way_to_adapt(result)
    if not result.live:
        export.show(result, view.frame, mix, view.window, preparing)


def _way_to_adapt(result: Result) -> None:
    """Where a network that ships learns on from this very scan."""
    source, method = result.record.source, result.record.method
    if not isinstance(method, ShippedNetwork) or method.dial:
        return
    pair = source.kind == "pair"
    st.page_link(
        menu.page("Compare" if pair else "Scans"),
        label="Compare with the full dose, or adapt the network to this scan"
        if pair
        else "Adapt the network to this scan: make its low dose first, then see Compare",
        icon=":material/tune:",
        query_params={"pair": source.id, "run": PREFIX + method.name} if pair else None,
    )


def _pictures(result: Result) -> ViewerState:
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


def _frames(owner: str, id: str, count: int, mix: str) -> tuple[str, ...]:
    return pictures.ResultSlice.addresses(count, owner=owner, result=id, mix=mix)


def style(method: DenoiserChoice) -> palette.Style:
    """The colour and dash of a method's pictures."""
    if isinstance(method, ClassicalFilter):
        return palette.GAUSSIAN
    if isinstance(method, RunNetwork):
        try:
            return panes.run_style(find_run(method.run))
        except Problem:  # the run has been deleted, its pictures are still there
            return palette.NETWORK
    return palette.NETWORK
