"""Other people's networks come in, and nothing else does."""

import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.errors import Problem
from ctdenoise.training import checkpoint
from ctdenoise.workspace import networks

CONFIG = Config(layers=3, filters=4)
OURS = CONFIG.model_dump_json()
HUGE = Config(layers=30, filters=256, kernel_size=11).model_dump_json()
WORKSPACE = "class"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    workspaces = tmp_path / "home"
    monkeypatch.setattr(networks, "settings", lambda: type("S", (), {"workspaces": workspaces})())
    return workspaces / WORKSPACE


@pytest.fixture
def tensors():
    network = checkpoint.build_network(CONFIG)
    network.initialise(torch.Generator().manual_seed(1))
    network.scale(-400.0, 480.0, 30.0)
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def written(path, tensors, config=OURS, card='{"unit": "HU", "epoch": 7}'):
    ours = {"format": "ctdenoise", "version": "1", "config": config, "card": card}
    save_file(tensors, path, ours)
    return path


def test_it_comes_in_is_listed_denoises_and_goes(tmp_path, tensors, home) -> None:
    path = written(tmp_path / "anna.safetensors", tensors)
    first = networks.add_network(WORKSPACE, path)
    second = networks.add_network(WORKSPACE, path, "  Anna's   second ")
    assert (first.name, second.name) == ("anna", "Anna's second")
    assert networks.networks(WORKSPACE) == [second, first]
    assert (first.config, first.card["epoch"], first.unit) == (CONFIG, 7, "HU")
    assert networks.networks("another") == []
    path.unlink()  # the workspace has its own copy
    image = np.full((1, 20, 20), 40, np.float32)
    denoiser = Denoiser.load(networks.weights(WORKSPACE, first.id), "cpu")
    np.testing.assert_array_equal(denoiser.denoise(image), image)  # untrained, residual
    networks.remove(WORKSPACE, first.id)
    assert networks.networks(WORKSPACE) == [second]
    assert {each.name for each in home.iterdir()} == {"networks"}


@pytest.mark.parametrize("id", ["0123456789ab", "../../x", "", "..", "networks"])
def test_only_what_is_there_can_be_taken_or_removed(id) -> None:
    for what in (networks.weights, networks.remove):
        with pytest.raises(Problem, match="not in the workspace"):
            what(WORKSPACE, id)


class _Code:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was executed')",)


def _pickle(path, tensors) -> None:
    path.write_bytes(pickle.dumps(_Code()))


def _torch_zip(path, tensors) -> None:
    torch.save(tensors, path)


def _zip(path, tensors) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("checkpoint.safetensors", bytes(100))


def _huge_header(path, tensors) -> None:
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")


def _header_of_blanks(path, tensors) -> None:
    """A header of 90 MB, which the library alone would read."""
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 90 * 2**20))
        file.truncate(91 * 2**20)


def _more_tensor_than_file(path, tensors) -> None:
    shape = [2**20, 2**14]
    header = {"mean": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * 2**34]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(64))


def _overlapping(path, tensors) -> None:
    header = {n: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for n in ("mean", "sd")}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))


def _cut(path, tensors) -> None:
    whole = written(path, tensors).read_bytes()
    path.write_bytes(whole[:-1])


def _empty(path, tensors) -> None:
    path.write_bytes(b"")


def _integers(path, tensors) -> None:
    written(path, {name: tensor.to(torch.int64) for name, tensor in tensors.items()})


def _nan(path, tensors) -> None:
    tensors["convolutions.1.weight"][0, 0, 1, 1] = float("nan")
    written(path, tensors)


def _zero_sd(path, tensors) -> None:
    written(path, tensors | {"sd": torch.tensor(0.0)})


def _overflow(path, tensors) -> None:
    written(path, tensors | {"convolutions.2.weight": tensors["convolutions.2.weight"] + 3e38})


def _other_network(path, tensors) -> None:
    written(path, tensors, Config(layers=4, filters=4).model_dump_json())


def _dial(path, tensors) -> None:
    config = Config(layers=3, filters=4, loss=Loss(ssim=1.0, dial=("ssim",)))
    written(path, tensors, config.model_dump_json())


def _huge_network(path, tensors) -> None:
    written(path, tensors, HUGE)


def _odd_config(path, tensors) -> None:
    written(path, tensors, '{"layers": 1e9, "filters": 256}')


def _deep_config(path, tensors) -> None:
    written(path, tensors, "[" * 200_000)


def _odd_card(path, tensors) -> None:
    written(path, tensors, card="[1, 2]")


def _deep_card(path, tensors) -> None:
    written(path, tensors, card='{"a":' + "[" * 400 + "]" * 400 + "}")


def _half_a_sign(path, tensors) -> None:
    written(path, tensors, card='{"a": "\\ud800"}')


def _foreign(path, tensors) -> None:
    save_file(tensors, path, {"format": "pt"})


HOSTILE = {
    _pickle: "is not a checkpoint",
    _torch_zip: "is not a checkpoint",
    _zip: "is not a checkpoint",
    _huge_header: "is not a checkpoint",
    _header_of_blanks: "is not a checkpoint",
    _more_tensor_than_file: "is not a checkpoint",
    _overlapping: "is not a checkpoint",
    _cut: "is not a checkpoint",
    _empty: "is not a checkpoint",
    _integers: "does not hold the network",
    _nan: "weights that are not numbers",
    _zero_sd: "returns values that are not numbers",
    _overflow: "returns values that are not numbers",
    _other_network: "does not hold the network",
    _dial: "does not hold the network",
    _huge_network: "does not hold the network",
    _odd_config: "does not hold the network",
    _deep_config: "does not hold the network",
    _odd_card: "does not hold the network",
    _deep_card: "card that cannot be read",
    _half_a_sign: "card that cannot be read",
    _foreign: "of another program",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_what_is_no_network_of_ours_is_told_and_not_kept(tmp_path, tensors, home, make) -> None:
    path = tmp_path / "brought.safetensors"
    make(path, tensors)
    with pytest.raises(Problem, match=HOSTILE[make]) as told:
        networks.add_network(WORKSPACE, path)
    assert told.value.subject == "brought.safetensors"
    assert not home.exists() or not list(home.rglob("*"))


def test_a_config_that_promises_much_takes_no_memory(tmp_path, tensors, monkeypatch) -> None:
    """The 951 MB of that config are never asked for."""
    written(tmp_path / "brought.safetensors", tensors, HUGE)
    built = []
    build = checkpoint.build_network

    def watched(config):
        network = build(config)
        built.append({parameter.device.type for parameter in network.parameters()})
        return network

    monkeypatch.setattr(checkpoint, "build_network", watched)
    with pytest.raises(Problem):
        networks.add_network(WORKSPACE, tmp_path / "brought.safetensors")
    assert built == [{"meta"}]


def test_a_full_disk_leaves_nothing(tmp_path, tensors, home, monkeypatch) -> None:
    path = written(tmp_path / "brought.safetensors", tensors)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(networks.shutil, "copyfile", full)
    with pytest.raises(Problem, match="disk is full"):
        networks.add_network(WORKSPACE, path)
    assert not list(home.rglob("*.safetensors")) and not list(home.glob(".making-*"))


def test_weights_in_half_precision_are_taken_in(tmp_path, tensors, home) -> None:
    path = tmp_path / "half.safetensors"
    written(path, {name: tensor.to(torch.float16) for name, tensor in tensors.items()})
    assert networks.add_network(WORKSPACE, path).name == "half"
