"""The Denoise page without a browser: choosing, what is shown of a result, stopping, removing."""

import io
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from apptest import WORKSPACE, OnTheSpot, labelled, opened, send
from phantoms import disc_phantom
from streamlit.testing.v1 import AppTest

from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.denoising.filters import FILTERS, Filter
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.scans.readers import READERS, ImageStack, Reader
from ctdenoise.scans.scan import Scan
from ctdenoise.training.checkpoint import build_network, save
from ctdenoise.ui.denoise import result as denoising
from ctdenoise.workspace.denoisers import ClassicalFilter, RunNetwork, ShippedNetwork
from ctdenoise.workspace.library import Library, PairRecord, ScanRecord
from ctdenoise.workspace.results import Result, Source, every
from ctdenoise.workspace.runs import Run

pytestmark = pytest.mark.usefixtures("on_the_spot")
BLUR = ClassicalFilter(name="gaussian", strength=2)


@pytest.fixture
def scan(mine: Library) -> ScanRecord:
    """Six noisy slices, large enough for regions of soft tissue."""
    return added(mine, disc_phantom(128, slices=6, noise=40), "HU")


def added(mine: Library, values: np.ndarray, unit: str) -> ScanRecord:
    places = np.arange(float(len(values)))
    made = Scan("My chest", values, (0.7, 0.7), places, np.zeros((len(values), 3)), unit=unit)
    return mine.add_scan(made, [])


def blurred(scan: ScanRecord) -> Result:
    return start(WORKSPACE, Source(owner=WORKSPACE, kind="scan", id=scan.id), BLUR)


def newest() -> Result:
    return every(WORKSPACE)[0]


def state(result: Result) -> str:
    assert result.job
    return result.job.state


def told(app: AppTest) -> str:
    """All sentences of the page."""
    kinds = (app.markdown, app.caption, app.warning, app.info, app.error)
    return "\n".join(each.value for kind in kinds for each in kind)


def test_what_only_looks_like_a_zip_is_told(mine: Library) -> None:
    app = opened("Denoise")
    content = b"PK\3\4" + bytes(60) + b"PK\5\6" + b"\7" * 18
    send(app, ("half.zip", content))
    assert not app.exception
    assert any("half.zip" in each.value for each in app.error)


def test_an_upload_that_waits_for_an_answer_holds_the_button_back(scan: ScanRecord) -> None:
    app = opened("Denoise")
    assert not labelled(app.button, "Denoise").disabled
    content = io.BytesIO()
    np.save(content, np.ones((2, 64, 64), np.float32))
    send(app, ("mine.npy", content.getvalue()))
    assert labelled(app.button, "Denoise").disabled  # else the scan before would be taken
    app.radio[0].set_value("own units").run()
    assert not labelled(app.button, "Denoise").disabled
    assert "mine" in labelled(app.selectbox, "Scan").options[0]


def test_a_file_format_of_ones_own_is_named(mine: Library) -> None:
    own = Reader("own", 9, "OWN", (".own.gz",), lambda path: ImageStack(np.zeros((4, 4))))
    with READERS.added(own):
        assert any("NRRD or OWN images" in each.value for each in opened("Denoise").markdown)


def test_one_press_denoises_a_scan_with_a_filter(scan: ScanRecord) -> None:
    app = opened("Denoise")
    assert labelled(app.selectbox, "Scan").value == (WORKSPACE, "scan", scan.id)
    labelled(app.selectbox, "Network or filter").set_value(("filter", "gaussian")).run()
    labelled(app.slider, "Width (SD), px").set_value(2.0).run()
    labelled(app.button, "Denoise").click().run()
    assert not app.exception and not app.error
    result = newest()
    assert result.record.method == BLUR
    assert result.record.source.id == scan.id
    assert app.query_params["result"] == result.record.id
    assert "All 6 slices are denoised." in told(app)


