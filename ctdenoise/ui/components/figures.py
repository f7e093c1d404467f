"""The figures of the Compare page: fidelity to the full dose, and noise in a region."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from ctdenoise.metrics.fidelity import CONVENTIONS, Convention, Fidelity, fidelity, mean, viewing
from ctdenoise.metrics.noise import Region, cnr, statistics
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
    choices, digits = list(CONVENTION_NAMES), "%.1f"
    if record.unit != "HU":
        choices, digits = ["viewing"], "%.4g"
        st.caption("These pictures are not in HU: the CT windows for PSNR and SSIM are off.")
    name = st.selectbox(
        "PSNR and SSIM clipped to",
        choices,
        key="compare-convention",
        persist_state="session",
        format_func=CONVENTION_NAMES.__getitem__,
    )
    convention = viewing(state.window) if name == "viewing" else CONVENTIONS[name]
    unit = f" ({record.unit})" if record.unit else ""
    region = Region(*state.region) if state.region else None
    background = Region(*state.background) if state.background else None
    fidelities = _fidelities(images, slices, convention, rows)
    table = []
    for pane in images:
        row: dict[str, object] = {"Image": pane.name}
        if found := fidelities.get(pane.name):
            row |= {f"RMSE{unit}": found.rmse, "PSNR (dB)": found.psnr, "SSIM": found.ssim}
        if region:
            image = values(pane, state.frame)
            here = statistics(image, region)
            row |= {f"Mean{unit}": here.mean, f"SD{unit}": here.sd}
            if background:
                row["CNR"] = cnr(image, region, background)
        if len(row) > 1:
            table.append(row)
    formats = {
        f"RMSE{unit}": digits,
        "PSNR (dB)": "%.2f",
        "SSIM": "%.4f",
        f"Mean{unit}": digits,
        f"SD{unit}": digits,
        "CNR": "%.2f",
    }
    st.dataframe(
        pa.Table.from_pylist(table, _schema(table)),
        hide_index=True,
        placeholder="",
        column_config={n: st.column_config.NumberColumn(format=f) for n, f in formats.items()},
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


def _fidelities(
    images: Sequence[Pane], slices: Sequence[int], convention: Convention, rows: tuple[int, int]
) -> dict[str, Fidelity]:
    """Of every image but the reference, by name: the mean over ``slices``; progress where long."""
    *judged, reference = images
    found: dict[str, list[Fidelity]] = {pane.name: [] for pane in judged}
    place = st.empty()
    for number, index in enumerate(slices):
        if number:
            place.progress(number / len(slices), f"Slice {number + 1} of {len(slices)}")
        for pane in judged:
            address, wanted = pane.frames[index], reference.frames[index]
            found[pane.name].append(measured(address, wanted, workspace(), convention, rows))
    place.empty()
    return {name: mean(each) for name, each in found.items()}


def _schema(table: Sequence[dict[str, object]]) -> pa.Schema:
    """Columns of all rows, in the order of their first row; the images' names are text."""
    names = dict.fromkeys(name for row in table for name in row)
    return pa.schema([(n, pa.string() if n == "Image" else pa.float64()) for n in names])


@once(size=4096)
def measured(
    image: str, reference: str, owner: str, convention: Convention, rows: tuple[int, int]
) -> Fidelity:
    """Fidelity of the picture behind an address; measured once, since addresses never change."""
    band = slice(*rows)
    return fidelity(
        pictures.load(image, owner)[band].astype(np.float32),
        pictures.load(reference, owner)[band].astype(np.float32),
        convention,
    )
