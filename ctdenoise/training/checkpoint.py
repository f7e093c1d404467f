"""A trained network in one file: weights, config and card, in safetensors, never pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ctdenoise.config import run_folder
from ctdenoise.config.config import Config, parse
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_file
from ctdenoise.networks.base import Network
from ctdenoise.settings import CHECKPOINT_MB

FORMAT, VERSION = "ctdenoise", 1
NAME = run_folder.NAME
LARGEST = CHECKPOINT_MB * 2**20
"""Bytes beyond which a file is not a checkpoint of ours (30 layers of 256 filters take 66 MB)."""
LARGEST_HEADER = 2**20
"""Bytes of names, shapes, config and card; ours take a few thousand."""


@dataclass(frozen=True)
class Checkpoint:
    """``card`` tells what the network was trained on and how far it came."""

    network: Network
    config: Config
    card: dict[str, Any]
    version: int


def build_network(config: Config) -> Network:
    """The untrained network of a config, with weights still to be initialised or loaded."""
    return config.spec.build(config)


@telling_disk_problems
def write_tensors(tensors: dict[str, Tensor], metadata: dict[str, str], path: Path) -> None:
    """Write a safetensors file, whole and on the disk, in place of the old one."""
    with atomic_file(path, durable=True) as part:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, part, metadata)


def save(path: Path, network: Network, config: Config, card: dict[str, Any]) -> None:
    """Write ``network`` with everything needed to use it again into the file ``path``."""
    metadata = {"format": FORMAT, "version": str(VERSION), "config": config.model_dump_json(),
                "card": json.dumps(card)}  # fmt: skip
    write_tensors(network.state_dict(), metadata, path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file of ours; :class:`Problem` for any other file."""
    if not path.is_file():
        raise Problem(path.name, "is not there", "check its name and folder")
    if path.stat().st_size > LARGEST:
        raise Problem(path.name, f"is larger than {LARGEST // 2**20} MB, which no checkpoint of "
                      "this program is", "choose another file")  # fmt: skip
    try:
        with path.open("rb") as start:
            if int.from_bytes(start.read(8), "little") > LARGEST_HEADER:
                raise SafetensorError("header too large")
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise Problem(path.name, "is a safetensors file of another program",
                              "choose a checkpoint that CT Denoise wrote")  # fmt: skip
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, metadata
    except (SafetensorError, OSError) as error:
        raise Problem(path.name, "is not a checkpoint or is cut off",
                      f"choose the {NAME} of a run") from error  # fmt: skip


def load(path: Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Read a checkpoint file, or the one of a run's folder; the network is set to evaluate."""
    if path.is_dir():
        path = path / NAME
    tensors, metadata = read_tensors(path)
    if metadata.get("version") != str(VERSION):
        raise Problem(path.name, f"is of version {metadata.get('version')}, and this program reads "
                      f"version {VERSION}", "update CT Denoise")  # fmt: skip
    try:
        config = parse(json.loads(metadata["config"]))
        card = json.loads(metadata["card"])
        with torch.device("meta"):  # takes no memory, whatever the config promises
            promised = build_network(config).state_dict()
        if not isinstance(card, dict) or _kinds(promised) != _kinds(tensors):
            raise ValueError("config and tensors disagree")
        network = build_network(config)
        network.load_state_dict(tensors)
    except (KeyError, ValueError, RuntimeError, TypeError, Problem) as error:
        raise Problem(path.name, "does not hold the network that it describes",
                      "choose another checkpoint or train again") from error  # fmt: skip
    if not all(bool(t.isfinite().all()) for t in tensors.values()):
        raise Problem(path.name, "holds weights that are not numbers",
                      "choose another checkpoint or train again")  # fmt: skip
    return Checkpoint(network.to(device).eval(), config, card, VERSION)


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
