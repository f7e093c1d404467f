"""One scan becomes pairs: its low-dose twins, previewed while the dose moves."""

import streamlit as st

from ctdenoise.dose.field import truncated
from ctdenoise.errors import Problem
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds import simulate
from ctdenoise.jobs.kinds.simulate import CALIBRATE, SIMULATE, Calibrate, Physics, Simulate
from ctdenoise.ui import pictures
from ctdenoise.ui.components import cards, jobs, palette, panes
from ctdenoise.ui.components.text import tell
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.units import WINDOWS, counted
from ctdenoise.workspace.library import Library, ScanRecord

DOSES = (*range(1, 11), 12, 15, *range(20, 101, 5))
"""In percent: closer together where the picture changes most."""

USUAL = (50, 25, 10, 5, 2, 1)
"""In percent, a click away from being made too."""


def under_way() -> bool:
    """Whether a low dose is being simulated."""
    making = jobs.newest(SIMULATE)
    return making is not None and making.live


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
        st.session_state.setdefault(f"physics-{id}", Physics().model_dump())
        percent = st.select_slider(
            "Dose",
            DOSES,
            25,
            format_func="{} %".format,
            help="How many of the photons are left. Noise grows about as one over the square "
            "root of the dose: at a quarter it doubles.",
        )
        others = st.pills(
            "Make also at (% dose)",
            USUAL,
            selection_mode="multi",
            help="One pair is made for each dose, all at once. A network that learns from "
            "several doses copes with scans of any of them.",
        )
        doses = sorted({percent, *others} - {100})  # lists show the newest first
        many = counted(len(doses), "pair") if len(doses) > 1 else "the pair"
        making = jobs.newest(SIMULATE)
        if making and (making.live or (making.state != "finished" and making.subject == id)):
            jobs.follow(making)
        start = st.button(
            f"Make {many}",
            type="primary",
            icon=":material/add:",
            width="stretch",
            disabled=not doses or bool(making and making.live),
        )
        if percent == 100:
            st.caption("At 100 % nothing is added: this is the scan itself, and makes no pair.")
        physics, seed = _more(library, record)
    owner = workspace()
    with picture:
        low = pictures.Simulated.addresses(
            record.slices,
            owner=owner,
            scan=id,
            dose=percent / 100,
            seed=seed,
            **physics.model_dump(),
        )
        full = pictures.ScanSlice.addresses(record.slices, owner=owner, scan=id)
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
        asked = Simulate(
            scan=id, doses=tuple(dose / 100 for dose in doses), physics=physics, seed=seed
        )
        jobs.forget_told()
        simulate.start(owner, asked)
        st.rerun()


def _calibrate(record: ScanRecord, asked: Calibrate) -> None:
    """Measure photons and kernel on the scan and take them for its simulation."""
    try:
        with st.spinner("Measuring the noise …"):
            found = executor().answer(CALIBRATE, asked, workspace())
    except Problem as problem:  # the picture has to stay, for another region to be drawn
        tell(problem)
        return
    physics, where = found["physics"], found["region"]
    st.session_state[f"physics-{record.id}"] = {
        name: physics[name] for name in Physics.model_fields
    }
    st.session_state[f"calibrations-{record.id}"] += 1
    st.session_state[f"calibrated-{record.id}"] = (
        f"Measured in {where['width']} × {where['height']} pixels at row {where['row']}, "
        f"column {where['column']} of slice {asked.index + 1}: an SD of {found['sd']:.1f} HU."
    )
    st.rerun()


def _more(library: Library, record: ScanRecord) -> tuple[Physics, int]:
    """The scanner behind the simulation, with calibration on the scan itself, and the seed."""
    physics: dict[str, float] = dict(st.session_state[f"physics-{record.id}"])
    # A calibration is told by new widgets, which begin at what it found.
    turn = f"{record.id}-{st.session_state.setdefault(f'calibrations-{record.id}', 0)}"
    with st.expander("More: seed and physics"):
        seed = st.number_input(
            "Seed of the noise",
            0,
            999_999,
            0,
            key=f"seed-{record.id}",
            persist_state="session",
            help="The same seed draws the same grain, at every dose: only stronger at a lower one. "
            "Another seed draws another, like a second scan.",
        )
        physics["photons"] = st.number_input(
            "Photons per ray",
            1e3,
            1e9,
            float(physics["photons"]),
            format="%.3g",
            key=f"photons-{turn}",
            persist_state="session",
            help="At full dose, before the patient. Fewer photons: more noise and streaks.",
        )
        physics["electrons"] = st.number_input(
            "Electronic noise (variance, photons²)",
            0.0,
            1e4,
            float(physics["electrons"]),
            key=f"electrons-{turn}",
            persist_state="session",
            help="What the detector adds by itself; it shows where hardly a photon arrives.",
        )
        physics["f50"] = st.number_input(
            "Kernel, f50 (line pairs per mm)",
            0.1,
            2.0,
            float(physics["f50"]),
            step=0.05,
            key=f"f50-{turn}",
            persist_state="session",
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
            _calibrate(record, Calibrate(scan=record.id, index=frame, region=region))
        if told := st.session_state.get(f"calibrated-{record.id}"):
            st.caption(told)
    return Physics.model_validate(physics), int(seed)
