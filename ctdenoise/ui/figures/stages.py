"""The pictures of the lesson's figures, on the way of all pictures: an address, the access policy,
and a job (see :mod:`ctdenoise.ui.pictures`)."""

from typing import Literal

from pydantic import field_validator

from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.figures import (
    FEATURE_FIGURE,
    LOW_DOSE_FIGURE,
    FeatureFigure,
    FeatureSteps,
    LowDoseFigure,
    LowDoseSteps,
)
from ctdenoise.ui.caching import once
from ctdenoise.ui.pictures import KINDS, WAIT_SECONDS, Denoised, FullDose, Picture
from ctdenoise.units import Pixels

DOSES = (0.5, 0.25, 0.1, 0.05)
"""Fractions of the dose that the figure of the low dose can be set to."""

LossStage = Literal[
    "output", "target", "squares",
    "seen-1", "wanted-1", "differences-1",
    "seen-2", "wanted-2", "differences-2",
    "seen-3", "wanted-3", "differences-3",
]  # fmt: skip


class LowDoseStep(FullDose):
    """How the low dose of a slice of a pair is made: one of the steps."""

    kind = "low-dose-step"
    dose: float
    step: Literal["full", "sinogram", "ray_noise", "noise"]

    @field_validator("dose")
    @classmethod
    def _prepared(cls, dose: float) -> float:
        if dose not in DOSES:
            raise ValueError("not one of the doses")
        return dose

    def load(self) -> Pixels:
        """int16 HU, or float32 of the projections: (rows, columns) or (views, rays)."""
        asked = LowDoseFigure(owner=self.owner, pair=self.pair, index=self.index, dose=self.dose)
        pixels: Pixels = getattr(_low_dose(asked), self.step)
        return pixels


class _OfLoss(Picture):
    """``step``: what of the way to the loss it shows, of a block of VGG16 by its number."""

    step: LossStage

    def _of(self, asked: FeatureFigure) -> Pixels:
        steps = _features(asked)
        name, _, block = self.step.partition("-")
        pixels: Pixels = getattr(steps, name)[int(block) - 1] if block else getattr(steps, name)
        return pixels


class LowDoseLoss(FullDose, _OfLoss):
    """The feature loss of a low-dose slice against its full dose."""

    kind = "low-dose-loss"

    def load(self) -> Pixels:
        """int16 HU or float32: (rows, columns)."""
        return self._of(
            FeatureFigure(owner=self.owner, pair=self.pair, index=self.index, method=None)
        )


class DenoisedLoss(Denoised, _OfLoss):
    """The feature loss of a denoised slice against its full dose."""

    kind = "denoised-loss"

    def load(self) -> Pixels:
        """int16 HU or float32: (rows, columns)."""
        return self._of(
            FeatureFigure(owner=self.owner, pair=self.pair, index=self.index, method=self.method)
        )


@once(size=16)
def _low_dose(asked: LowDoseFigure) -> LowDoseSteps:
    steps: LowDoseSteps = executor().request(LOW_DOSE_FIGURE, asked, asked.owner, WAIT_SECONDS)
    return steps


@once(size=16)
def _features(asked: FeatureFigure) -> FeatureSteps:
    steps: FeatureSteps = executor().request(FEATURE_FIGURE, asked, asked.owner, WAIT_SECONDS)
    return steps


KINDS.update({picture.kind: picture for picture in (LowDoseStep, LowDoseLoss, DenoisedLoss)})
