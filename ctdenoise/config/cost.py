"""What a run will take in memory and arithmetic, counted from its settings alone (no torch).

Nothing is measured and nothing is allocated, so that limits can be held before anything runs. The
counts are those of float32 on a processor: all tensors that exist at once, and room to rearrange
them for convolutions, one to three times what the tensors alone take (tests/config/test_cost.py).
Processors with AVX-512, bfloat16 and graphics processors rearrange less. Python and torch
themselves, some 700 MB, and the scans of a run are not in them.
"""

import math
from dataclasses import dataclass

from ctdenoise.config.config import Config
from ctdenoise.losses.term import LOSS_TERMS, Work
from ctdenoise.networks.spec import Activation

NUMBER = 4
"""Bytes of a float32."""
MOMENTS = {"adam": 2, "adamw": 2, "sgd": 1, "rmsprop": 1}
"""How many numbers an optimiser remembers for each weight."""
IN_PLACE = {Activation.RELU, Activation.LEAKY_RELU, Activation.NONE}
"""After which only the output is kept for the way back; after the others, the input as well."""
PASSING = 4
"""So many of a network's largest outputs exist for a moment beside what it keeps for the way back:
gradients, and what convolutions rearrange."""
PICTURED = 5
"""So many of them exist at once where nothing is kept."""
CUTTING = 48
"""Bytes a pixel while patches are cut out: low and full dose, and the places of pixels in them."""
VALIDATION_PIXELS = 2**16
"""How many pass through the network at once when validating."""


@dataclass(frozen=True)
class Cost:
    """``memory_bytes`` that exist at once, and ``operations``: multiply-adds in all."""

    memory_bytes: int
    operations: int


def step_cost(config: Config) -> Cost:
    """One step of training: a batch forward and back, the loss, and the move of the weights."""
    spec, patch = config.spec, config.patch
    table = spec.layer_table(config, patch, patch)
    kept = sum(row.layers * math.prod(row.output_shape) for row in table)
    if config.activation not in IN_PLACE:
        kept *= 2
    works = _terms(config)
    values = (
        kept + PASSING * spec.largest(config, patch, patch) + sum(work.values for work in works)
    )
    numbers = spec.parameters(config) * (2 + MOMENTS[config.optimiser])  # and its gradient
    numbers += sum(work.numbers for work in works)
    # forward, back to the layer's input, and back to its weights
    operations = 3 * spec.operations(config, patch, patch) + sum(w.operations for w in works)
    return Cost(NUMBER * (config.batch * values + numbers), config.batch * operations)


def picture_cost(config: Config, rows: int = 512, columns: int = 512, count: int = 1) -> Cost:
    """So many pictures of ``rows`` x ``columns`` through the network at once, in one piece."""
    spec = config.spec
    numbers = count * PICTURED * spec.largest(config, rows, columns) + spec.parameters(config)
    return Cost(NUMBER * numbers, count * spec.operations(config, rows, columns))


def run_cost(config: Config, rows: int = 512, columns: int = 512) -> Cost:
    """A whole training: every step, and after each epoch a validation and a picture.

    Where a time budget decides, the operations are those of the epochs that it may cut short.
    """
    step, picture = step_cost(config), picture_cost(config, rows, columns)
    side, aside = config.patch, config.validation_patches
    at_once = picture_cost(config, side, side, min(max(1, VALIDATION_PIXELS // side**2), aside))
    validation = picture_cost(config, side, side, aside).operations
    memory = _patches(config) + max(each.memory_bytes for each in (step, picture, at_once))
    epoch = config.steps_per_epoch * step.operations + validation + picture.operations
    return Cost(memory, config.epochs * epoch)


def _patches(config: Config) -> int:
    """Bytes of the patches that are cut once and kept, while the larger share of them is cut."""
    kept, aside = config.patches, config.validation_patches
    beside = 2 * NUMBER * min(kept, aside)
    return (beside + CUTTING * max(kept, aside)) * config.patch**2


def _terms(config: Config) -> list[Work]:
    return [
        LOSS_TERMS[name].work(config.loss, config.patch)
        for name, weight in config.loss.terms.items()
        if weight > 0
    ]
