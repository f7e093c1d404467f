"""Real pairs from the public archive: choose patients, watch them come, have them as pairs."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.download import DOWNLOAD, Download
from ctdenoise.scans import ldct
from ctdenoise.ui.components import cards, jobs
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace.database import Job

ON_DISK = 5
"""A fetched slice takes as many times its download: DICOM and HU of the scans, and the pair."""


def real_pairs() -> None:
    """The section of the Scans page."""
    last = jobs.newest(DOWNLOAD)
    live = last is not None and last.live
    with st.container():  # always there, so that the table below keeps its place and its ticks
        if last:
            jobs.follow(last)
    patients = list(ldct.patients().values())
    with st.expander(
        f"**Real low-dose pairs from the Mayo Clinic:** {counted(len(patients), 'patient')} to "
        "download",
        key=f"ldct-{_arrivals(last)}",
    ):
        st.fragment(cards.telling_problems(_choose))(patients, live, _arrivals(last))


def _arrivals(last: Job | None) -> str:
    """Another word for each download that arrived whole, which closes the table and clears its
    ticks."""
    return last.id if last and last.state == "finished" else ""


def _choose(patients: Sequence[ldct.Patient], live: bool, arrived: str) -> None:
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
            key=f"ldct-table-{arrived}",
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
                f"{counted(len(chosen), 'patient')}, {counted(slices, 'slice')} at two doses: "
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
    asked = Download(patients=tuple(patient.id for patient in chosen), every=every)
    jobs.forget_told()
    executor().submit(DOWNLOAD, asked, workspace())
    st.rerun(scope="app")
