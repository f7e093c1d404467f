"""Damaged files: each is read right or told in a sentence, soon, and within a bounded memory.

    .venv/bin/python benchmarks/hostile.py [--count 2000] [--seed 1] [--one NUMBER]

A seeded generator damages pydicom's own files, those of pydicom-data, the project's cases, and
pictures, arrays, volumes and archives: bytes flipped, cut, left out, doubled; elements removed,
changed, doubled, given another length. Two processes of 2 GB read them. Where pixels come out,
they must be the undamaged file's or, where the damage touched what says something of pixels, what
pydicom, Pillow, tifffile, NumPy or nibabel read; a note that says what was assumed counts as told.
What was read has its identity taken out, too, and must then be read as the same.
``--one`` reads one file of the series in this process and shows what happens. Linux and macOS only.
"""

import argparse
import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from _bounds import tell, verdict
from _mutations import Mutant, corpus, mutant

from ctdenoise.errors import Problem

MEMORY, SECONDS, PATIENCE = 2 << 30, 10.0, 60.0
"""A reading's bytes and seconds of the processor; seconds after which a process is ended."""
WORKERS = 2
FAULTS = ("traceback", "ended", "slow", "wrong pixels", "wrong after de-identification")
EXACT = 0.01
"""HU, and parts of values beyond it: float32 and rounding of rescaling."""

Images = list[tuple[int, np.ndarray]]
"""Each with its frame."""


def _says_nothing_of_pixels(tag: int) -> bool:
    group, element = tag >> 16, tag & 0xFFFF
    if tag in (0x00080005, 0x00080008, 0x00080016, 0x00080060):
        return False
    return group in (0x0008, 0x0010, 0x0018, 0x0032, 0x0040) or group & 1 == 1 or (
        group == 0x0020 and element in (0x000D, 0x000E, 0x0010, 0x0011, 0x0052, 0x1040, 0x4000)
    )  # fmt: skip


