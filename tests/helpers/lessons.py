"""A small lesson with one of everything that the page Learn must do."""

from pathlib import Path

LESSON = """\
title: A small lesson
summary: What noise is, in five steps.
chapters:
  - id: noise
    title: What is noise?
    minutes: 3
    steps:
      - id: look
        text: Both pictures show the same slice.
        show:
          element: viewer
          panes: [low, full]
        ask:
          kind: choice
          question: Which has more noise?
          options: [The left one, The right one]
          right: 1
        reveal:
          text: Fewer photons make the left one grainy.
      - id: where
        text: Look at the body.
        show:
          element: viewer
          panes: [low]
        ask:
          kind: click
          question: Where is the noise largest?
          right: [0.5, 0.5]
          within: 0.2
        reveal:
          text: In the middle, which the rays reach last.
  - id: training
    title: Training
    minutes: 4.5
    steps:
      - id: learn
        text: Train a small network.
        show:
          element: train
          name: From the lesson
          control: layers
          settings: {filters: 4, epochs: 2, steps_per_epoch: 3}
        ask:
          kind: slider
          question: How much noise will be left?
          low: 0
          high: 100
          step: 5
          unit: "%"
          right: 40
          within: 10
        reveal:
          text: Less than a half is left.
      - id: after
        text: This is what it made of it.
        show:
          element: viewer
          panes: [low, "run:learn", full]
          figures: true
        ask:
          kind: text
          question: What do you see?
        reveal:
          text: The noise is gone.
          show:
            element: run
            of: learn
concepts:
  - idea: more-dose
    before: {kind: choice, question: More dose?, options: [More noise, Less noise], right: 2}
    after: {kind: choice, question: Half the dose?, options: [Less noise, More noise], right: 2}
  - idea: grain
    before: {kind: text, question: What is grain?}
    after: {kind: slider, question: How grainy?, low: 0, high: 1, step: 0.1, right: 0.5}
"""


def write(home: Path, text: str = LESSON, name: str = "small") -> None:
    """Put a lesson where a teacher's own lie."""
    folder = home / "lessons" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lesson.yaml").write_text(text, encoding="utf-8")
