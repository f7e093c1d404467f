"""A trained network in one file: weights, config and card, in safetensors, never pickle."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ctdenoise import __version__
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
COMPILED, PARALLEL = "_orig_mod.", "module."
"""What torch.compile (anywhere) and DataParallel (in front) put into the names of weights."""
PICKLES = (b"PK", b"\x80\x02")
"""With what torch.save's files begin: the zip of today, and the plain pickle of earlier."""
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
    metadata = {"format": FORMAT, "version": str(VERSION), "program": __version__,
                "config": config.model_dump_json(), "card": json.dumps(card)}  # fmt: skip
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
            if start.read(2) in PICKLES:
                raise Problem(path.name, "is not a checkpoint but a file of torch.save, which "
                              "could run any program hidden in it",
                              f"choose the {NAME} of a run")  # fmt: skip
            start.seek(0)
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
    """Read a checkpoint file, or the one of a run's folder; the network is set to evaluate.

    Weights of any floating-point format are brought to float32, and the names that DataParallel and
    torch.compile give them to ours. :class:`Problem` for what is no checkpoint, was written by a
    version that this one does not understand, or is not whole.
    """
    if path.is_dir():
        path = path / NAME
    tensors, metadata = read_tensors(path)
    if metadata.get("version") != str(VERSION):
        raise Problem(path.name, f"is of version {_word(metadata, 'version')}{_writer(metadata)}, "
                      f"and this program, CT Denoise {__version__}, reads version {VERSION}",
                      "update CT Denoise")  # fmt: skip
    try:
        values, card = json.loads(metadata["config"]), json.loads(metadata["card"])
        if not isinstance(values, dict) or not isinstance(card, dict):
            raise ValueError("config or card is no object")
    except (KeyError, ValueError, RecursionError) as error:
        raise _other(path) from error
    try:
        config = parse(values)
    except Problem as problem:
        if not _unknown(problem):
            raise _other(path) from problem
        raise Problem(path.name, f"has settings that this program, CT Denoise {__version__}, does "
                      f"not know ({_unknown(problem)}), as a newer version may write"
                      f"{_writer(metadata)}", "update CT Denoise")  from problem  # fmt: skip
    try:
        with torch.device("meta"):  # takes no memory, whatever the config promises
            promised = build_network(config).state_dict()
        tensors = _plain(tensors)
        if _shapes(promised) != _shapes(tensors):
            raise ValueError("config and tensors disagree")
        network = build_network(config)
        network.load_state_dict(tensors)
    except (ValueError, RuntimeError, TypeError) as error:
        raise _other(path) from error
    if not all(bool(t.isfinite().all()) for t in tensors.values()):
        raise Problem(path.name, "holds weights that are not numbers",
                      "choose another checkpoint or train again")  # fmt: skip
    return Checkpoint(network.to(device).eval(), config, card, VERSION)


def _other(path: Path) -> Problem:
    return Problem(path.name, "does not hold the network that it describes",
                   "choose another checkpoint or train again")  # fmt: skip


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 under our own names; ValueError for weights that are no floating-point numbers."""
    if not all(tensor.is_floating_point() for tensor in tensors.values()):
        raise ValueError("weights are integers")
    named = {name.replace(COMPILED, ""): tensor.float() for name, tensor in tensors.items()}
    while named and all(name.startswith(PARALLEL) for name in named):
        named = {name.removeprefix(PARALLEL): tensor for name, tensor in named.items()}
    return named


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _writer(metadata: Mapping[str, str]) -> str:
    """Of which version of the program a file says that it wrote it, as the rest of a clause."""
    return f" (CT Denoise {_word(metadata, 'program')} wrote it)" if "program" in metadata else ""


def _word(metadata: Mapping[str, str], key: str) -> str:
    """A version that a file names; somebody else wrote it."""
    word = metadata.get(key, "")
    return word if re.fullmatch(r"[\w.+-]{1,20}", word) else "unknown"


def _unknown(problem: Problem) -> str:
    """The settings and choices that are not known here, in few words; somebody else wrote them."""
    error = problem.__cause__
    found = error.errors() if isinstance(error, ValidationError) else []
    told = []
    for each in found:
        if each["type"] not in ("extra_forbidden", "enum", "literal_error", "value_error"):
            continue  # no newer setting, but one that never was possible
        words = list(map(str, each["loc"]))
        if each["type"] == "value_error":  # of ours, whose words say more than the place
            words.append(each["msg"].removeprefix("Value error, "))
        told.append(": ".join(words))
    return "; ".join(told)[:120]
