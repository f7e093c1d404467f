"""One scan becomes pairs: its low-dose twins, previewed while the dose moves."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.dose.field import truncated
from ctdenoise.errors import Problem
from ctdenoise.jobs import functions as jobs
from ctdenoise.jobs.executor import engine
from ctdenoise.settings import settings
from ctdenoise.ui import pictures as pixels
from ctdenoise.ui.components import cards, palette, panes
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.units import WINDOWS
from ctdenoise.workspace.library import Library, ScanRecord

PHYSICS = {"photons": 3e5, "electrons": 10.0, "f50": 0.4}
DRAWS = 4
DOSES = (*range(1, 11), 12, 15, *range(20, 101, 5))
"""In percent: closer together where the picture changes most."""

USUAL = (50, 25, 10, 5, 2, 1)
"""In percent, a click away from being made too."""


def from_one(library: Library, scans: dict[str, ScanRecord]) -> None:
    """Choose a scan and doses, see what would be inserted, make a pair of each."""
    usable = {id: record for id, record in scans.items() if record.unit == "HU" and record.spacing}
    if not usable:
        st.info(
            "A low dose is simulated only for CT in HU with a known pixel size: "
            "add such a scan, or pair two scans in their own units."
        )
        return
    if len(usable) < len(scans):
        st.caption("Scans without HU or pixel size are left out: no dose is simulated for them.")
    picture, controls = st.columns([3, 1], gap="medium")
    with controls:
        id = st.selectbox(
            "Full-dose scan",
            list(usable),
            format_func=cards.scan_names(usable).__getitem__,
        )
        record = usable[id]
        st.session_state.setdefault(f"physics-{id}", dict(PHYSICS))
        percent = st.select_slider(
            "Dose",
            DOSES,
            25,
            format_func="{} %".format,
            help="How many of the photons are left. Noise grows about as one over the square "
            "root of the dose: at a quarter it doubles. How true this is down to 1 % stands in "
            "docs/dose-validation.md.",
        )
        others = st.pills(
            "Make also at (% dose)",
            USUAL,
            selection_mode="multi",
            help="One pair is made for each dose, all at once. A network that learns from "
            "several doses copes with scans of any of them.",
        )
        doses = sorted({percent, *others} - {100})  # lists show the newest first
        many = f"{len(doses)} pairs" if len(doses) > 1 else "the pair"
        start = st.button(
            f"Make {many}",
            type="primary",
            icon=":material/add:",
            width="stretch",
            disabled=not doses,
        )
        below = st.empty()
        if percent == 100:
            st.caption("At 100 % nothing is added: this is the scan itself, and makes no pair.")
        physics, seed = _more(library, record)
    owner = workspace()
    with picture:
        low = tuple(
            pixels.twin(
                owner,
                id,
                i,
                percent / 100,
                physics["photons"],
                physics["electrons"],
                physics["f50"],
                seed,
            )
            for i in range(record.slices)
        )
        full = tuple(pixels.scan(owner, id, i) for i in range(record.slices))
        shown = [
            Pane(f"{percent} % dose", palette.LOW.color, low, dash=palette.LOW.dash),
            Pane("Full dose", palette.FULL.color, full, dash=palette.FULL.dash),
        ]
        shown.append(panes.difference("Inserted noise", shown, of=0, minus=1, like=0))
        state = viewer(
            shown,
            key=f"twin-{id}",
            height=340,
            window=WINDOWS["soft tissue"],
            frame=record.slices // 2,
            report=("frame", "region"),
            **panes.geometry(library.scan(id)),
        )
        st.session_state["twin-view"] = (id, state.frame, state.region)
        if truncated(library.scan(id).values[record.slices // 2]):
            st.caption(
                "The picture cuts the body off at its edge. What lies beyond is guessed from the "
                "edge, so the noise is less certain: calibrate on this scan, under More."
            )
    if start:
        _make(id, [dose / 100 for dose in doses], physics, seed, below)


def _more(library: Library, record: ScanRecord) -> tuple[dict[str, float], int]:
    """The scanner behind the simulation, with calibration on the scan itself, and the seed."""
    physics: dict[str, float] = st.session_state[f"physics-{record.id}"]
    with st.expander("More: seed and physics"):
        seed = st.number_input(
            "Seed of the noise",
            0,
            999_999,
            0,
            help="The same seed draws the same grain, at every dose: only stronger at a lower one. "
            "Another seed draws another, like a second scan.",
        )
        physics["photons"] = st.number_input(
            "Photons per ray",
            1e3,
            1e9,
            float(physics["photons"]),
            format="%.3g",
            help="At full dose, before the patient. Fewer photons: more noise and streaks.",
        )
        physics["electrons"] = st.number_input(
            "Electronic noise (variance, photons²)",
            0.0,
            1e4,
            float(physics["electrons"]),
            help="What the detector adds by itself; it shows where hardly a photon arrives.",
        )
        physics["f50"] = st.number_input(
            "Kernel, f50 (line pairs per mm)",
            0.1,
            2.0,
            float(physics["f50"]),
            step=0.05,
            help="Where the reconstruction kernel lets half through: higher is sharper and "
            "noisier, with finer grain.",
        )
        st.caption(
            "Or let the program read photons and kernel off this scan's own noise: draw a region "
            "in an even organ with the region tool, or let it find one."
        )
        if st.button("Calibrate on this scan", icon=":material/straighten:", width="stretch"):
            seen, frame, region = st.session_state.get("twin-view", (record.id, 0, None))
            frame, region = (frame, region) if seen == record.id else (record.slices // 2, None)
            with st.spinner("Measuring the noise …"):
                answer = engine().ask(jobs.calibrate, workspace(), record.id, frame, region)
                found = answer.result(60)
            st.session_state[f"physics-{record.id}"] = {k: found["physics"][k] for k in PHYSICS}
            where = found["region"]
            st.session_state[f"calibrated-{record.id}"] = (
                f"Measured in {where['width']} × {where['height']} pixels at row {where['row']}, "
                f"column {where['column']} of slice {frame + 1}."
            )
            st.rerun()
        if told := st.session_state.get(f"calibrated-{record.id}"):
            st.caption(told)
    return physics, int(seed)


def _make(
    scan_id: str,
    doses: list[float],
    physics: dict[str, float],
    seed: int,
    place: DeltaGenerator,
) -> None:
    """Make the pairs on a worker while a bar in ``place`` tells how far they all are."""
    file = settings().home / "progress" / f"{workspace()}-{scan_id}.json"
    job = engine().ask(
        jobs.make_twins,
        workspace(),
        scan_id,
        doses,
        physics["photons"],
        physics["electrons"],
        physics["f50"],
        DRAWS,
        seed,
        str(file),
        long=True,
    )
    bar = place.progress(0.0, "Starting")
    while not job.done():
        bar.progress(*jobs.progress(str(file)))
        time.sleep(0.2)
    try:
        job.result()
    except Problem as problem:
        place.error(str(problem))
        return
    st.rerun()
