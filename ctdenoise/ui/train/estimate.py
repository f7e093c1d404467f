"""How long a run will take here, and whether it can start at all, from real steps of it."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.config.config import Config
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor, result
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.ui.components.cards import duration
from ctdenoise.workspace.sample import WORKSPACE as EVERYBODY

LABEL = "Time on this machine"
HELP = "Measured here with real steps of this network, then multiplied."
WAIT_SECONDS = 60
DOWNLOAD_SECONDS = 300


def show(place: DeltaGenerator, config: Config) -> None:
    """Measure real steps of this network, once the person has stopped moving controls; what was
    measured holds for all visitors.

    Every call on ``place`` lets a newer run of this script take over.
    """
    asked = Estimate(config=config)
    if not queue.answers(ESTIMATE, asked, EVERYBODY):
        for _ in range(6):
            place.metric(LABEL, "measuring …", help=HELP)
            time.sleep(0.1)
    job = executor().ask(ESTIMATE, asked, EVERYBODY)
    end = time.monotonic() + WAIT_SECONDS
    while job.live and time.monotonic() < end:
        place.metric(LABEL, "measuring …", help=HELP)
        time.sleep(0.1)
        job = queue.job(job.id)
    told = "machine is busy" if job.live else f"about {duration(result(job))}"
    place.metric(LABEL, told, help=HELP)


def check(config: Config) -> None:
    """Raise :class:`Problem` where a run could not start: parts of VGG16 cannot be had."""
    if config.loss.downloads():
        with st.spinner("Looking for the later blocks of VGG16 …"):
            executor().answer(ESTIMATE, Estimate(config=config), EVERYBODY, DOWNLOAD_SECONDS)
