"""What can take the noise out of a scan: a network that ships, one of an own run or from a file, a
filter."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ctdenoise.config import run_folder, shipped
from ctdenoise.config.config import Config
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.workspace import networks
from ctdenoise.workspace.runs import find_run

Denoise = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A slice (rows, columns) in, the same without its noise out, in the same unit."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ShippedNetwork(_Record):
    """A network of ``checkpoints/``; ``dial``: where its dial stands, if it has one."""

    kind: Literal["shipped"] = "shipped"
    name: str
    dial: tuple[float, ...] = ()


class RunNetwork(_Record):
    """The network of a run as it was after ``epoch``."""

    kind: Literal["run"] = "run"
    run: str
    epoch: int
    dial: tuple[float, ...] = ()


class ImportedNetwork(_Record):
    """A network that somebody brought into ``workspace`` from a file."""

    kind: Literal["brought"] = "brought"
    workspace: str
    id: str
    dial: tuple[float, ...] = ()


class ClassicalFilter(_Record):
    """A filter of :data:`FILTERS` by its name."""

    kind: Literal["filter"] = "filter"
    name: str
    strength: float


NetworkChoice = ShippedNetwork | RunNetwork | ImportedNetwork
DenoiserChoice = Annotated[NetworkChoice | ClassicalFilter, Field(discriminator="kind")]


def title(method: DenoiserChoice, unit: str) -> str:
    """What a method is called in lists and above pictures, for a scan in ``unit``."""
    if isinstance(method, ClassicalFilter):
        known = FILTERS.find(method.name)
        counted = known.unit if known.unit != "HU" else unit
        return f"{known.title} {method.strength:.3g} {counted}".strip()
    turned = f", dial at {', '.join(f'{part:.0%}' for part in method.dial)}" if method.dial else ""
    if isinstance(method, RunNetwork):
        return f"{find_run(method.run).name}, epoch {method.epoch}{turned}"
    if isinstance(method, ImportedNetwork):
        return networks.find(method.workspace, method.id).name + turned
    return shipped.shipped()[method.name].title + turned


def ready(method: DenoiserChoice, unit: str, seen: Iterable[NDArray[np.float32]] = ()) -> Denoise:
    """The method, loaded, for a scan in ``unit``, as it was after it had ``seen`` some slices.

    Raises :class:`Problem` where there is no such network any more, or one for another unit.
    """
    if isinstance(method, ClassicalFilter):
        strength, known = method.strength, FILTERS.find(method.name)
        return lambda image: known.apply(image, strength)
    from ctdenoise.denoising.denoiser import Denoiser

    denoiser = Denoiser.load(weights(method), setting=method.dial)
    refuse_other_unit(title(method, unit), denoiser.unit, unit)
    denoiser.settle(seen)
    return lambda image: denoiser.denoise(image[None])[0]


def refuse_other_unit(network: str, known: str, these: str) -> None:
    """Raise a :class:`Problem` where a network was trained in another unit than these pictures'."""
    if known != these:
        known, these = (unit or "their own units" for unit in (known, these))
        raise Problem(
            network,
            f"learned from pictures in {known} and these are in {these}",
            "use it on pictures of its own kind",
        )


def config_of(method: NetworkChoice) -> Config:
    """The settings that a network was built and trained with; :class:`Problem` where it is gone."""
    if isinstance(method, ShippedNetwork):
        return shipped.shipped()[method.name].config
    if isinstance(method, ImportedNetwork):
        return networks.find(method.workspace, method.id).config
    return find_run(method.run).config


def network(id: str, version: str, dial: tuple[float, ...] = ()) -> ShippedNetwork | RunNetwork:
    """The network of a run by its id and epoch, or one that ships by its id and edition.

    Raises :class:`Problem` where another edition ships now.
    """
    if not id.startswith(shipped.PREFIX):
        return RunNetwork(run=id, epoch=int(version), dial=dial)
    name = id.removeprefix(shipped.PREFIX)
    if name not in (known := shipped.shipped()) or known[name].edition != version:
        raise Problem(f"The network {name}", "does not ship in this edition", "reload the page")
    return ShippedNetwork(name=name, dial=dial)


def weights(method: NetworkChoice) -> Path:
    """The checkpoint file of a network; :class:`Problem` where it is not there any more."""
    if isinstance(method, ShippedNetwork):
        return shipped.file(method.name)
    if isinstance(method, ImportedNetwork):
        return networks.weights(method.workspace, method.id)
    run = find_run(method.run)
    kept = run_folder.file(run.folder, method.epoch)
    if not kept.exists():
        raise Problem(
            run.name, f"did not keep its network of epoch {method.epoch}", "choose another epoch"
        )
    return kept
