"""Uploads on their way into the library: set aside, read by a job, told about file by file."""

import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.ingest import INGEST, Ingest, Ingested, upload_folder
from ctdenoise.scans.meaning import SCALES, Meaning
from ctdenoise.scans.readers import reader_of, titles
from ctdenoise.ui import uploads
from ctdenoise.ui.components import dropzone, jobs
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library

DISMISSED = "upload-dismissed"
"""Session state: the upload of which nothing more is to be said."""


def uploader(library: Library) -> None:
    """The drop zone; reading starts as soon as everything that must be known is known."""
    st.session_state.setdefault("upload", 0)
    st.markdown(
        f"DICOM files with or without extension, a zip, tar or gz, or {titles()} images",
        help="One series, or a low-dose and a full-dose series together. Names and other "
        "identifiers are removed on the way in.",
    )
    sent = dropzone.dropzone(_key())
    if sent is None:
        _tell_left()
        _tell_last()
    if sent is None or sent.how not in ("arrived", "without"):
        return
    meaning: Meaning | None = None
    files = uploads.chosen(workspace(), sent.id)
    if any(_keeps_its_unit_to_itself(name, file) for name, file in files):
        meaning = _asked("meaning")
        if meaning is None:
            return
    try:
        quota.require(workspace())
    except Problem as problem:  # what can be removed is further down on the page
        tell(problem)
        return
    aside = uploads.take(workspace(), sent.id)
    forget_last()
    executor().submit(INGEST, Ingest(folder=aside, meaning=meaning), workspace())
    st.session_state["upload"] += 1  # an empty place for the next
    st.session_state.pop(DISMISSED, None)
    st.rerun()


def _asked(key: str, suggestion: Meaning | None = None) -> Meaning | None:
    """What a person says that numbers mean; None until then."""
    fits = ["fits these numbers" if each == suggestion else "" for each in SCALES]
    return st.radio(
        f"What do the numbers in {titles()} images mean? Then the upload goes on.",
        list(SCALES),
        index=None,
        key=key,
        format_func=lambda meaning: SCALES[meaning].sentence,
        captions=fits if suggestion else None,
    )


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
    """Say no more what became of the last upload."""
    if (last := _last()) and not last.live:
        st.session_state[DISMISSED] = last.id
        if _outcome(last).unclear:  # it waited for an answer, which nobody will give now
            shutil.rmtree(_kept(last), ignore_errors=True)


def _last() -> Job | None:
    """The newest upload of this workspace, unless it has been forgotten."""
    last = jobs.newest(INGEST)
    return None if last and last.id == st.session_state.get(DISMISSED) else last


def _outcome(job: Job) -> Ingested:
    return Ingested.model_validate(job.result or {})


def _kept(job: Job) -> Path:
    """Where the files of an upload lie."""
    return upload_folder(workspace(), Ingest.model_validate(job.arguments).folder)


def _key() -> str:
    return f"upload-{st.session_state.get('upload', 0)}"


def _keeps_its_unit_to_itself(name: str, file: Path) -> bool:
    """Whether a file is an image that need not say what its numbers mean, or a zip with one."""
    names = [name.removesuffix(".gz"), name]
    # One that is damaged, or only looks like a zip, is told when it is read.
    with suppress(zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
    readers = (reader_of(Path(name)) for name in names)
    return any(reader is not None and not reader.says_unit for reader in readers)


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
    """What becomes or became of the last upload; said until the next one."""
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
    if count:
        st.success(f"{counted(count, 'scan')} added, without the patient's identity.")
    elif not problems:
        st.warning("There was no scan in these files.")
    for note in outcome.notes:
        st.info(plain(note))
    if problems:
        with st.expander(f"{counted(len(problems), 'file')} left out", expanded=True):
            for problem in problems[:20]:
                tell(problem)
            if len(problems) > 20:
                st.caption(f"and {counted(len(problems) - 20, 'more file')}")


def _ask_again(last: Job, outcome: Ingested) -> None:
    """An upload whose numbers cannot mean what was said, or may mean anything: it is still there,
    and goes on with another answer."""
    if not _kept(last).exists():
        st.warning(plain(f"{outcome.unclear} The files are gone by now: choose them again."))
        return
    st.warning(plain(outcome.unclear))
    meaning = _asked(f"meaning-{last.id}", outcome.suggestion)
    if meaning is not None:
        again = Ingest.model_validate(last.arguments).model_copy(update={"meaning": meaning})
        executor().submit(INGEST, again, workspace())
        st.rerun()
    if st.button("Leave it out", key=f"leave-{last.id}"):
        forget_last()
        st.rerun()
