"""What can denoise a series, and how it is called by name: networks and classical filters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import run_folder, shipped
from ctdenoise.denoising.filters import FILTERS, Filter
from ctdenoise.errors import Problem

if TYPE_CHECKING:  # a filter needs no torch
    from ctdenoise.denoising.denoiser import Denoiser


class Method(Protocol):
    """Takes the noise out of slices.

    ``description`` is what a result says about itself; ``recipe`` tells this method with its
    settings from any other; ``unit`` is what slices must be in, None where it does not matter.
    """

    @property
    def description(self) -> str:
        """What a result says about itself."""

    @property
    def recipe(self) -> str:
        """Tells this method with its settings from any other."""

    @property
    def unit(self) -> str | None:
        """What slices must be in; None where it does not matter."""

    def each(self, slices: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Denoise slices (rows, columns) as they come, and give them back in their order."""
        ...


@dataclass(frozen=True)
class Classical:
    """A classical filter at one strength."""

    filter: Filter
    strength: float
    unit: None = None

    @property
    def description(self) -> str:
        """The filter's title, its strength and the strength's unit."""
        return f"Denoised, {self.filter.title} {self.strength:g} {self.filter.unit}"

    @property
    def recipe(self) -> str:
        """The description, which names all settings."""
        return self.description

    def each(self, slices: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Filter slices (rows, columns) one by one."""
        return (self.filter.apply(image, self.strength) for image in slices)


def find_method(
    name: str,
    *,
    strength: float | None = None,
    device: str = "auto",
    setting: Sequence[float] = (),
) -> "Classical | Denoiser":
    """The method of this name: a run's folder, a checkpoint's file, one that ships, or a filter.

    ``strength`` is for filters, their default where it is None; ``device`` and ``setting``, that of
    the dial, are for networks. Raises :class:`Problem` for a name that means nothing and for a
    setting that the method does not have.
    """
    if name in FILTERS and not _is_network(Path(name)):
        if setting:
            raise Problem(f"The filter {name}", "has no dial", "leave the setting of the dial out")
        chosen = FILTERS[name]
        return Classical(chosen, chosen.default if strength is None else strength)
    path = find_network(name, "run, checkpoint or filter", FILTERS)
    if strength is not None:
        raise Problem("A network", "has no strength", "mix its result with the input instead")
    from ctdenoise.denoising.denoiser import Denoiser

    return Denoiser.load(path, device, setting)


def find_network(name: str, wanted: str = "run or checkpoint", also: Iterable[str] = ()) -> Path:
    """The run's folder or checkpoint's file of this name or, where there is none, the file of the
    network that ships under it. Raises :class:`Problem` where no network is called so; it says what
    was ``wanted`` and which names the caller knows ``also``."""
    path = Path(name)
    if name in (ships := shipped.shipped()) and not _is_network(path):
        return shipped.file(name)
    if not path.exists():
        known = ", ".join([*also, *ships])
        mend = f"give a run's folder, a checkpoint's file or one of {known}"
        raise Problem(name, f"is no {wanted}", mend)
    return path


def _is_network(path: Path) -> bool:
    """A checkpoint or a run with one; any other folder only happens to have the name."""
    return path.is_file() or (path / run_folder.NAME).exists()
