"""A picture shows what the viewer shows."""

import io

import numpy as np
import pytest
from PIL import Image

from ctdenoise.exports.png import grey, png
from ctdenoise.units import Window

WINDOW = Window(40, 400)


def test_the_window_is_burnt_in() -> None:
    values = np.array([[-1024, -160, 40], [140, 240, 3000]], np.float32)
    decoded = Image.open(io.BytesIO(png(values, WINDOW, description="Größe")))
    assert decoded.mode == "L"
    np.testing.assert_array_equal(decoded, [[0, 0, 128], [191, 255, 255]])
    assert decoded.info["Comment"] == "Window level 40, width 400"
    assert decoded.info["Description"] == "Größe"


@pytest.mark.parametrize("cosines", [(-1, 0, 0, 0, -1, 0), (0, 1, 0, 1, 0, 0), (1, 0, 0, 0, 0, 1)])
def test_the_left_side_of_the_patient_is_on_the_right(cosines) -> None:
    """A bright spot far to the left and front (or head) lands in the upper right corner."""
    along, down = np.reshape(cosines, (2, 3))
    rows, columns = np.mgrid[:6, :8]
    place = rows[..., None] * down + columns[..., None] * along
    up = place[..., 2] if abs(np.cross(along, down)[1]) > 0.5 else -place[..., 1]
    image = np.where((place[..., 0] == place[..., 0].max()) & (up == up.max()), 500.0, -500.0)
    seen = grey(image, WINDOW, cosines)
    assert seen[0, -1] == 255 and seen.sum() == 255
