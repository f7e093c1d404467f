"""What the route of the pictures answers: HU as they are, other units exactly enough."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from apptest import COOKIES, WORKSPACE
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ctdenoise.scans.scan import Pair
from ctdenoise.ui import pictures, server
from ctdenoise.workspace.library import Library


def decoded(body: bytes, headers: Mapping[str, str]) -> np.ndarray:
    """As the viewer reads an answer: float64 (rows, columns)."""
    stored = np.frombuffer(body, "<i2").astype(float)
    values = stored * float(headers.get("X-Scale", 1)) + float(headers.get("X-Offset", 0))
    return values.reshape(int(headers["X-Rows"]), int(headers["X-Columns"]))


def asked(address: str) -> Any:
    """The whole way: the address, the library, the route."""
    return TestClient(Starlette(routes=server.ROUTES), cookies=COOKIES).get(address)


def added(library: Library, low: np.ndarray, full: np.ndarray, unit: str) -> str:
    pair = Pair("pair", low[None], full, None, np.arange(float(len(full))), unit=unit)
    return library.add_pair(pair).id


def full_dose(pair: str) -> str:
    return pictures.FullDose(owner=WORKSPACE, pair=pair, index=0).address


def fractions(size: int = 96) -> np.ndarray:
    """A slice from 0 to 1 with noise of 0.02, float32 (1, size, size)."""
    ramp = np.linspace(0.2, 0.8, size)[None, None] + np.zeros((1, size, 1))
    return np.clip(np.random.default_rng(0).normal(ramp, 0.02), 0, 1).astype(np.float32)


def test_hu_travel_as_whole_numbers_without_a_scale(mine: Library) -> None:
    full = np.array([[[-40000, -0.6, 0.4], [12.6, 99.5, 40000]]], np.float32)
    answer = asked(full_dose(added(mine, full, full, "HU")))
    assert answer.content == np.array([-32768, -1, 0, 13, 100, 32767], "<i2").tobytes()
    assert (answer.headers["X-Rows"], answer.headers["X-Columns"]) == ("2", "3")
    assert "X-Scale" not in answer.headers and "X-Offset" not in answer.headers


def test_fractions_keep_their_noise(mine: Library) -> None:
    low = fractions()
    full = low + np.float32(0.01)
    id = added(mine, low, full, "")
    shown = {}
    for kind, exact in ((pictures.LowDose, low), (pictures.FullDose, full)):
        answer = asked(kind(owner=WORKSPACE, pair=id, index=0).address)
        shown[kind] = decoded(answer.content, answer.headers)
        assert np.abs(shown[kind] - exact[0]).max() < 1e-4
        assert shown[kind][:, :4].std() == pytest.approx(exact[0, :, :4].std(), rel=0.001)
    difference = shown[pictures.FullDose] - shown[pictures.LowDose]
    assert difference == pytest.approx(np.full_like(difference, 0.01), abs=1e-4)


def test_large_values_do_not_saturate(mine: Library) -> None:
    full = np.linspace(0, 60_000, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    full[0, 5, 5] = 50_000
    answer = asked(full_dose(added(mine, full, full, "")))
    assert decoded(answer.content, answer.headers)[5, 5] == pytest.approx(50_000, abs=1)


def test_a_filtered_picture_stays_in_its_unit(mine: Library) -> None:
    low = fractions()
    id = added(mine, low, low, "")
    blurred = pictures.Gaussian(owner=WORKSPACE, pair=id, index=0, sigma=1)
    picture = pictures.load(blurred.address, WORKSPACE)
    assert picture.dtype == np.float32
    assert picture.mean() == pytest.approx(low.mean(), abs=0.01)


@pytest.mark.parametrize("value", [0.0, 0.25, -1e6])
def test_an_even_picture_comes_back_as_it_was(value: float) -> None:
    answer = pictures.answer(np.full((8, 9), value, np.float32))
    back = decoded(bytes(answer.body), answer.headers)
    assert back == pytest.approx(np.full((8, 9), value), rel=1e-9, abs=1e-9)
