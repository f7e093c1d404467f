"""Patches are squares of the slices, turned alike in low and full dose."""

import numpy as np
import pytest
import torch

from ctdenoise.config.split import Part
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.training.patches import Patchwork

CPU = torch.device("cpu")


def numbered(rows: int, columns: int, slices: int = 2, draws: int = 3, start: int = 0) -> Pair:
    """Every pixel holds a number of its own; a draw adds 1e5 each."""
    full = start + np.arange(slices * rows * columns, dtype=np.float32)
    full = full.reshape(slices, rows, columns)
    low = np.stack([full + 1e5 * (d + 1) for d in range(draws)])
    return Pair("numbers", low, full, None, np.arange(slices, dtype=float))


PAIRS = [numbered(20, 30), numbered(24, 16, slices=1, draws=1, start=50_000)]
PARTS = [Part(0, (0, 1), (4, 18)), Part(1, (0,))]


def turned(square: np.ndarray, turn: int) -> np.ndarray:
    result = square[::-1] if turn & 1 else square
    result = result[:, ::-1] if turn & 2 else result
    return result


@pytest.mark.parametrize("augment", [True, False])
def test_each_patch_is_what_slicing_gives(augment) -> None:
    work = Patchwork(PAIRS, PARTS, 8, CPU)
    places = work.places(300, torch.Generator().manual_seed(0), augment)
    low, full = work.cut(places)
    seen = set()
    for (region, draw, row, column, turn), a, b in zip(places.tolist(), low, full, strict=True):
        pair, i, first = [(PAIRS[0], 0, 4), (PAIRS[0], 1, 4), (PAIRS[1], 0, 0)][region]
        where = slice(first + row, first + row + 8), slice(column, column + 8)
        for patch, image in ((a, pair.low[draw, i]), (b, pair.full[i])):
            square = image[where]
            expected = turned(square, turn)
            if turn & 4:
                expected = turned(square, 0).T
                expected = expected[:, ::-1] if turn & 1 else expected
                expected = expected[::-1] if turn & 2 else expected
            assert sorted(patch.flatten().tolist()) == sorted(square.flatten().tolist())
        seen.add((region, draw, turn))
        np.testing.assert_array_equal(a[0].numpy() - b[0].numpy(), 1e5 * (draw + 1))
        if not augment:
            assert turn == 0
            np.testing.assert_array_equal(b[0].numpy(), pair.full[i][where])
    assert len(seen) > (20 if augment else 6)


def test_the_eight_orientations_are_the_eight_of_a_square() -> None:
    work = Patchwork(PAIRS, PARTS, 8, CPU)
    places = torch.tensor([[0, 0, 0, 0, turn] for turn in range(8)])
    _, full = work.cut(places)
    square = PAIRS[0].full[0, 4:12, :8]
    all_eight = {np.rot90(s, k).tobytes() for s in (square, square.T) for k in range(4)}
    assert {patch[0].numpy().tobytes() for patch in full} == all_eight


def test_every_position_is_as_likely_as_any_other() -> None:
    work = Patchwork(PAIRS, PARTS, 8, CPU)
    places = work.places(20_000, torch.Generator().manual_seed(0), False)
    # regions of 7 x 23, 7 x 23 and 17 x 9 positions
    shares = torch.bincount(places[:, 0], minlength=3) / len(places)
    total = 161 + 161 + 153
    assert shares.tolist() == pytest.approx([161 / total, 161 / total, 153 / total], abs=0.015)
    assert set(places[places[:, 0] < 2, 2].tolist()) == set(range(7))
    assert set(places[places[:, 0] == 2, 3].tolist()) == set(range(9))


def test_statistics_are_numpys() -> None:
    work = Patchwork(PAIRS, PARTS, 8, CPU)
    low = np.concatenate([PAIRS[0].low[:, :, 4:18].ravel(), PAIRS[1].low.ravel()])
    noise = np.concatenate([
        (PAIRS[0].low - PAIRS[0].full)[:, :, 4:18].ravel(),
        (PAIRS[1].low - PAIRS[1].full).ravel(),
    ])  # fmt: skip
    expected = low.mean(dtype=float), low.std(dtype=float), (noise.astype(float) ** 2).mean() ** 0.5
    assert work.slices.statistics == pytest.approx(expected, rel=1e-4)


def test_a_patch_that_does_not_fit_is_a_sentence_and_small_parts_are_left_out() -> None:
    assert len(Patchwork(PAIRS, PARTS, 15, CPU).regions) == 1  # 14 rows are too few, 16 suffice
    with pytest.raises(Problem, match="choose 16 or fewer pixels"):
        Patchwork(PAIRS, PARTS, 17, CPU)
