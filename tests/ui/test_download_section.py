"""The section of the Scans page that brings real pairs."""

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from mayo import Mayo, forget
from streamlit.testing.v1 import AppTest

from ctdenoise.errors import Problem
from ctdenoise.jobs import download as fetching
from ctdenoise.scans import ldct
from ctdenoise.workspace.library import Library

pytestmark = pytest.mark.usefixtures("on_the_spot")


def chosen(*rows: int) -> AppTest:
    """The Scans page with these patients ticked."""
    app = opened("Scans")
    app.session_state["ldct-table-0"] = {
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


class UnderWay:
    """An answer that comes when the test says so."""

    finished = False

    def done(self) -> bool:
        return self.finished

    def result(self, timeout: float | None = None) -> list[str]:
        raise Problem("The archive", "went away", "try again")


def test_a_download_is_watched_and_stopped(
    on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = UnderWay()
    monkeypatch.setattr(on_the_spot, "ask", lambda *given, net: answer)
    app = chosen(0)
    labelled(app.button, "Download").click().run()
    assert labelled(app.button, "Download").disabled
    assert app.get("progress")[0].proto.text == "Waiting for its turn"
    labelled(app.button, "Stop").click().run()
    assert fetching._stop_file(WORKSPACE).exists()
    answer.finished = True
    app.run()
    assert any("The archive went away" in error.value for error in app.error)
    assert not app.get("progress")
    assert not labelled(app.button, "Download").disabled


def test_a_download_is_found_again_after_a_reload() -> None:
    file = fetching._file(WORKSPACE)
    file.parent.mkdir(parents=True)
    file.write_text('[0.5, "L004: downloading slice 7 of 14"]')
    app = opened("Scans")
    assert app.get("progress")[0].proto.text == "L004: downloading slice 7 of 14"
    file.unlink()
    app.run()
    assert not app.get("progress") and not app.exception
