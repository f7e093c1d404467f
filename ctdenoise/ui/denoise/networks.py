"""Networks from elsewhere: a drop zone for a checkpoint, and the list of those that are here."""

import re
import secrets
import shutil
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ctdenoise.errors import telling_disk_problems
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.ingest import IMPORT_NETWORK, ImportNetwork, upload_folder
from ctdenoise.settings import CHECKPOINT_MB
from ctdenoise.ui.components import cards, jobs
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import quota
from ctdenoise.workspace.networks import NetworkRecord, networks, remove

CHECKED = "network-checked"
"""Session state: the upload from here that is still to be chosen on the page."""


def uploader() -> NetworkRecord | None:
    """Bring a checkpoint in under a name; the network that was just added, for a page to choose."""
    state = st.session_state
    count = state.setdefault("network-uploads", 0)
    file = st.file_uploader(
        "A network of CT Denoise (checkpoint.safetensors)",
        key=f"network-upload-{count}",
        max_upload_size=CHECKPOINT_MB,
        help="Every run has one: it is in its run card and in the folder of `ctdenoise train`. The "
        "file is checked first, and nothing in it is ever executed.",
    )
    if file is None:
        return _tell_last()
    name = st.text_input(
        "Name", Path(file.name).stem, max_chars=80, key=f"network-name-{file.file_id}",
        help="What it will be called in lists, panes and tables.",
    )  # fmt: skip
    if st.button("Add this network", type="primary", icon=":material/add:"):
        quota.require(workspace(), more_bytes=file.size)
        asked = ImportNetwork(file=_set_aside(file), name=name)
        jobs.forget_told()
        state[CHECKED] = executor().submit(IMPORT_NETWORK, asked, workspace()).id
        state["network-uploads"] += 1  # a new uploader: the old one's file leaves the memory
        st.rerun()
    return None


def _tell_last() -> NetworkRecord | None:
    """What becomes or became of the last upload, said until the next file is chosen; the network,
    the first time after its upload from here."""
    last = jobs.newest(IMPORT_NETWORK)
    if last is None:
        return None
    if last.live:
        jobs.follow(last)
        return None
    jobs.told(last)
    if last.state != "finished":
        jobs.show(last)
        jobs.dismiss_button(last)
        return None
    added = next((each for each in networks(workspace()) if each.id == last.result), None)
    if added:
        st.success(f"{plain(added.name)} is here: {plain(_facts(added))}.", icon=":material/check:")
    return added if st.session_state.pop(CHECKED, "") == last.id else None


def shelf() -> None:
    """The networks that were brought, each with the way to remove it."""
    for network in networks(workspace()):
        line = st.columns([2, 1], vertical_alignment="center")
        line[0].markdown(f"**{plain(network.name)}**  \n:small[{plain(_facts(network))}]")
        if line[1].button("Remove", key=f"remove-{network.id}", icon=":material/delete:"):
            remove(workspace(), network.id)
            st.rerun()


def _facts(network: NetworkRecord) -> str:
    unit = network.unit or "units of its own"
    count = network.config.spec.parameters(network.config)
    return f"{count:,} weights, for {unit}, added {cards.ago(network.created)}"


@telling_disk_problems
def _set_aside(file: UploadedFile) -> str:
    """Write the upload to a folder of its own, where a worker checks it; its place there."""
    folder = secrets.token_hex(6)
    aside = upload_folder(workspace(), folder)
    called = re.sub(r"[^\w .-]", "-", file.name)[-80:].lstrip(".") or "network"
    try:
        aside.mkdir(parents=True)
        (aside / called).write_bytes(file.getbuffer())
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return f"{folder}/{called}"
