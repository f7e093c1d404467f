"""The Compare page below its choices: pictures, figures, noise in a region, the line profile."""

from collections.abc import Sequence

import streamlit as st

from ctdenoise.config import run_folder, split
from ctdenoise.config.shipped import Shipped
from ctdenoise.metrics.profile import line_profile
from ctdenoise.ui import downloads
from ctdenoise.ui.components import cards, charts, figures, panes
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import pairs, recall, remember
from ctdenoise.ui.viewer import Band, Pane, ViewerState, viewer
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

MAPS = ("None", "Removed noise", "Error against full dose")
SEEN_ROWS = (
    ":material/school: {} learned from other parts of this slice. The figures are those of the "
    "part kept for the test; even so they look better than they would for a new patient."
)
SEEN_SLICE = (
    ":material/school: {} learned from this slice: the figures look better than they would for a "
    "new patient."
)
SEEN_PATIENT = (
    ":material/school: {} learned from other slices of this patient: the figures look better than "
    "they would for a new one."
)
WATCHED = (
    ":material/visibility: The validation patient: {} never learned from these slices, but its "
    "epochs were judged by them."
)
TESTED = ":material/verified: The test patient: {} never learned from these slices."
NEW = ":material/verified: A new patient: {} never learned from these slices."


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
    pictures = st.container()
    overlay = outlines(record, trained)  # its switch stands below the pictures
    with pictures:
        state = viewer(
            shown,
            overlay=overlay,
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
    tell_unknown([network for network in networks if isinstance(network, Shipped)], owner)
    figures.show(images, record, rows, unseen, state)
    _profile(images, record, state)


def pane(network: Run | Shipped, owner: str, record: PairRecord) -> Pane:
    """A pair through a network of either kind."""
    if isinstance(network, Run):
        return panes.network(network, shown_epoch(network), owner, record)
    return panes.shipped(network, owner, record)


def outlines(record: PairRecord, networks: list[Run]) -> list[Band]:
    """Which rows the first network that was given this pair learned from, where each slice is
    divided, and only if a person switches them on: a frame in a picture is in the eye's way."""
    bands = next(
        (
            panes.bands(panes.division(run), number)
            for run in networks
            for number, (_, pair_id) in enumerate(run.pairs)
            if pair_id == record.id
        ),
        [],
    )
    if not bands:
        return []
    recall("outlined", False)
    wished = st.toggle(
        "Outline what was learned from",
        key="outlined",
        help="Each slice was divided: from the rows framed as training the network learned, by "
        "those for validation it was watched, and those for the test give the figures.",
    )
    remember("outlined")
    return bands if wished else []


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
    """Say whose slices these are, and how far the figures below can be trusted."""
    told: dict[str, list[str]] = {}
    for run in networks:
        told.setdefault(_seen(run, record, frame, rows), []).append(run.name)
    for sentence, names in told.items():
        if sentence:
            *others, last = names
            whose = f"{', '.join(others)} and {last}" if others else last
            st.caption(sentence.format(plain(whose)))


def _seen(run: Run, record: PairRecord, frame: int, rows: tuple[int, int]) -> str:
    """What a run has seen of this patient, with {} for its name; nothing where nobody knows."""
    division, known = panes.division(run), pairs()
    people = {
        known[key].patient
        for part in division.train
        if (key := run.pairs[part.pair]) in known and known[key].patient  # plain images have none
    }
    if frame in _slices(division.train, run, record):
        return SEEN_ROWS if rows != (0, record.rows) else SEEN_SLICE
    if _slices(division.train, run, record) or record.patient in people:
        return SEEN_PATIENT
    if _slices(division.validation, run, record):
        return WATCHED
    if _slices(division.test, run, record):
        return TESTED
    return NEW if record.patient and people else ""


def tell_unknown(networks: list[Shipped], owner: str) -> None:
    """Of a network that ships, the patients are not in the library; they are none of the
    sample's."""
    if not networks:
        return
    names = ", ".join(network.title for network in networks)
    st.caption(
        f":material/verified: {names}: learned from none of the sample's patients."
        if owner == SAMPLE
        else f":material/info: {names}: the card on the Denoise page tells on whom it was trained. "
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
