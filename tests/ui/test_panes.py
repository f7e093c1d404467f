"""The first window of a picture."""

import numpy as np
from conftest import WORKSPACE

from ctdenoise.hounsfield import WINDOWS, Window
from ctdenoise.scans.library import Library, PairRecord
from ctdenoise.scans.scan import Pair
from ctdenoise.ui import panes


def test_ct_is_first_seen_in_the_soft_tissue_window(pair: PairRecord) -> None:
    assert panes.first_window(panes.low(WORKSPACE, pair), "HU") == WINDOWS["soft tissue"]


def test_other_units_are_first_seen_by_the_middle_slice(mine: Library) -> None:
    values = np.zeros((3, 64, 64), np.float32)  # the outer slices are empty
    values[1] = np.random.default_rng(0).normal(5, 2, (64, 64))
    record = mine.add_pair(Pair("PET", values[None], values, None, np.arange(3.0), unit=""))
    first = panes.first_window(panes.low(WORKSPACE, record), "")
    assert first == Window.automatic(values[1])
