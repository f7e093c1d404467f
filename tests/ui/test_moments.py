"""Times in the zone of whoever looks."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st

from ctdenoise.settings import ROOT
from ctdenoise.ui.components import moments


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Asia/Tokyo", "01 Jan, 09:00"),
        ("America/New_York", "31 Dec, 19:00"),
        (None, "01 Jan, 00:00 UTC"),
        ("Nowhere/At all", "01 Jan, 00:00 UTC"),
        ("../../etc/passwd", "01 Jan, 00:00 UTC"),
        ("a" * 300, "01 Jan, 00:00 UTC"),
    ],
)
def test_a_time_is_told_in_the_browsers_zone(
    zone: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "context", SimpleNamespace(timezone=zone))
    assert moments.moment(0) == told


def test_pages_tell_times_nowhere_else() -> None:
    pages = [*Path(moments.__file__).parents[1].rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    clocks = ("fromtimestamp", "strftime", "localtime")
    assert [p.name for p in pages if any(c in p.read_text() for c in clocks)] == ["moments.py"]
