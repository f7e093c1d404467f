"""The networks that ship with the program: checkpoints/NAME.safetensors with NAME.md, its card."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ctdenoise.config.config import Config, parse
from ctdenoise.errors import Problem
from ctdenoise.settings import CHECKPOINTS

FIRST = ("optimised", "recommended", "article", "dial")
"""In this order, the best first; whatever else lies there follows by its name."""
PREFIX = "shipped:"
"""Before its name, it makes the id of a network that ships; ids of runs have no colon."""


@dataclass(frozen=True)
class Shipped:
    """``title`` and ``sentence`` stand at the head of the ``card``, which is Markdown."""

    name: str
    title: str
    sentence: str
    card: str
    config: Config
    unit: str
    """What it was trained in and so what it takes: "HU", or "" for a unit of its own."""
    edition: str
    """Changes with the weights."""

    @property
    def id(self) -> str:
        """Stands where else the id of a run does."""
        return PREFIX + self.name


def shipped(folder: Path | None = None) -> dict[str, Shipped]:
    """All networks that ship, by name; what is damaged or has no card is left out."""
    found = {}
    for path in sorted(
        (folder or CHECKPOINTS).glob("*.safetensors"), key=lambda path: _rank(path.stem)
    ):
        card = path.with_suffix(".md")
        if card.exists() and (network := _read(path, card)):
            found[network.name] = network
    return found


def file(name: str, folder: Path | None = None) -> Path:
    """Where the weights of a shipped network lie; :class:`Problem` where there is none such."""
    folder = folder or CHECKPOINTS
    path = folder / f"{name}.safetensors"
    if path.parent != folder or not path.is_file():
        raise Problem(f"The network {name}", "does not ship with this version", "choose another")
    return path


@cache
def _read(path: Path, card: Path) -> Shipped | None:
    """Without torch, which the dashboard's server does without."""
    try:
        with safe_open(path, framework="numpy") as weights:
            metadata = weights.metadata() or {}
        config = parse(json.loads(metadata["config"]))
        unit = str(json.loads(metadata["card"])["unit"])
        edition = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except (SafetensorError, OSError, KeyError, ValueError, Problem):
        return None
    text = card.read_text(encoding="utf-8")
    heading, _, rest = text.strip().partition("\n")
    first = " ".join(rest.strip().partition("\n\n")[0].split())
    sentence = first.partition(". ")[0].rstrip(".") + "."
    title = heading.lstrip("# ").strip()
    return Shipped(path.stem, title, sentence, text, config, unit, edition)


def _rank(name: str) -> tuple[int, str]:
    return FIRST.index(name) if name in FIRST else len(FIRST), name
