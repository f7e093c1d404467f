"""A 300-slice series from DICOM to DICOM, against the loop one would write first.

    .venv/bin/python benchmarks/series.py [--slices 300] [--rounds 3] [--network run]

The loop: read a slice with pydicom, pass it through the same network in plain float32, write it
with pydicom. Ours: `ctdenoise denoise`, and the Denoise page's job, which judges every slice too
but finds the scan in its library. All take turns, in processes of their own, on stretches
of the same series. Then the memory that ours takes for a third of the series and for all of it,
and how far results are apart. Real CT from ../shared/data where it is, otherwise the sample; where
no --network is given, the recommended one after a short training.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import torch
from _bounds import beside, seconds, tell, verdict
from pydicom.uid import UID

from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.metrics.noise import SOFT_TISSUE
from ctdenoise.scans.reading import read
from ctdenoise.training.checkpoint import load
from ctdenoise.training.device import multiplies_bfloat16

SOONER = {True: {"ours": 2.5, "page": 2.0}, False: {"ours": 0.8, "page": 0.45}}
"""By whether the processor multiplies bfloat16. The page computes on a quarter of the cores, the
loop on all of them. Measured with it: 4.1 to 4.9 and 2.7; without: see docs/measurements.md."""
SMALL = 12
"""Slices of which throughput is measured: a plain loop needs a second for each."""
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "ct" / "kits_00072"


def plain_loop(network_at: Path, folder: Path, out: Path) -> None:
    """What one would write first."""
    network = load(network_at).network
    out.mkdir()
    for n, path in enumerate(sorted(folder.iterdir())):
        dataset = pydicom.dcmread(path)
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        hu = torch.from_numpy(dataset.pixel_array.astype(np.float32) * slope + intercept)
        with torch.no_grad():
            denoised = network(hu[None, None])[0, 0].numpy()
        stored = np.rint((denoised - intercept) / slope).astype(dataset.pixel_array.dtype)
        dataset.PixelData = stored.tobytes()
        dataset.save_as(out / f"{n:04d}.dcm")


def ours(network_at: Path, folder: Path, out: Path) -> None:
    """The command line."""
    from ctdenoise.cli import main

    assert main(["denoise", str(network_at), str(folder), "--out", str(out)]) == 0


def page(network_at: Path, folder: Path, out: Path) -> Callable[[], None]:
    """The job of the Denoise page, whose scan and network are in its workspace already."""
    os.environ["CTDENOISE_HOME"] = str(out)
    from ctdenoise.config import run_folder
    from ctdenoise.jobs import leases, queue, worker
    from ctdenoise.jobs.kinds.denoise import DENOISE, Denoise
    from ctdenoise.jobs.scheduler import INTERACTIVE_THREADS
    from ctdenoise.settings import settings
    from ctdenoise.workspace import networks, results
    from ctdenoise.workspace.denoisers import ImportedNetwork
    from ctdenoise.workspace.library import Library

    [scan] = read([folder]).scans
    library = Library(settings().workspaces / "me")
    source = results.Source(owner="me", kind="scan", id=library.add_scan(scan, []).id)
    file = network_at if network_at.is_file() else network_at / run_folder.NAME
    network = networks.add_network("me", file)
    ordered = results.create("me", source, ImportedNetwork(workspace="me", id=network.id))
    queue.add(DENOISE, Denoise(), "me", id=ordered.record.id)
    taken = leases.take(ordered.record.id, "here")
    assert taken
    torch.set_num_threads(INTERACTIVE_THREADS)

    def job() -> None:
        worker.execute(taken)
        assert ordered.job and ordered.job.state == "finished", ordered.job

    return job


def measured(kind: str, network_at: Path, folder: Path) -> tuple[float, float]:
    """Seconds without the start of Python, and peak resident memory in MB."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [sys.executable, __file__, "--one", kind, str(network_at), str(folder),
                   f"{scratch}/out"]  # fmt: skip
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took, peak = json.loads(answer.splitlines()[-1])
    return took, peak


def one(kind: str, network_at: Path, folder: Path, out: Path) -> None:
    """Do it in this process, and print seconds and peak resident memory in MB."""
    job = {
        "plain": lambda: plain_loop(network_at, folder, out),
        "ours": lambda: ours(network_at, folder, out),
    }.get(kind) or page(network_at, folder, out)
    took = seconds(job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([took, peak]))


