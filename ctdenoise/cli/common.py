"""What the commands share: reading their input, claiming their output, telling how it goes."""

import argparse
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans.images import is_image
from ctdenoise.scans.meaning import SCALES, Meaning, Unclear
from ctdenoise.scans.readers import pixels_of_others, stem, suffixes
from ctdenoise.scans.reading import Finding, Reading, Series, find, natural, read
from ctdenoise.scans.scan import Scan, SliceSource
from ctdenoise.scans.writing import write_arrays, write_series

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse keeps the type to itself."""


def add_command(
    subparsers: Subparsers, name: str, summary: str, text: str
) -> argparse.ArgumentParser:
    """A command with a summary for the list and a longer text with examples for its help."""
    added: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{text}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return added


def input_help() -> str:
    """What a command can read, for the help of its argument."""
    return f"a DICOM file, a folder or an archive of them, or {suffixes()} images"


SCALE_WORDS = {meaning.lower().removesuffix(" units"): meaning for meaning in SCALES}
"""What numbers can mean, as the command line calls it."""


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Add ``--scale``, the meaning of numbers in images that do not say it."""
    said = "; ".join(f"{word}: {SCALES[SCALE_WORDS[word]].sentence}" for word in SCALE_WORDS)
    parser.add_argument(
        "--scale",
        type=_meaning,
        metavar="SCALE",
        help="what the numbers in images mean that are not DICOM, needed where their range is not "
        f"plainly that of HU. {said}",
    )


def _meaning(text: str) -> Meaning:
    if text.lower() not in SCALE_WORDS:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(SCALE_WORDS)}")
    return SCALE_WORDS[text.lower()]


def add_output(parser: argparse.ArgumentParser, help: str, *, required: bool = True) -> None:
    """Add ``--out FOLDER`` and ``--overwrite``; :func:`claim` is what checks them."""
    parser.add_argument("--out", type=Path, required=required, metavar="FOLDER", help=help)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace earlier results in that folder"
    )


def say(sentence: str) -> None:
    """Tell a person something beside the result, which alone goes to stdout."""
    print(sentence, file=sys.stderr, flush=True)


def progress() -> Callable[[float, str], None] | None:
    """A line that rewrites itself, where a person is watching; None in a script."""
    if not sys.stderr.isatty():
        return None

    def tell(fraction: float, sentence: str) -> None:
        end = "\n" if fraction >= 1 else ""
        print(f"\r\x1b[K{fraction:4.0%}  {sentence}", file=sys.stderr, end=end, flush=True)

    return tell


def claim(out: Path, overwrite: bool, inputs: Sequence[Path] = ()) -> None:
    """Refuse an output folder that holds something, or the input, before any work is done."""
    if out.exists() and not out.is_dir():
        raise Problem(out.name, "is a file", "choose a folder to write to")
    there = out.resolve()
    for path in inputs:
        if path.resolve().is_relative_to(there):
            raise Problem(str(out), "holds the input", "choose another folder to write to")
    if not overwrite and out.is_dir() and any(out.iterdir()):
        raise Problem(str(out), "is not empty", "choose another folder or add --overwrite")


def load(paths: Sequence[Path], scale: Meaning | None = None) -> Reading:
    """Read what a person named; files that cannot be used are told and left out."""
    reading = read(paths, meaning=scale, progress=progress())
    _told(paths, reading.scans, reading)
    return reading


def look(path: Path, scale: Meaning | None = None) -> Finding:
    """As :func:`load`, with the pixels still in the files."""
    finding = find([path], meaning=scale, progress=progress())
    _told([path], finding.series, finding)
    return finding


def _told(paths: Sequence[Path], found: Sequence[object], about: Reading | Finding) -> None:
    """Say what was left out; raises :class:`Problem` where nothing was found."""
    problems = [_with_option(problem) for problem in about.problems]
    if not found:
        named = ", ".join(path.name for path in paths)
        mend = f"choose a DICOM file, a folder, an archive, or a {suffixes()} file"
        raise problems[0] if problems else Problem(named, "holds no images", mend)
    for each in (*problems, *about.notes):
        say(str(each))


def _with_option(problem: Problem) -> Problem:
    """The same, with the option by which it is mended."""
    if not isinstance(problem, Unclear):
        return problem
    words = {meaning: word for word, meaning in SCALE_WORDS.items()}
    fits = f" --scale {words[problem.suggestion]} fits" if problem.suggestion else ""
    hint = f"say what they mean with --scale, one of {', '.join(SCALE_WORDS)}"
    return Problem(problem.subject, problem.reason, hint + (fits and f";{fits}"))


def load_both(first: Path, second: Path, scale: Meaning | None = None) -> tuple[Reading, Reading]:
    """Read two inputs of the same slices; of two folders of images, the files named alike."""
    ours, theirs = _images_by_name(first), _images_by_name(second)
    alike = sorted(ours.keys() & theirs.keys(), key=natural)
    if not alike:
        return load([first], scale), load([second], scale)
    for name in sorted(ours.keys() ^ theirs.keys(), key=natural):
        path = ours.get(name) or theirs[name]
        say(f"{path.name} is only in {path.parent.name} and was left out.")
    ours_alike, theirs_alike = ([of[name] for name in alike] for of in (ours, theirs))
    return load(ours_alike, scale), load(theirs_alike, scale)


def _images_by_name(folder: Path) -> dict[str, Path]:
    """Images by their path inside a folder that holds no other kind."""
    files = {path for path in folder.rglob("*") if path.is_file()} if folder.is_dir() else set()
    files -= pixels_of_others(files)
    if not all(map(is_image, files)):
        return {}
    return {str(path.relative_to(folder).with_name(stem(path))): path for path in files}


def series_folders(scans: Sequence[Scan | Series]) -> list[Path]:
    """Where each scan goes inside the output: directly into it, or a folder each for several."""
    if len(scans) == 1:
        return [Path()]
    names = [re.sub(r"[^\w.-]+", "-", scan.name).strip("-.")[:60] or "series" for scan in scans]
    unique = len({name.lower() for name in names}) == len(names)
    return [Path(name if unique else f"{n + 1:02d}-{name}") for n, name in enumerate(names)]


def draw_folder(number: int) -> str:
    """Folder of a noise draw beside ``full``: low, low-2, low-3 and so on, ``number`` from 0."""
    return f"low-{number + 1}" if number else "low"


def write(
    values: NDArray[np.float32],
    sources: Sequence[SliceSource],
    out: Path,
    description: str,
    *,
    deidentify: bool = False,
) -> None:
    """Write a result as files of the kind that it was made from; ``out`` has been claimed."""
    slices = zip(sources, values, strict=True)
    recipe = hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()
    write_slices(slices, out, description, recipe, deidentify=deidentify)


def write_slices(
    slices: Iterable[tuple[SliceSource, NDArray[np.float32]]],
    out: Path,
    description: str,
    recipe: str,
    *,
    deidentify: bool = False,
) -> None:
    """As :func:`write`, slice by slice where a slice is a file; ``recipe`` as in write_series."""
    coming = iter(slices)
    first = next(coming, None)
    slices = chain([first] if first else [], coming)
    if first and is_image(first[0].path):
        sources, values = zip(*slices, strict=True)
        write_arrays(np.stack(values), sources, out, overwrite=True)
    else:
        write_series(
            slices, out, description=description, recipe=recipe, deidentify=deidentify,
            overwrite=True,
        )  # fmt: skip
