"""Networks that people brought: checkpoints of this program that were trained elsewhere.

Each lies in a folder ``networks/<id>`` of its workspace: record.json and checkpoint.safetensors.
"""

import re
import secrets
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ctdenoise import stored
from ctdenoise.config import run_folder
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_folder, opened, remove_folder
from ctdenoise.settings import settings
from ctdenoise.stored import Damaged

PROBE = 32
"""Side in pixels of what a new network has to denoise before it is taken in."""


class NetworkRecord(BaseModel):
    """What lists show of a network, without loading it."""

    id: str
    name: str
    created: float
    """Seconds since 1970, when it was brought."""
    config: Config
    card: dict[str, Any]
    """What its file tells of its training. Somebody else wrote it: text, never markup."""

    @property
    def unit(self) -> str:
        """Of the images that it was trained on; HU where its card is silent."""
        return str(self.card.get("unit", "HU"))


@telling_disk_problems
def add_network(workspace: str, path: Path, name: str = "", id: str = "") -> NetworkRecord:
    """Take a checkpoint file into a workspace; on a worker, since it has to be loaded once. ``id``:
    12 hexadecimal digits that it shall have.

    Raises :class:`Problem` for anything but a whole safetensors file of this program, of bounded
    size, whose tensors are those that its config describes and whose network returns numbers.
    """
    import torch

    from ctdenoise.training import checkpoint

    found = checkpoint.load(path)
    picture = torch.linspace(-1000, 1000, PROBE**2).reshape(1, 1, PROBE, PROBE)
    with torch.inference_mode():
        if not found.network(picture).isfinite().all():
            raise Problem(path.name, "returns values that are not numbers",
                          "choose another checkpoint or train again")  # fmt: skip
    network = NetworkRecord(
        id=id or secrets.token_hex(6),
        name=" ".join(name.split())[:80] or path.stem,
        created=time.time(),
        config=found.config,
        card=found.card,
    )
    try:
        record = network.model_dump_json()
    except ValueError as error:
        raise Problem(path.name, "has a card that cannot be read",
                      "choose another checkpoint or train again") from error  # fmt: skip
    home = _root(workspace)
    with atomic_folder(home / "networks" / network.id, home) as making:
        shutil.copyfile(path, making / run_folder.NAME)
        (making / "record.json").write_text(record, encoding="utf-8")
    return network


def networks(workspace: str) -> list[NetworkRecord]:
    """All of a workspace, newest first, without those that are damaged."""
    return _listed(workspace)[0]


def damaged(workspace: str) -> list[Damaged]:
    """Those that cannot be read any more and had better be removed."""
    return _listed(workspace)[1]


def find(workspace: str, id: str) -> NetworkRecord:
    """One by its id; :class:`Problem` where there is none such."""
    try:
        return next(network for network in networks(workspace) if network.id == id)
    except StopIteration:
        raise _gone() from None


def weights(workspace: str, id: str) -> Path:
    """The checkpoint file of a network, for :class:`~ctdenoise.denoising.denoiser.Denoiser`."""
    path = _folder(workspace, id) / run_folder.NAME
    opened(path.parent)
    if not path.exists():
        raise _gone()
    return path


@telling_disk_problems
def remove(workspace: str, id: str) -> None:
    """Delete a network, also one that is damaged; what it denoised stays."""
    remove_folder(_folder(workspace, id), _root(workspace))


def _folder(workspace: str, id: str) -> Path:
    folder = _root(workspace) / "networks" / id
    if not re.fullmatch(r"[0-9a-f]{12}", id) or not folder.is_dir():
        raise _gone()
    return folder


def _listed(workspace: str) -> tuple[list[NetworkRecord], list[Damaged]]:
    found, damaged = stored.listed(_root(workspace) / "networks", _read)
    return sorted(found, key=lambda network: network.created, reverse=True), damaged


def _read(folder: Path) -> NetworkRecord:
    thing = partial(stored.called, folder, "network")
    with stored.reading(thing, "remove it and bring its file anew"):
        record = stored.record(folder / "record.json", NetworkRecord)
        if record.id != folder.name:
            raise ValueError("the record is another's")
        stored.check_weights(folder / run_folder.NAME)
        return record


def _gone() -> Problem:
    return Problem("This network", "is not in the workspace", "choose one from the list")


def _root(workspace: str) -> Path:
    return settings().workspaces / workspace
