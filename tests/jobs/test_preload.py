"""What a worker does before it takes work."""

import logging

import pytest

from ctdenoise.jobs import preload


def test_the_practice_training_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, preload.logger.name):
        preload._practise()
    assert not caplog.records
