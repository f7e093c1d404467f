"""What another program computes with the exported network is what torch computes."""

import json

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from ctdenoise.cli import main
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.config.shipped import file, shipped
from ctdenoise.errors import Problem
from ctdenoise.exports.onnx import export_onnx
from ctdenoise.networks.dial import DialCNN
from ctdenoise.networks.spec import Activation
from ctdenoise.training import checkpoint

SIZES = [(1, 64, 64), (3, 97, 131), (1, 512, 512), (1, 5, 300), (2, 62, 61)]
"""(batch, rows, columns)"""
COMMON = {
    *("Add", "Cast", "Concat", "Constant", "Conv", "ConvTranspose", "Div", "Elu", "Erf", "Gather"),
    *("LeakyRelu", "Mul", "Relu", "Resize", "Shape", "Sigmoid", "Slice", "Sub", "Unsqueeze"),
}
"""What OpenCV's dnn, TensorRT (onnx-tensorrt's operators.md) and every other runtime knows."""
DIALS = (Loss(), Loss(texture=10.0, dial=("texture",)))
SMALL = Config(layers=2, filters=3, kernel_size=5)
EVERY = [
    *(SMALL.model_copy(update={"activation": activation, "loss": loss})
      for activation in Activation for loss in DIALS),
    *(SMALL.model_copy(update={"stride": stride, "residual": residual, "loss": loss})
      for stride in (1, 2, 3, 4) for residual in (True, False) for loss in DIALS),
    *(SMALL.model_copy(update={"network": "unet", "activation": activation, "residual": residual})
      for activation in Activation for residual in (True, False)),
]  # fmt: skip
"""An activation is an operator of its own, whatever the stride and what is added at the end."""
ENOUGH = 0.01
"""HU; float32 sums in another order."""


def trained(config: Config, folder, card=None):
    """A checkpoint whose network changes the picture, as if it had been trained."""
    network = checkpoint.build_network(config)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            scale = 0.5 / max(parameter[0].numel(), 1) ** 0.5
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    network.scale(-400.0, 480.0, 30.0)
    path = folder / "network.safetensors"
    checkpoint.save(path, network, config, {"unit": "HU"} if card is None else card)
    return path


def assert_same(path, network, sizes=SIZES):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch, rows, columns in sizes:
        image = 300 * np.random.default_rng(rows).standard_normal((batch, 1, rows, columns))
        image = image.astype(np.float32)
        [got] = session.run(["denoised"], {"image": image})
        with torch.inference_mode():
            wanted = network(torch.from_numpy(image)).numpy()
        assert np.abs(wanted - image).max() > 1  # it does something
        np.testing.assert_allclose(got, wanted, rtol=0, atol=ENOUGH)
        opencv = cv2.dnn.readNetFromONNX(str(path))
        opencv.setInput(image)
        np.testing.assert_allclose(opencv.forward(), wanted, rtol=0, atol=ENOUGH)


@pytest.mark.parametrize(
    "config",
    [
        Config(layers=4, filters=8),
        Config(layers=3, filters=8, residual=False),
        Config(layers=3, filters=8, stride=2, activation="leaky_relu"),
        Config(layers=3, filters=8, stride=3, residual=False, activation="gelu", kernel_size=5),
        Config(network="unet", layers=2, filters=8),
    ],
    ids=lambda config: f"{config.network}, stride {config.stride}, residual {config.residual}",
)
def test_torch_onnxruntime_and_opencv_agree_at_any_size(tmp_path, config) -> None:
    source = trained(config, tmp_path)
    path = export_onnx(source, tmp_path / "network.onnx")
    assert_same(path, checkpoint.load(source).network)
    [given] = onnxruntime.InferenceSession(path).get_inputs()
    assert (given.shape, given.type) == (["batch", 1, "rows", "columns"], "tensor(float)")


@pytest.mark.parametrize(
    "config", EVERY, ids=lambda c: f"{c.network}, {c.stride}, {c.activation}, {c.residual}"
)
def test_every_network_is_made_of_common_operators(tmp_path, config) -> None:
    source = trained(config, tmp_path)
    setting = (0.4,) * config.dials
    path = export_onnx(source, tmp_path / "network.onnx", setting)
    model = onnx.load(path)
    assert {node.op_type for node in model.graph.node} <= COMMON
    assert model.ir_version <= 8
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]
    network = checkpoint.load(source).network
    network.turn(torch.tensor(setting))
    assert_same(path, network, [(2, 21, 34)])


def test_the_shipped_networks_are_exported(tmp_path) -> None:
    for name, known in shipped().items():
        source = file(name)
        setting = (0.5,) * known.config.dials
        path = export_onnx(source, tmp_path / f"{name}.onnx", setting)
        network = checkpoint.load(source).network.fixed(torch.tensor(setting))
        assert_same(path, network, [(1, 45, 61)])


def test_opencv_4_reads_the_chain_as_well(tmp_path) -> None:
    source = trained(Config(layers=3, filters=8), tmp_path)
    path = export_onnx(source, tmp_path / "network.onnx")
    image = np.linspace(-1000, 1000, 41 * 52, dtype=np.float32).reshape(1, 1, 41, 52)
    opencv = cv2.dnn.readNetFromONNX(str(path), engine=cv2.dnn.ENGINE_CLASSIC)
    opencv.setInput(image)
    with torch.inference_mode():
        wanted = checkpoint.load(source).network(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(opencv.forward(), wanted, rtol=0, atol=ENOUGH)


@pytest.mark.parametrize("setting", [(0.0,), (0.7,)])
def test_a_dial_stays_where_it_was_fixed(tmp_path, setting) -> None:
    source = trained(
        Config(layers=3, filters=8, loss=Loss(texture=10.0, dial=("texture",))), tmp_path
    )
    path = export_onnx(source, tmp_path / "network.onnx", setting)
    network = checkpoint.load(source).network
    assert isinstance(network, DialCNN)
    network.turn(torch.tensor(setting))
    assert_same(path, network)
    with pytest.raises(AssertionError):
        network.turn(torch.tensor([0.3]))
        assert_same(path, network)


def test_it_says_what_it_is(tmp_path) -> None:
    config = Config(layers=2, filters=4)
    model = onnx.load(export_onnx(trained(config, tmp_path), tmp_path / "network.onnx"))
    onnx.checker.check_model(model, full_check=True)
    said = {each.key: each.value for each in model.metadata_props}
    assert Config.model_validate(json.loads(said["config"])) == config
    assert said["unit"] == "HU" and said["version"] and model.producer_name == "CT Denoise"
    assert "Not a medical device" in model.doc_string


def test_from_the_command_line(tmp_path, capsys) -> None:
    run = tmp_path / "run"
    run.mkdir()
    source = trained(Config(layers=2, filters=4), run)
    source.rename(run / checkpoint.NAME)
    out = tmp_path / "network.onnx"
    assert main(["export", str(run), "--onnx", str(out)]) == 0
    assert_same(out, checkpoint.load(run).network, [(1, 40, 50)])
    assert main(["export", str(run), "--onnx", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["export", str(run), "--onnx", str(out), "--overwrite", "--dial", "0.5"]) == 1
    assert "has no dial" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["network.onnx", "run"]


def test_nothing_is_written_for_what_is_no_checkpoint(tmp_path) -> None:
    text = tmp_path / "text.safetensors"
    text.write_text("no network")
    with pytest.raises(Problem, match="cut off"):
        export_onnx(text, tmp_path / "network.onnx")
    assert list(tmp_path.iterdir()) == [text]
