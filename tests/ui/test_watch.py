"""What Watch tells of a run: always of one epoch, in words, and how to go on."""

from dataclasses import replace
from typing import Any

import pytest
from apptest import WORKSPACE, opened

from ctdenoise.config import events
from ctdenoise.config.events import Epoch
from ctdenoise.config.presets import PRESETS
from ctdenoise.ui.watch import readout
from ctdenoise.ui.watch.view import late
from ctdenoise.workspace.runs import Run, create_run


def epoch(time: float) -> Epoch:
    return Epoch(time=time, epoch=int(time), step=1, train_seconds=1, terms={}, validation_mse=1,
                 low_mse=1, metrics={}, image="", seconds_left=None)  # fmt: skip


def test_an_epoch_is_late_that_takes_longer_than_those_before_it() -> None:
    said = [epoch(1000 + 60 * n) for n in range(4)]
    assert late(said, 170) == ""
    assert late(said, 200) == ", the next one takes longer than usual: 3 min 20 s so far"
    assert late(said[:1], 100) == ", for 1 min 40 s so far"  # there is no usual yet
    assert late(said[:1], 29) == ""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the viewer was given, at each run of a page."""
    given: list[dict[str, Any]] = []

    def noting(*, data: list[dict[str, Any]], **_: object) -> dict[str, object]:
        given.extend(data)
        return {}

    monkeypatch.setattr("ctdenoise.ui.viewer.component._component", noting)
    return given


@pytest.mark.usefixtures("on_the_spot")
def test_picture_figures_and_curves_are_of_one_epoch_the_newest_also_on_the_way_back(
    trained: Run, shown: list[dict[str, Any]]
) -> None:
    app = opened("Watch", run=trained.id)
    assert "Finished after 2 epochs" in app.success[0].value
    said = [e for e in events.read(trained.folder) if isinstance(e, Epoch)]
    events.append(trained.folder, said[-1].model_copy(update={"epoch": 3, "validation_mse": 7}))
    app.run()  # the page again, in the same session
    before, after = shown
    assert (before["frame"], after["frame"]) == (2, 3)
    assert after["follow"] and after["report"] == []  # the browser moves them all, by one number
    told = after["readout"]
    assert told["at"] == (0, 1, 2, 3) and len(after["panes"][1]["frames"]) == 4
    errors, psnr, ssim = told["figures"]
    assert errors["title"] == "Validation MSE (HU²)" and ssim["title"] == "SSIM"
    assert errors["values"] == (*(f"{e.validation_mse:,.0f}" for e in said), "7")
    assert psnr["values"][:3] == tuple(f"{e.psnr:.1f}" for e in said)
    for chart in told["charts"]:
        assert all(len(curve["values"]) == 4 for curve in chart["curves"])
    assert all(len(cell) in (1, 4) for row in told["table"]["rows"] for cell in row)


def test_a_network_that_starts_from_nothing_says_so_and_has_no_absurd_percentage(
    trained: Run,
) -> None:
    start = events.start(events.read(trained.folder))
    far = [epoch(0).model_copy(update={"validation_mse": 36_704.0, "low_mse": 200.0})]
    article = replace(trained, config=PRESETS["article"])
    told = readout.readout(article, far, start, "HU")
    assert told.remarks[0].startswith("Starts from nothing: before training")
    assert told.figures[0].notes == ("184 times the low dose",)
    for other in (trained, replace(article, parent="another run")):
        assert readout.readout(other, far, start, "HU").remarks == ("",)


@pytest.mark.usefixtures("on_the_spot")
def test_settings_are_told_in_words_and_the_next_step_takes_the_other_networks_along(
    trained: Run,
) -> None:
    other = create_run(WORKSPACE, "Other", trained.config, trained.pairs)
    (other.folder / "epochs").mkdir()
    (other.folder / "epochs" / "0001.safetensors").touch()
    app = opened("Watch", run=trained.id)
    different, usual = (m.value for m in app.markdown if m.value.startswith("| Setting"))
    assert "| Setting | This run | Recommended |" in different
    assert "| Layers | 2 | 6 |" in different and "| Learn the noise | on |" in usual
    assert "| Batch (patches) | 4 |" in usual and "| Mean squared error | 100 % |" in usual
    assert not app.get("json")
    (following,) = (e.proto for e in app.get("page_link") if "Next" in e.proto.label)
    assert following.query_string == f"run={trained.id}&run={other.id}"
