"""Reading hostile files: in a process of its own, with limits of memory and time.

The native decoders of compressed DICOM are C and C++ code that meets whatever people upload, so
the dashboard's server never calls them. :func:`read_guarded` starts ``python -m
ctdenoise.workspace.ingest``, which decodes, de-identifies and stores into the workspace's library,
and tells how far it is, one JSON line at a time.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import gethostname
from typing import Any, TextIO

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from ctdenoise.errors import Problem, Progress
from ctdenoise.files import write_atomically
from ctdenoise.scans.meaning import Meaning, Unclear
from ctdenoise.scans.scan import SliceSource
from ctdenoise.settings import MEMORY, machine_mb, python_path, settings
from ctdenoise.workspace.library import Library, ScanRecord

_IDS = TypeAdapter(list[str])
MOST_CRASHES = 5
"""Files that may crash their reader before the rest of the upload is given up."""
SHARE = 0.75
"""Of a machine's memory that all readers together may take."""
WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class Received:
    """What an upload became: scans in the library, problems and notes for people."""

    scans: list[ScanRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_guarded(
    paths: Sequence[Path],
    library: Library,
    *,
    meaning: Meaning | None = None,
    progress: Progress | None = None,
    journal: Path | None = None,
) -> Received:
    """Read files, folders and archives into ``library``, de-identified.

    A file that crashes its reader becomes a problem, and the others are read again without it. It
    is all of an upload or nothing: where we are killed ourselves, the next call with the same
    ``journal`` (a file to write) takes back what this one had stored. Readers of a machine share
    its memory, so that they wait for each other. Raises
    :class:`~ctdenoise.scans.meaning.Unclear`, and stores nothing, where numbers can mean anything
    or cannot mean what was said.
    """
    with _turn(progress or (lambda fraction, sentence: None)) as memory_mb:
        return _read(paths, library, meaning, memory_mb, progress, journal)


def shares(machine_mb: int) -> tuple[int, int]:
    """How many readers there may be at once on a machine with so much memory, and the MB of each.

    >>> shares(65_536), shares(16_384), shares(4096)
    ((2, 8192), (1, 8192), (1, 3072))
    """
    limits, together = settings(), int(SHARE * machine_mb)
    number = min(limits.readers, max(1, together // limits.decode_memory_mb))
    return number, min(limits.decode_memory_mb, together // number)


@contextlib.contextmanager
def _turn(tell: Progress) -> Iterator[int]:
    """One of the places for readers on this machine, once it is free; the MB that it may take."""
    number, memory_mb = shares(machine_mb())
    folder = settings().home / "readers"
    folder.mkdir(parents=True, exist_ok=True)
    places = [FileLock(folder / f"{gethostname()}-{place}.lock") for place in range(number)]
    while True:
        for place in places:
            try:
                place.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield memory_mb
            finally:
                place.release()
            return
        tell(0.0, "Waiting until another upload has been read")
        time.sleep(WAIT_SECONDS)


def _read(
    paths: Sequence[Path],
    library: Library,
    meaning: Meaning | None,
    memory_mb: int,
    progress: Progress | None,
    journal: Path | None,
) -> Received:
    received = Received()
    if journal:
        take_back(library, journal)
    skip: list[str] = []
    library.root.mkdir(parents=True, exist_ok=True)
    while True:
        with tempfile.TemporaryDirectory(prefix=".reading-", dir=library.root) as scratch:
            request = {
                "paths": [str(Path(p).resolve()) for p in paths],
                "library": str(library.root),
                "scratch": scratch,
                "meaning": meaning,
                "memory_mb": memory_mb,
                "skip": skip,
            }
            answer, late, reader = _run(request, library, progress, journal)
        if answer is not None:
            for id in answer["scans"]:
                with contextlib.suppress(Problem):  # somebody removed it meanwhile
                    received.scans.append(library.scan_record(id))
            received.problems.extend(Problem(*p) for p in answer["problems"])
            received.notes.extend(answer["notes"])
            return received
        if late:
            raise Problem(
                "The upload",
                f"took longer than {settings().decode_seconds} s to read",
                "load fewer slices at a time",
            )
        if reader is None or len(skip) == MOST_CRASHES:
            raise Problem(
                "The upload",
                "could not be read within the memory it may take, or crashed its reader",
                "load fewer slices at a time",
            )
        skip.append(reader)
        received.problems.append(
            Problem(Path(reader).name, "crashed its reader", "leave it out or export it again")
        )


def _run(
    request: dict[str, Any],
    library: Library,
    progress: Progress | None,
    journal: Path | None,
) -> tuple[dict[str, Any] | None, bool, str | None]:
    """The child's answer or None, whether its time was over, and which file it had open."""
    limit = settings().decode_seconds
    environment = os.environ | {
        **MEMORY,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": python_path(),
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "ctdenoise.workspace.ingest"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(limit, stop)
    timer.start()
    answer: dict[str, Any] | None = None
    reader: str | None = None
    stored: list[str] = []
    try:
        assert child.stdin and child.stdout
        with contextlib.suppress(BrokenPipeError), child.stdin:
            json.dump(request, child.stdin)
        for line in child.stdout:
            said = _message(line)
            if "fraction" in said and progress:
                progress(said["fraction"], said["sentence"])
            elif "file" in said:
                reader = said["file"]
            elif "stored" in said:
                stored.append(said["stored"])
                if journal:
                    write_atomically(journal, json.dumps(stored))
            elif "unclear" in said:
                unclear = Unclear(*said["unclear"])
                unclear.others = said["others"]
                raise unclear
            elif "problem" in said:
                raise Problem(*said["problem"])
            elif "scans" in said:
                answer = said
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
        if answer is None:  # all of an upload or nothing
            _remove(library, stored)
        if journal:
            journal.unlink(missing_ok=True)
    return answer, late.is_set(), reader


def take_back(library: Library, journal: Path) -> None:
    """Remove the scans of a journal, a JSON list of their ids: what wrote it never came to its
    end."""
    if journal.exists():
        with contextlib.suppress(ValueError):  # damaged: people see the scans and can remove them
            _remove(library, _IDS.validate_json(journal.read_bytes()))
        journal.unlink()


def _remove(library: Library, scans: Sequence[str]) -> None:
    """Those of the scans that are still there: lists show them before the upload is whole."""
    for id in scans:
        with contextlib.suppress(Problem):
            library.remove(id)


def _message(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}  # something that a decoder printed
    return said if isinstance(said, dict) else {}


def _serve(request: dict[str, Any], out: TextIO) -> None:
    """The child: read, de-identify, store, tell."""
    from ctdenoise.scans.reading import read

    def say(**message: Any) -> None:
        print(json.dumps(message), file=out, flush=True)

    scratch = Path(request["scratch"])
    unpacked = scratch / "unpacked"

    def name(path: Path) -> str:
        inside = path.is_relative_to(unpacked)
        return f"unpacked:{path.relative_to(unpacked)}" if inside else str(path)

    skip = frozenset(
        unpacked / s.removeprefix("unpacked:") if s.startswith("unpacked:") else Path(s)
        for s in request["skip"]
    )
    try:
        reading = read(
            [Path(p) for p in request["paths"]],
            meaning=request["meaning"],
            progress=lambda fraction, sentence: say(fraction=0.8 * fraction, sentence=sentence),
            on_file=lambda path: say(file=name(path)),
            skip=skip,
            unpack_into=unpacked,
        )
        unclear = [each for each in reading.problems if isinstance(each, Unclear)]
        if unclear:
            others = [str(each) for each in reading.problems if not isinstance(each, Unclear)]
            say(unclear=unclear[0].args, others=others)
            return
        ids = _store(reading, Library(Path(request["library"])), scratch, say, name)
        problems = [[p.subject, p.reason, p.hint] for p in reading.problems]
        say(scans=ids, problems=problems, notes=reading.notes)
    except Problem as problem:
        say(problem=[problem.subject, problem.reason, problem.hint])
    except MemoryError:
        say(problem=["The upload", "needs more memory than it may take", "load fewer slices"])


def _store(
    reading: Any,
    library: Library,
    scratch: Path,
    say: Callable[..., None],
    name: Callable[[Path], str],
) -> list[str]:
    """De-identify the sources of each scan and add it to the library; the new ids.

    A scan of which a file cannot be de-identified is kept without its files, and a problem tells.
    """
    from ctdenoise.scans.deidentify import Pseudonyms

    pseudonyms = Pseudonyms.of(library.root)
    ids: list[str] = []
    paths = [dict.fromkeys(source.path for source in sources) for sources in reading.sources]
    total, done = sum(map(len, paths)), 0
    for scan, sources, files in zip(reading.scans, reading.sources, paths, strict=True):
        copies: dict[Path, Path] = {}
        if scan.facts.modality != "image":
            try:
                for path in files:
                    done += 1
                    say(
                        fraction=0.8 + 0.2 * done / total,
                        sentence=f"De-identifying file {done} of {total}",
                    )
                    say(file=name(path))
                    copies[path] = scratch / f"{done}.dcm"
                    _without_identity(path, copies[path], pseudonyms, scan.facts.patient)
            except Problem as problem:
                reading.problems.append(problem)
                copies.clear()
        facts = replace(scan.facts, patient=pseudonyms.patient(scan.facts.patient))
        kept = [SliceSource(copies[s.path], s.frame) for s in sources if copies]
        ids.append(library.add_scan(replace(scan, facts=facts), kept).id)
        say(stored=ids[-1])
        for copy in scratch.glob("*.dcm"):
            copy.unlink()
    return ids


def _without_identity(path: Path, to: Path, pseudonyms: Any, patient: str) -> None:
    from ctdenoise.scans.dataset import open_dataset
    from ctdenoise.scans.deidentify import deidentify

    try:
        dataset = open_dataset(path)
        if "Rows" not in dataset:  # what is cut off in its pixels may still have its header
            dataset = open_dataset(path, pixels=False)
        deidentify(dataset, pseudonyms, patient)
        dataset.save_as(to)
    except (Problem, OSError):
        raise
    except Exception as error:
        raise Problem(
            path.name,
            "could not be de-identified, so its series was kept without DICOM headers",
            "take results as NIfTI or NPY, or export the file again",
        ) from error


def _limit(memory_mb: int, seconds: int) -> None:
    """Bound this process, where the system knows how (Windows does not; time is bounded anyway)."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        memory = memory_mb << 20
        resource.setrlimit(resource.RLIMIT_CPU, (2 * seconds, 2 * seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Read, in a process of its own, what stdin asks for and tell of it on stdout."""
    request = json.load(sys.stdin)
    _limit(request["memory_mb"], settings().decode_seconds)
    # What decoders print must not mix with the messages.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _serve(request, out)


if __name__ == "__main__":
    main()
