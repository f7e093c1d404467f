"""The Train page as an address: its settings, scans, the run's name and what it goes on from."""

from collections.abc import Collection
from urllib.parse import urlencode

import streamlit as st

from ctdenoise.config.config import Config
from ctdenoise.ui.session import brought, keep, workspace
from ctdenoise.ui.train import form

PAIRS, NAME, BRANCH = "train-pairs", "run-name", "train-branch"
"""Where the session keeps what the form does not: (workspace, pair), text, (run, epoch)."""
_PARAMETERS = ("preset", "set", "pair", "name", "branch")
MOST_KEPT = 1000
_last: dict[str, dict[str, list[str]]] = {}
"""The form of each workspace as it stood last, for a browser that was reloaded on another page."""


def take(available: Collection[tuple[str, str]]) -> None:
    """Choose what the address brings: everything where it tells of settings, else scans alone."""
    given = brought("train", *_PARAMETERS)
    if form.is_new() and not (given.get("preset") or given.get("set")):
        stood = dict(_last.get(workspace(), {}))
        if PAIRS in st.session_state:  # what was brought since is chosen already
            stood.pop("pair", None)
        given = stood | {name: said for name, said in given.items() if said}
    if not given:
        return
    given = {name: given.get(name, []) for name in _PARAMETERS}
    if given["preset"] or given["set"]:
        form.open_link((given["preset"] or ["recommended"])[-1], given["set"])
        st.session_state[NAME] = "".join(given["name"])[:80]
        run, _, epoch = "".join(given["branch"]).partition(":")
        st.session_state[BRANCH] = (run, int(epoch)) if epoch.isdecimal() else ("", 0)
    if named := [key for key in available if key[1] in given["pair"]]:
        st.session_state[PAIRS] = named


def write(config: Config) -> None:
    """Put all of the page into the address."""
    run, epoch = st.session_state.get(BRANCH, ("", 0))
    stands = {
        **_settings(config),
        "name": [name] if (name := st.session_state[NAME]) else [],
        "branch": [f"{run}:{epoch}"] if run else [],
    }
    keep("train", stands)
    _last.pop(workspace(), None)
    _last[workspace()] = stands
    if len(_last) > MOST_KEPT:
        del _last[next(iter(_last))]


def share(config: Config) -> None:
    """Settings and scans as one address, to be copied."""
    with st.popover("Share", icon=":material/link:", help="One link that holds all settings."):
        st.write("Whoever opens this link finds the form as it stands now.")
        page = (st.context.url or "/train").partition("?")[0]
        address = urlencode(_settings(config), doseq=True)
        st.code(f"{page}?{address}", language=None, wrap_lines=True)


def _settings(config: Config) -> dict[str, list[str]]:
    return {
        "preset": [form.preset()],
        "set": form.changes(config),
        "pair": [id for _, id in st.session_state[PAIRS]],
    }
