"""The lesson's figures on a page, and what their pictures tell."""

import re
from typing import Any

import numpy as np
import pytest
from apptest import COOKIES, WORKSPACE
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from ctdenoise.config.presets import PRESETS
from ctdenoise.scans.scan import Pair
from ctdenoise.ui import pictures, server
from ctdenoise.ui.figures import assets, component, stages
from ctdenoise.workspace.library import Library, PairRecord

pytestmark = pytest.mark.usefixtures("on_the_spot")


def page(owner: str, pair: str, index: int) -> None:
    from ctdenoise.config.presets import PRESETS
    from ctdenoise.ui.figures import feature_loss, low_dose, network

    low_dose.show(owner, pair, index, key="dose")
    network.show(PRESETS["optimised"], owner, pair, index, key="network")
    feature_loss.show(owner, pair, index, key="loss")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the browser is told of each figure."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(component, "_component", lambda *, key, data: given.extend(data))
    return given


def shown(owner: str, pair: str, index: int) -> AppTest:
    app = AppTest.from_function(page, args=(owner, pair, index), default_timeout=60).run()
    assert not app.exception
    return app


def addresses(told: object) -> list[str]:
    return re.findall(r"/pixels/[^'\"]+", str(told))


def test_every_picture_that_the_browser_is_told_of_is_there(
    pair: PairRecord, told: list[dict[str, Any]]
) -> None:
    shown(WORKSPACE, pair.id, 2)
    dose, network, loss = told
    client = TestClient(Starlette(routes=server.ROUTES), cookies=COOKIES)
    for address in addresses(told):
        assert client.get(address).status_code == 200, address
    assert len(addresses(dose)) == 2 + 2 * len(stages.DOSES)
    assert len(addresses(loss)) == 3 + 3 * 3
    config = PRESETS["optimised"]
    assert network["lines"][-1]["side"] == config.spec.receptive_field(config)
    assert len(network["lines"]) == len(config.spec.layer_table(config))
    assert "drawn here is a usual scanner" not in dose["note"]  # this pair says nothing of that


def test_the_number_of_a_block_is_the_mean_that_its_picture_tells(
    pair: PairRecord, mine: Library, told: list[dict[str, Any]]
) -> None:
    shown(WORKSPACE, pair.id, 2)
    client = TestClient(Starlette(routes=server.ROUTES), cookies=COOKIES)
    loss = told[2]
    squares = client.get(loss["squares"])
    values = pictures.load(loss["squares"], WORKSPACE)
    assert float(squares.headers["X-Mean"]) == pytest.approx(float(np.mean(values)), rel=1e-6)
    last = loss["blocks"][2]
    mean = float(client.get(last["differences"]).headers["X-Mean"])
    assert mean == pytest.approx(float(np.mean(pictures.load(last["differences"], WORKSPACE))))


def test_a_stranger_is_told_a_sentence_and_nothing_else(
    pair: PairRecord, mine: Library, told: list[dict[str, Any]]
) -> None:
    other = Library(mine.root.parent / "somebodyelse").add_pair(mine.pair(pair.id)).id
    app = shown("somebodyelse", other, 0)
    assert [each.value for each in app.error] == [
        "This pair belongs to another workspace: open one of your own."
    ] * 3
    assert told == []


def test_what_cannot_be_drawn_is_a_sentence(
    pair: PairRecord, mine: Library, told: list[dict[str, Any]]
) -> None:
    app = shown(WORKSPACE, pair.id, 6)
    assert len(app.error) == 3 and "has no slice 7" in app.error[0].value and told == []
    full = np.ones((1, 32, 32), np.float32)
    made = Pair("Magnet", full[None], full, (1.0, 1.0), np.zeros(1), unit="")
    app = shown(WORKSPACE, mine.add_pair(made).id, 0)
    assert "Magnet has no Hounsfield units" in app.info[0].value and not app.error
    assert [each["figure"] for each in told] == ["network", "feature_loss"]


def test_a_dose_is_one_of_those_that_are_prepared(pair: PairRecord) -> None:
    parts = {"owner": WORKSPACE, "pair": pair.id, "index": 0, "step": "noise"}
    with pytest.raises(ValueError):
        stages.LowDoseStep.model_validate(parts | {"dose": 0.3})


def test_every_javascript_file_is_part_of_the_module_in_the_order_of_its_imports() -> None:
    assert {path.stem for path in assets.HERE.glob("*.js")} == set(assets.MODULES)
    for position, name in enumerate(assets.MODULES):
        source = (assets.HERE / f"{name}.js").read_text("utf-8")
        assert set(re.findall(r'from "\./(\w+)\.js"', source)) <= set(assets.MODULES[:position])
        assert set(re.findall(r'from "\.\./viewer/(\w+)\.js"', source)) <= set(assets.VIEWERS)
