"""No job reads what its person may not see: of every kind, wherever it is named."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from ctdenoise.config.config import Config
from ctdenoise.config.shipped import PREFIX
from ctdenoise.errors import Problem
from ctdenoise.jobs import permission
from ctdenoise.jobs.executor import Executor
from ctdenoise.jobs.kind import KINDS, Arguments
from ctdenoise.jobs.kinds.denoise import DenoiseSlice
from ctdenoise.jobs.kinds.export import EXPORT_NETWORK, RUN_CARD, OfRun
from ctdenoise.jobs.kinds.features import SMOOTHING, Smoothing
from ctdenoise.jobs.kinds.judge import JUDGE, Judge
from ctdenoise.jobs.kinds.map import MAP, Map
from ctdenoise.jobs.kinds.train import TRAIN, Train, launch
from ctdenoise.jobs.permission import named, refuse_foreign
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.access import Thing
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.denoisers import ClassicalFilter, ImportedNetwork, RunNetwork
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run, create_run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("store")
PAIR = "0123456789ab"
SEEN = {
    "owner", "pair", "run", "scan", "result",  # named
    "id", "workspace", "kind",  # of a source or a network from a file
}  # fmt: skip
OWN = {
    "low", "full", "folder", "file", "patients",  # of the person's own library, or the archive's
    "name", "format", "layer", "by", "ssim", "state", "meaning", "unit",  # names of ours, or words
}  # fmt: skip


class Queueing(Executor):
    """Queues, and has nothing done."""

    def dispatch(self, job: Job) -> None:
        pass


def run_of(workspace: str, owner: str = "") -> Run:
    config = Config(layers=2, filters=4)
    return create_run(workspace, "Run", config, [(owner or workspace, PAIR)])


def judging(owner: str, *methods: Any) -> Judge:
    return Judge(
        owner=owner, pair=PAIR, slices=(0,), rows=(0, 9), methods=methods, level=40, width=400
    )


def of_run(run: str) -> OfRun:
    return OfRun(run=run, name="", state="finished", epoch=1)


def smoothing(owner: str) -> Smoothing:
    return Smoothing(owner=owner, pair=PAIR, index=0, layer="x", imagenet=True)


def test_every_kind_is_refused_what_is_somebody_elses() -> None:
    mine, other = run_of("ann").id, run_of("bob").id
    through = ClassicalFilter(name="gaussian", strength=1)
    cases: list[tuple[Any, Arguments, Arguments]] = [
        (JUDGE, judging("ann", through), judging("bob", through)),
        (JUDGE, judging(SAMPLE), judging("bob")),
        (
            JUDGE,
            judging(SAMPLE, None, RunNetwork(run=mine, epoch=1)),
            judging(SAMPLE, None, RunNetwork(run=other, epoch=1)),
        ),
        (SMOOTHING, smoothing(SAMPLE), smoothing("bob")),
        (MAP, Map(run=mine, pictures=1), Map(run=other, pictures=1)),
        (RUN_CARD, of_run(mine), of_run(other)),
        (EXPORT_NETWORK, of_run(mine), of_run(other)),
    ]
    engine = Queueing()
    for kind, fine, foreign in cases:
        assert engine.submit(kind, fine, "ann").state == "queued"
        for ask in (engine.submit, engine.ask):
            with pytest.raises(Problem, match="belongs to another workspace"):
                ask(kind, foreign, "ann")


def test_what_a_record_names_is_asked_for_too() -> None:
    fine, foreign = run_of("ann", SAMPLE).id, run_of("ann", "bob").id
    engine = Queueing()
    assert engine.submit(TRAIN, Train(), "ann", id=fine).id == fine
    with pytest.raises(Problem, match="belongs to another workspace"):
        engine.submit(TRAIN, Train(), "ann", id=foreign)
    config = Config(layers=2, filters=4, epochs=1)
    parent = run_of("bob").id
    for pairs, start in (([("bob", PAIR)], ""), ([(SAMPLE, PAIR)], parent)):
        before = len(runs_of("ann"))
        with pytest.raises(Problem, match="belongs to another workspace"):
            launch("ann", "Mine", config, pairs, parent=(start, 1))
        assert len(runs_of("ann")) == before


def test_what_is_shown_to_a_class_may_be_learned_from_while_it_is() -> None:
    lesson, _ = classes.create("tess", "A", "article")
    classes.join(lesson, "ann", "Ann")
    share = shares.add(lesson.id, "tess", "Mine", [str(Thing("tess", "pair", PAIR))])
    engine = Queueing()
    run = run_of("ann", "tess").id
    job = engine.submit(TRAIN, Train(), "ann", id=run)
    shares.withdraw(share, "tess")
    with pytest.raises(Problem, match="belongs to another workspace"):
        engine.requeue(job.id)


def test_arguments_are_looked_through_however_deep() -> None:
    run = run_of("bob").id
    dial = RunNetwork(run=run, epoch=1)
    sliced = DenoiseSlice(method=dial, owner="carl", pair=PAIR, index=0)
    assert set(named(sliced, "ann")) == {Thing("carl", "pair", PAIR), Thing("bob", "run", run)}
    file = ImportedNetwork(workspace="bob", id=PAIR)
    assert set(named((file, [file]), "ann")) == {Thing("bob", "network", PAIR)}
    source = Source(owner="bob", kind="scan", id=PAIR)
    assert set(named(source, "ann")) == {Thing("bob", "scan", PAIR)}


def test_an_owner_of_what_nobody_knows_is_refused() -> None:
    class Odd(Arguments):
        owner: str
        thing: str

    refuse_foreign(JUDGE, Odd(owner="ann", thing="x"), "ann")
    with pytest.raises(Problem, match="belongs to another workspace"):
        refuse_foreign(JUDGE, Odd(owner="bob", thing="x"), "ann")


def words(model: type[BaseModel], seen: set[type]) -> Iterator[str]:
    """The names of all fields in which somebody's thing could be named."""
    if model in seen or model is Config:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        pending = [field.annotation]
        while pending:
            found = pending.pop()
            pending += get_args(found)
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield from words(found, seen)
            elif found is str:
                yield name


def test_of_every_field_of_words_it_is_known_what_it_may_name() -> None:
    assert set(permission.OWNED) < SEEN and not SEEN & OWN and PREFIX
    known: set[type] = set()
    for kind in KINDS.values():
        unknown = set(words(kind.arguments, known)) - SEEN - OWN
        assert not unknown, (kind.name, unknown)
