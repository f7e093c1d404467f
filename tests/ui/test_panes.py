"""The first window of a picture."""

from itertools import pairwise

import numpy as np
from apptest import WORKSPACE

from ctdenoise.config.split import Outline, split
from ctdenoise.scans.scan import Pair
from ctdenoise.ui.components import panes
from ctdenoise.units import WINDOWS, Window
from ctdenoise.workspace.library import Library, PairRecord


def test_ct_is_first_seen_in_the_soft_tissue_window(pair: PairRecord) -> None:
    assert panes.first_window(panes.low(WORKSPACE, pair), "HU") == WINDOWS["soft tissue"]


def test_other_units_are_first_seen_by_the_middle_slice(mine: Library) -> None:
    values = np.zeros((3, 64, 64), np.float32)  # the outer slices are empty
    values[1] = np.random.default_rng(0).normal(5, 2, (64, 64))
    record = mine.add_pair(Pair("PET", values[None], values, None, np.arange(3.0), unit=""))
    first = panes.first_window(panes.low(WORKSPACE, record), "")
    assert first == Window.automatic(values[1])


def test_a_divided_slice_says_where_it_is_learned_from() -> None:
    marked = panes.bands(split([Outline("Ann", 1, 512, 512), Outline("Ben", 9, 512, 512)], 1), 0)
    assert [band.label for band in marked] == ["training", "training", "validation", "test"]
    rows = sorted(band.rows for band in marked)
    assert all(end <= first for (_, end), (first, _) in pairwise(rows))
    assert panes.bands(split([Outline("Ann", 9, 512, 512)], 1), 0) == []
