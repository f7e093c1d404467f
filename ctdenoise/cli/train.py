"""``ctdenoise train``: train a network on pairs."""

import argparse
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from ctdenoise.cli import common
from ctdenoise.config import events, progress_slice, run_folder, split
from ctdenoise.config.config import Config, override, settings
from ctdenoise.config.limits import refuse_unaffordable
from ctdenoise.config.presets import PRESETS
from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import clipped, titles, viewing
from ctdenoise.scans.matching import refuse_equal
from ctdenoise.scans.meaning import Meaning
from ctdenoise.scans.pairing import match_all
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings as machine
from ctdenoise.units import Window

TEXT = """\
FOLDER holds low/ and full/, whose slices are paired by position, or by file name where they
are not DICOM, and further noise draws of the same slices in low-2/, low-3/ and so on where there
are any; give several folders for several patients, so that train, validation and test need not
share one.
The run's folder gets config.json, events.jsonl (a line an event), progress/ (an image an epoch)
and checkpoint.safetensors. Ctrl-C stops after the step and keeps what is trained.

  ctdenoise train --pairs sample --out run
  ctdenoise train --preset article --pairs sample --out article --set epochs=5 --set seed=3
  ctdenoise train --pairs sample --out sharper --set loss.mse=80 --set loss.vgg=20
  ctdenoise train --pairs sample --out run --resume       # goes on from where it was stopped
"""
ARTEFACTS = (
    "config.json", split.NAME, events.NAME, run_folder.NAME, "resume.safetensors",
    "progress", run_folder.FOLDER, progress_slice.LOW, progress_slice.FULL, progress_slice.FACTS,
)  # fmt: skip
"""What a run writes, and so what --overwrite may remove."""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = common.add_command(subparsers, "train", "train a network on pairs", TEXT)
    parser.epilog = f"settings for --set, with the recommended preset's value:\n{_settings()}"
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="recommended",
        help="the settings to start from (default recommended)",
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="folder with low/ and full/",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one setting of the preset; may be repeated",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in --out, with its own settings"
    )
    common.add_scale(parser)
    common.add_output(parser, "the run's folder")
    return parser


def run(args: argparse.Namespace) -> None:
    """Train a network, or go on with a training, in a run folder."""
    config = _config(args)
    refuse_unaffordable(config, machine().longest_run)
    if not args.resume:
        common.claim(args.out, args.overwrite, args.pairs)
    pairs = [pair for folder in args.pairs for pair in load_pairs(folder, args.scale)]
    if args.overwrite and not args.resume:
        _remove_run(args.out)
    from ctdenoise.training.trainer import train

    with _stopping() as should_stop:
        ended = train(
            config, pairs, args.out, on_event=_tell, should_stop=should_stop, resume=args.resume
        )
    if ended.how == "failed":
        raise Problem("The training", "failed", ended.sentence.rstrip("."))


def load_pairs(folder: Path, scale: Meaning | None = None) -> list[Pair]:
    """The pairs of a folder that has ``low/`` and ``full/``; ``scale``: what the numbers in images
    mean that do not say it."""
    low, full = folder / "low", folder / "full"
    for part in (low, full):
        if not part.is_dir():
            raise Problem(
                str(folder),
                f"has no folder {part.name}/",
                "give a folder with low/ and full/, as `ctdenoise sample --out` writes it",
            )
    folders = list(takewhile(Path.is_dir, (folder / common.draw_folder(n) for n in count())))
    first, *others = [_matched(draw, full, scale) for draw in folders]
    for draw, pairs in zip(folders[1:], others, strict=True):
        first = _with_draw(first, pairs, f"{low} and {draw}")
    return first


def _matched(low: Path, full: Path, scale: Meaning | None) -> list[Pair]:
    lows, fulls = common.load_both(low, full, scale)
    found = match_all(lows.scans, fulls.scans)
    for matched in found:
        refuse_equal(matched, str(low), str(full))
        common.say(f"{matched.pair.name}: {matched.record}")
    return [matched.pair for matched in found]


def _with_draw(pairs: Sequence[Pair], draws: Sequence[Pair], both: str) -> list[Pair]:
    """The pairs, each with the further noise draw of its own full dose, wherever that stands in
    ``draws``; raises :class:`Problem` on ``both`` folders where one has none."""
    free, joined = list(draws), []
    for pair in pairs:
        own = next((i for i, draw in enumerate(free) if _of_one_full_dose(pair, draw)), None)
        if own is None:
            break
        joined.append(replace(pair, low=np.concatenate([pair.low, free.pop(own).low])))
    if free or len(joined) < len(pairs):
        raise Problem(
            both,
            "are not noise draws of the same slices",
            "give both the same slices of the same scans, or leave one folder out",
        )
    return joined


def _of_one_full_dose(a: Pair, b: Pair) -> bool:
    """Whether the full dose of both is the same slices of the same scan."""
    return (
        a.patient == b.patient
        and np.array_equal(a.positions, b.positions)
        and np.array_equal(a.full, b.full)
    )


def _config(args: argparse.Namespace) -> Config:
    if args.resume:
        if args.set or args.overwrite:
            raise Problem(
                "The option --resume",
                "goes on with the run's own settings",
                "leave --set and --overwrite out",
            )
        path = args.out / "config.json"
        try:
            return Config.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Problem(
                str(args.out), "holds no run to go on with", "start one without --resume"
            ) from error
    assignments: dict[str, str] = {}
    for assignment in args.set:
        key, separator, value = assignment.partition("=")
        if not separator:
            raise Problem(f'"{assignment}"', "sets nothing", "write it as --set key=value")
        assignments[key.strip()] = value.strip()
    return override(PRESETS[args.preset], assignments)


def _remove_run(out: Path) -> None:
    for name in ARTEFACTS:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or termination into a wish to stop; the second one interrupts."""
    wished: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def wish(number: int, frame: object) -> None:
        wished.append(number)
        common.say("Stopping; what is trained is kept.")
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, wish)
    try:
        yield lambda: bool(wished)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(event: events.Event) -> None:
    """One line an event on stdout."""
    match event:
        case events.Started():
            print(
                f"{event.parameters:,} parameters on {event.device} in {event.precision}. "
                f"{event.split}\n"
                f"{titles(clipped())} of the progress slice, "
                f"{viewing(Window(*event.window)).how}.",
                flush=True,
            )
        case events.Epoch():
            figures = "".join(
                f"  {metric.title} {metric.text(value)} {metric.unit if value else ''}".rstrip()
                for metric, value in progress_slice.figures(event)
            )
            left = "" if event.seconds_left is None else f"  {event.seconds_left:.0f} s left"
            print(
                f"epoch {event.epoch:3d}  validation MSE {event.validation_mse:10.1f} "
                f"(low dose {event.low_mse:.1f}){figures}{left}",
                flush=True,
            )
        case events.Notice() | events.Ended():
            print(event.sentence, flush=True)


def _settings() -> str:
    """Each key of the config with its default and what it does."""
    lines, defaults = [], Config().model_dump(mode="json")
    for key, setting in settings().items():
        value = (defaults | defaults["loss"])[key.removeprefix("loss.")]
        value = ",".join(value) if isinstance(value, list) else value
        choices = f" One of {', '.join(setting.options)}." if setting.options else ""
        lines.append(f"  {key}={value}\n      {setting.sentence}{choices}")
    return "\n".join(lines)
