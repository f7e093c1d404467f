"""The report on a denoised scan: one slice in pictures, and all finished ones in numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config.shipped import shipped
from ctdenoise.exports.report import Report, Table, described, make_report
from ctdenoise.exports.shipped_card import card_tables
from ctdenoise.metrics.residue import WARNING, sentence
from ctdenoise.metrics.tissue import pooled
from ctdenoise.scans.scan import Pair
from ctdenoise.units import Window, counted
from ctdenoise.workspace.denoisers import ClassicalFilter, ShippedNetwork, weights
from ctdenoise.workspace.results import Result, slices_of

ROWS = 25
"""Slices at most whose noise a report lists."""


def account(
    result: Result, frame: int, image: NDArray[np.float32], mix: float, window: Window
) -> Report:
    """The report on slice ``frame``, of which ``image`` (rows, columns) is the mix at ``mix``,
    with the noise and the CT numbers of all finished slices. On a worker: it reads the network."""
    record = result.record
    source = record.source.load()
    settings: dict[str, object] = {
        "scan": record.name,
        "method": record.title,
        "strength": f"{mix:.0%} output, {1 - mix:.0%} input",
        "slices": f"{len(result.figures)} of {record.slices} denoised",
    }
    return make_report(
        f"{record.title}: {record.name}",
        np.array(slices_of(source)[frame]),
        image,
        np.array(source.full[frame]) if isinstance(source, Pair) else None,
        place=f"Slice {frame + 1} of {record.slices}",
        unit=record.unit,
        window=window,
        orientation=source.orientation,
        spacing=source.spacing,
        settings=settings,
        card=_card(result),
        more=[
            _noise(result, mix),
            _shifts(result, mix),
            _anatomy(result, frame),
            *_shipped_card(result),
        ],
    )


def _card(result: Result) -> dict[str, Any]:
    """What the network was and learned from; empty for a filter."""
    method = result.record.method
    if isinstance(method, ClassicalFilter):
        return {}
    from ctdenoise.training import checkpoint

    found = checkpoint.load(weights(method))
    return {**described(found.config), **found.card}


def _shipped_card(result: Result) -> list[Table]:
    """What the card of a network that ships tells of its training, its figures and its failures."""
    method = result.record.method
    known = shipped().get(method.name) if isinstance(method, ShippedNetwork) else None
    return card_tables(known.card) if known else []


def _noise(result: Result, mix: float) -> Table:
    """Before and after: the mean of all finished slices, then about ``ROWS`` of them."""
    unit, figures = result.record.unit, sorted(result.figures.items())
    noise = {n + 1: [f.removal.noise_at(share) for share in (0, mix)] for n, f in figures}
    every = -(-len(noise) // ROWS)
    chosen = {"Mean": np.mean(list(noise.values()), axis=0)}
    chosen |= {str(n): noise[n] for n in list(noise)[::every]}
    rows = tuple(
        (name, f"{before:.3g}", f"{after:.3g}", f"{after / before - 1:+.0%}" if before else "")
        for name, (before, after) in chosen.items()
    )
    suffix = f" ({unit})" if unit else ""
    columns = ("Slice", f"Noise before{suffix}", f"Noise after{suffix}", "Change")
    note = f"Every {counted(every, 'slice')} one; the mean is that of all." if every > 1 else ""
    return Table("Noise, slice by slice", columns, rows, note)


def _shifts(result: Result, mix: float) -> Table:
    """CT numbers of the tissues; without rows, and so left out, where there are none."""
    whole = pooled(each.removal.shifts for each in result.figures.values())
    rows = []
    for name, shift in whole.items():
        now = shift.mixed(mix)
        rows.append(
            (name.capitalize(), f"{now.before:.0f}", f"{now.shift:+.2f}", f"{now.error:.2f}")
        )
    columns = ("Tissue", "Input (HU)", "Shift (HU)", "Standard error (HU)")
    note = "Output minus input, mean over the finished slices."
    return Table("Shift of the CT number", columns, tuple(rows), note)


def _anatomy(result: Result, frame: int) -> Table:
    """Whether what was removed is noise alone; the same in any mix."""
    shares = {index: each.removal.edges for index, each in result.figures.items()}
    shown = sum((share or 0) >= WARNING for share in shares.values())
    rows = (
        ("This slice", sentence(shares[frame])),
        ("All slices", f"Anatomy shows in {shown} of {len(shares)}."),
    )
    return Table("What was removed", ("", ""), rows)
