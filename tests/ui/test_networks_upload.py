"""A network from elsewhere, dropped on a page."""

from pathlib import Path

import pytest
import torch
from apptest import WORKSPACE, OnTheSpot
from streamlit.testing.v1 import AppTest
from waiting import SECONDS

from ctdenoise.config.config import Config
from ctdenoise.training import checkpoint
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.networks import networks


def page() -> None:
    import streamlit as st

    from ctdenoise.ui.denoise import networks as ui

    new = ui.uploader()
    st.caption(f"new: {new.name if new else None}")
    ui.shelf()


@pytest.fixture
def app(on_the_spot: OnTheSpot) -> AppTest:
    return AppTest.from_function(page, default_timeout=SECONDS).run()


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    config = Config(layers=2, filters=4)
    path = tmp_path / "made-elsewhere"
    checkpoint.save(path, checkpoint.build_network(config), config, {"unit": "HU"})
    return path.read_bytes()


def dropped(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].upload(name, content, "application/octet-stream").run()
    return app


def test_it_is_added_under_its_name_and_can_be_removed(app: AppTest, weights: bytes, mine: Library):
    assert app.caption[0].value == "new: None" and not app.button
    dropped(app, "anna.safetensors", weights)
    assert app.text_input[0].value == "anna"
    app.text_input[0].set_value("Anna's best").run()
    app.button[0].click().run()
    assert not app.exception and not app.error
    assert app.success[0].value == "Anna's best is here: 77 weights, for HU, added just now."
    assert app.caption[0].value == "new: Anna's best"
    app.run()
    assert app.caption[0].value == "new: None"  # told once
    assert [network.name for network in networks(WORKSPACE)] == ["Anna's best"]
    assert not list((mine.root / "uploads").iterdir())
    app.button[0].click().run()
    assert networks(WORKSPACE) == []


@pytest.mark.parametrize("name", ["best.pt", "../../best.pt", "..\\best.pt"])
def test_another_file_is_refused_in_one_sentence(app: AppTest, mine: Library, name: str) -> None:
    dropped(app, name, b"PK\x03\x04 a zip of pickles").button[0].click().run()
    assert not app.exception and not app.success
    (error,) = app.error
    assert "best.pt is not a checkpoint" in error.value
    assert networks(WORKSPACE) == [] and not list((mine.root / "uploads").iterdir())
    assert app.caption[0].value == "new: None"


def test_a_network_that_returns_no_numbers_is_refused(app: AppTest, tmp_path: Path) -> None:
    config = Config(layers=2, filters=4)
    network = checkpoint.build_network(config)
    torch.nn.init.constant_(network.layers[1].weight, 3e38)
    checkpoint.save(tmp_path / "huge", network, config, {})
    dropped(app, "huge.safetensors", (tmp_path / "huge").read_bytes()).button[0].click().run()
    assert "returns values that are not numbers" in app.error[0].value