class Reader:
    """Reads damaged files, one after the other, in this process."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.files = corpus(folder / "made")
        self.whole: dict[Path, Images] = {}

    def outcome(self, number: int) -> tuple[str, str, float]:
        """What became of a file, a detail, and seconds of the processor."""
        damaged = mutant(number, self.seed, self.files)
        path = self.folder / f"{os.getpid()}{damaged.source.suffix}"
        path.write_bytes(damaged.data)
        began = time.process_time()
        try:
            images, told, sources = _read(path)
        except Exception as error:
            return "traceback", _where(error), time.process_time() - began
        took = time.process_time() - began
        if took > SECONDS:
            return "slow", f"{took:.0f} s", took
        if not images:
            return "told", told, took
        kind, detail = self._compared(damaged, path, images, told)
        if kind != "wrong pixels" and sources:
            try:
                kind, detail = _without_identity(path, images, kind, detail)
            except Problem as problem:
                return "told", _sentence(problem, path), took
            except Exception as error:
                return "traceback", f"de-identifying: {_where(error)}", took
        return kind, detail, took

    def _compared(self, damaged: Mutant, path: Path, images: Images, told: str) -> tuple[str, str]:
        if damaged.source not in self.whole:
            self.whole[damaged.source] = _read(damaged.source)[0]
        if _alike(images, self.whole[damaged.source]):
            return "as undamaged", ""
        if damaged.tag is not None and _says_nothing_of_pixels(damaged.tag):
            return "wrong pixels", f"an element that says nothing of pixels: {damaged.tag:08X}"
        other = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                other = _otherwise(path)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic in a Rust decoder is no Exception
            other = None
        if other is None:
            return ("assumption told" if told else "nobody else reads it"), told
        off = _off(images, other)
        if off <= EXACT:
            return "as another reader", ""
        return ("assumption told", told) if told else ("wrong pixels", f"{off:.4g} off")


def _read(path: Path) -> tuple[Images, str, bool]:
    """Images with their frames, all that was told, and whether the file is DICOM."""
    from ctdenoise.scans.images import is_image
    from ctdenoise.scans.reading import read

    try:
        reading = read([path])
    except Problem as problem:
        return [], _sentence(problem, path), False
    images = [
        (source.frame, image)
        for scan, sources in zip(reading.scans, reading.sources, strict=True)
        for source, image in zip(sources, scan.values, strict=True)
    ]
    told = [_sentence(p, path) for p in reading.problems] + reading.notes
    dicom = any(s.path == path and not is_image(path) for each in reading.sources for s in each)
    return images, " ".join(told), dicom


def _sentence(problem: Exception, path: Path) -> str:
    return str(problem).replace(path.name, "X")


def _where(error: Exception) -> str:
    places = [f for f in traceback.extract_tb(error.__traceback__) if "ctdenoise" in f.filename]
    place = f" at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"{type(error).__name__}{place}: {str(error)[:80]}"


def _without_identity(path: Path, images: Images, kind: str, detail: str) -> tuple[str, str]:
    from ctdenoise.scans.dataset import open_dataset
    from ctdenoise.scans.deidentify import Pseudonyms, deidentify

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = open_dataset(path)
        if "Rows" not in dataset:
            dataset = open_dataset(path, pixels=False)
        deidentify(dataset, Pseudonyms(b"key"), "somebody")
        dataset.save_as(path)
    again, told, _ = _read(path)
    before = dict(images)
    same = all(f in before and np.array_equal(image, before[f]) for f, image in again)
    if same and (told or len(again) == len(images)):
        return kind, detail
    return "wrong after de-identification", told or "other pixels"


def _alike(images: Images, others: Images) -> bool:
    return len(images) == len(others) and all(
        frame == other_frame and image.shape == other.shape and np.array_equal(image, other)
        for (frame, image), (other_frame, other) in zip(images, others, strict=True)
    )


def _otherwise(path: Path) -> dict[int, np.ndarray] | None:
    """What others read, by frame."""
    if path.suffix in (".gz", ".nii"):
        import nibabel

        volume = np.asarray(nibabel.nifti1.load(path).dataobj)
        return dict(enumerate(np.moveaxis(volume, -1, 0).swapaxes(1, 2)))
    if path.suffix == ".npy":
        return _by_frame(np.load(path))
    if path.suffix == ".png":
        from PIL import Image

        return _by_frame(np.asarray(Image.open(path)))
    if path.suffix == ".tif":
        import tifffile

        return _by_frame(tifffile.imread(path))
    return _by_pydicom(path)


def _by_frame(values: np.ndarray) -> dict[int, np.ndarray]:
    return dict(enumerate(values[None] if values.ndim == 2 else values))


def _by_pydicom(path: Path) -> dict[int, np.ndarray]:
    """pydicom's pixels in the bits that the header tells, rescaled by frame; padding is NaN."""
    import pydicom
    from pydicom.pixels import apply_modality_lut

    dataset = pydicom.dcmread(path, force=True)
    allocated = int(dataset.BitsAllocated)
    bits = int(dataset.get("BitsStored") or allocated)
    high = int(dataset.get("HighBit", bits - 1))
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated and "BitsStored" in dataset:
        dataset.BitsStored, dataset.HighBit = allocated, allocated - 1  # pydicom clears the others
    stored = dataset.pixel_array
    if stored.dtype.kind in "iu" and bits < 8 * stored.itemsize:
        stored = stored.astype(np.int64) >> (high + 1 - bits) & ((1 << bits) - 1)
        if dataset.get("PixelRepresentation"):
            stored = np.where(stored >> (bits - 1), stored - (1 << bits), stored)
    found: dict[int, np.ndarray] = {}
    for frame, values in _by_frame(stored).items():
        described: pydicom.Dataset = dataset
        if "PerFrameFunctionalGroupsSequence" in dataset:
            described = pydicom.Dataset()
            groups = [*dataset.get("SharedFunctionalGroupsSequence", []),
                      dataset.PerFrameFunctionalGroupsSequence[frame]]  # fmt: skip
            for group in groups:
                for item in group.get("PixelValueTransformationSequence", []):
                    described.update(item)
        hu = np.asarray(apply_modality_lut(values, described), np.float64)
        padding = dataset.get("PixelPaddingValue")
        ends = (
            sorted((padding, dataset.get("PixelPaddingRangeLimit", padding))) if padding else (1, 0)
        )
        found[frame] = np.where(
            (values >= ends[0]) & (values <= ends[1]) | (hu <= -2000), np.nan, hu
        )
    return found


def _off(images: Images, others: dict[int, np.ndarray]) -> float:
    """The largest difference, in HU up to a thousand of them and in thousandths beyond."""
    worst = 0.0
    for frame, image in images:
        other = others.get(frame)
        if other is None or other.shape != image.shape:
            return float("inf")
        air = np.isnan(other) & (image == -1024)
        difference = np.abs(np.where(np.isnan(other), image, other) - image)
        difference[air] = 0
        scaled = difference / np.maximum(1, np.abs(image) / 1000)
        worst = max(worst, float(scaled.max(initial=0)))
    return worst


