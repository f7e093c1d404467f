"""Taking a result home, without a browser: what is offered, prepared, and why something is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from phantoms import disc_phantom, write_ct_series
from streamlit.testing.v1 import AppTest

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem, Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.jobs.kinds.export import EXPORT_NETWORK, RUN_CARD, OfRun
from ctdenoise.scans.reading import read
from ctdenoise.training.checkpoint import build_network, save
from ctdenoise.ui import downloads
from ctdenoise.workspace import networks
from ctdenoise.workspace.denoisers import ClassicalFilter, ImportedNetwork
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Result, Source, every
from ctdenoise.workspace.runs import Run

pytestmark = pytest.mark.usefixtures("on_the_spot")
BLUR = ClassicalFilter(name="gaussian", strength=2)


@pytest.fixture
def source(mine: Library, tmp_path: Path) -> Source:
    """Three slices that came as DICOM."""
    write_ct_series(tmp_path / "in", np.rint(disc_phantom(96, slices=3, noise=40)))
    found = read([tmp_path / "in"])
    record = mine.add_scan(found.scans[0], found.sources[0])
    return Source(owner=WORKSPACE, kind="scan", id=record.id)


@pytest.fixture
def result(source: Source) -> Result:
    return start(WORKSPACE, source, BLUR)


def wished(form: str, result: Result) -> AppTest:
    app = opened("Denoise", result=result.record.id)
    return labelled(app.selectbox, "What to take away").set_value(form).run()


@pytest.mark.parametrize("form", FORMATS)
def test_prepare_then_download(result: Result, form: str) -> None:
    app = wished(form, result)
    assert not app.get("link_button")
    labelled(app.button, "Prepare").click().run()
    assert not app.exception and not app.error
    (button,) = app.get("link_button")
    assert button.proto.label.startswith("Download (")
    assert len(list((result.folder / "exports" / form).iterdir())) == 1
    assert not [each for each in app.button if each.label == "Prepare"]


def test_a_format_of_ones_own_is_offered_and_prepared(result: Result) -> None:
    def write(content: Content, path: Path, tell: Progress) -> None:
        path.write_text(content.name)

    own = ExportFormat("own", -1, "Our own", "All of it.", "own", "text/plain", "slice", write)
    with FORMATS.added(own):
        app = wished("own", result)
        assert labelled(app.selectbox, "What to take away").options[0] == "Our own"
        assert any(each.value.startswith("All of it. Now: slice") for each in app.caption)
        labelled(app.button, "Prepare").click().run()
        assert not app.exception and not app.error and app.get("link_button")
        (made,) = (result.folder / "exports" / "own").iterdir()
        assert made.suffix == ".own" and made.read_text() == result.record.name


def test_a_dicom_series_says_that_it_is_de_identified(result: Result) -> None:
    told = [each.value for each in wished("dicom", result).caption]
    assert any("de-identified" in each and "3 slices at strength 100%" in each for each in told)


def test_a_pair_says_what_it_can_give(pair: PairRecord) -> None:
    pair_source = Source(owner=WORKSPACE, kind="pair", id=pair.id)
    app = wished("dicom", start(WORKSPACE, pair_source, BLUR))
    assert any("take NIfTI or NPY" in each.value for each in app.caption)
    assert not [each for each in app.button if each.label == "Prepare"]


def test_nothing_is_offered_while_slices_are_to_come(
    source: Source, on_the_spot: OnTheSpot
) -> None:
    on_the_spot.waiting.add("denoise")
    start(WORKSPACE, source, BLUR)
    app = opened("Denoise")
    assert not [each for each in app.selectbox if each.label == "What to take away"]


def test_what_goes_wrong_is_told_and_can_be_tried_again(result: Result) -> None:
    full = [True]

    def write(content: Content, path: Path, tell: Progress) -> None:
        if full.pop():
            raise Problem("The result", "could not be written", "free some space")
        path.write_text(content.name)

    own = ExportFormat("own", -1, "Our own", "All of it.", "own", "text/plain", "slice", write)
    with FORMATS.added(own):
        app = wished("own", result)
        labelled(app.button, "Prepare").click().run()
        assert [each.value for each in app.error] == [
            "The result could not be written: free some space."
        ]
        full.append(False)
        labelled(app.button, "Prepare").click().run()
        assert not app.error and app.get("link_button")


def test_progress_is_shown_meanwhile_and_after_a_reload(
    result: Result, on_the_spot: OnTheSpot
) -> None:
    on_the_spot.waiting.add("export")
    labelled(wished("npy", result).button, "Prepare").click().run()
    (job,) = queue.jobs_of(WORKSPACE, "export", result.record.id)
    held = leases.take(job.id, "test")
    assert held
    leases.beat(held, 0.5, "Slice 2 of 3")
    app = opened("Denoise", result=result.record.id)
    assert [each.proto.text for each in app.get("progress")] == ["Slice 2 of 3"]
    assert not app.get("link_button")
    labelled(app.button, "Stop").click().run()
    assert queue.job(job.id).wanted == "stop"


def test_a_network_from_a_file_denoises(source: Source, tmp_path: Path) -> None:
    config = Config(layers=2, filters=4)
    file = tmp_path / "anna.safetensors"
    save(file, build_network(config), config, {"unit": "HU"})
    app = opened("Denoise")
    dropzone = next(each for each in app.file_uploader if "network" in each.label)
    dropzone.upload("anna.safetensors", file.read_bytes(), "application/octet-stream").run()
    labelled(app.button, "Add this network").click().run()
    (network,) = networks.networks(WORKSPACE)
    choice = labelled(app.selectbox, "Network or filter")
    assert choice.value == ("brought", network.id)
    assert "Network from a file: anna" in choice.options
    labelled(app.button, "Denoise").click().run()
    assert not app.exception and not app.error
    made = every(WORKSPACE)[0]
    assert made.record.method == ImportedNetwork(workspace=WORKSPACE, id=network.id)
    assert made.record.title == "anna" and made.job and made.job.state == "finished"


def test_a_run_is_offered_as_onnx(trained: Run, on_the_spot: OnTheSpot) -> None:
    app = opened("Watch", run=trained.id)
    labels = [each.proto.label for each in app.get("link_button")]
    assert labels == ["Run card (zip)", "Network (ONNX)"]
    name = on_the_spot.answer(
        EXPORT_NETWORK, OfRun(run=trained.id, name="x", state="finished", epoch=2), WORKSPACE
    )
    path = trained.folder / name
    assert path.parent == trained.folder and path.stat().st_size > 0


def test_a_run_card_is_made_once_and_anew_when_the_run_stands_otherwise(
    trained: Run, on_the_spot: OnTheSpot
) -> None:
    assert trained.job
    learning = replace(trained, job=replace(trained.job, state="running"))
    for run, made in ((learning, 1), (learning, 1), (trained, 2), (trained, 2)):
        assert downloads.made(run, "card").stat().st_size > 0
        assert len(queue.jobs_of(WORKSPACE, RUN_CARD.name)) == made
