"""Uploads on their way into the library: set aside, read by a job, and what became of them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.ingest import INGEST, Ingest, Ingested, upload_folder
from ctdenoise.scans.meaning import SCALES, Meaning
from ctdenoise.scans.readers import titles
from ctdenoise.ui import uploads
from ctdenoise.ui.components import dropzone, jobs
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import Job

SHOWN = 50
"""Files that are named, of those that were left out."""


def uploader() -> None:
    """The drop zone; reading starts as soon as all files are there, and what their numbers mean is
    asked of those alone that can be read and do not say it."""
    st.session_state.setdefault("upload", 0)
    st.markdown(
        f"DICOM files with or without extension, a zip, tar or gz, or {titles()} images",
        help="One series, or a low-dose and a full-dose series together. Names and other "
        "identifiers are removed on the way in.",
    )
    sent = dropzone.dropzone(_key(), jobs.forget_told)
    if sent is None or sent.how not in ("arrived", "without"):
        return
    try:
        quota.require(workspace())
    except Problem as problem:  # what can be removed is further down on the page
        tell(problem)
        return
    aside = uploads.take(workspace(), sent.id)
    forget_last()
    executor().submit(INGEST, Ingest(folder=aside), workspace())
    st.session_state["upload"] += 1  # an empty place for the next
    st.rerun()


def outcome() -> None:
    """What became of the last upload, until the next is on its way."""
    if dropzone.state(_key()) is None:
        _tell_left()
        _tell_last()


def under_way() -> bool:
    """Whether files are on their way, wait for an answer or are being read."""
    sent, last = dropzone.state(_key()), _last()
    waits = last is not None and (last.live or bool(_outcome(last).unclear))
    return waits or (sent is not None and sent.how != "broken")


def left_files_out() -> bool:
    """Whether the last upload is still being read, or had files in it that could not be read and
    that is still said."""
    last = _last()
    if last is None:
        return False
    outcome = _outcome(last)
    return last.state != "finished" or bool(outcome.problems or outcome.unclear)


def forget_last() -> None:
    """Say no more what became of earlier uploads, nor how other work ended."""
    if (last := _last()) and not last.live:
        jobs.told(last)
        if _outcome(last).unclear:  # it waited for an answer, which nobody will give now
            shutil.rmtree(_kept(last), ignore_errors=True)
    jobs.forget_told()


def _last() -> Job | None:
    return jobs.newest(INGEST)


def _outcome(job: Job) -> Ingested:
    return Ingested.model_validate(job.result or {})


def _kept(job: Job) -> Path:
    """Where the files of an upload lie."""
    return upload_folder(workspace(), Ingest.model_validate(job.arguments).folder)


def _key() -> str:
    return f"upload-{st.session_state.get('upload', 0)}"


def _tell_left() -> None:
    """Uploads on their way whose page was left or reloaded: the browser has to send them again."""
    for id, arrived, files in uploads.left(workspace()):
        told, given_up = st.columns([4, 1], vertical_alignment="center")
        told.warning(
            f"{arrived} of {counted(files, 'file')} of an upload had arrived when its page was "
            "left: choose the files again."
        )
        given_up.button(
            "Dismiss",
            key=f"left-{id}",
            on_click=uploads.drop,
            args=(workspace(), id),
            width="stretch",
        )


def _tell_last() -> None:
    """What becomes or became of the last upload, said until the next one, and what was wrong with
    others that were still being read when it came."""
    for earlier in jobs.overtaken(INGEST):
        failed = [earlier.message] if earlier.state == "failed" else []
        if problems := failed or _outcome(earlier).problems:
            with st.container(horizontal=True, vertical_alignment="center"):
                _tell_left_out(problems)
                jobs.told(earlier)
                jobs.dismiss_button(earlier)
    last = _last()
    if last is None:
        return
    if last.state != "finished":
        jobs.follow(last)
        return
    outcome = _outcome(last)
    if outcome.unclear:
        _ask_again(last, outcome)
        return
    count, problems = len(outcome.scans), outcome.problems
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            st.success(f"{counted(count, 'scan')} added, without the patient's identity.")
        elif problems:
            _tell_left_out(problems)
        else:
            st.warning("There was no scan in these files.")
        jobs.told(last)
        jobs.dismiss_button(last)
    for note in outcome.notes:
        st.info(plain(note))
    if count:
        _tell_left_out(problems)


def _tell_left_out(problems: Sequence[str]) -> None:
    """One red box for all files that were left out; which and why is folded where it is long."""
    if len(problems) == 1:
        tell(problems[0])
    elif problems:
        with st.container():
            tell(f"{counted(len(problems), 'file')} could not be read and were left out.")
            with st.expander("Which, and why"):
                st.markdown("\n".join(f"- {plain(problem)}" for problem in problems[:SHOWN]))
                if len(problems) > SHOWN:
                    st.caption(f"and {counted(len(problems) - SHOWN, 'more file')}")


def _ask_again(last: Job, outcome: Ingested) -> None:
    """An upload whose numbers cannot mean what was said, or may mean anything: it is still there,
    and goes on with another answer."""
    if not _kept(last).exists():
        st.warning(plain(f"{outcome.unclear} The files are gone by now: choose them again."))
        return
    _tell_left_out(outcome.problems)
    st.warning(plain(outcome.unclear))
    fits = ["fits these numbers" if each == outcome.suggestion else "" for each in SCALES]
    meaning: Meaning | None = st.radio(
        "What do these numbers mean? Then the upload goes on.",
        list(SCALES),
        index=None,
        key=f"meaning-{last.id}",
        format_func=lambda meaning: SCALES[meaning].sentence,
        captions=fits if outcome.suggestion else None,
    )
    if meaning is not None:
        again = Ingest.model_validate(last.arguments).model_copy(update={"meaning": meaning})
        executor().submit(INGEST, again, workspace())
        st.rerun()
    if st.button("Leave it out", key=f"leave-{last.id}"):
        forget_last()
        st.rerun()
