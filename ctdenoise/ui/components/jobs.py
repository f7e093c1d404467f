"""How a job stands, whatever its kind: one line that shows, stops and retries it."""

import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal, TypeVar

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import LOOK_SECONDS, executor
from ctdenoise.jobs.kind import Arguments, Kind
from ctdenoise.settings import settings
from ctdenoise.ui.components import sharing
from ctdenoise.ui.components.cards import duration
from ctdenoise.ui.components.text import plain, tell, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.workspace.access import Action, Thing, Visitor, allowed, require
from ctdenoise.workspace.database import Job

SAID_SECONDS = 3600.0
SILENT_SECONDS = 15.0
"""A worker is heard of twice a second: after so long, something is in its way."""
FEW_BYTES = 16 * 2**20
"""With no more than that left, a disk is full for what a job writes."""
PACE_SECONDS = 0.5
"""Between two looks at a job that is not shown together with pictures of its own, while nobody
shares the machine."""
AT_ONCE_SECONDS = 0.5
"""What is answered so soon needs no sign that it is worked on."""
TOLD, DISMISSED = "jobs-told", "jobs-dismissed"
"""Session state: the ends of jobs that are told on this page, and those told no more."""
A = TypeVar("A", bound=Arguments)


def newest(kind: Kind[Any, Any]) -> Job | None:
    """The newest job of a kind in this workspace, as long as there is something to say of it: while
    it is live, and for an hour after its end unless it is told no more."""
    job = next(iter(queue.jobs_of(workspace(), kind.name)), None)
    if job and (job.live or (time.time() - (job.ended or 0.0) < SAID_SECONDS and not _gone(job))):
        return job
    return None


def overtaken(kind: Kind[Any, Any]) -> list[Job]:
    """Jobs of a kind that ended only after a newer one was asked for, which stood on the page in
    their place; as long as there is something to say of them, newest first."""
    jobs = queue.jobs_of(workspace(), kind.name)
    return [
        job
        for newer, job in pairwise(jobs)
        if job.ended
        and newer.created < job.ended
        and time.time() - job.ended < SAID_SECONDS
        and not _gone(job)
    ]


def told(job: Job) -> None:
    """How a job ended stands on the page: it is told no more where one goes on to something else,
    see :func:`forget_told`."""
    st.session_state.setdefault(TOLD, set()).add(_end(job))


def forget_told() -> None:
    """The person goes on to something else: say no more how earlier jobs ended."""
    dismiss(*st.session_state.pop(TOLD, ()))


def dismiss(*ends: tuple[str, float | None]) -> None:
    """Say no more of these ends of jobs."""
    st.session_state.setdefault(DISMISSED, set()).update(ends)


def dismiss_button(job: Job) -> None:
    """Takes away what stands beside it, the end of a job."""
    st.button(
        "Dismiss",
        icon=":material/close:",
        type="tertiary",
        key=f"dismiss-{job.id}",
        on_click=dismiss,
        args=(_end(job),),
    )


def _end(job: Job) -> tuple[str, float | None]:
    """A job that is tried again ends once more."""
    return job.id, job.ended


def _gone(job: Job) -> bool:
    return not job.live and _end(job) in st.session_state.get(DISMISSED, ())


def follow(job: Job) -> None:
    """Show a job until it ends, then draw the page anew; after a failure offer another try, and
    take it off the page where that is wanted."""
    if _gone(job):
        return
    with st.container():  # which keeps the place of what follows, whenever the timer draws anew
        pace = sharing.pace(job, PACE_SECONDS) if job.live else None
        st.fragment(_follow, run_every=pace)(job.id, job.live)


@telling_problems
def _follow(job_id: str, watched: bool) -> None:
    try:
        job = queue.job(job_id)
    except Problem:  # it was removed meanwhile
        st.rerun(scope="app")
    if job.live != watched or _gone(job):
        st.rerun(scope="app")  # with or without the timer
    line(job, dismissible=True)


def line(job: Job, *, dismissible: bool = False) -> None:
    """One line: how far a job is, or how it ended, with the button to stop it or, where it did not
    finish, the one that lets it go on."""
    with st.container(horizontal=True, vertical_alignment="center"):  # fits any width
        show(job)
        if job.live:
            stop_button(job, width="content")
        elif job.state != "finished":
            st.button(
                "Try again",
                icon=":material/replay:",
                key=f"again-{job.id}",
                on_click=_do,
                args=("change", job, executor().requeue),
            )
        if dismissible and not job.live:
            told(job)
            dismiss_button(job)


def answer(kind: Kind[A, Any], arguments: A, owner: str) -> Any:
    """The result, as JSON, of a job that the rest of the page needs; while that takes its time, or
    where it did not finish, one line tells so and None is returned."""
    job = executor().ask(kind, arguments, owner)
    shown = time.monotonic() + AT_ONCE_SECONDS
    place = st.empty()
    bar = None
    while job.live:
        if bar:
            with bar:
                show(job)  # where a newer run of the script takes over
        elif time.monotonic() > shown:
            with place.container(horizontal=True, vertical_alignment="center"):
                bar = st.empty()
                if allowed(Visitor(workspace()), "cancel", Thing(owner, "job", job.id)):
                    stop_button(job, width="content")
        time.sleep(LOOK_SECONDS)
        job = queue.job(job.id)
    place.empty()
    if job.state == "finished":
        return job.result
    line(job)
    return None


def show(job: Job, text: str = "") -> None:
    """How far a job is, or how it ended; while nothing moves, why and for how long."""
    text = stuck(job) or text
    match job.state:
        case "queued":
            st.progress(job.progress or 0.0, plain(text or sharing.waiting(job)))
        case "running":
            far = min(max(job.progress or 0.0, 0.0), 1.0)
            st.progress(far, plain(text or sharing.far(job, job.message or "Starting …")))
        case "finished":
            st.success(plain(text or job.message or "Finished."))
        case "stopped":
            st.info(plain(text or job.message))
        case "failed":
            tell(text or job.message)


def stuck(job: Job) -> str:
    """Why a live job does not move although it should, and for how long; empty where it does."""
    if not job.live:
        return ""
    seconds = queue.silent_seconds(job)
    if seconds < SILENT_SECONDS or (job.state == "queued" and sharing.waits_for_others(job)):
        return ""
    if shutil.disk_usage(settings().home).free < FEW_BYTES:
        return f"Nothing has moved for {duration(seconds)}: the disk is full. Free some space."
    if job.state == "queued":
        return f"Next in line for {duration(seconds)}: no worker is free, or they are starting."
    return (
        f"Nothing has been heard of its worker for {duration(seconds)}: it goes on from what was "
        "kept as soon as a worker takes it over."
    )


def stop_button(
    job: Job, hint: str | None = None, width: Literal["stretch", "content"] = "stretch"
) -> None:
    """Stops a job that waits or runs."""
    st.button(
        "Stop",
        icon=":material/stop:",
        width=width,
        key=f"stop-{job.id}",
        disabled=job.wanted == "stop",
        help=hint,
        on_click=_do,
        args=("cancel", job, queue.stop),
    )


def _do(action: Action, job: Job, what: Callable[[str], object]) -> None:
    """Do something to a job, if this visitor may; what goes wrong is told and spoils nothing."""
    try:
        require(Visitor(workspace()), action, Thing(job.workspace, "job", job.id), what="This job")
        what(job.id)
    except Problem as problem:
        st.toast(plain(problem), icon=":material/error:")
