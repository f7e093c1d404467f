"""The place to drop files: the browser sends them itself, see :mod:`ctdenoise.ui.uploads`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.ui import uploads
from ctdenoise.ui.session import workspace

How = Literal["sending", "broken", "arrived", "without"]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sent:
    """An upload of this workspace: its id, and whether it is on its way, broke off, arrived whole,
    or shall be read ``without`` what is missing."""

    id: str
    how: How


def _html() -> str:
    return """<div class="zone" data-testid="dropzone">
<div class="row"><button class="files" type="button">Choose files</button>
<button class="folder" type="button">Choose a folder</button>
<span class="drop">or drop them here</span></div>
<input type="file" multiple hidden>
<progress max="1" value="0" hidden aria-label="Sent"></progress>
<div class="said" role="status"></div><div class="lost" role="alert"></div>
<div class="row after"></div></div>"""


_component = st.components.v2.component(
    "ctdenoise_dropzone",
    html=_html(),
    css=(HERE / "dropzone.css").read_text("utf-8"),
    js=(HERE / "dropzone.js").read_text("utf-8"),
)


def dropzone(key: str, on_choice: Callable[[], None]) -> Sent | None:
    """Show it; what becomes of the files that were chosen in it, None before there are any.
    ``on_choice`` is called as soon as some are chosen, whatever becomes of them."""
    result = _component(
        key=key,
        data=[uploads.ROUTE],
        on_upload_change=_nothing,
        on_choice_change=on_choice,
    )
    return _sent(result)


def state(key: str) -> Sent | None:
    """The same, before it is drawn."""
    return _sent(st.session_state.get(key) or {})


def _nothing() -> None:
    """Streamlit keeps only states that have a callback."""


def _sent(result: Mapping[str, Any]) -> Sent | None:
    """What the browser says, checked: it is data from outside."""
    match result.get("upload"):
        case [str(id), str(how)] if how in get_args(How):
            try:
                lost = uploads.missing(workspace(), id)
            except Problem:  # it was read meanwhile, or is another's
                return None
            return Sent(id, "broken" if how == "arrived" and lost else how)  # type: ignore[arg-type]
    return None
