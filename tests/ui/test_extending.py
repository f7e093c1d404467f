"""A network and a loss term that are new are everywhere: those that the documentation adds."""

import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from apptest import labelled, opened

from ctdenoise.cli import main
from ctdenoise.config import events
from ctdenoise.config.config import Config, override, parse, settings
from ctdenoise.config.presets import PRESETS
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.losses.term import LOSS_TERMS, term_title
from ctdenoise.networks.spec import NETWORKS
from ctdenoise.settings import ROOT
from ctdenoise.training import checkpoint
from ctdenoise.training.trainer import train
from ctdenoise.workspace.library import Library, PairRecord

BLOCK = re.compile(r"```python\n# ctdenoise/(\S+)\.py\n(.*?)```", re.DOTALL)
pytestmark = pytest.mark.usefixtures("on_the_spot")
NEW = ("networks/ffdnet", "networks/specs/ffdnet", "losses/terms/log_cosh")


@pytest.fixture(autouse=True)
def extended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The examples of docs/extending.md, as if their files were there."""
    blocks = dict(BLOCK.findall((ROOT / "docs" / "extending.md").read_text("utf-8")))
    for registry in (NETWORKS, LOSS_TERMS):
        monkeypatch.setattr(registry, "_entries", {name: registry[name] for name in registry})
    for path in NEW:
        name = "ctdenoise." + path.replace("/", ".")
        monkeypatch.setitem(sys.modules, name, module := ModuleType(name))
        exec(compile(blocks[path], path, "exec"), module.__dict__)
    yield
    monkeypatch.undo()
    assert "ffdnet" not in NETWORKS and "log_cosh" not in LOSS_TERMS


TINY = {
    "network": "ffdnet", "layers": 3, "filters": 4, "epochs": 2, "steps_per_epoch": 3,
    "validation_patches": 4, "device": "cpu", "precision": "float32",
    "loss": {"mse": 50, "log_cosh": 40, "texture": 10},
}  # fmt: skip


def test_the_form_offers_them_and_draws_the_network(pair: PairRecord) -> None:
    app = opened("Train")
    kinds = labelled(app.selectbox, "Kind of network")
    assert kinds.options == ["chain", "U-Net", "FFDNet"]
    assert "FFDNet: a chain that works at half size" in kinds.help
    assert labelled(app.slider, "Log-cosh").help.startswith("Square for small errors")
    kinds.set_value("ffdnet")
    labelled(app.slider, "Log-cosh").set_value(30)
    labelled(app.slider, "Layers").set_value(3).run()
    told = {metric.label: metric.value for metric in app.metric}
    config = override(PRESETS["recommended"], {"network": "ffdnet", "layers": "3"})
    count = sum(p.numel() for p in checkpoint.build_network(config).parameters())
    assert told["Weights"] == f"{count:,}" and told["Sees around each pixel"] == "14 px"
    assert list(app.dataframe[-1].value["Layer"])[:2] == [
        "Four half-size pictures",
        "Convolution 1",
    ]
    (shared,) = app.code
    assert "loss.log_cosh%3D30" in shared.value and "network%3Dffdnet" in shared.value
    (drawing,) = app.get("image")[0].proto.imgs
    assert "FFDNet: 3 convolutions on four pictures of half the size" in drawing.alt
    assert "3 × 64</text>" in b64decode(drawing.url.partition(",")[2]).decode()


def test_a_link_holds_them(pair: PairRecord) -> None:
    app = opened("Train", set="loss.log_cosh=30")
    assert labelled(app.slider, "Log-cosh").value == 30 and not app.error


def test_what_the_network_cannot_have_is_told(pair: PairRecord) -> None:
    app = opened("Train")
    labelled(app.selectbox, "Kind of network").set_value("ffdnet")
    labelled(app.number_input, "Stride (pixels)").set_value(2).run()
    assert "an FFDNet halves the picture by itself" in app.error[0].value


def test_the_command_line_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    told = capsys.readouterr().out
    assert "chain, unet, ffdnet" in told and "loss.log_cosh=0.0" in told


def test_sweeps_and_dials_offer_the_term(pair: PairRecord) -> None:
    app = opened("Sweep")
    assert "Log-cosh" in labelled(app.selectbox, "The first weight").options
    app = opened("Dial")
    assert "Log-cosh" in labelled(app.multiselect, "From squared error towards").options


def test_they_train_and_denoise(pair: PairRecord, mine: Library, tmp_path: Path) -> None:
    config, out = parse(TINY), tmp_path / "run"
    told: list[events.Event] = []
    assert train(config, [mine.pair(pair.id)], out, on_event=told.append).how == "finished"
    started = next(e for e in told if isinstance(e, events.Started))
    last = [e for e in told if isinstance(e, events.Epoch)][-1]
    assert set(started.factors) == set(last.terms) == {"mse", "log_cosh", "texture"}
    assert started.parameters == config.spec.parameters(config)
    assert term_title("log_cosh") == "Log-cosh"

    found = checkpoint.load(out)
    assert found.config == config == Config.model_validate_json((out / "config.json").read_text())
    noisy = np.random.default_rng(0).normal(0, 40, (1, 75, 90)).astype(np.float32)
    whole = Denoiser.load(out, "cpu")
    tiled = Denoiser.load(out, "cpu")
    for denoiser in (whole, tiled):
        denoiser.network.convolutions[-1].weight.data.normal_(std=0.3)
    tiled.network.load_state_dict(whole.network.state_dict())
    tiled.tile = (17, 21)  # of which only multiples of two are used
    assert tiled.margin == config.spec.halo(config) == 8
    np.testing.assert_allclose(tiled.denoise(noisy), whole.denoise(noisy), atol=1e-3)
    tiled.margin -= 4  # two cells: one more than tiles at even places can spare
    assert np.abs(tiled.denoise(noisy) - whole.denoise(noisy)).max() > 1e-2


def test_the_radius_is_what_a_gradient_reaches() -> None:
    config = parse(TINY | {"residual": False, "activation": "none"})
    network = checkpoint.build_network(config).double()
    for parameter in network.parameters():
        torch.nn.init.ones_(parameter)
    image = torch.zeros(1, 1, 8, 64, requires_grad=True, dtype=torch.float64)
    before, after = [], []
    for centre in (30, 31):
        (gradient,) = torch.autograd.grad(network(image)[0, 0, 4, centre], image)
        touched = gradient[0, 0].any(0).nonzero().flatten().tolist()
        before.append(centre - touched[0])
        after.append(touched[-1] - centre)
    assert max(before + after) == config.spec.radius(config)
    assert touched[-1] - touched[0] + 1 == config.spec.receptive_field(config)


def test_they_are_settings_only_while_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "loss.log_cosh" in settings()
    with LOSS_TERMS.added(replaced := LOSS_TERMS["mse"].__class__(
        "other", "Other", 10, "Another.", "odd", LOSS_TERMS["mse"].build, default=2.0
    )):  # fmt: skip
        assert Config().loss.weights() == {"mse": 100.0, replaced.name: 2.0}
    assert Config().loss.weights() == {"mse": 100.0}


def test_no_other_file_asks_which_network_it_is() -> None:
    """A kind of network is named by its spec, and by who chooses one: presets and the default."""
    kinds = "|".join(NETWORKS)
    asking = re.compile(
        rf"""(==|!=|\bin|case)\s*[(\[{{]?\s*["']({kinds})["']|isinstance\(.*(PlainCNN|DialCNN|UNet)"""
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("ctdenoise", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if not path.is_relative_to(ROOT / "ctdenoise" / "networks")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if asking.search(line)
    ]
    assert not found
