"""The training loop."""

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.config import events, progress_slice, run_folder
from ctdenoise.config.config import Config
from ctdenoise.config.fit import check_memory, check_pictures
from ctdenoise.config.split import NAME, held, outline, split
from ctdenoise.errors import is_out_of_memory, telling_disk_problems
from ctdenoise.files import atomic_file, write_atomically
from ctdenoise.scans.scan import Pair
from ctdenoise.training import checkpoint, state
from ctdenoise.training.device import available_memory, choose, crowded, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.training.pace import Pace
from ctdenoise.training.patches import Patches, Patchwork, stream
from ctdenoise.training.schedule import dial_setting, learning_rate
from ctdenoise.training.slices import bytes_of
from ctdenoise.training.validation import Validation
from ctdenoise.units import counted

OnEvent = Callable[[events.Event], None]


class Training:
    """One start of a run: everything that is built once, then the loop in :meth:`run`.

    Its parts are also what :mod:`~ctdenoise.training.estimate` tries out and times.
    """

    def __init__(self, config: Config, pairs: Sequence[Pair], out: Path, resuming: bool = False,
                 start: Path | None = None) -> None:  # fmt: skip
        self.config, self.out = config, out
        self.on_event: OnEvent | None = None
        self.machine = choose(config.device, config.precision, config.filters)
        device = self.machine.device
        self.started = start is not None
        self.pairs = [pair.name for pair in pairs]
        self.unit = pairs[0].unit if pairs else ""
        outlines = [outline(pair) for pair in pairs]
        self.split = held(out, outlines) or split(outlines, config.seed)
        check_pictures(config, self.split, [(p.full.shape[1], p.full.shape[2]) for p in pairs])
        check_memory(config, available_memory(device), self.machine.kind)
        self.source = Patchwork(pairs, self.split.train, config.patch, device)
        self.collection: Patches | None = None
        if config.patches:
            self.collection = self.source.cut(self.source.places(
                config.patches, stream(config.seed, 1), config.augment))  # fmt: skip
        self.validation = Validation(config, pairs, self.split, device)
        self.slice = self.validation.slice
        self.slice.keep(out)
        write_atomically(out / NAME, json.dumps(asdict(self.split), indent=2))

        self.learner = Learner(config, self.machine, self.source.slices.statistics,
                               self.slice.window, is_hu=self.unit == "HU",
                               generator=stream(config.seed, 3))  # fmt: skip
        if start:
            self.learner.adopt(checkpoint.load(start))
        self.generator = stream(config.seed, 0)
        self.progress = state.Progress(batch=config.batch)
        self.pace = Pace()
        self.sums: dict[str, Tensor] = {}
        self.begun = False
        if resuming:
            self._restore()

    @property
    def may_wait(self) -> bool:
        """Whether its device has room for it while others have their turns."""
        return not crowded(self.machine.device)

    @property
    def held_bytes(self) -> int:
        """What it holds in memory between two turns, of slices that others hold, too, a share."""
        own = [*(self.collection or ()), *self.sums.values(), *self.learner.held()]
        return self.source.slices.share + self.validation.held_bytes + bytes_of(own)

    @telling_disk_problems
    def run(self, should_stop: Callable[[], bool],
            should_yield: Callable[[bool], bool] = lambda between_epochs: False, *,
            on_event: OnEvent | None = None,
            make_room: Callable[[], bool] = lambda: False) -> events.Ended | None:  # fmt: skip
        """Train to the end, until ``should_stop`` says so, or for a turn: None where it yielded.

        ``should_yield`` is asked between two epochs (True) and, after a step at least, between two
        steps (False). Whoever yielded has everything on the disk: called again, or built anew with
        ``resume``, the training goes on as if nothing had been. ``make_room`` as in
        :func:`prepare`.
        """
        self.on_event, self.make_room = on_event, make_room
        with keeping_memory():
            return self._turn(should_stop, should_yield)

    def _turn(self, should_stop: Callable[[], bool],
              should_yield: Callable[[bool], bool]) -> events.Ended | None:  # fmt: skip
        while not self.begun:
            try:
                self._start()
            except (RuntimeError, MemoryError) as error:
                if ended := self._in_less_memory(error):
                    return ended
        while not self._finished():
            progress = self.progress
            began, first = time.perf_counter(), progress.step
            try:
                pause, norms = self._epoch(should_stop, should_yield)
            except (RuntimeError, MemoryError) as error:
                if ended := self._in_less_memory(error):
                    return ended
                continue
            finally:
                took = time.perf_counter() - began
                progress.train_seconds += took
                progress.wall_seconds += took
            self.pace.stepped(progress.step - first, took)
            if pause:
                self._keep()
            if pause == "yield":
                return None
            if pause == "stop":
                return self._end("stopped", f"Stopped in epoch {progress.epoch + 1}; what was "
                                 "trained is kept and can be continued.")  # fmt: skip
            began = time.perf_counter()
            try:
                good = self._end_epoch(norms)
            except (RuntimeError, MemoryError) as error:
                if not self._in_more_room(error):
                    raise
                continue
            if not good:
                kept = f"epoch {progress.epoch} is kept" if progress.epoch else "nothing is learned"
                return self._end("failed", f"In epoch {progress.epoch + 1} the loss was no longer "
                                 f"a number: {kept}; start again with a lower learning "
                                 "rate.")  # fmt: skip
            progress.wall_seconds += time.perf_counter() - began
            if not self._finished() and should_yield(True):
                return None
        progress = self.progress
        done = f"Finished after {counted(progress.epoch, 'epoch')}."
        return self._end("finished", f"{done} {progress.collapsed}".rstrip())

    def _epoch(self, should_stop: Callable[[], bool], should_yield: Callable[[bool], bool],
               ) -> tuple[Literal["stop", "yield"] | None, dict[str, Tensor]]:  # fmt: skip
        """Steps up to the end of the epoch: what it pauses for before, and gradient norms."""
        progress, steps = self.progress, self.config.steps_per_epoch
        dials = self.config.dials
        began, before, first = time.perf_counter(), progress.wall_seconds, progress.step
        norms: dict[str, Tensor] = {}
        while progress.position < steps:
            if should_stop():
                self._settle()
                return "stop", {}
            done = self._done(before + time.perf_counter() - began)
            if done >= 1 and progress.position:
                break
            if progress.step > first and should_yield(False):
                self._settle()
                return "yield", {}
            low, full = self.batch()
            terms, norms = self.learner.step(
                low, full, learning_rate(self.config, done), progress.factors,
                setting=dial_setting(progress.step, dials),
                norms=progress.position == steps - 1)  # fmt: skip
            for name, term in terms.items():
                self.sums[name] = self.sums.get(name, 0) + term
            progress.step += 1
            progress.position += 1
        self._settle()
        return None, norms

    def batch(self) -> Patches:
        """New random patches, or the next ones of the collection, in the same order each epoch."""
        size, config = self.progress.batch, self.config
        if self.collection is None:
            return self.source.cut(self.source.places(size, self.generator, config.augment))
        first = self.progress.position * size
        chosen = torch.arange(first, first + size) % config.patches
        low, full = self.collection
        return low[chosen], full[chosen]

    def _done(self, wall_seconds: float) -> float:
        """Fraction of the training behind us, by time where there is a budget, else by steps."""
        if self.config.time_budget_s:
            return wall_seconds / self.config.time_budget_s
        return self.progress.step / (self.config.epochs * self.config.steps_per_epoch)

    def _finished(self) -> bool:
        return self._done(self.progress.wall_seconds) >= 1

    def _settle(self) -> None:
        """Bring the sums of the loss terms from the device; waits for all steps given to it."""
        self.progress.sums = {name: float(total) for name, total in self.sums.items()}

    def _start(self) -> None:
        """Calibrate the loss, tell how the run starts and judge the untrained network."""
        config, progress = self.config, self.progress
        self.calibrate()
        started = events.Started(
            time=time.time(), device=self.machine.name, precision=self.machine.precision,
            parameters=sum(p.numel() for p in self.learner.parameters),
            epochs=None if config.time_budget_s else config.epochs,
            steps_per_epoch=config.steps_per_epoch, factors=progress.factors,
            split=self.split.sentence, window=(self.slice.window.level, self.slice.window.width),
            )  # fmt: skip
        said = events.read(self.out)
        known = next((e for e in reversed(said) if isinstance(e, events.Started | events.Ended)),
                     None)  # fmt: skip
        if known is None or known.model_copy(update={"time": started.time}) != started:
            self._emit(started)
        if last := progress.last:
            told = [e.epoch for e in said if isinstance(e, events.Epoch)]
            if not told or told[-1] < last.epoch:
                self._emit(last)
        else:
            self._judge({}, {})
        self.begun = True

    def calibrate(self) -> None:
        """Find what each term of the loss is multiplied with, where that is not known yet."""
        if self.progress.factors:
            return
        before = self.generator.get_state()
        try:
            self.progress.factors = self.learner.factors(self.config.loss, *self.batch())
        finally:
            self.generator.set_state(before)  # the first step sees this batch as well

    def _end_epoch(self, norms: dict[str, Tensor]) -> bool:
        """Judge and keep the epoch; False, and nothing kept, where it is no longer a number."""
        progress = self.progress
        terms = {name: total / progress.position for name, total in progress.sums.items()}
        gradients = {name: float(norm) for name, norm in norms.items()}
        if not all(map(math.isfinite, [*terms.values(), *gradients.values()])):
            return False
        progress.epoch += 1
        progress.position, progress.sums, self.sums = 0, {}, {}
        if not self._judge(terms, gradients):
            progress.epoch -= 1
            return False
        return True

    def _judge(self, terms: dict[str, float], gradients: dict[str, float]) -> bool:
        """Validate, draw the progress slice, keep the state and tell; False if not a number."""
        progress = self.progress
        began = time.perf_counter()
        low_mse = self.validation.mse(lambda low: low)
        # A new residual network changes nothing.
        if progress.step == 0 and self.config.residual and not self.started:
            self.record(terms, gradients, (low_mse, low_mse), self.slice.low)
            return True
        validation_mse, image = self.look()
        if not math.isfinite(validation_mse):
            return False
        self.pace.looked(time.perf_counter() - began)
        self.record(terms, gradients, (validation_mse, low_mse), image)
        return True

    def look(self) -> tuple[float, NDArray[np.float32]]:
        """What the network makes of the validation patches, in MSE, and of the progress slice."""
        mse = self.validation.mse(self.learner.forward)
        image = self.validation.picture(self.learner.forward) if math.isfinite(mse) else None
        return mse, self.slice.low if image is None else image

    def record(self, terms: dict[str, float], gradients: dict[str, float],
               errors: tuple[float, float], image: NDArray[np.float32]) -> None:  # fmt: skip
        """Score the picture, keep the state and tell; ``errors``: validation and low dose MSE."""
        progress = self.progress
        began = time.perf_counter()
        name = f"epoch_{progress.epoch:04d}.tif"
        progress_slice.write(image, self.out / "progress" / name, self.unit)
        event = events.Epoch(
            time=time.time(), epoch=progress.epoch, step=progress.step,
            train_seconds=progress.train_seconds, terms=terms, gradients=gradients,
            validation_mse=errors[0], low_mse=errors[1], metrics=self.slice.score(image),
            image=name, seconds_left=self._seconds_left())  # fmt: skip
        found = self.validation.collapsed(event, image, progress.last)
        new = found and not progress.collapsed
        progress.last_event, progress.collapsed = event.model_dump_json(), found
        self._keep()
        self._emit(event)
        if new:
            self._emit(events.Notice(time=time.time(), sentence=(
                f"Epoch {event.epoch}: {found[0].lower()}{found[1:]}")))  # fmt: skip
        self.pace.kept(time.perf_counter() - began)

    def _seconds_left(self) -> float | None:
        """Until the run is over, its last picture and checkpoint included."""
        progress, config = self.progress, self.config
        if config.time_budget_s:
            return max(0.0, config.time_budget_s - progress.wall_seconds)
        steps = config.epochs * config.steps_per_epoch - progress.step
        return self.pace.left(steps, config.epochs - progress.epoch)

    def _in_less_memory(self, error: BaseException) -> events.Ended | None:
        """Where the memory did not suffice, go on from the disk if room could be made, else with
        half the batch; the end where it was halved before. Any other error goes through."""
        if not is_out_of_memory(error):
            raise error
        if self._in_more_room(error):
            return None
        progress = self.progress
        if progress.batch < self.config.batch or progress.batch == 1:
            return self._end("failed", "The memory does not suffice, even for batches of "
                             f"{progress.batch}: choose smaller patches, fewer filters or fewer "
                             "layers, or start with a smaller batch.")  # fmt: skip
        progress.batch = max(1, progress.batch // 2)
        if self.machine.device.type == "cuda":
            torch.cuda.empty_cache()
        self._emit(events.Notice(time=time.time(), sentence=(
            f"The memory of {self.machine.kind} did not suffice: going on with batches of "
            f"{progress.batch} instead of {self.config.batch} patches.")))  # fmt: skip
        return None

    def _in_more_room(self, error: BaseException) -> bool:
        """Whether what the memory did not suffice for can be tried again, from the disk on, since
        room could be made."""
        if not is_out_of_memory(error) or not self.make_room():
            return False
        self._restore()
        return True

    def _restore(self) -> None:
        """Be again where the disk says; nothing is there before the first picture."""
        if not (self.out / state.NAME).exists():
            return
        self.progress = state.load(self.out, self.learner.network, self.learner.optimiser,
                                   self.generator, self.learner.terms)  # fmt: skip
        self.sums = {name: torch.tensor(value, device=self.machine.device)
                     for name, value in self.progress.sums.items()}  # fmt: skip

    def _keep(self) -> None:
        """Write the checkpoint and all that is needed to go on."""
        progress = self.progress
        last = progress.last
        assert last
        card = {"pairs": self.pairs, "unit": self.unit, "split": self.split.sentence,
                "epoch": progress.epoch, "step": progress.step,
                "validation_mse": last.validation_mse, "low_mse": last.low_mse,
                "train_seconds": progress.train_seconds}  # fmt: skip
        checkpoint.save(self.out / checkpoint.NAME, self.learner.network, self.config, card)
        if not progress.position:  # at the end of an epoch
            kept = run_folder.file(self.out, progress.epoch)
            with atomic_file(kept) as part:
                shutil.copyfile(self.out / checkpoint.NAME, part)
            run_folder.thin(self.out)
        state.save(self.out, self.learner.network, self.learner.optimiser, self.generator,
                   self.learner.terms, progress)  # fmt: skip

    def _emit(self, event: events.Event) -> None:
        events.append(self.out, event)
        if self.on_event:
            self.on_event(event)

    def _end(self, how: Literal["finished", "stopped", "failed"], sentence: str) -> events.Ended:
        ended = events.Ended(time=time.time(), how=how, epoch=self.progress.epoch,
                             sentence=sentence)  # fmt: skip
        self._emit(ended)
        return ended