def serve(folder: Path, seed: int) -> None:
    """Read the files whose numbers come in by lines; a line of JSON goes out for each."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    reader = Reader(folder, seed)
    _limit()
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        kind, detail, took = reader.outcome(int(line))
        print(json.dumps([kind, detail, took, _peak()]), file=out, flush=True)


def _limit() -> None:
    with contextlib.suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak() -> float:
    """This process's most resident memory so far, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Worker:
    """A process that reads, replaced by another one when it was ended."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self._start()

    def _start(self) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(self.folder), "--seed", str(self.seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
        )  # fmt: skip
        assert self.process.stdout
        self.out = self.process.stdout
        assert self.out.readline() == "ready\n"
        self.number: int | None = None

    def ask(self, number: int) -> None:
        assert self.process.stdin
        self.number, self.since = number, time.monotonic()
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()

    def answer(self) -> tuple[int, list[Any]]:
        """To what was asked: after :func:`select` saw something, or too long."""
        number = self.number
        assert number is not None
        self.number = None
        late = time.monotonic() - self.since > PATIENCE
        if late and not select.select([self.out], [], [], 0)[0]:
            self.process.kill()
        line = self.out.readline()
        if line:
            return number, json.loads(line)
        code = self.process.wait()
        self._start()
        return number, ["slow" if late else "ended", f"exit code {code}", PATIENCE * late, 0]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def run(count: int, seed: int, folder: Path) -> list[tuple[int, list[Any]]]:
    """All outcomes, each with the file's number."""
    (folder / "made").mkdir()
    workers = [Worker(folder, seed) for _ in range(WORKERS)]
    numbers = iter(range(count))
    found: list[tuple[int, list[Any]]] = []
    try:
        for worker in workers:
            worker.ask(next(numbers))
        while any(worker.number is not None for worker in workers):
            busy = [worker for worker in workers if worker.number is not None]
            heard = select.select([worker.out for worker in busy], [], [], 1.0)[0]
            for worker in busy:
                if worker.out in heard or time.monotonic() - worker.since > PATIENCE:
                    found.append(worker.answer())
                    following = next(numbers, None)
                    if following is not None:
                        worker.ask(following)
            if len(found) % 1000 == 0 and heard:
                print(f"{len(found)} of {count}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"Interrupted after {len(found)} of {count}")
    finally:
        for worker in workers:
            worker.stop()
    return found


def report(found: list[tuple[int, list[Any]]], seed: int, files: list[Path]) -> None:
    """The table, and each kind of fault with the first file that shows it."""
    counts = Counter(answer[0] for _, answer in found)
    tell("damaged files", str(len(found)))
    for kind in ("told", "as undamaged", "as another reader", "assumption told",
                 "nobody else reads it"):  # fmt: skip
        tell(kind, str(counts[kind]))
    for kind in FAULTS:
        tell(kind, str(counts[kind]), "none", counts[kind] == 0)
    peak = max(answer[3] for _, answer in found)
    tell("most memory", f"{peak:.0f} MB", f"at most {MEMORY >> 20} MB", peak <= MEMORY >> 20)
    slowest = max(answer[2] for _, answer in found)
    tell("longest", f"{slowest:.1f} s", f"at most {SECONDS:g} s", slowest <= SECONDS)
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, (kind, detail, *_) in sorted(found):
        if kind in FAULTS:
            kinds.setdefault((kind, detail), []).append(number)
    for (kind, detail), numbers in kinds.items():
        first = mutant(numbers[0], seed, files)
        print(f"{kind}: {detail}; {len(numbers)} files, the first --one {numbers[0]}, "
              f"{first.source.name}, {first.how}")  # fmt: skip
    print("Told:")
    for sentence, n in Counter(a[1] for _, a in found if a[0] == "told").most_common(40):
        print(f"{n:6d}  {sentence[:150]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=int)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.seed)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if options.one is not None:
            (folder / "made").mkdir()
            reader = Reader(folder, options.seed)
            damaged = mutant(options.one, options.seed, reader.files)
            kept = Path(f"hostile-{options.one}{damaged.source.suffix}")
            kept.write_bytes(damaged.data)
            print(f"{damaged.source}, {damaged.how}; written to {kept}")
            print(*reader.outcome(options.one))
            return 0
        found = run(options.count, options.seed, folder)
        report(found, options.seed, corpus(folder / "made"))
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
