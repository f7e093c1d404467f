"""What a range says of numbers: HU without asking only where they plainly are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.scans.meaning import SCALES, Meaning, Unclear, meant, plausible, suggested

finite = st.floats(-1e6, 1e6)
air, body = st.floats(-1100, -950), st.floats(100, 3071)


@given(air, body)
def test_a_body_in_air_is_recognised_in_each_scale(air: float, body: float) -> None:
    for meaning, scale in SCALES.items():
        if scale.unit and (meaning != "HU+1024" or body > -224 + 1024):
            low, high = (np.array([air, body]) - scale.intercept) / scale.slope
            assert plausible(meaning, low, high)
            if high <= scale.highest:
                assert suggested(low, high) == meaning


@given(finite, finite)
def test_nothing_is_hu_unasked_that_has_no_air(a: float, b: float) -> None:
    low, high = sorted((a, b))
    try:
        meaning = meant("a", None, low, high)
    except Unclear as unclear:
        assert unclear.suggestion is None or plausible(unclear.suggestion, low, high)
    else:
        assert meaning == "HU" and -4096 <= low <= -900 and high <= 32767


@given(finite, finite, st.sampled_from(sorted(SCALES)))
def test_what_was_said_counts_or_is_told(a: float, b: float, said: Meaning) -> None:
    low, high = sorted((a, b))
    try:
        meaning = meant("a", said, low, high)
    except Unclear as unclear:
        assert not plausible(said, low, high) and f'cannot be "{said}"' in str(unclear)
    else:
        assert meaning == said or (meaning == "HU" and suggested(low, high) == "HU")


@given(air, body)
def test_scales_are_not_mixed_up(air: float, body: float) -> None:
    """HU said to be 0 to 1 or with 1024 added stay HU, 0 to 1 is never taken for HU."""
    assert meant("a", "0-1", air, body) == meant("a", "HU+1024", air, body) == "HU"
    for said in ("HU", "HU+1024"):
        with pytest.raises(Unclear):
            meant("a", said, (air + 1024) / 4096, (body + 1024) / 4096)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (20_000, 40_000), (0, 65535), (0, 1), (0, 2)])
def test_what_cannot_be_hu(low: float, high: float) -> None:
    assert not plausible("HU", low, high) and plausible("own units", low, high)


@given(st.floats(-1000, 3000))
def test_one_value_everywhere_is_what_is_said(value: float) -> None:
    assert plausible("HU", value, value)
