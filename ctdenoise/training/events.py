"""What a run says while it goes on: one typed line of ``events.jsonl`` each."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter


class Started(BaseModel):
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
    """Level and width, in HU, in which PSNR and SSIM below are computed."""
    continues: int = 0
    """The epoch from which this start goes on."""


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
    psnr: float | None
    """Of the progress slice in ``Started.window``, data range = its width; None when identical."""
    ssim: float
    image: str
    """File name in ``progress/``: the progress slice's output, int16 TIFF in HU."""
    seconds_left: float | None


class Notice(BaseModel):
    kind: Literal["notice"] = "notice"
    time: float
    sentence: str


class Ended(BaseModel):
    kind: Literal["ended"] = "ended"
    time: float
    how: Literal["finished", "stopped", "failed"]
    epoch: int
    sentence: str


Event = Annotated[Started | Epoch | Notice | Ended, Field(discriminator="kind")]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def append(run: Path, event: Started | Epoch | Notice | Ended) -> None:
    """Add one line to the run's ``events.jsonl``, whole and on disk before it returns."""
    with (run / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(event.model_dump_json() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(run: Path) -> list[Started | Epoch | Notice | Ended]:
    """All events of a run in order; empty where it has not begun, a torn last line left out."""
    path = run / "events.jsonl"
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [_EVENT.validate_json(line) for line in lines if line.strip()]
