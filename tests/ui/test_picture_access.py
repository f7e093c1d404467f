"""Whose pictures the route hands to whom, for every kind of picture there is."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from apptest import COOKIES, WORKSPACE, OnTheSpot
from phantoms import disc_phantom
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ctdenoise.config import events, progress_slice
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.scans.scan import Scan
from ctdenoise.ui import pictures, server
from ctdenoise.ui.figures import stages
from ctdenoise.ui.pictures import KINDS, Picture
from ctdenoise.ui.visitors import COOKIE
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

Ask = Callable[[str], tuple[int, str]]


def asker(**cookies: str) -> Ask:
    client = TestClient(
        Starlette(routes=server.ROUTES), cookies=cookies, raise_server_exceptions=False
    )

    def ask(address: str) -> tuple[int, str]:
        answer = client.get(address)
        return answer.status_code, answer.text if answer.status_code != 200 else ""

    return ask


owner = asker(**COOKIES)
stranger = asker(**{COOKIE: "0" * 32})


@pytest.fixture
def mine_all(
    trained: Run, pair: PairRecord, mine: Library, on_the_spot: OnTheSpot
) -> dict[str, Picture]:
    """A picture of every kind."""
    values = disc_phantom(64, slices=2)
    scan = Scan("Abdomen", values, (4.0, 4.0), np.arange(2.0), np.zeros((2, 3)))
    of_scan = {"owner": WORKSPACE, "scan": mine.add_scan(scan, []).id, "index": 1}
    of_pair = {"owner": WORKSPACE, "pair": pair.id, "index": 1}
    image = next(e.image for e in events.read(trained.folder) if isinstance(e, events.Epoch))
    blur = ClassicalFilter(name="gaussian", strength=1)
    result = start(WORKSPACE, Source(owner=WORKSPACE, kind="pair", id=pair.id), blur).record.id
    return {
        each.kind: each
        for each in (
            pictures.ScanSlice(**of_scan),
            pictures.Simulated(**of_scan, dose=0.1, photons=3e5, electrons=10, f50=0.4, seed=1),
            pictures.FullDose(**of_pair),
            pictures.LowDose(**of_pair),
            pictures.Gaussian(**of_pair, sigma=1.4),
            pictures.Reference(run=trained.id, image=progress_slice.FULL),
            pictures.Progress(run=trained.id, image=image),
            pictures.Denoised(**of_pair, network=trained.id, version="1"),
            pictures.ResultSlice(owner=WORKSPACE, result=result, index=1, mix="1"),
            stages.LowDoseStep(**of_pair, dose=0.25, step="noise"),
            stages.LowDoseLoss(**of_pair, step="differences-3"),
            stages.DenoisedLoss(**of_pair, network=trained.id, version="1", step="squares"),
        )
    }


def test_every_kind_is_its_owners_alone(mine_all: dict[str, Picture]) -> None:
    assert set(mine_all) == set(KINDS)
    for kind, picture in mine_all.items():
        assert pictures.parse(picture.address) == picture, kind
        for _ in range(2):  # and what was fetched by its owner before is not handed to others
            code, told = stranger(picture.address)
            assert code == 404 and told.startswith("This picture belongs to another"), kind
            assert owner(picture.address) == (200, ""), kind


def test_the_sample_is_there_for_all(home: object, pair: PairRecord, mine: Library) -> None:
    sample = Library(mine.root.parent / SAMPLE)
    id = sample.add_pair(mine.pair(pair.id)).id
    for kind in (pictures.FullDose, pictures.LowDose):
        address = kind(owner=SAMPLE, pair=id, index=0).address
        assert owner(address) == stranger(address) == (200, "")


def snapshot(folder: Path) -> dict[str, int]:
    """All files of a folder and their sizes."""
    return {str(f): f.stat().st_size for f in sorted(folder.rglob("*")) if f.is_file()}


def test_without_a_cookie_nothing_is_shown_or_written(
    home: Path, mine_all: dict[str, Picture], pair: PairRecord, mine: Library
) -> None:
    sample = Library(mine.root.parent / SAMPLE)
    id = sample.add_pair(mine.pair(pair.id)).id
    pictures_of_all = [pictures.FullDose(owner=SAMPLE, pair=id, index=0), *mine_all.values()]
    before = snapshot(home)
    nobody, odd = asker(), asker(**{COOKIE: "../../etc"})
    for ask in (nobody, odd):
        for picture in pictures_of_all:
            code, told = ask(picture.address)
            assert code == 403 and told.startswith("This browser keeps no cookie")
        for place in range(20):
            address = f"/pixels/denoised/shipped:dial/{place}/{SAMPLE}/{id}/0/0.{place:02d}"
            assert ask(address)[0] == 403
    assert snapshot(home) == before


def test_a_dial_has_so_many_pictures_and_no_more(pair: PairRecord) -> None:
    parts = {"network": "0" * 12, "version": "1", "owner": WORKSPACE, "pair": pair.id, "index": 0}
    address = pictures.Denoised(**parts).address
    draw = random.Random(3)
    asked = [f"{address}/{draw.random():.17f}" for _ in range(1000)]
    asked += [f"{address}/{draw.random():.9f}-{draw.random():.9f}" for _ in range(3000)]
    named = {pictures.parse(each).address for each in asked}
    steps = pictures.DIAL_STEPS
    assert len(named) <= steps + 1 + (steps + 1) ** 2
    for step in range(steps + 1):
        at = f"{address}/{step / steps:g}"
        assert pictures.parse(at).address == at
    assert pictures.parse(f"{address}/{pictures.ANY}").address == f"{address}/{pictures.ANY}"
    for wrong in ("1.01", "7", "0.5-2", "1.2.3", "99999999999"):
        with pytest.raises(Problem):
            pictures.parse(f"{address}/{wrong}")


def test_a_network_of_ones_own_does_not_open_anothers_pair(
    trained: Run, pair: PairRecord, mine: Library
) -> None:
    other = Library(mine.root.parent / "somebodyelse").add_pair(mine.pair(pair.id)).id
    parts = {"network": trained.id, "version": "1", "owner": "somebodyelse", "index": 1}
    for picture in (
        pictures.Denoised(**parts, pair=other),
        stages.DenoisedLoss(**parts, pair=other, step="output"),
    ):
        code, told = owner(picture.address)
        assert code == 404 and "another workspace" in told


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "secret/{mine}/000000000000/0",
        "full",
        "full/{mine}",
        "full/{mine}/000000000000/0",
        "full/{mine}/{pair}/0/0",
        "full/{mine}/{pair}/99",
        "full/{mine}/{pair}/-1",
        "full/{mine}/{pair}/x",
        "full/{mine}/{pair}/0/../../../0",
        "full/../{pair}/0",
        "full/%2e%2e/{pair}/0",
        "full/{mine}/%2e%2e/0",
        "full/{mine}/..%2f..%2f{pair}/0",
        "full//etc/passwd/0",
        "full/%2fetc%2fpasswd/{pair}/0",
        "full/LOCAL/{pair}/0",
        "low-dose-step/{mine}/{pair}/0/0.3/noise",
        "low-dose-step/{mine}/{pair}/0/0.25/secret",
        "low-dose-step/{mine}/{pair}/99/0.25/noise",
        "low-dose-loss/differences-4/{mine}/{pair}/0",
        "gaussian/{mine}/{pair}/0/nan",
        "gaussian/{mine}/{pair}/0/inf",
        "denoised/{run}/..%2f..%2f/{mine}/{pair}/0",
        "denoised/{run}/7/{mine}/{pair}/0",
        "denoised/{run}/1/{mine}/{pair}/0/0.5",
        "denoised/shipped:no-such/x/{mine}/{pair}/0",
        "progress/{run}/..%2fconfig.json",
        "progress/{run}/%2e%2e%2freference.tif",
        "progress/{run}/%252e%252e%252fx.tif",
        "progress/{run}/.tif",
        "progress/{run}/none.tif",
        "progress/../{run}/config.json",
        "reference/{run}/%2fetc%2fpasswd",
        "reference/{run}/config.json",
        "reference/{run}/x.tif%00.tif",
    ],
)
def test_an_address_that_is_none_is_a_sentence(trained: Run, pair: PairRecord, rest: str) -> None:
    code, told = owner(f"/pixels/{rest.format(pair=pair.id, run=trained.id, mine=WORKSPACE)}")
    assert code == 404, told
    if told != "Not Found":  # what the browser's own rules make of it leads past the route
        assert told.endswith(".") and "\n" not in told and "/" not in told, told
