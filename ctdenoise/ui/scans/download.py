"""Real pairs from the public archive: choose patients, watch them come, have them as pairs."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs import download as fetching
from ctdenoise.jobs.executor import Answer, engine
from ctdenoise.scans import ldct
from ctdenoise.ui.components import cards
from ctdenoise.ui.session import workspace

ON_DISK = 5
"""A fetched slice takes as many times its download: DICOM and HU of the scans, and the pair."""

ASKED = "ldct-asked"
"""Session state: the answer to come, and how many patients were asked for."""
TOLD = "ldct-told"
"""Session state: what became of the last download."""
TIMES = "ldct-times"
"""Session state: how many downloads arrived whole; each closes the table and clears its ticks."""


def real_pairs() -> None:
    """The section of the Scans page."""
    live = ASKED in st.session_state or fetching.progress(workspace()) is not None
    with st.container():  # always there, so that the table below keeps its place and its ticks
        if live:
            st.fragment(_watch, run_every=1.0)()
        elif TOLD in st.session_state:
            show, sentence = st.session_state[TOLD]
            getattr(st, show)(sentence)
    patients = list(ldct.patients().values())
    with st.expander(
        f"**Real low-dose pairs from the Mayo Clinic:** {len(patients)} patients to download",
        key=f"ldct-{st.session_state.setdefault(TIMES, 0)}",
    ):
        st.fragment(cards.telling_problems(_choose))(patients, live)


def _choose(patients: Sequence[ldct.Patient], live: bool) -> None:
    """The table to choose from, how many slices, and the button that starts the download."""
    st.markdown(
        "Each patient at routine dose and at a tenth (chest) or a quarter (abdomen) of it, the "
        "pairs that most publications on low-dose CT learn from. Tick patients in the first column."
    )
    table, controls = st.columns([3, 1], gap="medium")
    with table:
        answer = st.dataframe(
            [
                {
                    "Patient": patient.id,
                    "Body region": patient.region.capitalize(),
                    "Low dose": f"{patient.fraction:.0%}",
                    "Slices": patient.full.slices,
                    "Size (MB)": round(patient.download_mb()),
                    "Licence": patient.licence,
                }
                for patient in patients
            ],
            column_config={
                "Low dose": st.column_config.TextColumn(
                    help="Of the routine dose. The clinic inserted the noise of fewer photons into "
                    "the scanner's raw data and reconstructed both."
                ),
                "Slices": st.column_config.NumberColumn(help="At each of the two doses."),
                "Size (MB)": st.column_config.NumberColumn(
                    help="To download for all slices at both doses."
                ),
            },
            key=f"ldct-table-{st.session_state[TIMES]}",
            on_select="rerun",
            selection_mode="multi-row",
            height=240,
        )
    chosen = [patients[row] for row in answer["selection"]["rows"] if row < len(patients)]
    with controls:
        every = st.slider(
            "Take every n-th slice",
            1,
            20,
            5,
            help="Neighbouring slices look much alike: every fifth one teaches nearly as much and "
            "takes a fifth of the time.",
        )
        if chosen:
            megabytes = sum(patient.download_mb(every) for patient in chosen)
            slices = sum(-(-patient.full.slices // every) for patient in chosen)
            st.caption(
                f"{len(chosen)} patient{'s' * (len(chosen) > 1)}, {slices} slices at two doses: "
                f"{megabytes:,.0f} MB to download, about {ON_DISK * megabytes:,.0f} MB on the disk."
            )
        if st.button(
            "Download",
            type="primary",
            icon=":material/download:",
            width="stretch",
            disabled=live or not chosen,
        ):
            _start(chosen, every)
    st.caption(f"From the NCI Imaging Data Commons, without a login. {ldct.ATTRIBUTION}")


def _start(chosen: Sequence[ldct.Patient], every: int) -> None:
    fetching.allow(workspace())
    answer = engine().ask(
        fetching.fetch_pairs, workspace(), [patient.id for patient in chosen], every, net=True
    )
    st.session_state[ASKED] = answer, len(chosen)
    st.session_state.pop(TOLD, None)
    st.rerun(scope="app")


def _watch() -> None:
    """How far the download is, with a way to stop it; the whole page anew at its end."""
    found = fetching.progress(workspace())
    asked = st.session_state.get(ASKED)
    if asked and asked[0].done():
        st.session_state[TOLD] = _outcome(*asked)
        del st.session_state[ASKED]
        st.rerun(scope="app")
    if not asked and not found:  # it ended, and another visit had started it
        st.rerun(scope="app")
    bar, button = st.columns([6, 1], vertical_alignment="center")
    bar.progress(*(found or (0.0, "Waiting for its turn")))
    if button.button("Stop", icon=":material/stop:", width="stretch"):
        fetching.stop(workspace())


def _outcome(answer: Answer[list[str]], wanted: int) -> tuple[str, str]:
    """What to say, and as what (a function of Streamlit)."""
    try:
        count = len(answer.result())
    except Problem as problem:
        return "error", str(problem)
    pairs = f"{count} pair{'s' * (count != 1)}"
    if count < wanted:
        return "info", f"Stopped, {pairs} added. Download again, and it goes on where it was."
    st.session_state[TIMES] += 1
    return "success", f"{pairs} added to the list below."
