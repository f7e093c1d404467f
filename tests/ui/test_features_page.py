"""The Features page without a browser."""

import numpy as np
import pytest
from apptest import WORKSPACE, labelled, opened
from scipy.ndimage import gaussian_filter

from ctdenoise.jobs import executor
from ctdenoise.jobs.kinds.features import SIGMAS, SMOOTHING, Smoothing
from ctdenoise.ui import features
from ctdenoise.workspace.library import Library, PairRecord

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_one_click_is_the_article(pair: PairRecord) -> None:
    app = opened("Features")
    labelled(app.selectbox, "VGG16 layer").set_value("block1_conv1").run()
    assert any("16 of 64 feature maps" in text.value for text in app.markdown)
    labelled(app.button, "Visual importance, as in the article").click().run()
    assert not app.exception
    assert labelled(app.selectbox, "VGG16 layer").value == "block3_conv3"
    assert any("7 of 256 feature maps" in text.value for text in app.markdown)
    # A newcomer finds what the colour, the number and the layers are called.
    assert "block 3, layer 3" in labelled(app.selectbox, "VGG16 layer").options
    assert any("**orange**" in each.value for each in app.caption)
    assert any("a number without a unit" in text.value for text in app.markdown)


def middle(pair: PairRecord) -> Smoothing:
    """A slice as a layer sees it."""
    return Smoothing(owner=WORKSPACE, pair=pair.id, index=1, layer="block1_conv2", imagenet=True)


def test_smoothing_moves_the_picture_and_its_loss(pair: PairRecord, mine: Library) -> None:
    asked = middle(pair)
    plain = features.view(asked, 0.0, "strongest", 4)
    smooth = features.view(asked, 1.0, "strongest", 4)
    assert plain.numbers == smooth.numbers and len(plain.numbers) == 4 and plain.maps == 64
    np.testing.assert_array_equal(smooth.image, gaussian_filter(plain.image, 1.0))
    losses, errors = executor.executor().answer(SMOOTHING, asked, WORKSPACE)
    assert losses[0] == pytest.approx(plain.loss)
    assert losses[SIGMAS.index(1.0)] == pytest.approx(smooth.loss)
    full = mine.pair(pair.id).full[1]
    assert errors[0] == pytest.approx(np.square(plain.image - full).mean(), rel=1e-5)


def test_heat_lies_where_features_differ(pair: PairRecord) -> None:
    seen = features.view(middle(pair), 0.0, "strongest", 4)
    where = np.zeros_like(seen.where)
    where[:10] = 1
    laid = features._overlay(type(seen)(**{**vars(seen), "where": where})).astype(int)
    assert (laid[:10, :, 0] - laid[:10, :, 2] > 100).all()
    assert (laid[10:, :, 0] == laid[10:, :, 2]).all()
