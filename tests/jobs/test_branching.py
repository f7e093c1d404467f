"""A network that ships goes on learning on a pair."""

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from shipping import SMALL, ships

from ctdenoise.config import events, shipped
from ctdenoise.config import run_folder as epochs
from ctdenoise.config.config import network_settings
from ctdenoise.errors import Problem
from ctdenoise.jobs import branching
from ctdenoise.jobs import worker as turns
from ctdenoise.settings import settings
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Store


def test_an_adapted_network_begins_as_it_ships_and_learns_on(
    runs: Store, pair_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "optimised")
    run = branching.adapt("ann", "Mine", "optimised", [("ann", pair_id)], 0.3)
    assert (run.parent, run.parent_epoch) == ("shipped:optimised", 0)
    assert network_settings(run.config) == network_settings(SMALL)
    assert run.config.loss == SMALL.loss
    assert run.config.learning_rate == pytest.approx(SMALL.learning_rate / 5)
    assert (run.config.schedule, run.config.time_budget_s) == ("one_cycle", 0.3)

    monkeypatch.setattr(turns, "_place", lambda: "here")
    turns.take_turn("turn-test")
    assert runs.run(run.id).state == "finished", runs.run(run.id).sentence
    shipping = load_file(shipped.file("optimised"))
    first, *_, last = (load_file(epochs.file(run.folder, n)) for n in epochs.kept(run.folder))
    assert shipping.keys() == first.keys()
    assert all((shipping[name] == first[name]).all() for name in shipping)
    assert any((last[name] != first[name]).any() for name in first)
    judged = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)]
    assert judged[0].validation_mse != judged[0].low_mse  # the network's picture, not the low dose


def test_what_cannot_be_adapted_is_told(
    runs: Store, pair_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "optimised")
    with pytest.raises(Problem, match="does not ship"):
        branching.adapt("ann", "Mine", "absent", [("ann", pair_id)], 60)
    mine = Library(settings().workspaces / "ann")
    other = replace(mine.pair(pair_id), unit="")
    with pytest.raises(Problem, match="learned from pictures in HU"):
        branching.adapt("ann", "Mine", "optimised", [("ann", mine.add_pair(other).id)], 60)
    assert runs.live() == []
