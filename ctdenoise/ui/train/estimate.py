"""How long a run will take here, and whether it can start at all: counted from its settings or,
once somebody works with them, from parts of it that are tried out."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.config.config import Config
from ctdenoise.config.limits import guessed_seconds, is_measurable
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor, result
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.jobs.kinds.train import TRAIN, needs
from ctdenoise.ui.components import sharing
from ctdenoise.ui.components.cards import duration
from ctdenoise.ui.session import workspace
from ctdenoise.ui.train import form
from ctdenoise.workspace.sample import WORKSPACE as EVERYBODY

LABEL = "Time on this machine"
MEASURED = (
    "From the first step to the last picture: steps, validation and pictures of this network were "
    "tried out here for a second, then multiplied. It holds while this machine does nothing else."
)
COUNTED = (
    "Counted from the settings, for a processor of a few cores: it may well be three times as long "
    "or as short."
)
WAIT_SECONDS = 60
DOWNLOAD_SECONDS = 300


def show(place: DeltaGenerator, config: Config) -> None:
    """What was measured for these settings or, where they are only looked at or a step is long,
    what was counted; apart from it, how long with the others who share the machine now.

    Its parts are measured once the person has stopped moving controls; what was measured holds for
    all visitors. Every call on ``place`` lets a newer run of this script take over.
    """

    needed = needs(workspace(), config)

    def tell(value: str, how: str = MEASURED) -> None:
        shared = sharing.joining(TRAIN, workspace(), **needed) or None
        place.metric(LABEL, value, shared, delta_color="off", delta_arrow="off", help=how)

    def tell_counted() -> None:
        tell(f"roughly {duration(guessed_seconds(config))}", COUNTED)

    asked = Estimate(config=config)
    job = queue.answers(ESTIMATE, asked, EVERYBODY)
    if job is None:
        if form.untouched(config) or not is_measurable(config):
            tell_counted()
            return
        for _ in range(6):
            tell("measuring …")
            time.sleep(0.1)
        job = executor().ask(ESTIMATE, asked, EVERYBODY)
    end = time.monotonic() + WAIT_SECONDS
    while job.live and time.monotonic() < end:
        tell("measuring …")
        time.sleep(0.1)
        job = queue.job(job.id)
    if job.live:
        tell_counted()
    else:
        tell(f"about {duration(float(result(job)))}")


def check(config: Config) -> None:
    """Raise :class:`Problem` where a run could not start: parts of VGG16 cannot be had."""
    if config.loss.downloads():
        with st.spinner("Looking for the later blocks of VGG16 …"):
            executor().answer(ESTIMATE, Estimate(config=config), EVERYBODY, DOWNLOAD_SECONDS)
