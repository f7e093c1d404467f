"""Networks that ship, for a test: small untrained ones in a folder of its own."""

from pathlib import Path

import pytest
import torch

from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.training.checkpoint import build_network, save

SMALL = Config(layers=2, filters=4, learning_rate=1e-2, patches=8, schedule="constant")


def ships(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, config: Config = SMALL
) -> None:
    """Let networks ship under these names; each changes pictures in its own way."""
    for seed, name in enumerate(names):
        network = build_network(config)
        network.initialise(torch.Generator().manual_seed(seed))
        with torch.no_grad():
            for weights in network.parameters():
                weights.add_(0.01 * (seed + 1))
        save(folder / f"{name}.safetensors", network, config, {"unit": "HU"})
        (folder / f"{name}.md").write_text(f"# The {name} network\n\nIt is small.")
    monkeypatch.setattr(shipped.shipped, "__defaults__", (folder,))
    monkeypatch.setattr(shipped.file, "__defaults__", (folder,))
