"""How sure the Denoise page is of what it says: anatomy in the removed noise, shifts of CT numbers.

    python benchmarks/judging.py

On twenty real slices of ../shared/data, of eleven patients. Prints every figure beside its
bound and ends with a non-zero exit code if one is missed.
"""

import sys
from pathlib import Path

import numpy as np
from _bounds import beside, in_turns, tell, verdict
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ctdenoise.denoising.filters import FILTERS
from ctdenoise.dose.insertion import insert_noise
from ctdenoise.metrics.noise import noise_level
from ctdenoise.metrics.removal import judge
from ctdenoise.metrics.residue import WARNING, edge_share
from ctdenoise.metrics.tissue import TISSUES, Shift, pooled, shifts
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import Scan

CT = Path(__file__).resolve().parents[2] / "shared" / "data" / "ct"
SLICES = {
    "kits_00072": (3, 10),
    "lung_pet_ct_dx_A0002": (4, 20),
    "rider_pilot_0117": (4, 20),
    "totalseg_example_ct_j2k": (10,),
    "covid19_ny_sbu_axial": (0, 1),  # two slices of a scan at most, thirteen in all
}
DOSES = (0.5, 0.25, 0.1, 0.05)
FIGURES = 4.8
"""3.3 measured: filters, edges and spectra of the picture and of what was removed."""

Image = NDArray[np.float32]


def real() -> list[tuple[Scan, Image]]:
    """Full-dose slices (rows, columns) with the scan that each is from."""
    found = []
    for folder, indices in SLICES.items():
        for scan in read([CT / folder]).scans:
            found += [(scan, np.array(scan.values[i])) for i in indices if i < len(scan.values)]
    return found


def low(scan: Scan, full: Image, dose: float, draws: int = 1) -> Image:
    """Noise draws of a slice, (draws, rows, columns)."""
    assert scan.spacing
    return insert_noise(full[None], scan.spacing, dose, seed=1, draws=draws)[:, 0]


def anatomy(slices: list[tuple[Scan, Image]]) -> None:
    """The share of removed noise that runs along edges: for noise itself, and for filters."""
    found: dict[str, list[float]] = {}
    for scan, full in slices:
        for dose in DOSES:
            image = low(scan, full, dose)[0]
            ways = {f"inserted noise, {dose:.0%} dose": full}
            if dose == 0.25:
                noise = noise_level(image)
                ways |= {
                    f"Gaussian {s:g} px, 25% dose": gaussian_filter(image, s) for s in (1.4, 3)
                }
                for name, part in (("total_variation", 0.5), ("wavelet", 1), ("bilateral", 1.5),
                                   ("non_local_means", 1)):  # fmt: skip
                    shown = f"{FILTERS[name].title} {part:g} x noise, 25% dose"
                    ways[shown] = FILTERS[name].apply(image, part * noise)
            for name, output in ways.items():
                share = edge_share(image, image - output)
                found.setdefault(name, []).append(np.nan if share is None else share)
    for name, shares in sorted(found.items(), key=lambda item: np.nanmedian(item[1])):
        told = f"{np.nanmin(shares):.2f} to {np.nanmax(shares):.2f}"
        if name.startswith("inserted"):
            tell(name, told, f"all under {WARNING}", np.nanmax(shares) < WARNING)
        elif name.startswith("Gaussian 3"):
            tell(name, told, f"all from {WARNING} on", np.nanmin(shares) >= WARNING)
        else:
            tell(name, told)


def selection(slices: list[tuple[Scan, Image]]) -> None:
    """The shift that a perfect denoiser seems to make: of tissues that noise did not choose, 0.

    The noise is half the difference of two draws, times the square root of two: insertion itself
    shifts CT numbers where hardly a photon arrives.
    """
    for dose in (0.25, 0.05):
        ours: list[dict[str, Shift]] = []
        naive: dict[str, list[float]] = {name: [] for name in TISSUES}
        for scan, full in slices[::2]:
            one, other = low(scan, full, dose, draws=2)
            image = full + (one - other) / np.float32(2**0.5)
            ours.append(shifts(image, full))
            for name, (lower, upper) in TISSUES.items():
                naive[name].append(float((full - image)[(image > lower) & (image < upper)].mean()))
        for name, shift in pooled(ours).items():
            bound = max(0.5, 3 * shift.error)
            tell(
                f"{name} at {dose:.0%} dose (thresholds: {np.mean(naive[name]):+.1f} HU)",
                f"{shift.shift:+.2f} ± {shift.error:.2f} HU",
                f"within {bound:.1f} HU of 0",
                abs(shift.shift) <= bound,
            )


def speed(full: Image) -> None:
    """Time of all figures of a slice beside twenty Gaussian filters of it."""
    output = gaussian_filter(full, 1)

    def filters() -> None:
        for _ in range(20):
            gaussian_filter(full, 1)

    times = in_turns({"ours": lambda: judge(full, output), "yardstick": filters}, 5)
    beside("all figures of a 512 x 512 slice", times["ours"], times["yardstick"],
           "20 Gaussian filters", at_most=FIGURES)  # fmt: skip


if __name__ == "__main__":
    if not CT.exists():
        print("Nothing measured: the real CT in ../shared/data is not on this machine.")
        sys.exit(0)
    slices = real()
    tell("slices", str(len(slices)))
    anatomy(slices)
    selection(slices)
    speed(slices[0][1])
    sys.exit(verdict())
