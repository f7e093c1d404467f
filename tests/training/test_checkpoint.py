"""A checkpoint file is enough to use its network again, and nothing else passes for one."""

import json

import pytest
import torch
from safetensors.torch import save_file

from ctdenoise import __version__
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
    zipped, pickled = tmp_path / "zipped.pt", tmp_path / "pickled.pt"
    torch.save(state, zipped)
    torch.save(state, pickled, _use_new_zipfile_serialization=False)
    other = json.dumps(Config(layers=4, filters=4).model_dump(mode="json"))
    cases = {
        cut: "cut off",
        text: "cut off",
        zipped: "torch.save",
        pickled: "torch.save",
        tmp_path / "none.safetensors": "not there",
        written("foreign.safetensors", state, {}): "another program",
        written("newer.safetensors", state, ours | {"version": "2"}): "version 2",
        written("other.safetensors", state, ours | {"config": other}): "describes",
        written("list.safetensors", state, ours | {"config": "[]"}): "describes",
        written("whole.safetensors", {k: v.int() for k, v in state.items()}, ours): "describes",
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


def rewritten(path, network, changed=lambda tensors: tensors, **metadata):
    """A checkpoint as another program, or another version of this one, would have written it."""
    config = CONFIG.model_dump_json()
    ours = {"format": "ctdenoise", "version": "1", "config": config, "card": "{}"}
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_file(changed(tensors), path, ours | metadata)
    return path


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_number_formats_are_read_as_float32(tmp_path, network, kind) -> None:
    path = rewritten(
        tmp_path / "other.safetensors", network, lambda ts: {n: t.to(kind) for n, t in ts.items()}
    )
    found = checkpoint.load(path).network.state_dict()
    for name, tensor in network.state_dict().items():
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], tensor.to(kind).float(), rtol=0, atol=0)


@pytest.mark.parametrize(
    "named",
    [
        lambda name: f"module.{name}",
        lambda name: f"_orig_mod.{name}",
        lambda name: f"module._orig_mod.{name}",
        lambda name: f"_orig_mod.module.{name}",
        lambda name: name.replace("convolutions.", "convolutions._orig_mod."),
    ],
)
def test_names_of_wrapped_networks_are_understood(tmp_path, network, named) -> None:
    path = rewritten(
        tmp_path / "other.safetensors", network, lambda ts: {named(n): t for n, t in ts.items()}
    )
    image = 100 * torch.randn(1, 1, 20, 20)
    torch.testing.assert_close(checkpoint.load(path).network(image), network(image))


def test_wrappers_of_torch_itself_are_understood(tmp_path, network) -> None:
    wrapped: torch.nn.Module = torch.compile(torch.nn.DataParallel(network))
    path = rewritten(tmp_path / "o.safetensors", network, lambda _: dict(wrapped.state_dict()))
    checkpoint.load(path)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"zoom": 3}, "zoom"),
        ({"network": "transformer"}, "network"),
        ({"activation": "mish"}, "activation"),
        ({"loss": {"mse": 1, "lpips": 2}}, "lpips"),
    ],
)
def test_settings_of_a_newer_version_are_named_with_the_versions(
    tmp_path, network, values, told
) -> None:
    config = json.dumps(CONFIG.model_dump(mode="json") | values)
    path = rewritten(tmp_path / "new.safetensors", network, config=config, program="9.1")
    with pytest.raises(Problem, match=told) as problem:
        checkpoint.load(path)
    assert f"CT Denoise {__version__}" in str(problem.value)
    assert "CT Denoise 9.1 wrote it" in str(problem.value)
    assert "update" in problem.value.hint


def test_a_newer_format_is_named_with_the_versions(tmp_path, network) -> None:
    path = rewritten(tmp_path / "new.safetensors", network, version="2", program="<b>9.1</b>")
    with pytest.raises(Problem, match="version 2") as problem:
        checkpoint.load(path)
    assert __version__ in str(problem.value) and "<b>" not in str(problem.value)


def test_a_checkpoint_says_which_version_wrote_it(tmp_path, network) -> None:
    path = tmp_path / checkpoint.NAME
    checkpoint.save(path, network, CONFIG, {})
    assert checkpoint.read_tensors(path)[1]["program"] == __version__
