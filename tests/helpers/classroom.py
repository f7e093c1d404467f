"""Whose browser a page is opened in, and a lesson to teach, for tests of classes."""

from pathlib import Path

import pytest

from ctdenoise.ui.classroom import guesses, looks
from ctdenoise.workspace import devices

LESSON = """
title: A short lesson
summary: For tests.
chapters:
  - id: noise
    title: Noise
    minutes: 3
    steps:
      - id: first
        text: Look.
        ask: {kind: choice, question: "Which is less?", options: [Noise, Dose], right: 1}
        reveal: {text: Noise is.}
      - id: second
        text: Guess.
        ask: {kind: slider, question: How much?, low: 0, high: 100, step: 1, unit: HU, right: 40,
              within: 5}
        reveal: {text: So much.}
  - id: end
    title: The end
    minutes: 3
    steps:
      - id: third
        text: Say.
        ask: {kind: text, question: "Why? <b>"}
        reveal: {text: So.}
"""


class Who:
    """Whose browser the next page is opened in: its device, and what that opens."""

    def __init__(self) -> None:
        self.device = "a" * 32

    def __call__(self, name: str) -> None:
        self.device = name[:1] * 32


def somebody(monkeypatch: pytest.MonkeyPatch) -> Who:
    """A browser of which a test says whose it is; nobody has guessed, and nothing is kept."""
    person = Who()
    monkeypatch.setattr("ctdenoise.ui.session.device_of", lambda cookie: person.device)
    monkeypatch.setattr(
        "ctdenoise.ui.session.workspace_of", lambda cookie: devices.workspace_of(person.device)
    )
    monkeypatch.setattr(looks, "FRESH_SECONDS", 1e-6)
    monkeypatch.setattr(devices, "KNOWN_SECONDS", 0.0)
    guesses.forget()
    return person


def write_lesson(home: Path) -> str:
    """A short lesson of a teacher's own; its id."""
    folder = home / "lessons" / "short"
    folder.mkdir(parents=True)
    (folder / "lesson.yaml").write_text(LESSON, encoding="utf-8")
    return "short"
