"""Registries: names, order, discovery, and what is said of an unknown name."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.exports.formats import FORMATS
from ctdenoise.jobs.kind import KINDS
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.metrics.metric import METRICS
from ctdenoise.networks.spec import NETWORKS
from ctdenoise.registry import Registry
from ctdenoise.scans.readers import READERS
from ctdenoise.settings import ROOT


@dataclass(frozen=True)
class Thing:
    name: str
    rank: int = 0


def empty() -> Registry[Thing]:
    return Registry("thing", "email.mime")  # any package: its modules register nothing here


def test_entries_are_listed_by_rank_then_name() -> None:
    things = empty()
    for thing in (Thing("b", 1), Thing("c", 0), Thing("a", 1)):
        things.register(thing)
    assert list(things) == ["c", "a", "b"]
    assert things["a"] == Thing("a", 1) and len(things) == 3


def test_two_of_one_name_are_a_mistake() -> None:
    things = empty()
    things.register(Thing("a"))
    with pytest.raises(ValueError, match="thing 'a'"):
        things.register(Thing("a", 5))


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    things = empty()
    things.register(Thing("a"))
    with pytest.raises(Problem, match="The thing z does not exist: choose one of a"):
        things.find("z")
    with pytest.raises(KeyError):
        things["z"]


def test_what_is_added_for_a_while_goes_again_whatever_happens() -> None:
    things = empty()
    with pytest.raises(ZeroDivisionError), things.added(Thing("a")):
        assert "a" in things
        _ = 1 / 0
    assert "a" not in things


def test_every_example_of_the_manual_adds_what_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a new metric, network, loss term and kind of job do is tested with those."""
    registries: tuple[Registry[Any], ...] = (
        METRICS,
        NETWORKS,
        LOSS_TERMS,
        FILTERS,
        READERS,
        FORMATS,
        KINDS,
    )
    before = [set(registry) for registry in registries]
    for registry in registries:
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    manual = (ROOT / "docs" / "extending.md").read_text("utf-8")
    examples = re.findall(r"```python\n# ctdenoise/(\S+)\n(.*?)```", manual, re.DOTALL)
    for path, code in examples:
        assert (ROOT / "ctdenoise" / path).parent.is_dir() and not (
            ROOT / "ctdenoise" / path
        ).exists()
        exec(compile(code, path, "exec"), {"__name__": path})
    new = [set(r) - known for r, known in zip(registries, before, strict=True)]
    assert new == [
        {"bias"}, {"ffdnet"}, {"log_cosh"}, {"median"}, {"mrc"}, {"means"}, {"noise"}
    ]  # fmt: skip

    dot = np.zeros((5, 5), np.float32)
    dot[2, 2] = 9
    assert not FILTERS["median"].apply(dot, 3).any()
    content = SimpleNamespace(unit="HU", slices=lambda tell: iter([(3, dot + 1)]))
    FORMATS["means"].write(content, tmp_path / "means.csv", lambda far, doing: None)
    assert (tmp_path / "means.csv").read_text() == "slice,mean_hu\n4,1.4\n"
    assert FORMATS["means"].lacking(SimpleNamespace(unit="")) and not FORMATS["means"].lacking(
        content
    )
