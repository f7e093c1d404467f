"""What is over a person's limits, said before anything is launched, and from its settings alone."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.config.config import Config
from ctdenoise.config.limits import cut_short, guessed_seconds
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.estimate import foreseen
from ctdenoise.jobs.kinds.train import refuse_over_limits
from ctdenoise.ui.components.text import plain, tell, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.workspace.limits import limits_of


def said(configs: Sequence[Config]) -> Problem | str:
    """Why trainings with these settings cannot be launched; or what to expect of one that may well
    be stopped before its end, nothing where none may."""
    try:
        refuse_over_limits(workspace(), configs)
    except Problem as problem:
        return problem
    longest = limits_of(workspace()).longest_run
    for config in configs:
        if told := cut_short(config, foreseen(config) or guessed_seconds(config), longest):
            return told
    return ""


def show(what: Problem | str, configs: Sequence[Config]) -> None:
    """What was :func:`said` of these settings; the page is drawn anew once it holds no more, as
    when a run ended."""
    if isinstance(what, Problem):
        with st.container():
            st.fragment(_refused, run_every=2.0)(str(what), configs)
    elif what:
        st.warning(plain(what), icon=":material/timer:")


@telling_problems
def _refused(why: str, configs: Sequence[Config]) -> None:
    if str(said(configs)) != why:
        st.rerun(scope="app")
    tell(why)
