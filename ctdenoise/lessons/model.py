"""What a lesson is made of: chapters of steps, each with a text, something live, a question and,
once that is answered, what there was to see.

A lesson is written as YAML, see docs/teaching.md; these are its types. Text is Markdown.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Share = Annotated[float, Field(ge=0, le=1)]
Answer = int | float | str | tuple[float, float]
"""What somebody answered: the number of a choice, counted from 1; where a slider stands; what was
written; or the (row, column) of a picture that was clicked on, see :class:`Click`."""

BEFORE, AFTER, END = "test-before", "test-after", "the-end"
"""Places in a lesson that are no steps: the concept test before the first chapter and after the
last, and what it shows in the end. No step may be called so."""

PANES = ("low", "full", "difference", "gaussian")
"""Of the learner's scan: low dose, full dose, low minus full, and the low dose smoothed. Beside
them ``run:STEP`` is what the run of an earlier step makes of the low dose, ``network:NAME`` what a
network that ships does."""


Tool = Literal["window", "zoom", "distance", "line", "region", "magnifier", "curtain", "play"]
"""What the viewer offers."""


class Part(BaseModel):
    """A part of a lesson; unknown words in it are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Choice(Part):
    """Choose one of several sentences."""

    kind: Literal["choice"]
    question: Text
    options: Annotated[tuple[Words, ...], Field(min_length=2, max_length=6)]
    right: int | None = Field(default=None, ge=1)
    """Which option is right, counted from 1; None where none is."""

    @model_validator(mode="after")
    def _inside(self) -> "Choice":
        if self.right is not None and self.right > len(self.options):
            raise ValueError(f"right is {self.right}, but there are {len(self.options)} options")
        if len(set(self.options)) < len(self.options):
            raise ValueError("two options read the same")
        return self


class Slider(Part):
    """Guess a number."""

    kind: Literal["slider"]
    question: Text
    low: float
    high: float
    step: float = Field(gt=0)
    unit: str = Field(default="", max_length=20)
    right: float | None = None
    within: float = Field(default=0, ge=0)
    """So far from ``right`` it is still right."""

    @model_validator(mode="after")
    def _inside(self) -> "Slider":
        if not self.low < self.high:
            raise ValueError("low must be smaller than high")
        if self.right is not None and not self.low <= self.right <= self.high:
            raise ValueError("right must lie between low and high")
        return self


class Click(Part):
    """Click on a place of the picture that the step shows.

    A place is (row, column) as shares of the whole picture, 0 to 1 from its upper left corner, as
    it is displayed: in the radiological view, the patient's left on the right and the front up,
    however the file stores it and however it is enlarged.
    """

    kind: Literal["click"]
    question: Text
    right: tuple[Share, Share] | None = None
    within: float = Field(default=0.1, gt=0, le=1)
    """So far from ``right``, as a share of the picture, it is still right."""


class Written(Part):
    """Write a sentence."""

    kind: Literal["text"]
    question: Text


Ask = Annotated[Choice | Slider | Click | Written, Field(discriminator="kind")]


class Viewer(Part):
    """The viewer with pictures of the learner's scan."""

    element: Literal["viewer"]
    panes: Annotated[tuple[Words, ...], Field(min_length=1, max_length=4)]
    """Of :data:`PANES`, ``run:STEP`` or ``network:NAME``."""
    scan: Annotated[str, StringConstraints(pattern=r"^(own|sample-[1-9])$")] = "own"
    """``own``: the scan that the learner has chosen; ``sample-2``: the sample's second patient."""
    slice: float = Field(default=0.5, ge=0, le=1)
    """Which slice at first: 0 is the first, 1 the last."""
    window: Words | tuple[float, float] = "soft tissue"
    """By its name, or level and width in HU."""
    tools: tuple[Tool, ...] = ("window", "zoom")
    enlarged: bool = False
    """Whether the middle of the body fills a pane."""
    figures: bool = False
    """Whether noise, RMSE, PSNR and SSIM stand below the pictures."""

    @model_validator(mode="after")
    def _known(self) -> "Viewer":
        for pane in self.panes:
            if pane not in PANES and pane.partition(":")[0] not in ("run", "network"):
                raise ValueError(
                    f"there is no pane {pane}; choose {', '.join(PANES)}, run:STEP or network:NAME"
                )
        if "difference" in self.panes and not {"low", "full"} <= set(self.panes):
            raise ValueError("the pane difference needs the panes low and full beside it")
        return self


class Train(Part):
    """The form of a run with all but one control hidden, and the run once it was started."""

    element: Literal["train"]
    preset: Words = "recommended"
    settings: dict[str, Any] = Field(default_factory=dict)
    """What differs from the preset, by the names of the settings."""
    control: Words | None = None
    """The one setting that the learner chooses."""
    name: Words


class Run(Part):
    """The run that an earlier step started: its pictures, curves and numbers."""

    element: Literal["run"]
    of: Id


class Figure(Part):
    """One of the animated figures, on the learner's scan."""

    element: Literal["figure"]
    figure: Literal["low-dose", "network", "feature-loss"]
    of: Id | None = None
    """The step whose network is drawn, or whose output is judged."""


class Sweep(Part):
    """A sweep of short runs over one setting of the loss, ordered and shown here."""

    element: Literal["sweep"]
    preset: Words = "recommended"
    settings: dict[str, Any] = Field(default_factory=dict)
    over: Words
    values: Annotated[tuple[float, ...], Field(min_length=2, max_length=5)]


