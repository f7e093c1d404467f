"""How long a training will take here, from a few real steps of it."""

from ctdenoise.config.config import Config
from ctdenoise.config.limits import guessed_seconds, is_measurable, refuse_too_large
from ctdenoise.jobs import queue
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running
from ctdenoise.workspace.sample import WORKSPACE as EVERYBODY


class Estimate(Arguments):
    """The settings of the training."""

    config: Config


def _estimate(running: Running[Estimate]) -> float:
    """Seconds that a run with these settings takes on this machine; where a step is long, counted
    and not measured."""
    from ctdenoise.training.estimate import estimate_seconds

    config = running.arguments.config
    refuse_too_large(config)
    if not is_measurable(config):  # with a time budget, no step is tried
        config = config.model_copy(update={"time_budget_s": guessed_seconds(config)})
    return float(estimate_seconds(config))


ESTIMATE = KINDS.register(
    Kind("estimate", "The estimate", "interactive", Estimate, _estimate, ANSWER_SECONDS)
)


def foreseen(config: Config) -> float | None:
    """What was measured for these settings in seconds; None where nothing was of late."""
    if not is_measurable(config):
        return None
    job = queue.answers(ESTIMATE, Estimate(config=config), EVERYBODY)
    return float(job.result) if job and job.state == "finished" else None
