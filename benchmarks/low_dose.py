"""Low dose from full dose: how fast it is and how well it agrees with the physics.

    python benchmarks/low_dose.py [--device cuda]

Prints every figure beside its bound and ends with a non-zero exit code if one is missed. The
yardstick of the time is four Fourier transforms of 1024 x 1024 complex numbers a slice, as the
projection there and back through the Fourier slice theorem needs them at least.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from _bounds import beside, in_turns, seconds, tell, verdict  # noqa: E402
from independent import Ellipse, image, scan  # noqa: E402

from ctdenoise.dose.calibration import noise_variance  # noqa: E402
from ctdenoise.dose.insertion import Physics, insert_noise  # noqa: E402
from ctdenoise.metrics.noise_power import noise_power_spectrum  # noqa: E402

SIZE, PIXEL = 256, 0.9
SLICE = {(1, 1): 2.3, (4, 1): 2.3, (4, 4): 1.6}
"""By slices and draws: 1.6, 1.6 and 1.1 measured; draws share the projection there."""


def middle(radius: float) -> np.ndarray:
    """A disc of that radius in mm around the centre, (SIZE, SIZE) of bool."""
    place = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL
    return np.hypot(place[:, None], place) < radius


def transforms(slices: int, device: str) -> None:
    """The yardstick: four transforms for each slice."""
    values = torch.ones(1024, 1024, dtype=torch.complex64, device=device)
    for _ in range(4 * slices):
        values = torch.fft.fft2(values, norm="ortho")
    float(values[0, 0].real)  # waits for a device that computes on its own


def speed(device: str) -> None:
    """Time of a slice beside its Fourier transforms."""
    hu = np.repeat(image([Ellipse(170, 110), Ellipse(25, 25, -0.7, 60)], 512, 0.7)[None], 4, 0)
    first = seconds(lambda: insert_noise(hu[:1], (0.7, 0.7), 0.25, device=device))
    tell("first 512 x 512 slice of a geometry, tables included", f"{1000 * first:.0f} ms")
    for (slices, draws), bound in SLICE.items():
        times = in_turns({
            "yardstick": partial(transforms, slices * draws, device),
            "ours": partial(insert_noise, hu[:slices], (0.7, 0.7), 0.25, draws=draws,
                            device=device),
        }, 5)  # fmt: skip
        beside(f"{slices} slices x {draws} draws, 512 x 512, 720 views", times["ours"],
               times["yardstick"], "transforms", at_most=bound)  # fmt: skip


def dose_law(device: str) -> None:
    """The added noise's SD against sqrt(1 / dose - 1)."""
    physics, roi = Physics(photons=1e6, electrons=0.0), middle(70)
    hu = image([Ellipse(95, 95)], SIZE, PIXEL)
    full = np.sqrt(noise_variance(hu, (PIXEL, PIXEL), physics)[roi].mean())
    for dose in (0.1, 0.2, 0.25, 0.3, 0.4, 0.5):
        low = insert_noise(
            hu[None], (PIXEL, PIXEL), dose, physics=physics, draws=8, seed=1, device=device
        )
        ratio, law = (low[:, 0] - hu)[:, roi].std() / full, np.sqrt(1 / dose - 1)
        off = 100 * (ratio / law - 1)
        what = f"added SD / full-dose SD at dose {dose:g}, 1e6 photons, no electrons"
        tell(what, f"{ratio:.3f} ({off:+.1f} %)", f"{law:.3f} within 2 %", abs(off) < 2)


def total(device: str) -> None:
    """The total SD against scans that were simulated at the low dose."""
    bodies = {
        "disc": [Ellipse(95, 95)],
        "hips": [Ellipse(110, 70), Ellipse(12, 12, 0.6, 50), Ellipse(12, 12, 0.6, -50)],
    }
    roi = middle(55)[64:192, 64:192]

    def sd(images: np.ndarray) -> float:
        return float(np.sqrt(images.var(axis=0, ddof=1)[roi].mean()))

    for name, photons in (("disc", 3e5), ("hips", 2e4), ("disc", 5e3)):
        physics, body = Physics(photons=photons), bodies[name]
        common = {"electrons": physics.electrons, "f50": physics.f50}
        full = np.stack(
            [scan(body, SIZE, PIXEL, photons=photons, seed=s, **common) for s in range(4)]
        )
        for dose in (0.25, 0.1):
            true = [
                scan(body, SIZE, PIXEL, photons=dose * photons, seed=9 + s, shown=128, **common)
                for s in range(6)
            ]
            low = insert_noise(
                full, (PIXEL, PIXEL), dose, physics=physics, draws=4, seed=2, device=device
            )[..., 64:192, 64:192]
            inserted, wanted = np.sqrt(np.mean([sd(d) ** 2 for d in low])), sd(np.stack(true))
            off = 100 * (inserted / wanted - 1)
            what = f"total SD, {name}, {photons:.0e} photons, dose {dose:g}"
            value, bound = f"{inserted:.1f} HU ({off:+.1f} %)", f"{wanted:.1f} HU within 2 %"
            tell(what, value, bound, abs(off) < 2)


def texture(device: str) -> None:
    """Where the noise power peaks, and that streaks lie along the body."""
    hu = image([Ellipse(95, 95)], SIZE, PIXEL)
    for f50 in (0.3, 0.4):
        low = insert_noise(
            hu[None], (PIXEL, PIXEL), 0.25, physics=Physics(f50=f50), draws=24, device=device
        )
        power = noise_power_spectrum((low[:, 0] - hu)[:, 64:192, 64:192], (PIXEL, PIXEL))
        near = power.radial > 0.8 * power.radial.max()
        parabola = np.polyfit(power.frequencies[near], power.radial[near], 2)
        peak, wanted = -parabola[1] / (2 * parabola[0]), f50 / np.sqrt(4 * np.log(2))
        off = 100 * (peak / wanted - 1)
        value, bound = f"{peak:.3f} lp/mm ({off:+.1f} %)", f"{wanted:.3f} lp/mm within 5 %"
        tell(f"NPS peak at f50 = {f50:g} lp/mm", value, bound, abs(off) < 5)
    body = image([Ellipse(110, 50)], SIZE, PIXEL)
    noise = insert_noise(body[None], (PIXEL, PIXEL), 0.25, draws=4, device=device)[:, 0] - body
    noise = noise[:, 96:160, 96:160]
    along, across = (np.mean(noise * np.roll(noise, 2, axis)) / noise.var() for axis in (2, 1))
    what = "elongated body: correlation 2 px along / across its axis"
    tell(what, f"{along:.2f} / {across:.2f}", "along > across + 0.15", along > across + 0.15)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args().device
    torch.set_num_threads(1)  # a simulation's threads would wait for other people's work
    print(f"{'figure':58s} {'measured':>22s}   bound")
    for part in (speed, dose_law, total, texture):
        part(device)
    return verdict()


if __name__ == "__main__":
    raise SystemExit(main())
