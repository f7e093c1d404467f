"""Low dose from full dose: how fast it is and how well it agrees with the physics.

    python benchmarks/low_dose.py [--device cuda]

Prints every figure beside its bound and ends with a non-zero exit code if one is missed.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from _bounds import tell, verdict  # noqa: E402
from independent import Ellipse, image, scan  # noqa: E402

from ctdenoise.dose.calibration import noise_variance  # noqa: E402
from ctdenoise.dose.insertion import Physics, insert_noise  # noqa: E402
from ctdenoise.metrics.noise_power import noise_power_spectrum  # noqa: E402

SIZE, PIXEL = 256, 0.9


def middle(radius: float) -> np.ndarray:
    place = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL
    return np.hypot(place[:, None], place) < radius


def speed(device: str) -> None:
    hu = np.repeat(image([Ellipse(170, 110), Ellipse(25, 25, -0.7, 60)], 512, 0.7)[None], 8, 0)
    started = time.perf_counter()
    insert_noise(hu[:1], (0.7, 0.7), 0.25, device=device)
    first = (time.perf_counter() - started) * 1000
    tell("first 512 x 512 slice of a geometry, tables included", f"{first:.0f} ms")
    for slices, draws in ((1, 1), (8, 1), (8, 4)):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            insert_noise(hu[:slices], (0.7, 0.7), 0.25, draws=draws, device=device)
            times.append((time.perf_counter() - started) * 1000 / slices / draws)
        value = float(np.median(times))
        what = f"an image of {slices} slices x {draws} draws, 512 x 512, 720 views"
        tell(what, f"{value:.0f} ms", "at most 350 ms, aim 150", value <= 350)


def dose_law(device: str) -> None:
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
    torch.set_num_threads(2)
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 1:
        print(f"The machine is busy (load {os.getloadavg()[0]:.1f}): times are too long.")
    print(f"{'figure':58s} {'measured':>22s}   bound")
    for part in (speed, dose_law, total, texture):
        part(device)
    return verdict()


if __name__ == "__main__":
    raise SystemExit(main())