class Page(Part):
    """Another page of the program, which the learner visits and comes back from."""

    element: Literal["page"]
    page: Words
    label: Words


class Image(Part):
    """A picture file of the lesson's folder."""

    element: Literal["image"]
    file: Annotated[str, StringConstraints(pattern=r"^\w[\w-]*\.(png|svg|jpg)$")]
    alt: Text


Show = Annotated[
    Viewer | Train | Run | Figure | Sweep | Page | Image, Field(discriminator="element")
]


class Reveal(Part):
    """What is told once the question is answered."""

    text: Text
    show: Show | None = None


class Step(Part):
    """One step: a text, something live, a question, and its reveal."""

    id: Id
    text: Text
    show: Show | None = None
    ask: Ask | None = None
    reveal: Reveal | None = None

    @model_validator(mode="after")
    def _together(self) -> "Step":
        if self.ask is not None and self.reveal is None:
            raise ValueError("a step that asks needs a reveal")
        if isinstance(self.ask, Click) and not isinstance(self.show, Viewer):
            raise ValueError("a click needs a viewer to click on")
        if self.id in (BEFORE, AFTER, END):
            raise ValueError(f"no step may have the id {self.id}, which stands for the test")
        if self.reveal and isinstance(self.reveal.show, Train | Sweep):
            raise ValueError("a reveal trains nothing; let the step itself train")
        return self


class Chapter(Part):
    """Steps that belong together."""

    id: Id
    title: Words
    minutes: float = Field(gt=0, le=60)
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]


class Concept(Part):
    """One idea of the concept test: asked before and after, with other pictures."""

    idea: Id
    title: Words | None = None
    """What the idea is called where both results stand side by side; else its id."""
    before: Ask
    after: Ask
    show_before: Viewer | Image | None = None
    show_after: Viewer | Image | None = None

    def key(self, place: str) -> str:
        """Under which answers are kept that are given at :data:`BEFORE` or :data:`AFTER`."""
        return f"{'before' if place == BEFORE else 'after'}:{self.idea}"

    def asked(self, place: str) -> tuple[Ask, Viewer | Image | None]:
        """The question that is asked there, and what is shown with it."""
        if place == BEFORE:
            return self.before, self.show_before
        return self.after, self.show_after

    @model_validator(mode="after")
    def _together(self) -> "Concept":
        asked = (self.before, self.show_before), (self.after, self.show_after)
        for ask, show in asked:
            if isinstance(ask, Click) and not isinstance(show, Viewer):
                raise ValueError("a click needs a viewer to click on")
            if _needs(show):
                raise ValueError("the test cannot show runs, since not everybody has made them")
        return self


class Lesson(Part):
    """A whole lesson."""

    title: Words
    summary: Text
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    chapters: Annotated[tuple[Chapter, ...], Field(min_length=1, max_length=30)]
    concepts: Annotated[tuple[Concept, ...], Field(max_length=20)] = ()

    @property
    def steps(self) -> dict[str, Step]:
        """Every step by its id, in order."""
        return {step.id: step for chapter in self.chapters for step in chapter.steps}

    def asked(self) -> Iterator[tuple[str, Choice | Slider | Click | Written]]:
        """Every question with the key under which its answers are kept: a step's id, or
        ``before:IDEA`` and ``after:IDEA`` of the concept test."""
        yield from ((each.key(BEFORE), each.before) for each in self.concepts)
        yield from ((step.id, step.ask) for step in self.steps.values() if step.ask)
        yield from ((each.key(AFTER), each.after) for each in self.concepts)

    @model_validator(mode="after")
    def _consistent(self) -> "Lesson":
        ids = [step.id for chapter in self.chapters for step in chapter.steps]
        ids += [chapter.id for chapter in self.chapters]
        ids += [f"concept {concept.idea}" for concept in self.concepts]
        if twice := {id for id in ids if ids.count(id) > 1}:
            raise ValueError(f"there are several parts with the id {', '.join(sorted(twice))}")
        trained: set[str] = set()
        for step in self.steps.values():
            shown = [step.show]
            if isinstance(step.show, Train):
                trained.add(step.id)
            if step.reveal:
                shown.append(step.reveal.show)
            for id in (id for show in shown for id in _needs(show)):
                if id not in trained:
                    raise ValueError(
                        f"{step.id} needs the run of {id}, which no step before it starts"
                    )
        return self


def right(ask: Choice | Slider | Click | Written, answer: Answer) -> bool | None:
    """Whether an answer is right; None where no answer is.

    >>> right(Choice(kind="choice", question="?", options=("a", "b"), right=2), 2)
    True
    """
    if isinstance(ask, Written) or ask.right is None:
        return None
    if isinstance(ask, Click):
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return False
        away = [abs(one - other) for one, other in zip(answer, ask.right, strict=True)]
        return away[0] ** 2 + away[1] ** 2 <= ask.within**2
    if not isinstance(answer, int | float):
        return False
    return abs(answer - ask.right) <= (ask.within if isinstance(ask, Slider) else 0)


def _needs(show: Any) -> list[str]:
    """The steps whose runs something live shows."""
    if isinstance(show, Viewer):
        return [pane.partition(":")[2] for pane in show.panes if pane.startswith("run:")]
    of = getattr(show, "of", None)
    return [of] if of else []
