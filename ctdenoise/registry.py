"""A place for each kind of thing that there are several of: metrics, networks, formats."""

import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Protocol, TypeVar

from ctdenoise.errors import Problem


class Entry(Protocol):
    """What can be registered: ``name`` is what files, links and the command line call it, and lists
    show the smallest ``rank`` first."""

    @property
    def name(self) -> str:
        """What it is called in settings, files and addresses."""

    @property
    def rank(self) -> int:
        """Where it stands in lists, lowest first."""


T = TypeVar("T", bound=Entry)


class Registry(Mapping[str, T]):
    """Entries by name, in the order in which lists show them.

    ``noun`` is what one of them is called in a sentence ("metric"). The modules of ``package``
    register theirs as they are imported, which happens when the registry is first looked into: so
    adding an entry is adding a file.
    """

    def __init__(self, noun: str, package: str) -> None:
        self.noun = noun
        self._package: str | None = package
        self._entries: dict[str, T] = {}

    def register(self, entry: T) -> T:
        """Add an entry; ValueError where its name is taken."""
        if entry.name in self._entries:
            raise ValueError(f"there are two entries of the {self.noun} {entry.name!r}")
        self._entries[entry.name] = entry
        return entry

    @contextmanager
    def added(self, entry: T) -> Iterator[T]:
        """``entry`` is there for a while."""
        self._discover()
        self.register(entry)
        try:
            yield entry
        finally:
            del self._entries[entry.name]

    def find(self, name: str) -> T:
        """The entry of this name; :class:`Problem` where there is none."""
        if name not in self:
            known = ", ".join(self)
            raise Problem(f"The {self.noun} {name}", "does not exist", f"choose one of {known}")
        return self[name]

    def __getitem__(self, name: str) -> T:
        self._discover()
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._entries, key=lambda name: (self._entries[name].rank, name)))

    def __len__(self) -> int:
        self._discover()
        return len(self._entries)

    def _discover(self) -> None:
        if package := self._package:
            for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
                import_module(module.name)
            self._package = None  # only now: another thread must not look into half of it
