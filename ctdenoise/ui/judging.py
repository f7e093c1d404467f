"""The Compare page below its choices: pictures, figures, noise in a region, the line profile."""

import csv
import io
from functools import lru_cache

import numpy as np
import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.hounsfield import WINDOWS, Window
from ctdenoise.quality.fidelity import CONVENTIONS, Convention, Fidelity, fidelity, viewing
from ctdenoise.quality.noise import Region, statistics
from ctdenoise.quality.profile import line_profile
from ctdenoise.runs.store import Run
from ctdenoise.scans.library import PairRecord
from ctdenoise.training import split
from ctdenoise.ui import charts, panes, pixels
from ctdenoise.ui.session import library, workspace
from ctdenoise.ui.viewer import Pane, ViewerState, viewer

MAPS = ("None", "Removed noise", "Error against full dose")
CONVENTION_NAMES = {
    "viewing": "as viewed (the viewer's window)",
    "chest": "chest −600/1500",
    "abdomen": "abdomen 50/400",
    "neuro": "neuro 40/80",
    "red-cnn": "RED-CNN −160…240",
    "full": "all of HU, range 4095",
}


@st.fragment
def show(owner: str, record: PairRecord, networks: list[Run], sigma: float, maps: str) -> None:
    """Viewer, then the numbers of the slice in view; only this reruns when the viewer moves."""
    images = [panes.low(owner, record)]
    if sigma > 0:
        images.append(panes.gaussian(owner, record, sigma))
    images += [panes.network(run, owner, record) for run in networks]
    images.append(panes.full(owner, record))
    shown = images + _maps(images, maps)
    state = viewer(
        shown,
        key=f"compare-{record.id}",
        height=300 if len(shown) > 4 else 400,
        window=WINDOWS["soft tissue"] if record.unit == "HU" else _own_window(images[0]),
        frame=first_test_slice(record, networks),
        **panes.geometry(library(owner).pair(record.id)),
    )
    _seen_in_training(record, networks, state.frame)
    profile, numbers = st.columns([3, 2], gap="medium")
    try:
        with profile:
            _profile(images, record, state)
        with numbers:
            _numbers(images, record, networks, state)
    except Problem as problem:
        st.error(str(problem))


def _maps(images: list[Pane], maps: str) -> list[Pane]:
    last = len(images) - 1
    if maps == MAPS[1]:
        return [
            panes.difference(f"Low dose − {images[i].name}", images, of=0, minus=i)
            for i in range(1, len(images))
        ]
    if maps == MAPS[2]:
        return [
            panes.difference(f"{images[i].name} − full dose", images, of=i, minus=last)
            for i in range(last)
        ]
    return []


def _own_window(pane: Pane) -> Window:
    return Window.automatic(_pixels(pane, 0))


def _pixels(pane: Pane, frame: int) -> np.ndarray:
    return pixels.load(pane.frames[frame], workspace()).astype(np.float32)


def first_test_slice(record: PairRecord, networks: list[Run]) -> int:
    """The first slice that none of the networks was trained on, else the middle one."""
    seen = set().union(*(_seen(run, record) for run in networks)) if networks else set()
    unseen = [i for i in range(record.slices) if i not in seen]
    return unseen[len(unseen) // 2] if unseen else record.slices // 2


def _seen(run: Run, record: PairRecord) -> set[int]:
    """Slices of a pair from which a run took training patches."""
    return {
        index
        for part in split.read(run.folder).train
        if run.pairs[part.pair][1] == record.id
        for index in part.slices
    }


def _seen_in_training(record: PairRecord, networks: list[Run], frame: int) -> None:
    names = [run.name for run in networks if frame in _seen(run, record)]
    if names:
        st.warning(
            f"{', '.join(names)} learned from this slice or a part of it: figures on it flatter.",
            icon=":material/school:",
        )


def _profile(images: list[Pane], record: PairRecord, state: ViewerState) -> None:
    """HU along the line that was dragged in the viewer, with a download."""
    st.markdown("##### Along the line")
    if state.line is None:
        st.info(
            "Take the line tool and drag across an edge in any picture: its profile appears here.",
            icon=":material/show_chart:",
        )
        return
    curves = []
    for pane in images:
        distance, values = line_profile(_pixels(pane, state.frame), *state.line, record.spacing)
        curves.append(charts.Curve(pane.name, distance, values, pane.color, pane.dash))
    length = (
        "Distance along the line (mm)" if record.spacing else "Distance along the line (pixels)"
    )
    st.plotly_chart(
        charts.lines(curves, length, "CT number (HU)" if record.unit == "HU" else "Value"),
        key="profile",
    )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([length, *(c.name for c in curves)])
    table.writerows(zip(curves[0].x, *(c.y for c in curves), strict=True))
    st.download_button(
        "Download the profile (CSV)",
        text.getvalue(),
        "profile.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _numbers(
    images: list[Pane], record: PairRecord, networks: list[Run], state: ViewerState
) -> None:
    """Fidelity to the full dose and noise in the region, one row per image."""
    st.markdown("##### In numbers")
    choices = list(CONVENTION_NAMES) if record.unit == "HU" else ["viewing"]
    name = st.selectbox(
        "PSNR and SSIM clipped to",
        choices,
        key="compare-convention",
        persist_state="session",
        format_func=CONVENTION_NAMES.__getitem__,
    )
    convention = viewing(state.window) if name == "viewing" else CONVENTIONS[name]
    reference = images[-1].frames[state.frame]
    region = Region(*state.region) if state.region else None
    rows = []
    for pane in images:
        row: dict[str, object] = {"Image": pane.name}
        if pane is not images[-1]:
            figures = measured(pane.frames[state.frame], reference, workspace(), convention)
            row |= {"RMSE (HU)": figures.rmse, "PSNR (dB)": figures.psnr, "SSIM": figures.ssim}
        if region:
            here = statistics(_pixels(pane, state.frame), region)
            row |= {"Mean (HU)": here.mean, "SD (HU)": here.sd}
        rows.append(row)
    formats = {
        "RMSE (HU)": "%.1f",
        "PSNR (dB)": "%.2f",
        "SSIM": "%.4f",
        "Mean (HU)": "%.1f",
        "SD (HU)": "%.1f",
    }
    st.dataframe(
        rows,
        hide_index=True,
        column_config={n: st.column_config.NumberColumn(format=f) for n, f in formats.items()},
    )
    st.caption(f"This slice against the full dose. {convention.sentence}.")
    if not region:
        st.caption("Take the region tool for mean and SD of the noise in each image.")


@lru_cache(maxsize=4096)
def measured(image: str, reference: str, owner: str, convention: Convention) -> Fidelity:
    """Fidelity of the picture behind an address; measured once, since addresses never change."""
    return fidelity(
        pixels.load(image, owner).astype(np.float32),
        pixels.load(reference, owner).astype(np.float32),
        convention,
    )
