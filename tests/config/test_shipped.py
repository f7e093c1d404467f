"""The networks that ship, from a folder made for the test."""

import subprocess
import sys
from pathlib import Path

import pytest

from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.errors import Problem
from ctdenoise.settings import ROOT
from ctdenoise.training.checkpoint import build_network, save

CARD = """# A small network

It learned from
two patients. It knows no others.

## Failures
"""


def ship(folder: Path, name: str, config: Config | None = None, card: str | None = CARD) -> None:
    config = config or Config(layers=2, filters=4)
    save(folder / f"{name}.safetensors", build_network(config), config, {"unit": "HU"})
    if card:
        (folder / f"{name}.md").write_text(card, encoding="utf-8")


def test_nothing_ships_from_an_empty_folder(tmp_path: Path) -> None:
    assert shipped.shipped(tmp_path) == {}


def test_title_and_sentence_stand_at_the_head_of_the_card(tmp_path: Path) -> None:
    loss = Loss(texture=10, dial=("texture",))
    ship(tmp_path, "dial", Config(layers=2, filters=4, loss=loss))
    network = shipped.shipped(tmp_path)["dial"]
    assert (network.title, network.unit) == ("A small network", "HU")
    assert network.sentence == "It learned from two patients."
    assert network.config.loss.dial == ("texture",)
    assert network.card == CARD


def test_what_is_damaged_or_has_no_card_is_left_out(tmp_path: Path) -> None:
    ship(tmp_path, "bare", card=None)
    ship(tmp_path, "another")
    ship(tmp_path, "recommended")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00")
    (tmp_path / "cut.md").write_text(CARD)
    assert list(shipped.shipped(tmp_path)) == ["recommended", "another"]


def test_the_edition_changes_with_the_weights(tmp_path: Path) -> None:
    editions = set()
    for folder, config in (("a", Config(layers=2, filters=4)), ("b", Config(layers=2, filters=5))):
        (tmp_path / folder).mkdir()
        ship(tmp_path / folder, "article", config)
        editions.add(shipped.shipped(tmp_path / folder)["article"].edition)
    assert len(editions) == 2


def test_a_file_is_found_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    ship(tmp_path, "article")
    assert shipped.file("article", tmp_path) == tmp_path / "article.safetensors"
    (tmp_path / "inside").mkdir()
    for name in ("absent", "../" + tmp_path.name + "/article"):
        with pytest.raises(Problem, match="does not ship"):
            shipped.file(name, tmp_path / "inside" if "/" in name else tmp_path)


def test_the_server_lists_them_without_torch(tmp_path: Path) -> None:
    ship(tmp_path, "article")
    program = (
        "import sys; from pathlib import Path; from ctdenoise.config import shipped;"
        f"assert shipped.shipped(Path({str(tmp_path)!r})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
