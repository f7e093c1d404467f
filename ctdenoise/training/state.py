"""All that a training needs to go on as if it had never paused, in one safetensors file."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from pydantic import TypeAdapter
from torch import Tensor

from ctdenoise.config.events import Epoch
from ctdenoise.losses.balance import Terms
from ctdenoise.networks.base import Network
from ctdenoise.training.checkpoint import FORMAT, read_tensors, write_tensors

NAME = "resume.safetensors"


@dataclass
class Progress:
    """How far a training is; the part of its state that is not tensors."""

    batch: int
    factors: dict[str, float] = field(default_factory=dict)
    epoch: int = 0
    """Epochs completed."""
    step: int = 0
    """Steps done, over all epochs."""
    position: int = 0
    """Steps done of the epoch that has begun."""
    train_seconds: float = 0.0
    wall_seconds: float = 0.0
    """With validation and pictures; what a time budget counts."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of the loss terms over the steps of an epoch that has begun."""
    last_event: str = ""
    """The last Epoch event, so that none is lost if the power fails between two files."""
    collapsed: str = ""
    """What has become of the network where it has collapsed."""

    @property
    def last(self) -> Epoch | None:
        """The last Epoch event."""
        return Epoch.model_validate_json(self.last_event) if self.last_event else None


_ADAPTER = TypeAdapter(Progress)


def save(out: Path, network: Network, optimiser: torch.optim.Optimizer,
         generator: torch.Generator, terms: Terms, progress: Progress,
         ) -> None:  # fmt: skip
    """Write all that a training needs to go on as if it had not stopped."""
    tensors = {f"network/{k}": v for k, v in network.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{k}": v for k, v in state.items()}
    tensors["generator"] = generator.get_state()
    for name, term in terms.learning.items():
        tensors |= {f"terms/{name}/{k}": v for k, v in term.tensors().items()}
    metadata = {"format": FORMAT, "progress": _ADAPTER.dump_json(progress).decode()}
    write_tensors(tensors, metadata, out / NAME)


def load(out: Path, network: Network, optimiser: torch.optim.Optimizer,
         generator: torch.Generator, terms: Terms) -> Progress:  # fmt: skip
    """Put everything back into the objects given; :class:`Problem` where the file is not ours."""
    tensors, metadata = read_tensors(out / NAME)
    network.load_state_dict(_under("network/", tensors))
    parameters = list(network.parameters())
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in _under("optimiser/", tensors).items():
        index, name = key.split("/")
        like = parameters[int(index)]
        if tensor.shape == like.shape:  # fused optimisers want the parameter's own layout
            tensor = torch.empty_like(like, requires_grad=False).copy_(tensor)
        state.setdefault(int(index), {})[name] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    generator.set_state(tensors["generator"])
    for name, term in terms.learning.items():  # runs of version 0.1 call their only one "critic"
        term.restore(_under(f"terms/{name}/", tensors) or _under("critic/", tensors))
    return _ADAPTER.validate_json(metadata["progress"])


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
