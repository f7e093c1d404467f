"""How long a run will take here, and whether it can start at all, from real steps of it."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.config.config import Config
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.ui.components.cards import duration
from ctdenoise.ui.session import workspace

LABEL = "Time on this machine"
HELP = "Measured just now with real steps of this network, then multiplied."
WAIT_SECONDS = 60
DOWNLOAD_SECONDS = 300
KEPT = 256

_known: dict[Config, float] = {}  # seconds; for all visitors of this server


def show(place: DeltaGenerator, config: Config) -> None:
    """Measure real steps of this network, once the person has stopped moving controls.

    Every call on ``place`` lets a newer run of this script take over.
    """
    if config not in _known:
        for _ in range(6):
            place.metric(LABEL, "measuring …", help=HELP)
            time.sleep(0.1)
        job = executor().fetch(queue.add(ESTIMATE, Estimate(config=config), workspace()))
        end = time.monotonic() + WAIT_SECONDS
        while not job.done() and time.monotonic() < end:
            place.metric(LABEL, "measuring …", help=HELP)
            time.sleep(0.1)
        if not job.done():
            place.metric(LABEL, "machine is busy", help=HELP)
            return
        _keep(config, job.result())
    place.metric(LABEL, f"about {duration(_known[config])}", help=HELP)


def check(config: Config) -> None:
    """Raise :class:`Problem` where a run could not start: parts of VGG16 cannot be had."""
    if config.loss.downloads() and config not in _known:
        with st.spinner("Looking for the later blocks of VGG16 …"):
            asked = Estimate(config=config)
            _keep(config, executor().request(ESTIMATE, asked, workspace(), DOWNLOAD_SECONDS))


def forget() -> None:
    """Measure everything anew."""
    _known.clear()


def _keep(config: Config, seconds: float) -> None:
    _known[config] = seconds
    while len(_known) > KEPT:
        _known.pop(next(iter(_known)), None)
