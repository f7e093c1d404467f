"""What a run says while it goes on: one typed line of ``events.jsonl`` each."""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import (
    BaseModel,
    Field,
    TypeAdapter,
    ValidationError,
    computed_field,
    model_validator,
)

from ctdenoise.config import run_folder
from ctdenoise.errors import Problem


class Started(BaseModel):
    """A training's beginning, or its going on."""

    kind: Literal["started"] = "started"
    time: float
    """Seconds since 1970, as in every event."""
    device: str
    precision: str
    parameters: int
    epochs: int | None
    """How many are planned; None where a time budget decides."""
    steps_per_epoch: int
    factors: dict[str, float]
    """What each loss term is multiplied with, calibrated or as given."""
    split: str
    """One sentence: what was trained on, validated on and kept aside."""
    window: tuple[float, float]
    """Level and width, in the image's unit, to which metrics below that need it clip."""


class Epoch(BaseModel):
    """The state at the end of an epoch; epoch 0 is before the first step."""

    kind: Literal["epoch"] = "epoch"
    time: float
    epoch: int
    step: int
    train_seconds: float
    """Time spent in training steps so far, over all starts."""
    terms: dict[str, float]
    """Mean of each unweighted loss term over the epoch's steps (empty at epoch 0)."""
    gradients: dict[str, float] = {}
    """Norm of each weighted term's gradient at the epoch's last step."""
    validation_mse: float
    """On the fixed validation patches, in squared units of the image (HU² for CT)."""
    low_mse: float
    """The same for the untouched low dose."""
    metrics: dict[str, float | None]
    """Of the progress slice against its full dose, by name; the convention is ``Started.window``,
    data range = its width. None where there is no such number: PSNR of identical images."""
    image: str
    """File name in ``progress/``: the progress slice's output as TIFF, int16 HU or float32 in
    another unit."""
    seconds_left: float | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def psnr(self) -> float | None:
        """One of the metrics in dB, written beside the others as ever."""
        return self.metrics.get("psnr")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ssim(self) -> float | None:
        """One of the metrics, written beside the others as ever."""
        return self.metrics.get("ssim")

    @model_validator(mode="before")
    @classmethod
    def _read_lines_without_metrics(cls, line: Any) -> Any:
        """Lines of earlier versions have PSNR and SSIM alone, beside the rest."""
        if isinstance(line, dict) and "metrics" not in line:
            return line | {"metrics": {n: line[n] for n in ("psnr", "ssim") if n in line}}
        return line


class Notice(BaseModel):
    """One sentence for whoever watches the training."""

    kind: Literal["notice"] = "notice"
    time: float
    sentence: str


class Ended(BaseModel):
    """The last event of a start."""

    kind: Literal["ended"] = "ended"
    time: float
    how: Literal["finished", "stopped", "failed"]
    epoch: int
    sentence: str


Event = Annotated[Started | Epoch | Notice | Ended, Field(discriminator="kind")]
NAME = "events.jsonl"
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def append(run: Path, event: Started | Epoch | Notice | Ended) -> None:
    """Add one line to the run's ``events.jsonl``, whole and on disk before it returns.

    A line that a full disk or a power cut tore off is ended first, so that it spoils no other.
    """
    with (run / NAME).open("a+b") as file:
        if file.tell() and not _ends_whole(file):
            file.write(b"\n")
        file.write(event.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read(run: Path) -> list[Started | Epoch | Notice | Ended]:
    """All events of a run in order; empty where it has not begun, torn and damaged lines left
    out. A file that has not changed is not read again: a class looks at its runs all the time."""
    kept, now = _kept(run), stamp(run)
    then, said = kept[0] if kept else (None, [])
    if then != now:
        said = []
        for line in _lines(run):
            with suppress(ValidationError):
                said.append(_EVENT.validate_json(line))
        kept[:] = [(now, said)]
    return list(said)


def stamp(run: Path) -> tuple[int, int] | None:
    """Another one whenever there are other events: when the file was changed (ns), and its bytes;
    None where there is none."""
    try:
        found = (run / NAME).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=64)
def _kept(run: Path) -> list[tuple[tuple[int, int] | None, list[Event]]]:
    """What was read last of a run's file, and its stamp then: one entry, or none before."""
    return []


def start(said: Sequence[Event]) -> Started:
    """The newest start among the events of a run that has epochs; :class:`Problem` where the
    record of it is damaged."""
    starts = [event for event in said if isinstance(event, Started)]
    if not starts:
        raise Problem(
            "The record of this run", "is damaged on the disk", "continue the run, or delete it"
        )
    return starts[-1]


def damaged(run: Path) -> bool:
    """Whether lines of a run's record cannot be read, or all of it is lost."""
    lines = [line for line in _lines(run) if line]
    return len(read(run)) < len(lines) or (not lines and bool(run_folder.kept(run)))


def _lines(run: Path) -> list[bytes]:
    try:
        return (run / NAME).read_bytes().split(b"\n")
    except OSError:
        return []
