"""The page Start."""

import pytest
from apptest import opened

from ctdenoise.settings import settings

pytestmark = pytest.mark.usefixtures("on_the_spot")


def test_how_long_things_stay_is_said_where_they_do_not_stay_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not any("are removed" in each.value for each in opened("Start").caption)
    monkeypatch.setenv("CTDENOISE_RETENTION_DAYS", "30")
    settings.cache_clear()
    (told,) = (each.value for each in opened("Start").caption if "are removed" in each.value)
    assert told.startswith("Scans, results and runs that nobody has opened or changed for 30 days")
