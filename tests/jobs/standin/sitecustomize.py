"""Makes a worker of a test's engine train by the stand-in: each epoch is a short sleep.

Found by Python at its start when this folder is on PYTHONPATH, so in the engine's processes too.
"""

import sys
import types


def _stand_in(name: str, **members: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


class Training:
    """``steps_per_epoch`` hundredths of a second an epoch; a seed may mean trouble."""

    held_bytes = 0
    may_wait = True

    def __init__(self, config, pairs, out, *, resume, **_):  # type: ignore[no-untyped-def]
        import os
        import time

        self.config, self.out, self.epoch, self.step = config, out, 0, 0
        self.checkpoint, self.state = out / "checkpoint.safetensors", out / "state.txt"
        if resume and self.state.exists():
            self.epoch, self.step = map(int, self.state.read_text().split())
        with (out / "starts.txt").open("a") as file:
            file.write(f"{self.epoch} {os.getpid()} {os.nice(0)} {time.time()}\n")

    def run(self, should_stop, should_yield, *, on_event, **_):  # type: ignore[no-untyped-def]
        import os
        import signal
        import time

        from ctdenoise.config import events
        from ctdenoise.errors import Problem

        if self.config.seed == 13:
            raise Problem("scan7", "cannot be learned from", "take another")
        if self.config.seed == 666:
            raise ZeroDivisionError("a slip")
        events.append(self.out, events.Notice(time=time.time(), sentence="Begun."))
        if self.config.seed == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        while self.epoch < self.config.epochs:
            before = self.step
            while self.step < self.config.steps_per_epoch:
                if should_stop():
                    self.keep()
                    return self.end("stopped")
                if self.step > before and should_yield(False):
                    self.keep()
                    return None
                time.sleep(0.01)
                self.step += 1
            self.epoch, self.step = self.epoch + 1, 0
            self.keep()
            self.checkpoint.write_text(str(self.epoch))
            event = events.Epoch(
                time=time.time(), epoch=self.epoch, step=self.epoch, train_seconds=0, terms={},
                metrics={"psnr": None, "ssim": 1}, validation_mse=1, low_mse=1, image="",
                seconds_left=None,
            )  # fmt: skip
            events.append(self.out, event)
            on_event(event)
            if self.epoch < self.config.epochs and should_yield(True):
                return None
        return self.end("finished")

    def keep(self):  # type: ignore[no-untyped-def]
        part = self.state.with_suffix(".part")
        part.write_text(f"{self.epoch} {self.step}")
        part.replace(self.state)

    def end(self, how):  # type: ignore[no-untyped-def]
        import time

        from ctdenoise.config.events import Ended

        return Ended(time=time.time(), how=how, epoch=self.epoch, sentence=f"Ended: {how}.")


def dask_setup(worker):  # type: ignore[no-untyped-def]
    """The niceness without the seconds that torch takes."""
    import os

    os.nice(int(os.environ.get("CTDENOISE_NICE", "0")))


_stand_in("ctdenoise.training.trainer", prepare=Training)
_stand_in("ctdenoise.jobs.preload", dask_setup=dask_setup)


def _more_kinds() -> None:
    from pathlib import Path

    from ctdenoise.jobs import kinds

    kinds.__path__.append(str(Path(__file__).parent / "kinds"))


_more_kinds()
