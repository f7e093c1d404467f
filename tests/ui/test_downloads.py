"""Files that people take home: whole, under a good name, and for their owner alone."""

import csv
import io
import os
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from apptest import OnTheSpot
from phantoms import disc_phantom
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from ctdenoise.config.config import Config
from ctdenoise.exports.formats import FORMATS
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds import export
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.jobs.kinds.export import EXPORT, Export
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.metrics.profile import MOST_SAMPLES, line_profile
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.ui import downloads, pictures, server
from ctdenoise.ui.viewer import Pane
from ctdenoise.ui.visitors import COOKIE, device_of, new_cookie
from ctdenoise.workspace import classes
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Result, Source
from ctdenoise.workspace.runs import Run, create_run, find_run

COOKIE_OF_OWNER = new_cookie()
OWNER = str(device_of(COOKIE_OF_OWNER))


def asker(**cookies: str) -> TestClient:
    app = Starlette(routes=server.ROUTES)
    return TestClient(app, cookies=cookies, raise_server_exceptions=False)


owner, stranger, nobody = asker(**{COOKIE: COOKIE_OF_OWNER}), asker(**{COOKIE: "0" * 32}), asker()


@pytest.fixture
def pair() -> PairRecord:
    full = disc_phantom(64, slices=3)
    noise = np.random.default_rng(0).normal(0, 40, (1, *full.shape))
    made = Pair("A/b: c", (full + noise).astype(np.float32), full, (0.7, 0.5), np.arange(3.0))
    return Library(settings().workspaces / OWNER).add_pair(made)


@pytest.fixture
def result(pair: PairRecord, on_the_spot: OnTheSpot) -> Result:
    source = Source(owner=OWNER, kind="pair", id=pair.id)
    return start(OWNER, source, ClassicalFilter(name="gaussian", strength=2))


@pytest.fixture
def run(pair: PairRecord, on_the_spot: OnTheSpot) -> Run:
    config = Config(layers=2, filters=4, patch=8, epochs=1, steps_per_epoch=2, validation_patches=4)
    run = create_run(OWNER, 'Größe "4"', config, [(OWNER, pair.id)])
    queue.add(TRAIN, Train(), OWNER, id=run.id)
    job = leases.take(run.id, "test")
    assert job
    train(config, [Library(settings().workspaces / OWNER).pair(pair.id)], run.folder)
    leases.end(job, "finished", 1.0, "")
    return find_run(run.id)


def prepared(result: Result, name: str, on_the_spot: OnTheSpot) -> Path:
    asked = Export(result=result.record.id, format=name, mix=1.0, index=1, level=40.0, width=400.0)
    on_the_spot.submit(EXPORT, asked, OWNER, subject=result.record.id)
    return export.file(result, asked)


def name_of(disposition: str) -> str | None:
    """As a browser reads it (RFC 6266)."""
    message = Message()
    message["Content-Disposition"] = disposition
    return message.get_filename()


@pytest.fixture
def every(result: Result, run: Run, pair: PairRecord, on_the_spot: OnTheSpot) -> dict[str, str]:
    """An address of every kind of file."""
    file = prepared(result, "npy", on_the_spot)
    frames = pictures.FullDose.addresses(3, owner=OWNER, pair=pair.id)
    panes = [Pane("Full dose", "#000000", frames)]
    return {
        "result": downloads.of_result(result, FORMATS["npy"], file),
        "card": downloads.of_run(run, "card"),
        "network": downloads.of_run(run, "network"),
        "profile": downloads.of_profile(panes, 1, ((1, 2), (3, 4)), (0.7, 0.5)),
    }


def test_every_file_is_its_owners_alone(every: dict[str, str]) -> None:
    for kind, address in every.items():
        for _ in range(2):  # and what its owner has fetched is not handed to others
            for other in (stranger, nobody):
                answer = other.get(address)
                assert answer.status_code == 404, kind
                assert answer.text.startswith("This ") and answer.text.count("\n") == 0
            answer = owner.get(address)
            assert answer.status_code == 200 and answer.content, kind
            assert answer.headers["content-disposition"].startswith("attachment; "), kind
            assert "private" in answer.headers["cache-control"], kind


def test_a_file_arrives_as_it_lies_there(result: Result, on_the_spot: OnTheSpot) -> None:
    for name in ("npy", "nifti", "png"):
        file = prepared(result, name, on_the_spot)
        answer = owner.get(downloads.of_result(result, FORMATS[name], file))
        assert answer.content == file.read_bytes()
        assert answer.headers["content-type"].startswith(FORMATS[name].mime)
        told = name_of(answer.headers["content-disposition"])
        assert told == f"A-b- c-{file.name}"
        part = owner.get(
            downloads.of_result(result, FORMATS[name], file), headers={"Range": "bytes=2-5"}
        )
        assert (part.status_code, part.content) == (206, file.read_bytes()[2:6])


