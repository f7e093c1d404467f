"""Going on from any epoch of a run or from a network that ships: a run of its own, a child."""

from collections.abc import Sequence

from ctdenoise.config import run_folder as epochs
from ctdenoise.config import shipped
from ctdenoise.config.config import Config, network_settings, parse
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import refuse_other_unit
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, store

SLOWER = 5
"""So many times smaller than in its training are the steps of a network that is adapted: it knows
most of what it needs already, and shall not forget it."""
STEPS = 25
"""An epoch of an adaptation, which lasts minutes: each ends with a picture."""


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


@telling_disk_problems
def adapt(
    workspace: str, name: str, network: str, pairs: Sequence[tuple[str, str]], seconds: float
) -> Run:
    """Queue a run in which the ``network`` that ships under this name learns on, on ``pairs``
    ((workspace, pair id) each) for ``seconds``: by its own loss, at a fifth of its learning rate.

    Its epoch 0 is the network as it ships. Raises :class:`Problem` where none ships under this
    name, or one for another unit.
    """
    start = shipped.file(network)
    known = shipped.shipped()[network]
    for owner, pair in pairs:
        record = Library(settings().workspaces / owner).pair_record(pair)
        refuse_other_unit(known.title, known.unit, record.unit)
    changed = {
        "learning_rate": known.config.learning_rate / SLOWER,
        "schedule": "one_cycle",
        "time_budget_s": seconds,
        "steps_per_epoch": STEPS,
        "patches": 0,
    }
    config = parse(known.config.model_dump() | changed)
    return store().create_run(workspace, name, config, pairs, parent=(known.id, 0), start=start)