def test_a_filter_of_ones_own_is_offered_and_applied(scan: ScanRecord) -> None:
    shrink = Filter("shrink", 9, "Shrink", "factor", "px", 2, 1, 4, "Less of it.",
                    lambda image, factor: image / factor)  # fmt: skip
    with FILTERS.added(shrink):
        app = opened("Denoise")
        choice = labelled(app.selectbox, "Network or filter")
        assert choice.options[-1] == "Filter: Shrink"
        choice.set_value(("filter", "shrink")).run()
        assert labelled(app.slider, "Factor, px").help == "Less of it."
        labelled(app.button, "Denoise").click().run()
        assert not app.exception and not app.error
        result = newest()
        assert result.record.title == "Shrink 2 px"
        before = np.array(result.record.source.load().values[0])
        np.testing.assert_array_equal(result.output(0), shrink.apply(before, 2))


def test_a_pair_lends_its_low_dose_and_a_run_its_network(trained: Run, pair: PairRecord) -> None:
    app = opened("Denoise")
    assert labelled(app.selectbox, "Scan").value == (WORKSPACE, "pair", pair.id)
    labelled(app.selectbox, "Network or filter").set_value(("run", trained.id)).run()
    labelled(app.selectbox, "Epoch").set_value(1).run()
    labelled(app.button, "Denoise").click().run()
    assert newest().record.method == RunNetwork(run=trained.id, epoch=1)
    assert "marked on the full dose" in told(app)


