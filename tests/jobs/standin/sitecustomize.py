"""Makes a worker of a test's engine train by the stand-in: each epoch is a short sleep.

Found by Python at its start when this folder is on PYTHONPATH, so in the engine's processes too.
"""

import sys
import types


def _stand_in(name: str, **members: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


def train(config, pairs, out, *, should_stop, resume, on_event, **_):  # type: ignore[no-untyped-def]
    """``steps_per_epoch`` hundredths of a second an epoch; a name in ``pairs`` may mean trouble."""
    import os
    import signal
    import time

    from ctdenoise.config import events
    from ctdenoise.errors import Problem

    path = out / "checkpoint.safetensors"
    epoch = int(path.read_text()) if resume and path.exists() else 0
    with (out / "starts.txt").open("a") as file:
        file.write(f"{epoch} {os.getpid()} {os.nice(0)} {time.time()}\n")
    if config.seed == 13:
        raise Problem("scan7", "cannot be learned from", "take another")
    if config.seed == 666:
        raise ZeroDivisionError("a slip")
    events.append(out, events.Notice(time=time.time(), sentence="Begun."))
    if config.seed == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    how = "finished"
    while epoch < config.epochs:
        deadline = time.monotonic() + config.steps_per_epoch / 100
        while time.monotonic() < deadline and not should_stop():
            time.sleep(0.01)
        if should_stop():
            how = "stopped"
            break
        epoch += 1
        path.write_text(str(epoch))
        event = events.Epoch(
            time=time.time(), epoch=epoch, step=epoch, train_seconds=0, terms={},
            metrics={"psnr": None, "ssim": 1}, validation_mse=1, low_mse=1, image="",
            seconds_left=None,
        )  # fmt: skip
        events.append(out, event)
        on_event(event)
    return events.Ended(time=time.time(), how=how, epoch=epoch, sentence=f"Ended: {how}.")


def dask_setup(worker):  # type: ignore[no-untyped-def]
    """The niceness without the seconds that torch takes."""
    import os

    os.nice(int(os.environ.get("CTDENOISE_NICE", "0")))


_stand_in("ctdenoise.training.trainer", train=train)
_stand_in("ctdenoise.jobs.preload", dask_setup=dask_setup)


def _more_kinds() -> None:
    from pathlib import Path

    from ctdenoise.jobs import kinds

    kinds.__path__.append(str(Path(__file__).parent / "kinds"))


_more_kinds()
