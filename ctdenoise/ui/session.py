"""Whose session this is: the workspace behind the browser's cookie, its library and its runs."""

import re
import secrets

import streamlit as st

from ctdenoise.runs.store import Run, store
from ctdenoise.scans.library import Library, PairRecord
from ctdenoise.scans.sample import WORKSPACE as SAMPLE
from ctdenoise.settings import settings

COOKIE = "ctdenoise_workspace"
_WORKSPACE = re.compile(r"[0-9a-f]{32}")


def new_workspace() -> str:
    return secrets.token_hex(16)


def valid_workspace(cookie: object) -> str | None:
    """The cookie's workspace, or None where it is missing or not one of ours."""
    return cookie if isinstance(cookie, str) and _WORKSPACE.fullmatch(cookie) else None


def workspace() -> str:
    """The workspace of this browser; "local" where there are no cookies."""
    return valid_workspace(st.context.cookies.get(COOKIE)) or "local"


def library(owner: str) -> Library:
    """The library of a workspace."""
    return Library(settings().workspaces / owner)


def pairs() -> dict[tuple[str, str], PairRecord]:
    """Every pair this session may use, by (workspace, pair id): its own first, then the sample."""
    mine = workspace()
    return {
        (owner, record.id): record for owner in (mine, SAMPLE) for record in library(owner).pairs()
    }


def runs() -> list[Run]:
    """The runs of this session, newest first."""
    return store().runs(workspace())


def arrived(parameter: str, page: str) -> list[str]:
    """What a link to ``page`` brought in ``parameter``; told once, then the page's choices hold."""
    values = st.query_params.get_all(parameter)
    mark = f"arrived:{page}:{parameter}"
    if values == st.session_state.get(mark, []):
        return []
    st.session_state[mark] = values
    return values


def keep_link(parameter: str, page: str, values: list[str]) -> None:
    """Write the choices of ``page`` into its address, so that a reload or a link finds them."""
    st.session_state[f"arrived:{page}:{parameter}"] = values
    st.query_params[parameter] = values