def test_a_large_file_goes_from_the_disk_piece_by_piece(
    result: Result, on_the_spot: OnTheSpot
) -> None:
    file = prepared(result, "npy", on_the_spot)
    os.truncate(file, 50_000_000)
    pieces: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Any) -> None:
            pieces.append(len(message.get("body", b"")))
            await send(message)

        await Starlette(routes=server.ROUTES)(scope, receive, counting)

    client = TestClient(app, cookies={COOKIE: COOKIE_OF_OWNER})
    answer = client.get(downloads.of_result(result, FORMATS["npy"], file))
    assert answer.headers["content-length"] == "50000000" == str(sum(pieces))
    assert max(pieces) <= 2**20


def test_a_run_goes_home_under_its_name(every: dict[str, str]) -> None:
    card = owner.get(every["card"])
    assert name_of(card.headers["content-disposition"]) == "Größe -4-.zip"
    assert zipfile.ZipFile(io.BytesIO(card.content)).testzip() is None
    network = owner.get(every["network"])
    assert name_of(network.headers["content-disposition"]) == "Größe -4-.onnx"


def test_a_run_without_a_network_says_so(pair: PairRecord) -> None:
    run = create_run(OWNER, "Fresh", Config(), [(OWNER, pair.id)])
    answer = owner.get(downloads.of_run(run, "network"))
    assert (answer.status_code, answer.text) == (
        404, "Fresh has no network yet: wait for its first epoch.",
    )  # fmt: skip


def test_the_profile_is_that_of_the_pictures(pair: PairRecord) -> None:
    panes = [
        Pane("=Low, dose", "#000000", pictures.LowDose.addresses(3, owner=OWNER, pair=pair.id)),
        Pane("Full dose", "#000000", pictures.FullDose.addresses(3, owner=OWNER, pair=pair.id)),
    ]
    line = ((10.25, 3.0), (41.123456789, 60.0))
    for spacing, unit in (((0.7, 0.5), "mm"), (None, "pixels")):
        answer = owner.get(downloads.of_profile(panes, 2, line, spacing))
        header, *rows = csv.reader(io.StringIO(answer.text))
        assert header == [f"Distance along the line ({unit})", "'=Low, dose", "Full dose"]
        table = np.array(rows, float)
        for column, pane in enumerate(panes, 1):
            image = pictures.load(pane.frames[2], OWNER)
            distance, values = line_profile(image, *line, spacing)
            np.testing.assert_allclose(table[:, column], values)
            np.testing.assert_allclose(table[:, 0], distance)


def test_an_endless_line_costs_no_more_than_a_long_one(pair: PairRecord) -> None:
    panes = [Pane("a", "#000000", pictures.FullDose.addresses(3, owner=OWNER, pair=pair.id))]
    for far, status in (("1e18", 200), ("-1e300", 200), ("inf", 404), ("nan", 404)):
        address = downloads.of_profile(panes, 0, ((0, 0), (float(far), 1)), None)
        answer = owner.get(address)
        assert answer.status_code == status, far
        assert answer.text.count("\n") <= MOST_SAMPLES + 1


def test_what_is_no_address_of_a_file_is_told(result: Result, on_the_spot: OnTheSpot) -> None:
    file = prepared(result, "npy", on_the_spot)
    whole = downloads.of_result(result, FORMATS["npy"], file)
    folder = whole.rpartition("/")[0]
    (result.folder / "exports" / "npy" / ".making").touch()
    for address in (
        "/downloads/", "/downloads/else", "/downloads/run/x", "/downloads/run/x/card",
        f"{folder}/other.npy", f"{folder}/.making", f"{folder}/..%2F..%2Frecord.json",
        f"{folder}/..%2Fnpy%2F{file.name}", f"{folder}/%2Fetc%2Fpasswd", folder,
        whole.replace("/npy/", "/..%2F/"), whole.replace(result.record.id, "..%2F" * 2),
        whole.replace("/npy/", "/nonsense/"), whole.replace(OWNER, ".."),
        "/downloads/profile", "/downloads/profile?end=1,2&end=3,4",
        "/downloads/profile?end=1,2&end=x,4&name=a&picture=/pixels/full/a/b/0",
        "/downloads/profile?end=1,2&end=3,4&name=a&picture=/etc/passwd",
        "/downloads/profile?end=1,2&end=3,nan&name=a&picture=/pixels/full/a/b/0",
    ):  # fmt: skip
        answer = owner.get(address)
        assert answer.status_code == 404, address
        assert answer.text.count("\n") == 0 and answer.text.endswith("."), address


def test_a_class_is_taken_home_by_its_teacher_alone(home: Path) -> None:
    made, _ = classes.create(OWNER, "Größe / 4", "article")
    learner = str(device_of("0" * 32))
    classes.join(made, learner, "Ann")
    other, _ = classes.create(learner, "Theirs", "article")
    for named in (True, False):
        address = downloads.of_class(made.id, named=named)
        answer = owner.get(address)
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "private, no-cache"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
            assert "answers.csv" in bundle.namelist()
        for who in (stranger, nobody):  # the stranger learns in it
            assert who.get(address).status_code == 404
    assert owner.get(downloads.of_class(other.id, named=True)).status_code == 404
    for wrong in ("/downloads/class/0/names", f"/downloads/class/{made.id}/all"):
        assert owner.get(wrong).status_code == 404
