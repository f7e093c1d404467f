"""A checkpoint file is enough to use its network again, and nothing else passes for one."""

import json

import pytest
import torch
from safetensors.torch import save_file

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.training import checkpoint

CONFIG = Config(layers=3, filters=4, residual=False)


@pytest.fixture
def network():
    network = checkpoint.build_network(CONFIG)
    network.initialise(torch.Generator().manual_seed(3))
    network.scale(-400.0, 480.0, 30.0)
    return network


def test_it_comes_back_as_it_was(tmp_path, network) -> None:
    path = tmp_path / checkpoint.NAME
    checkpoint.save(path, network.to(memory_format=torch.channels_last), CONFIG, {"epoch": 3})
    image = 100 * torch.randn(1, 1, 20, 20)
    for where in (path, tmp_path):
        found = checkpoint.load(where)
        assert (found.config, found.card, found.version) == (CONFIG, {"epoch": 3}, 1)
        torch.testing.assert_close(found.network(image), network(image))
    assert list(tmp_path.iterdir()) == [path]


def test_other_files_are_told_apart(tmp_path, network) -> None:
    good = tmp_path / "good.safetensors"
    checkpoint.save(good, network, CONFIG, {})
    state = network.state_dict()
    ours = {"format": "ctdenoise", "version": "1", "config": CONFIG.model_dump_json(), "card": "{}"}

    def written(name: str, tensors: dict[str, torch.Tensor], metadata: dict[str, str]):
        path = tmp_path / name
        save_file({k: v.clone() for k, v in tensors.items()}, path, metadata)
        return path

    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(good.read_bytes()[:-100])
    text = tmp_path / "text.safetensors"
    text.write_text("not a checkpoint")
    other = json.dumps(Config(layers=4, filters=4).model_dump(mode="json"))
    cases = {
        cut: "cut off",
        text: "cut off",
        tmp_path / "none.safetensors": "not there",
        written("foreign.safetensors", state, {}): "another program",
        written("newer.safetensors", state, ours | {"version": "2"}): "version 2",
        written("other.safetensors", state, ours | {"config": other}): "describes",
        written("odd.safetensors", state, ours | {"config": "{"}): "describes",
        written("nan.safetensors", state | {"mean": torch.tensor(float("nan"))}, ours): "numbers",
    }
    for path, words in cases.items():
        with pytest.raises(Problem, match=words) as told:
            checkpoint.load(path)
        assert told.value.subject == path.name


def test_too_large_a_file_is_not_even_opened(tmp_path, monkeypatch) -> None:
    path = tmp_path / "big.safetensors"
    path.write_bytes(b"x" * 100)
    monkeypatch.setattr(checkpoint, "LARGEST", 99)
    with pytest.raises(Problem, match="larger"):
        checkpoint.load(path)