def test_networks_that_ship_come_first_with_a_sentence_from_their_card(
    scan: ScanRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ships"
    folder.mkdir()
    config = Config(layers=2, filters=4, loss=Loss(texture=10, dial=("texture",)))
    save(folder / "dial.safetensors", build_network(config), config, {"unit": "HU"})
    (folder / "dial.md").write_text("# The dial\n\nTurns from smooth to grainy. And more.")
    monkeypatch.setattr(shipped.shipped, "__defaults__", (folder,))
    monkeypatch.setattr(shipped.file, "__defaults__", (folder,))
    app = opened("Denoise")
    assert "Turns from smooth to grainy." in told(app)
    labelled(app.slider, "Dial: Grain (noise spectrum) (%)").set_value(70).run()
    labelled(app.button, "Denoise").click().run()
    assert newest().record.method == ShippedNetwork(name="dial", dial=(0.7,))
    assert newest().record.title == "The dial, dial at 70%"
    assert state(newest()) == "finished"


def test_a_blur_warns_of_anatomy_and_the_figures_are_in_hu(scan: ScanRecord) -> None:
    result = blurred(scan)
    app = opened("Denoise", result=result.record.id)
    assert "Anatomy shows in the removed noise" in app.warning[0].value
    table = app.dataframe[0].value
    assert list(table.columns) == ["Tissue", "Input (HU)", "Shift (HU)", "± (HU)"]
    assert list(table["Tissue"]) == ["Air", "Soft tissue", "Bone"]
    assert table["Input (HU)"][1] == pytest.approx(40, abs=2)
    assert re.search(r"Slice 4: (3[89]|4[012])(\.\d)? HU before", told(app))


def test_the_figures_follow_the_strength(scan: ScanRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    result = blurred(scan)
    whole = opened("Denoise", result=result.record.id).dataframe[0].value["Shift (HU)"]
    half = strengthened(result, 0.5, monkeypatch)
    assert half.dataframe[0].value["Shift (HU)"].tolist() == pytest.approx((whole / 2).tolist())
    none = strengthened(result, 0.0, monkeypatch)
    assert not none.warning


def strengthened(result: Result, strength: float, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with the strength slider at a position."""
    real = denoising.viewer
    monkeypatch.setattr(
        denoising, "viewer", lambda *given, **named: real(*given, **named | {"dial": [strength]})
    )
    app = opened("Denoise", result=result.record.id)
    monkeypatch.setattr(denoising, "viewer", real)
    return app


def test_a_scan_in_another_unit_has_no_tissues(mine: Library) -> None:
    values = np.random.default_rng(0).normal(0.5, 0.02, (2, 64, 64)).astype(np.float32)
    added(mine, values, "")
    app = opened("Denoise")
    labelled(app.selectbox, "Network or filter").set_value(("filter", "bilateral")).run()
    strength = labelled(app.number_input, "Largest difference to smooth, in the scan's unit")
    assert strength.value == pytest.approx(0.02 * 50 / 40, rel=0.1)
    labelled(app.button, "Denoise").click().run()
    assert state(newest()) == "finished"
    assert "not in HU" in told(app) and not app.dataframe


def test_a_network_of_another_unit_is_refused_with_a_sentence(trained: Run, mine: Library) -> None:
    added(mine, np.ones((2, 64, 64), np.float32), "")
    app = opened("Denoise")
    labelled(app.selectbox, "Network or filter").set_value(("run", trained.id)).run()
    labelled(app.button, "Denoise").click().run()
    assert "First run, epoch 2 learned from pictures in HU" in app.error[0].value


def test_no_fragment_lies_in_another(scan: ScanRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit may lose the outer one's blocks: the browser then shows a white page."""
    real, open_now, most = st.fragment, [], []

    def watched(function: Callable[..., None], **named: Any) -> Callable[..., None]:
        @wraps(function)
        def counted(*given: object) -> None:
            open_now.append(function.__name__)
            most.append(len(open_now))
            try:
                function(*given)
            finally:
                open_now.pop()

        return real(counted, **named)

    monkeypatch.setattr(st, "fragment", watched)
    opened("Denoise", result=blurred(scan).record.id)
    assert most == [1, 1]


def test_what_was_stopped_can_go_on(scan: ScanRecord, on_the_spot: OnTheSpot) -> None:
    source = Source(owner=WORKSPACE, kind="scan", id=scan.id)
    on_the_spot.waiting.add("denoise")
    result = start(WORKSPACE, source, BLUR)
    queue.stop(result.record.id)
    on_the_spot.waiting.remove("denoise")
    app = opened("Denoise")
    assert "Stopped before its turn came." in told(app)
    labelled(app.button, "Go on").click().run()
    assert state(result) == "finished" and len(result.figures) == 6


def test_one_that_was_interrupted_says_so(scan: ScanRecord, on_the_spot: OnTheSpot) -> None:
    on_the_spot.waiting.add("denoise")
    source = Source(owner=WORKSPACE, kind="scan", id=scan.id)
    job = leases.take(start(WORKSPACE, source, BLUR).record.id, "dies")
    assert job
    leases.release("dies")
    app = opened("Denoise")
    assert app.get("progress")[0].proto.text == "Was interrupted and waits to go on."
    assert labelled(app.button, "Stop")


def test_a_live_one_can_be_stopped(scan: ScanRecord, on_the_spot: OnTheSpot) -> None:
    source = Source(owner=WORKSPACE, kind="scan", id=scan.id)
    on_the_spot.waiting.add("denoise")
    result = start(WORKSPACE, source, BLUR)
    app = opened("Denoise")
    assert app.get("progress")[0].proto.text == "Next in line."
    labelled(app.button, "Stop").click().run()
    assert state(result) == "stopped"


def test_a_result_is_removed_only_when_asked(scan: ScanRecord, mine: Library) -> None:
    blurred(scan)
    app = opened("Denoise")
    labelled(app.button, "Remove this result").click().run()
    assert not app.exception and every(WORKSPACE) == []
    assert [each.id for each in mine.scans()] == [scan.id]


def test_a_result_whose_scan_was_removed_says_so(scan: ScanRecord, mine: Library) -> None:
    blurred(scan)
    mine.remove(scan.id)
    app = opened("Denoise")
    assert "is not in the workspace" in app.error[0].value
    labelled(app.button, "Remove this result").click().run()
    assert every(WORKSPACE) == []
