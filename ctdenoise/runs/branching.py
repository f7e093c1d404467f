"""Going on from any epoch of a run with other settings: a run of its own, a parent's child."""

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.runs.store import Run, store
from ctdenoise.training import epochs
from ctdenoise.training.config import Config, network_settings


@telling_disk_problems
def branch(parent: Run, epoch: int, name: str, config: Config) -> Run:
    """Queue a run that goes on from ``epoch`` of ``parent``, on the same pairs.

    Raises :class:`Problem` where the parent did not keep that epoch or the network would be
    another one.
    """
    kept = epochs.file(parent.folder, epoch)
    if not kept.exists():
        raise Problem(parent.name, f"did not keep its network of epoch {epoch}", "choose another")
    if network_settings(config) != network_settings(parent.config):
        raise Problem(
            "The network",
            f"is built otherwise than that of {parent.name}",
            "leave layers, filters and the like as they are, or begin anew",
        )
    return store().create_run(
        parent.workspace, name, config, parent.pairs, parent=(parent.id, epoch), start=kept
    )
