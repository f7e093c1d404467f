"""The figures of the Compare page: metrics of whole images, and of a region of them."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ctdenoise.jobs.kinds.judge import JUDGE, Judge, Method
from ctdenoise.metrics.metric import (
    CONVENTIONS,
    METRICS,
    Convention,
    Metric,
    Region,
    Sample,
    clipped,
    headlines,
    measure,
    titles,
    viewing,
)
from ctdenoise.metrics.noise import noise_level
from ctdenoise.ui import pictures
from ctdenoise.ui.caching import once
from ctdenoise.ui.components import jobs, tables
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Pane, ViewerState
from ctdenoise.workspace.library import PairRecord

CONVENTION_NAMES = {
    "viewing": "as viewed (the viewer's window)",
    "chest": "chest −600/1500",
    "abdomen": "abdomen 50/400",
    "neuro": "neuro 40/80",
    "ldct-chest": "LDCT benchmark: chest −600/1500, SSIM 7 × 7",
    "ldct-abdomen": "LDCT benchmark: abdomen 50/400, SSIM 7 × 7",
    "ldct-neuro": "LDCT benchmark: neuro 40/80, SSIM 7 × 7",
    "red-cnn": "RED-CNN −160…240",
    "full": "all of HU, range 4095",
}


BRIEF = ("rmse", "psnr", "ssim")
"""What a small table holds beside the noise."""
NOISE = "The usual standard deviation in small squares of soft tissue."


def show(
    images: Sequence[Pane],
    record: PairRecord,
    rows: tuple[int, int],
    unseen: Sequence[int],
    state: ViewerState,
) -> None:
    """One row per image, the last of ``images`` being the reference, within ``rows``: of the slice
    in view or, where a person wants it, the mean over the ``unseen`` slices."""
    title, of, clip = st.columns([1, 2, 2], vertical_alignment="bottom")
    title.markdown("##### In numbers")
    mean = False
    if len(unseen) > 1:
        every = f"Mean of {len(unseen)} test slices"
        scope = of.segmented_control(
            "Figures of",
            ["This slice", every],
            required=True,
            default="This slice",
            key=f"compare-scope-{len(unseen)}",
            persist_state="session",
            help="Test slices are those that no network shown here has learned from.",
        )
        mean = scope == every
    choices, digits, windowed = list(CONVENTION_NAMES), "%.1f", titles(clipped())
    if record.unit != "HU":
        choices, digits = ["viewing"], "%.4g"
        st.caption(f"These pictures are not in HU: the CT windows for {windowed} are off.")
    name = clip.selectbox(
        f"{windowed} clipped to",
        choices,
        key="compare-convention",
        persist_state="session",
        format_func=CONVENTION_NAMES.__getitem__,
        help="Brighter and darker than this window counts as its edge: what one does not see does "
        "not count.",
    )
    convention = viewing(state.window) if name == "viewing" else CONVENTIONS[name]
    region = Region(*state.region) if state.region else None
    background = Region(*state.background) if state.background else None
    if mean:
        of_images = _mean(images, unseen, convention, rows)
    else:
        of_images = _of_slice(images, state.frame, convention, rows, record.spacing)
    if of_images is None:
        return
    if region or background:
        full = values(images[-1], state.frame)
        for pane, found in zip(images, of_images, strict=True):
            sample = Sample(
                values(pane, state.frame),
                convention,
                None if pane is images[-1] else full,
                region,
                background,
                record.spacing,
            )
            found |= measure(sample, headlines(of_region=True))
    shown = [m for m in METRICS.values() if any(m.name in each for each in of_images)]
    _answer([pane.name for pane in images], of_images, record.unit)
    number = st.column_config.NumberColumn
    columns = {"Image": st.column_config.TextColumn()} | {
        metric.heading(record.unit): number(
            format=digits if metric.in_image_unit else f"%.{metric.digits}f",
            help=_help(metric, convention),
        )
        for metric in shown
    }
    heading = {metric.name: metric.heading(record.unit) for metric in shown}
    tables.show(
        [
            {"Image": pane.name, **{heading[metric]: value for metric, value in each.items()}}
            for pane, each in zip(images, of_images, strict=True)
            if each
        ],
        columns,
    )
    what = f"Mean of {len(unseen)} test slices" if mean else "This slice"
    where = f"{what}, within the test band," if rows != (0, record.rows) else what
    st.caption(f"{where} against the full dose. {convention.sentence}.")
    if mean and (region or background):
        st.caption(f"Figures of a region are those of slice {state.frame + 1} alone.")
    if not region:
        st.caption("Draw a region with the region tool: mean and SD of each image in it follow.")


def brief(images: Sequence[Pane], record: PairRecord, state: ViewerState) -> None:
    """A small table of the slice in view, the last of ``images`` being the reference: noise, and
    the metrics of whole images in the viewer's window."""
    convention = viewing(state.window)
    rows = (0, record.rows)
    found = _of_slice(images, state.frame, convention, rows, record.spacing)
    shown = [m for m in METRICS.values() if any(m.name in each for each in found)]
    shown = [metric for metric in shown if metric.name in BRIEF]
    noise = f"Noise SD ({record.unit})" if record.unit else "Noise SD"
    number = st.column_config.NumberColumn
    columns = {"Image": st.column_config.TextColumn(), noise: number(format="%.1f", help=NOISE)} | {
        m.heading(record.unit): number(format=f"%.{m.digits}f", help=_help(m, convention))
        for m in shown
    }
    tables.show(
        [
            {
                "Image": pane.name,
                noise: _noise(pane.frames[min(state.frame, len(pane.frames) - 1)], workspace()),
                **{m.heading(record.unit): each.get(m.name) for m in shown},
            }
            for pane, each in zip(images, found, strict=True)
        ],
        columns,
    )
    st.caption(
        "The noise in this table comes from small squares of soft tissue all over the slice. A "
        "region that is drawn in one organ has another SD."
    )


