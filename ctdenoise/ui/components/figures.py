"""The figures of the Compare page: metrics of whole images, and of a region of them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from ctdenoise.metrics.metric import (
    CONVENTIONS,
    METRICS,
    Convention,
    Metric,
    Region,
    Sample,
    clipped,
    mean_over_slices,
    measure,
    titles,
    viewing,
)
from ctdenoise.ui import pictures
from ctdenoise.ui.caching import once
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, ViewerState
from ctdenoise.workspace.library import PairRecord

CONVENTION_NAMES = {
    "viewing": "as viewed (the viewer's window)",
    "chest": "chest −600/1500",
    "abdomen": "abdomen 50/400",
    "neuro": "neuro 40/80",
    "red-cnn": "RED-CNN −160…240",
    "full": "all of HU, range 4095",
}


def show(
    images: Sequence[Pane],
    record: PairRecord,
    rows: tuple[int, int],
    unseen: Sequence[int],
    state: ViewerState,
) -> None:
    """One row per image, the last of ``images`` being the reference, within ``rows``: of the slice
    in view or, where a person wants it, the mean over the ``unseen`` slices."""
    st.markdown("##### In numbers")
    slices: Sequence[int] = [state.frame]
    if len(unseen) > 1:
        every = f"Mean of {len(unseen)} test slices"
        scope = st.segmented_control(
            "Figures of",
            ["This slice", every],
            required=True,
            default="This slice",
            key=f"compare-scope-{len(unseen)}",
            persist_state="session",
            help="Test slices are those that no network shown here has learned from.",
        )
        slices = unseen if scope == every else slices
    choices, digits, windowed = list(CONVENTION_NAMES), "%.1f", titles(clipped())
    if record.unit != "HU":
        choices, digits = ["viewing"], "%.4g"
        st.caption(f"These pictures are not in HU: the CT windows for {windowed} are off.")
    name = st.selectbox(
        f"{windowed} clipped to",
        choices,
        key="compare-convention",
        persist_state="session",
        format_func=CONVENTION_NAMES.__getitem__,
    )
    convention = viewing(state.window) if name == "viewing" else CONVENTIONS[name]
    region = Region(*state.region) if state.region else None
    background = Region(*state.background) if state.background else None
    found = _of_slices(images, slices, convention, rows, record.spacing)
    if region or background:
        full = values(images[-1], state.frame)
        for pane in images:
            sample = Sample(
                values(pane, state.frame),
                convention,
                None if pane is images[-1] else full,
                region,
                background,
                record.spacing,
            )
            found[pane.name] |= measure(sample, _headlines(of_region=True))
    shown = [m for m in METRICS.values() if any(m.name in each for each in found.values())]
    heading = {metric.name: metric.heading(record.unit) for metric in shown}
    table = [
        {"Image": name} | {heading[metric]: value for metric, value in each.items()}
        for name, each in found.items()
        if each
    ]
    columns = [("Image", pa.string()), *((heading[m.name], pa.float64()) for m in shown)]
    st.dataframe(
        pa.Table.from_pylist(table, pa.schema(columns)),
        hide_index=True,
        placeholder="",
        column_config={
            heading[m.name]: st.column_config.NumberColumn(
                format=digits if m.in_image_unit else f"%.{m.digits}f"
            )
            for m in shown
        },
    )
    what = "This slice" if slices is not unseen else f"Mean of {len(unseen)} test slices"
    where = f"{what}, within the test band," if rows != (0, record.rows) else what
    st.caption(f"{where} against the full dose. {convention.sentence}.")
    if not region:
        st.caption("Draw a region with the region tool: mean and SD of each image in it follow.")


def values(pane: Pane, frame: int) -> NDArray[np.float32]:
    """A pane's picture as float32 (rows, columns)."""
    return pictures.load(pane.frames[min(frame, len(pane.frames) - 1)], workspace()).astype(
        np.float32
    )


def _headlines(*, of_region: bool) -> list[Metric]:
    """What the table shows of a region or of whole images."""
    drawn = {"region", "background"}
    return [m for m in METRICS.values() if m.headline and bool(drawn & m.needs) == of_region]


def _of_slices(
    images: Sequence[Pane],
    slices: Sequence[int],
    convention: Convention,
    rows: tuple[int, int],
    spacing: tuple[float, float] | None,
) -> dict[str, dict[str, float | None]]:
    """Metrics of every image by name, those of a region left out: the mean over ``slices``;
    progress where long. The last image is the reference and is compared with nothing."""
    reference = images[-1]
    found: dict[str, list[dict[str, float | None]]] = {pane.name: [] for pane in images}
    place = st.empty()
    for number, index in enumerate(slices):
        if number:
            place.progress(number / len(slices), f"Slice {number + 1} of {len(slices)}")
        for pane in images:
            wanted = None if pane is reference else reference.frames[index]
            found[pane.name].append(
                measured(pane.frames[index], wanted, workspace(), convention, rows, spacing)
            )
    place.empty()
    return {name: mean_over_slices(each) for name, each in found.items()}


@once(size=4096)
def measured(
    image: str,
    reference: str | None,
    owner: str,
    convention: Convention,
    rows: tuple[int, int],
    spacing: tuple[float, float] | None,
) -> dict[str, float | None]:
    """Metrics of the picture behind an address, within ``rows`` and without those of a region;
    measured once, since addresses never change."""

    def band(address: str) -> NDArray[np.float32]:
        return pictures.load(address, owner)[slice(*rows)].astype(np.float32)

    wanted = None if reference is None else band(reference)
    sample = Sample(band(image), convention, wanted, spacing=spacing)
    return measure(sample, _headlines(of_region=False))
