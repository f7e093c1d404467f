"""One scan becomes a pair: its low-dose twin, previewed while the dose moves."""

import time

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.hounsfield import WINDOWS
from ctdenoise.runs import jobs
from ctdenoise.runs.engine import engine
from ctdenoise.scans.library import Library, ScanRecord
from ctdenoise.settings import settings
from ctdenoise.ui import cards, palette, panes, pixels
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, viewer

PHYSICS = {"photons": 3e5, "electrons": 10.0, "f50": 0.4}
DRAWS = 4
SEED = 0
"""The same as of the preview: what was seen is what is made."""


def from_one(library: Library, scans: dict[str, ScanRecord]) -> None:
    """Choose a scan and a dose, see what would be inserted, make the pair."""
    usable = {id: record for id, record in scans.items() if record.unit == "HU" and record.spacing}
    if not usable:
        st.info(
            "A low dose is simulated only for CT in HU with a known pixel size: "
            "add such a scan, or pair two scans in their own units."
        )
        return
    if len(usable) < len(scans):
        st.caption("Scans without HU or pixel size are left out: no dose is simulated for them.")
    id = st.selectbox(
        "Full-dose scan",
        list(usable),
        format_func=cards.scan_names(usable).__getitem__,
    )
    record = usable[id]
    st.session_state.setdefault(f"physics-{id}", dict(PHYSICS))
    picture, controls = st.columns([3, 1], gap="medium")
    with controls:
        percent = st.slider(
            "Dose",
            1,
            95,
            25,
            format="%d %%",
            help="How many of the photons are left. Noise grows about as one over the square "
            "root of the dose: at a quarter it doubles.",
        )
        physics = _physics_controls(library, record)
        start = st.button("Make the pair", type="primary", icon=":material/add:", width="stretch")
    owner, dose = workspace(), percent / 100
    with picture:
        low = tuple(
            pixels.twin(
                owner, id, i, dose, physics["photons"], physics["electrons"], physics["f50"]
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
    if start:
        _make(id, dose, physics)


def _physics_controls(library: Library, record: ScanRecord) -> dict[str, float]:
    """The scanner behind the simulation, under "more", with calibration on the scan itself."""
    physics: dict[str, float] = st.session_state[f"physics-{record.id}"]
    with st.expander("The physics"):
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
    return physics


def _make(scan_id: str, dose: float, physics: dict[str, float]) -> None:
    """Make the pair on a worker while a bar tells how far it is."""
    file = settings().home / "progress" / f"{workspace()}-{scan_id}.json"
    job = engine().ask(
        jobs.make_twin,
        workspace(),
        scan_id,
        dose,
        physics["photons"],
        physics["electrons"],
        physics["f50"],
        DRAWS,
        SEED,
        str(file),
        long=True,
    )
    bar = st.progress(0.0, "Starting")
    while not job.done():
        bar.progress(*jobs.progress(str(file)))
        time.sleep(0.2)
    try:
        job.result()
    except Problem as problem:
        bar.empty()
        st.error(str(problem))
        return
    st.rerun()
