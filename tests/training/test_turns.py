"""A training in turns: however often it yields, it ends as if it never had."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phantoms import disc_phantom

from ctdenoise.config import events, run_folder
from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.training import checkpoint, learner, loop, state
from ctdenoise.training.trainer import prepare, train

SMALL = Config(layers=3, filters=4, batch=4, patch=16, epochs=3, steps_per_epoch=4,
               validation_patches=8, device="cpu", learning_rate=1e-3)  # fmt: skip
WAYS = {
    "collection": {"patches": 18, "optimiser": "rmsprop", "schedule": "one_cycle"},
    "critic": {"loss": Loss(mse=50, adversarial=50), "epochs": 2, "steps_per_epoch": 3},
    "dial": {"loss": Loss(texture=100.0, dial=("texture",)), "residual": False},
    "collapse": {"residual": False, "learning_rate": 0.3, "epochs": 6, "optimiser": "rmsprop",
                 "steps_per_epoch": 2},
}  # fmt: skip


def pair() -> Pair:
    full = np.stack([disc_phantom(48)[0] + 5 * i for i in range(6)]).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 30, (2, *full.shape))
    return Pair("disc", (full + noise).astype(np.float32), full, None, np.arange(6.0))


def yielding(left: list[bool], between_epochs: bool) -> bool:
    return left.pop() if left else True


def in_turns(config: Config, out: Path, turns: Sequence[tuple[int, bool]]) -> int:
    """Train to the end, in the turns given and a last one: for how many times that it asks whether
    to yield, and whether it is built anew from the disk then. How often it did yield."""
    training = prepare(config, [pair()], out)
    for yielded, (asks, anew) in enumerate(turns):
        left = [False] * (asks - 1)
        if training.run(lambda: False, partial(yielding, left)):
            return yielded
        if anew:
            training = prepare(config, [pair()], out, resume=True)
    ended = training.run(lambda: False)
    assert ended and ended.how == "finished"
    return len(turns)


def result(out: Path) -> dict[str, object]:
    """All that a run gives but its times."""
    tensors: dict[str, object] = {}
    epochs = (run_folder.file(out, epoch) for epoch in run_folder.kept(out))
    for path in (out / checkpoint.NAME, out / state.NAME, *epochs):
        found, told = checkpoint.read_tensors(path)
        tensors |= {f"{path.name}/{k}": tensor.numpy().tobytes() for k, tensor in found.items()}
        for part in ("card", "progress"):
            if part in told:
                tensors[f"{path.name}/{part}"] = str(timeless(json.loads(told[part])))
    pictures = {path.name: path.read_bytes() for path in sorted((out / "progress").iterdir())}
    said = [timeless(event.model_dump()) for event in events.read(out)]
    return {"tensors": tensors, "pictures": pictures, "events": said}


def timeless(said: dict[str, object]) -> dict[str, object]:
    times = ("time", "train_seconds", "wall_seconds", "seconds_left", "last_event")
    return {name: value for name, value in said.items() if name not in times}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, object]]:
    kept: dict[str, dict[str, object]] = {}

    def of(way: str) -> dict[str, object]:
        if way not in kept:
            out = tmp_path_factory.mktemp(way)
            train(SMALL.model_copy(update=WAYS[way]), [pair()], out)
            kept[way] = result(out)
        return kept[way]

    return of


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=4, derandomize=True, deadline=None)
@example(turns=[(1, False)] * 20)
@example(turns=[(1, True)] * 20)
@given(turns=st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=6))
def test_it_ends_as_if_it_never_yielded(whole, way, turns) -> None:
    config = SMALL.model_copy(update=WAYS[way])
    with TemporaryDirectory() as folder:
        yielded = in_turns(config, Path(folder) / "run", turns)
        found = result(Path(folder) / "run")
    steps = config.epochs * config.steps_per_epoch
    assert yielded == len(turns) or yielded >= steps // 5
    if all(asks == 1 for asks, _ in turns):
        assert yielded == min(len(turns), steps - 1)
    for part, expected in whole(way).items():
        assert found[part] == expected, part


def test_a_collapse_is_told_once(whole) -> None:
    kinds = [event["kind"] for event in whole("collapse")["events"]]
    assert kinds.count("notice") == 1 and kinds.count("started") == 1


def test_room_that_can_be_made_costs_nothing_but_time(tmp_path, whole, monkeypatch) -> None:
    """What others left in the memory is let go before the batch is halved."""
    step, calls, asked = learner.Learner.step, iter(range(10_000)), []

    def short(self, *given, **words):
        if next(calls) == 4:  # in the middle of the second epoch, after the critic has learned
            step(self, *given, **words)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return step(self, *given, **words)

    expected = whole("critic")
    monkeypatch.setattr(learner.Learner, "step", short)
    config = SMALL.model_copy(update=WAYS["critic"])
    training = prepare(config, [pair()], tmp_path)
    ended = training.run(lambda: False, make_room=lambda: asked.append(1) or True)
    assert ended and asked == [1]
    assert result(tmp_path) == expected


def test_room_is_made_for_the_look_at_an_epoch_too(tmp_path, whole, monkeypatch) -> None:
    picture, calls, asked = loop.Validation.picture, iter(range(10_000)), []

    def short(self, *given):
        if next(calls) == 2:
            raise MemoryError
        return picture(self, *given)

    expected = whole("collection")
    monkeypatch.setattr(loop.Validation, "picture", short)
    training = prepare(SMALL.model_copy(update=WAYS["collection"]), [pair()], tmp_path)
    ended = training.run(lambda: False, make_room=lambda: asked.append(1) or True)
    assert ended and asked == [1]
    assert result(tmp_path) == expected


@pytest.mark.parametrize("why", ["foreseen", "met"])
def test_room_is_made_before_a_training_is_given_up(tmp_path, monkeypatch, why) -> None:
    full = [True]
    available, build = loop.available_memory, loop.Learner

    def building(*given, **words):
        if full and why == "met":
            raise MemoryError
        return build(*given, **words)

    monkeypatch.setattr(loop, "Learner", building)
    monkeypatch.setattr(loop, "available_memory", lambda device: (
        0 if full and why == "foreseen" else available(device)))  # fmt: skip
    with pytest.raises(Problem, match="memory"):
        prepare(SMALL, [pair()], tmp_path / "one")
    assert prepare(SMALL, [pair()], tmp_path / "two", make_room=lambda: bool(full) and full.pop())


def test_a_start_is_told_again_only_where_it_has_something_new_to_say(tmp_path) -> None:
    def starts() -> int:
        return sum(isinstance(event, events.Started) for event in events.read(tmp_path))

    prepare(SMALL, [pair()], tmp_path).run(lambda: False, lambda between_epochs: True)
    longer = SMALL.model_copy(update={"epochs": 4})
    for config, count in ((SMALL, 1), (longer, 2), (longer, 2)):
        training = prepare(config, [pair()], tmp_path, resume=True)
        assert training.run(lambda: False, lambda between_epochs: True) is None
        assert starts() == count
    train(longer, [pair()], tmp_path, resume=True, should_stop=lambda: True)
    train(longer, [pair()], tmp_path, resume=True)  # continued after it was stopped
    assert starts() == 3


def test_only_its_own_turns_count(tmp_path, monkeypatch) -> None:
    """A minute passes between any two turns, and none within them."""
    clock = [0.0]

    def passes() -> float:
        clock[0] += 1e-3
        return clock[0]

    monkeypatch.setattr(loop, "time", SimpleNamespace(time=lambda: 0.0, perf_counter=passes))
    budget = SMALL.model_copy(update={"time_budget_s": 1.0})
    training = prepare(budget, [pair()], tmp_path)
    while training.run(lambda: False, lambda between_epochs: True) is None:
        clock[0] += 60
        assert training.progress.wall_seconds < 1.2
    said = [event for event in events.read(tmp_path) if isinstance(event, events.Epoch)]
    assert 0.5 < said[-1].train_seconds < 1.2 and said[-1].seconds_left < 0.1
    assert said[-1].step > 20