@once(size=4096)
def _noise(image: str, owner: str) -> float:
    """Noise of the picture behind an address, measured once."""
    return noise_level(pictures.load(image, owner).astype(np.float32))


def _answer(names: Sequence[str], found: Sequence[dict[str, float | None]], unit: str) -> None:
    """What the figures say to the question of the page, and that they do not settle it."""
    rmse = METRICS["rmse"]
    errors = {
        number: error
        for number, each in enumerate(found)
        if (error := each.get(rmse.name)) is not None
    }
    if len(errors) < 2:
        return
    best = min(errors, key=errors.__getitem__)
    told = {
        number: f"{error:.1f} {plain(unit)}" if unit else f"{error:.4g}"
        for number, error in errors.items()
    }
    nearest = (
        f"Pixel by pixel, **{plain(names[best])}** is nearest to the full dose: off by "
        f"{told[best]} (RMSE), the low dose by {told[0]}."
        if told[best] != told[0]
        else f"Pixel by pixel, none of them is nearer to the full dose than the low dose itself, "
        f"off by {told[0]} (RMSE)."
    )
    st.markdown(f"{nearest} Whether you would rather read it, your eyes decide: edges and grain.")


def _help(metric: Metric, convention: Convention) -> str | None:
    """What a column's heading says when one points at it."""
    meaning = f"{metric.meaning[:1].upper()}{metric.meaning[1:]}" if metric.meaning else ""
    better = f"The {metric.better}, the better" if metric.better else ""
    clipped = convention.sentence if "convention" in metric.needs else ""
    return " ".join(f"{part}." for part in (meaning, better, clipped) if part) or None


def values(pane: Pane, frame: int) -> NDArray[np.float32]:
    """A pane's picture as float32 (rows, columns)."""
    return pictures.load(pane.frames[min(frame, len(pane.frames) - 1)], workspace()).astype(
        np.float32
    )


def _of_slice(
    images: Sequence[Pane],
    index: int,
    convention: Convention,
    rows: tuple[int, int],
    spacing: tuple[float, float] | None,
) -> list[dict[str, float | None]]:
    """Metrics of every image, those of a region left out. The last image is the reference and is
    compared with nothing."""
    *others, reference = [pane.frames[index] for pane in images]
    judged = [(each, reference) for each in others]
    return [
        dict(measured(image, wanted, workspace(), convention, rows, spacing))  # others keep theirs
        for image, wanted in [*judged, (reference, None)]
    ]


def _mean(
    images: Sequence[Pane],
    slices: Sequence[int],
    convention: Convention,
    rows: tuple[int, int],
) -> list[dict[str, float | None]] | None:
    """The same as the mean over ``slices``, worked out by a job; None before it has ended."""
    shown = [pictures.parse(pane.frames[0]) for pane in images]
    reference = shown[-1]
    assert isinstance(reference, pictures.FullDose)
    asked = Judge(
        owner=reference.owner,
        pair=reference.pair,
        slices=tuple(slices),
        rows=rows,
        methods=tuple(_method(picture) for picture in shown[:-1]),
        level=convention.window.level,
        width=convention.window.width,
        ssim=convention.ssim.name,
    )
    found: list[dict[str, float | None]] | None = jobs.answer(JUDGE, asked, workspace())
    return found


def _method(picture: pictures.Picture) -> Method:
    return picture.method if isinstance(picture, pictures.Gaussian | pictures.Denoised) else None


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
    return measure(sample, headlines(of_region=False))