def a_series(folder: Path, count: int) -> Path:
    """Low-dose slices, uncompressed, repeated with changed positions."""
    source = SHARED if SHARED.is_dir() else folder / "sample"
    if source != SHARED:
        command("sample", "--out", folder / "sample")
        source = folder / "sample" / "full"
    command("low-dose", source, "--dose", 0.25, "--spacing", 0.7, "--pairs", "--out",
            folder / "pairs")  # fmt: skip
    paths = sorted((folder / "pairs" / "low").rglob("*.dcm"))
    sizes = {(d.Rows, d.Columns) for d in map(pydicom.dcmread, paths)}
    made = folder / "series"
    made.mkdir()
    for n in range(count):
        dataset = pydicom.dcmread(paths[n % len(paths)])
        dataset.ImagePositionPatient[2] = 3.0 * n
        dataset.SeriesInstanceUID = UID("1.2.3")
        dataset.SOPInstanceUID = UID(f"1.2.3.{n + 1}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(made / f"{n:04d}.dcm")
    print(f"{count} slices of {sizes} from {source.name}")
    return made


def part(series: Path, name: str, count: int) -> Path:
    """The first slices of a series, in a folder of their own."""
    folder = series.parent / name
    folder.mkdir()
    for path in sorted(series.iterdir())[:count]:
        os.link(path, folder / path.name)
    return folder


def command(*argv: object) -> None:
    """Run `ctdenoise` with these arguments."""
    subprocess.run([sys.executable, "-m", "ctdenoise.cli", *map(str, argv)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def differences(network_at: Path, series: Path) -> tuple[float, float]:
    """RMS difference to plain float32, and the largest in soft tissue, in HU, over its slices."""
    [scan] = read([series]).scans
    network, denoised = load(network_at).network, Denoiser.load(network_at).denoise(scan.values)
    squares, largest = [], 0.0
    for image, result in zip(scan.values, denoised, strict=True):
        with torch.no_grad():
            exact = network(torch.from_numpy(image.copy())[None, None])[0, 0].numpy()
        off = np.abs(result - exact)
        squares.append(float(np.mean(off**2)))
        soft = (exact > SOFT_TISSUE[0]) & (exact < SOFT_TISSUE[1])
        largest = max(largest, float(off[soft].max(initial=0)))
    return float(np.sqrt(np.mean(squares))), largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one[0], *map(Path, options.one[1:]))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        series = a_series(folder, options.slices)
        network_at = options.network
        if network_at is None:
            network_at = folder / "run"
            command("train", "--preset", "recommended", "--pairs", folder / "pairs", "--out",
                    network_at, "--set", "time_budget_s=30")  # fmt: skip
        config = load(network_at).config
        print(
            f"{config.layers} layers, {config.filters} filters, {torch.get_num_threads()} threads"
        )
        small, third = part(series, "small", SMALL), part(series, "third", options.slices // 3)
        times: dict[str, list[float]] = {kind: [] for kind in ("plain", "ours", "page")}
        for _ in range(options.rounds):
            for kind, each in times.items():
                each.append(measured(kind, network_at, small)[0])
        for kind, bound in SOONER[multiplies_bfloat16(torch.device("cpu"))].items():
            beside(f"{SMALL} slices, {kind}", times[kind], times["plain"], "plain float32 loop",
                   at_least=bound)  # fmt: skip
        _, before = measured("ours", network_at, third)
        took, after = measured("ours", network_at, series)
        tell(f"all {options.slices} slices", f"{took:.1f} s")
        tell(f"peak memory, {options.slices // 3} slices", f"{before:.0f} MB")
        tell(f"peak memory, {options.slices} slices", f"{after:.0f} MB", "at most 10 % more",
             after <= 1.1 * before)  # fmt: skip
        rms, largest = differences(network_at, part(series, "other", 18))
        tell("difference to the loop, RMS", f"{rms:.3f} HU", "at most 0.5 HU", rms <= 0.5)
        tell("largest in soft tissue", f"{largest:.2f} HU", "at most 2 HU", largest <= 2)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
