"""How long a training will take here, from a few real steps of it."""

from ctdenoise.config.config import Config
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running


class Estimate(Arguments):
    """The settings of the training."""

    config: Config


def _estimate(running: Running[Estimate]) -> float:
    """Seconds that a run with these settings takes on this machine."""
    from ctdenoise.training.estimate import estimate_seconds

    return float(estimate_seconds(running.arguments.config))


ESTIMATE = KINDS.register(
    Kind("estimate", "The estimate", "interactive", Estimate, _estimate, ANSWER_SECONDS)
)
