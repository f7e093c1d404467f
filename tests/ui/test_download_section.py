"""The section of the Scans page that brings real pairs."""

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened, send
from mayo import Mayo, forget
from streamlit.testing.v1 import AppTest

from ctdenoise.jobs import leases, queue
from ctdenoise.scans import ldct
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library

pytestmark = pytest.mark.usefixtures("on_the_spot")


def chosen(*rows: int) -> AppTest:
    """The Scans page with these patients ticked."""
    app = opened("Scans")
    app.session_state["ldct-table-"] = {
        "selection": {"rows": list(rows), "columns": [], "cells": []}
    }
    return app.run()


def table(app: AppTest):  # type: ignore[no-untyped-def]
    return next(each.value for each in app.dataframe if "Patient" in each.value)


def test_all_patients_are_listed_with_what_one_must_know() -> None:
    app = opened("Scans")
    listed = table(app)
    assert len(listed) == 100
    row = listed[listed["Patient"] == "L004"].iloc[0]
    assert row.to_dict() == {
        "Patient": "L004",
        "Body region": "Abdomen",
        "Low dose": "25%",
        "Slices": 99,
        "Size (MB)": 104,
        "Licence": "CC BY 4.0",
    }
    assert labelled(app.button, "Download").disabled
    assert any(ldct.DOI in caption.value for caption in app.caption)


def test_the_size_follows_the_choice() -> None:
    app = chosen(0, 1)
    labelled(app.slider, "Take every n-th slice").set_value(10).run()
    told = next(caption.value for caption in app.caption if "to download" in caption.value)
    first, second = list(ldct.patients().values())[:2]
    megabytes = first.download_mb(10) + second.download_mb(10)
    assert told.startswith(f"2 patients, {28 + 37} slices at two doses: {megabytes:.0f} MB")


def test_chosen_patients_become_pairs(mine: Library, mayo: Mayo) -> None:
    app = chosen(0, 1)
    labelled(app.button, "Download").click().run()
    app.run()
    assert not app.exception and not app.error
    assert {pair.name for pair in mine.pairs()} == {"Mayo L004, abdomen", "Mayo C002, chest"}
    assert any("2 pairs added" in success.value for success in app.success)
    assert any("Mayo L004, abdomen" in text.value for text in app.markdown)
    assert labelled(app.button, "Download").disabled  # the ticks are gone


def test_without_a_network_there_is_a_sentence(
    mine: Library, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("CTDENOISE_S3", f"http://127.0.0.1:{closed_port}")
    forget()
    app = chosen(0)
    labelled(app.button, "Download").click().run()
    assert not app.exception
    assert any("cannot be reached" in error.value for error in app.error)
    assert not mine.root.exists()
    forget()


def bars(app: AppTest) -> list[str]:
    """What the bars of progress say, but for that of the sample, which nobody makes here."""
    texts = [bar.proto.text for bar in app.get("progress")]
    return [text for text in texts if "sample" not in text]


def started(on_the_spot: OnTheSpot) -> tuple[AppTest, Job]:
    """A page that asked for a patient, and the download while a worker has it."""
    on_the_spot.waiting.add("download")
    app = chosen(0)
    labelled(app.button, "Download").click().run()
    assert bars(app) == ["Next in line."]
    job = leases.take(queue.jobs_of(WORKSPACE, "download")[0].id, "test")
    assert job
    return app, job


def test_a_download_is_watched_and_stopped(on_the_spot: OnTheSpot) -> None:
    app, job = started(on_the_spot)
    assert labelled(app.button, "Download").disabled
    labelled(app.button, "Stop").click().run()
    assert queue.job(job.id).wanted == "stop"
    leases.end(job, "failed", 0.3, "The archive went away: try again.")
    app.run()
    assert any("The archive went away" in error.value for error in app.error)
    assert labelled(app.button, "Try again")
    assert not bars(app)
    assert not labelled(app.button, "Download").disabled
    send(app, ("notes.txt", b"no scan"))  # one goes on to something else
    (told,) = app.error
    assert "notes.txt" in told.value


def test_a_download_is_found_again_after_a_reload(on_the_spot: OnTheSpot) -> None:
    _, job = started(on_the_spot)
    leases.beat(job, 0.5, "L004: downloading slice 7 of 14")
    app = opened("Scans")
    assert bars(app) == ["L004: downloading slice 7 of 14"]
    leases.end(job, "finished", 1.0, "1 pair added to the list below.")
    app.run()
    assert not bars(app) and not app.exception
    assert any("1 pair added" in each.value for each in app.success)
