"""The Compare page below its choices: pictures, figures, noise in a region, the line profile."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.config import run_folder, split
from ctdenoise.config.shipped import Shipped
from ctdenoise.metrics.profile import line_profile
from ctdenoise.ui import downloads
from ctdenoise.ui.components import cards, charts, figures, panes
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import pairs
from ctdenoise.ui.viewer import Band, Pane, ViewerState, viewer
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run

MAPS = ("None", "Removed noise", "Error against full dose")


@st.fragment
@cards.telling_problems
def show(
    owner: str,
    record: PairRecord,
    networks: Sequence[Run | Shipped],
    sigma: float,
    maps: str,
    zoomed: bool,
) -> None:
    """Viewer, then the numbers of the slice in view; only this reruns when the viewer moves."""
    trained = [network for network in networks if isinstance(network, Run)]
    images = [panes.low(owner, record)]
    if sigma > 0:
        images.append(panes.gaussian(owner, record, sigma))
    images += [pane(network, owner, record) for network in networks]
    images.append(panes.full(owner, record))
    shown = images + _maps(images, maps)
    rows = judged_rows(record, trained)
    unseen = test_slices(record, trained)
    geometry = panes.geometry(library_of(owner).pair(record.id))
    state = viewer(
        shown,
        overlay=marked_bands(record, trained),
        key=f"compare-{record.id}",
        height=300 if len(shown) > 4 else 400,
        window=panes.first_window(images[0], record.unit),
        frame=unseen[len(unseen) // 2],
        **geometry,
    )
    if zoomed:
        viewer(
            images,
            key=f"compare-zoomed-{record.id}",
            height=300,
            window=state.window,
            frame=state.frame,
            tools=("window", "zoom"),
            report=(),
            view=panes.enlarged(images[-1], record.unit),
            **geometry,
        )
    offer_newer(trained)
    tell_seen(record, trained, state.frame, rows)
    tell_unknown([network for network in networks if isinstance(network, Shipped)])
    profile, numbers = st.columns([3, 2], gap="medium")
    with profile:
        _profile(images, record, state)
    with numbers:
        figures.show(images, record, rows, unseen, state)


def pane(network: Run | Shipped, owner: str, record: PairRecord) -> Pane:
    """A pair through a network of either kind."""
    if isinstance(network, Run):
        return panes.network(network, shown_epoch(network), owner, record)
    return panes.shipped(network, owner, record)


def marked_bands(record: PairRecord, networks: list[Run]) -> list[Band]:
    """Where the first network that was given this pair learned, if its slices are divided."""
    for run in networks:
        for number, (_, pair_id) in enumerate(run.pairs):
            if pair_id == record.id:
                return panes.bands(panes.division(run), number)
    return []


def _maps(images: list[Pane], maps: str) -> list[Pane]:
    last = len(images) - 1
    if maps == MAPS[1]:
        return [
            panes.difference(f"Low dose − {images[i].name}", images, of=0, minus=i, like=i)
            for i in range(1, len(images))
        ]
    if maps == MAPS[2]:
        return [
            panes.difference(f"{images[i].name} − full dose", images, of=i, minus=last, like=i)
            for i in range(last)
        ]
    return []


def shown_epoch(run: Run) -> int:
    """The newest epoch; of a run that still learns the one that this visitor first looked at, so
    that no picture changes under the eyes."""
    newest, key = run_folder.kept(run.folder)[-1], f"compare-epoch-{run.id}"
    if not run.live:
        st.session_state.pop(key, None)
        return newest
    chosen: int = st.session_state.setdefault(key, newest)
    return chosen


def offer_newer(networks: list[Run]) -> None:
    """For each that has learned on since it was first looked at: the button that shows it as it is
    now."""
    for run in networks:
        newest = run_folder.kept(run.folder)[-1]
        if newest > shown_epoch(run):
            st.button(
                f"{plain(run.name)} has learned on: show epoch {newest}",
                icon=":material/update:",
                key=f"newer-{run.id}",
                on_click=st.session_state.__setitem__,
                args=(f"compare-epoch-{run.id}", newest),
            )


def test_slices(record: PairRecord, networks: list[Run]) -> list[int]:
    """The slices that all networks kept aside as test; all slices where there are none such.

    For a network that was not given this pair, every slice of it is a test.
    """
    kept = set(range(record.slices))
    for run in networks:
        if any(pair == record.id for _, pair in run.pairs):
            kept &= _slices(panes.division(run).test, run, record)
    return sorted(kept) or list(range(record.slices))


def _slices(parts: Sequence[split.Part], run: Run, record: PairRecord) -> set[int]:
    """The slices of a pair that some parts of a run's split hold."""
    return {i for part in parts if run.pairs[part.pair][1] == record.id for i in part.slices}


def judged_rows(record: PairRecord, networks: list[Run]) -> tuple[int, int]:
    """The rows in which figures are taken: all, or the test band where a slice was divided."""
    for run in networks:
        for part in panes.division(run).test:
            if part.rows and run.pairs[part.pair][1] == record.id:
                return part.rows
    return 0, record.rows


def tell_seen(record: PairRecord, networks: list[Run], frame: int, rows: tuple[int, int]) -> None:
    """Say honestly how far the figures below can be trusted."""
    known = pairs()
    slice_seen, patient_seen = [], []
    for run in networks:
        if frame in _slices(panes.division(run).train, run, record):
            slice_seen.append(run.name)
        elif any(id == record.id for _, id in run.pairs) or (
            record.patient  # plain images have none
            and record.patient in {known[key].patient for key in run.pairs if key in known}
        ):
            patient_seen.append(run.name)
    where = "the marked test band's" if rows != (0, record.rows) else "the"
    if slice_seen:
        st.caption(
            f":material/school: {plain(', '.join(slice_seen))} learned from this slice or parts "
            f"of it: {where} figures look better than they would for a new patient."
        )
    if patient_seen:
        st.caption(
            f":material/school: {plain(', '.join(patient_seen))} learned from other slices of this "
            "patient: the figures look better than they would for a new one."
        )


def tell_unknown(networks: list[Shipped]) -> None:
    """Of a network that ships, the patients are not in the library."""
    if networks:
        names = ", ".join(network.title for network in networks)
        st.caption(
            f":material/info: {names}: the card on the Denoise page tells on whom it was trained. "
            "If this patient is among them, the figures look better than they would for a new one."
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
        distance, values = line_profile(
            figures.values(pane, state.frame), *state.line, record.spacing
        )
        curves.append(charts.Curve(pane.name, distance, values, pane.color, pane.dash))
    length = (
        "Distance along the line (mm)" if record.spacing else "Distance along the line (pixels)"
    )
    st.plotly_chart(
        charts.lines(curves, length, "CT number (HU)" if record.unit == "HU" else "Value"),
        key="profile",
    )
    st.link_button(
        "Download the profile (CSV)",
        downloads.of_profile(images, state.frame, state.line, record.spacing),
        icon=":material/download:",
    )
