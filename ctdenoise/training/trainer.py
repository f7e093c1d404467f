"""Training a network: from a config and pairs to a folder with everything in it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ctdenoise.config import events, run_folder
from ctdenoise.config.config import Config
from ctdenoise.config.fit import TooLittleMemory, smaller
from ctdenoise.errors import Problem, is_out_of_memory, telling_disk_problems
from ctdenoise.files import write_atomically
from ctdenoise.scans.scan import Pair
from ctdenoise.training.device import keeping_memory
from ctdenoise.training.loop import OnEvent, Training


def train(config: Config, pairs: Sequence[Pair], out: Path, *,
          on_event: OnEvent | None = None,
          should_stop: Callable[[], bool] = lambda: False,
          resume: bool = False, start: Path | None = None) -> events.Ended:  # fmt: skip
    """Train the network of ``config`` on ``pairs`` and keep everything in the folder ``out``.

    ``should_stop`` is asked before every step. With ``resume``, the run in ``out`` goes on from
    where it was stopped or cut off and ends as it would have without the pause. A split that lies
    in ``out`` is kept to. Bad input, other pairs than those of the split, settings that memory or
    pictures are too small for, and a full disk raise :class:`Problem`; a training that blows up
    ends as failed and its last good epoch is kept. ``start`` is a checkpoint whose network is
    learned on with, in place of a new one; it has to be built alike.
    """
    training = prepare(config, pairs, out, resume=resume, start=start)
    ended = training.run(should_stop, on_event=on_event)
    assert ended  # nobody made it yield
    return ended


@telling_disk_problems
def prepare(config: Config, pairs: Sequence[Pair], out: Path, *, resume: bool = False,
            start: Path | None = None, make_room: Callable[[], bool] = lambda: False,
            ) -> Training:  # fmt: skip
    """Build what :func:`train` runs, with the same arguments and the same :class:`Problem`.

    ``make_room`` is called where the memory does not suffice: it lets go of what can be spared and
    says whether there was anything.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume and (out / "events.jsonl").exists():
        raise Problem(out.name, "already holds a run", "continue that run or choose a new folder")
    (out / "progress").mkdir(exist_ok=True)
    (out / run_folder.FOLDER).mkdir(exist_ok=True)
    write_atomically(out / "config.json", config.model_dump_json(indent=2))
    while True:
        try:
            with keeping_memory():
                return Training(config, pairs, out, resume, start)
        except TooLittleMemory:
            if not make_room():
                raise
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if not make_room():
                raise Problem("This training", "does not fit into the memory, even before its "
                              "first step", smaller(config)) from error  # fmt: skip
