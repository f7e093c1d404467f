"""Whether a network has collapsed: a grey picture, or one far worse than what it was given."""

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config.config import Config
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.networks.spec import Activation

FLAT = 0.02
"""SD of a picture, as a share of the full dose's, below which nothing is seen in it."""
FAR = 20.0
"""So many times the low dose's squared error is no denoising."""
BEFOREHAND = 3
"""Epochs in which a network that has to build the whole picture starts from nothing."""
ANCHORS = ("mse", "mae", "charbonnier", "ssim", "ms_ssim")
"""Terms that hold the CT number; the others compare features, edges or grain."""


def collapsed(
    config: Config,
    epoch: int,
    output: NDArray[np.float32],
    full: NDArray[np.float32],
    errors: tuple[float, float],
    before: float,
) -> str:
    """What has become of the network, with the likely cause and what to do; "" where it is well.

    ``output`` and ``full`` are the picture of the epoch and the same at full dose; ``errors`` the
    validation's squared error and the low dose's; ``before`` the epoch before's error.
    """
    error, low = errors
    beginning = not config.residual and epoch < BEFOREHAND
    grey = error > low and float(output.std()) < FLAT * float(full.std())
    # what began as the unchanged picture is off the way; what began from nothing may be on it
    far = error > FAR * low > 0 and (config.residual or error >= before)
    if epoch < 1 or beginning or not (grey or far):
        return ""
    what = "is the same grey everywhere" if grey else "is far from the full dose"
    times = f", its squared error {error / low:,.0f} times the low dose's" if low > 0 else ""
    return f"The network has collapsed: its picture {what}{times}. {_cause(config, grey)}"


def _cause(config: Config, grey: bool) -> str:
    used = [name for name, weight in config.loss.terms.items() if weight > 0]
    if not set(used) & set(ANCHORS):
        titles = " and ".join(LOSS_TERMS[name].title for name in used)
        return (
            f"Most likely because nothing in its loss ({titles}) holds the CT number: give squared "
            "or absolute error a weight as well."
        )
    relu = grey and config.activation is Activation.RELU
    dead = ", and its ReLUs are dead" if relu else ""
    instead = ", or leaky ReLU as the activation" if relu else ""
    return (
        f"Most likely the learning rate of {config.learning_rate:g} is too high{dead}: start again "
        f"with {config.learning_rate / 10:.1g}{instead}."
    )
