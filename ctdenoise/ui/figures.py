"""The figures of the Compare page: fidelity to the full dose, and noise in a region."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ctdenoise.quality.fidelity import CONVENTIONS, Convention, Fidelity, fidelity, viewing
from ctdenoise.quality.noise import Region, cnr, statistics
from ctdenoise.scans.library import PairRecord
from ctdenoise.ui import pixels
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, ViewerState

CONVENTION_NAMES = {
    "viewing": "as viewed (the viewer's window)",
    "chest": "chest −600/1500",
    "abdomen": "abdomen 50/400",
    "neuro": "neuro 40/80",
    "red-cnn": "RED-CNN −160…240",
    "full": "all of HU, range 4095",
}


def show(
    images: Sequence[Pane], record: PairRecord, rows: tuple[int, int], state: ViewerState
) -> None:
    """One row per image, the last of ``images`` being the reference, within ``rows``."""
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
    unit = f" ({record.unit})" if record.unit else ""
    region = Region(*state.region) if state.region else None
    background = Region(*state.background) if state.background else None
    reference = images[-1].frames[state.frame]
    table = []
    for pane in images:
        row: dict[str, object] = {"Image": pane.name}
        if pane is not images[-1]:
            found = measured(pane.frames[state.frame], reference, workspace(), convention, rows)
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
        f"RMSE{unit}": "%.1f",
        "PSNR (dB)": "%.2f",
        "SSIM": "%.4f",
        f"Mean{unit}": "%.1f",
        f"SD{unit}": "%.1f",
        "CNR": "%.2f",
    }
    st.dataframe(
        table,
        hide_index=True,
        placeholder="",
        column_config={n: st.column_config.NumberColumn(format=f) for n, f in formats.items()},
    )
    where = "The test band of this slice" if rows != (0, record.rows) else "This slice"
    st.caption(f"{where} against the full dose. {convention.sentence}.")
    if not region:
        st.caption("Draw a region with the region tool: mean and SD of each image in it follow.")


def values(pane: Pane, frame: int) -> NDArray[np.float32]:
    """A pane's picture as float32 (rows, columns)."""
    return pixels.load(pane.frames[min(frame, len(pane.frames) - 1)], workspace()).astype(
        np.float32
    )


@lru_cache(maxsize=4096)
def measured(
    image: str, reference: str, owner: str, convention: Convention, rows: tuple[int, int]
) -> Fidelity:
    """Fidelity of the picture behind an address; measured once, since addresses never change."""
    band = slice(*rows)
    return fidelity(
        pixels.load(image, owner)[band].astype(np.float32),
        pixels.load(reference, owner)[band].astype(np.float32),
        convention,
    )
