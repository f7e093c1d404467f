"""Uploads on their way into the library: set aside, read by a job, told about file by file."""

import secrets
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.ingest import INGEST, Ingest, Ingested, upload_folder
from ctdenoise.scans.images import Meaning
from ctdenoise.scans.readers import reader_of, titles
from ctdenoise.ui.components import jobs
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library

MEANINGS: dict[Meaning, str] = {
    "HU": "CT numbers in HU",
    "HU+1024": "CT numbers plus 1024 (no negative numbers)",
    "own units": "something else: keep the numbers as they are",
}
DISMISSED = "upload-dismissed"
"""Session state: the upload of which nothing more is to be said."""


def uploader(library: Library) -> None:
    """The drop zone; reading starts as soon as everything that must be known is known."""
    st.session_state.setdefault("upload", 0)
    folder = st.toggle("A whole folder", help="Choose a folder instead of single files.")
    files = st.file_uploader(
        f"DICOM files with or without extension, a zip, or {titles()} images",
        accept_multiple_files="directory" if folder else True,
        key=_key(folder),
        help="One series, or a low-dose and a full-dose series together. Names and other "
        "identifiers are removed on the way in.",
    )
    _tell_last()
    if not files:
        return
    meaning: Meaning = "HU"
    if any(_keeps_its_unit_to_itself(file) for file in files):
        chosen = st.radio(
            f"What do the numbers in {titles()} images mean? Then the upload goes on.",
            MEANINGS,
            index=None,
            format_func=MEANINGS.__getitem__,
        )
        if chosen is None:
            return
        meaning = chosen
    try:
        quota.require(workspace(), more_bytes=sum(file.size for file in files))
    except Problem as problem:  # what can be removed is further down on the page
        st.error(str(problem), icon=":material/error:")
        return
    with st.spinner("Receiving …"):
        aside = _set_aside(files)
    forget_last()
    executor().submit(INGEST, Ingest(folder=aside, meaning=meaning), workspace())
    st.session_state["upload"] += 1  # a new uploader: the old one's files leave the memory
    st.session_state.pop(DISMISSED, None)
    st.rerun()


def under_way() -> bool:
    """Whether files have arrived that are still to be read, or wait for an answer."""
    keys = (_key(folder) for folder in (False, True))
    last = _last()
    return any(st.session_state.get(key) for key in keys) or (last is not None and last.live)


def left_files_out() -> bool:
    """Whether the last upload is still being read, or had files in it that could not be read and
    that is still said."""
    last = _last()
    if last is None:
        return False
    return last.state != "finished" or bool(_outcome(last).problems)


def forget_last() -> None:
    """Say no more what became of the last upload."""
    if (last := _last()) and not last.live:
        st.session_state[DISMISSED] = last.id


def _last() -> Job | None:
    """The newest upload of this workspace, unless it has been forgotten."""
    last = jobs.newest(INGEST)
    return None if last and last.id == st.session_state.get(DISMISSED) else last


def _outcome(job: Job) -> Ingested:
    return Ingested.model_validate(job.result or {})


def _key(folder: bool) -> str:
    return f"upload-{st.session_state.get('upload', 0)}-{folder}"


def _keeps_its_unit_to_itself(file: UploadedFile) -> bool:
    """Whether a file is an image that need not say what its numbers mean, or a zip with one."""
    names = [file.name]
    # One that is damaged, or only looks like a zip, is told when it is read.
    with suppress(zipfile.BadZipFile, NotImplementedError, ValueError):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
    file.seek(0)
    readers = (reader_of(Path(name)) for name in names)
    return any(reader is not None and not reader.says_unit for reader in readers)


def _tell_last() -> None:
    """What becomes or became of the last upload; said until the next one."""
    last = _last()
    if last is None:
        return
    if last.state != "finished":
        jobs.follow(last)
        return
    outcome = _outcome(last)
    count, problems = len(outcome.scans), outcome.problems
    if count:
        st.success(f"{counted(count, 'scan')} added, without the patient's identity.")
    elif not problems:
        st.warning("There was no scan in these files.")
    for note in outcome.notes:
        st.info(note)
    if problems:
        with st.expander(f"{counted(len(problems), 'file')} left out", expanded=True):
            for problem in problems[:20]:
                st.error(problem)
            if len(problems) > 20:
                st.caption(f"and {len(problems) - 20} more files")


@telling_disk_problems
def _set_aside(files: list[UploadedFile]) -> str:
    """Write the upload to a folder of its own, from which a worker reads it; the folder's name."""
    name = secrets.token_hex(6)
    aside = upload_folder(workspace(), name)
    try:
        for number, file in enumerate(files):
            place = _inside(aside, file.name)
            if place.exists():  # equal names from different folders
                place = aside / f"again-{number}" / place.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.getbuffer())
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return name


def _inside(folder: Path, name: str) -> Path:
    """Where a file with the path that a browser sent goes: always below ``folder``."""
    parts = [p for p in name.replace("\\", "/").split("/") if p.strip(". ") and ":" not in p]
    return folder.joinpath(*parts[-8:] or ["file"])
