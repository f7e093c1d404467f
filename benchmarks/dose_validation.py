"""The simulated low dose beside theory, another simulation and the FDA's phantom.

    python benchmarks/dose_validation.py

Prints the figures of docs/dose-validation.md beside their bounds, draws its pictures into
docs/images/ and ends with a non-zero exit code if a bound is missed. "Independent" is
tests/dose/independent.py: it scans ellipses at the low dose itself and shares no line with
ctdenoise.dose. Ours is inserted into its full-dose scans.
"""

import math

import _dose_figures as figures
import numpy as np
from _bounds import tell, verdict
from _dose_noise import (
    PIXEL,
    ROI,
    Body,
    apart,
    directional,
    disc,
    middle,
    off,
    peak,
    sd,
    spectrum,
    transfer,
)
from _dose_phantom import phantom
from independent import MU, Ellipse, paths

from ctdenoise.dose.insertion import Physics, expected_counts, image_beam

DISC = Body("disc", [Ellipse(95, 95)], Physics(photons=3e5))
HIPS = Body(
    "hips",
    [Ellipse(110, 70), Ellipse(14, 14, 0.6, 60), Ellipse(14, 14, 0.6, -60)],
    Physics(photons=2e4),
)
DOSES = (0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
SCANS, DRAWS = 32, 3
"""Full-dose scans, and noise draws of each for spectra, which scatter more than an SD."""

SHOWN = 128
"""Side in pixels of the middle where SDs are taken."""


def dose_law(body: Body) -> tuple[list[float], list[float]]:
    """SD and mean against dose; the added SD in units of full dose's, independent and ours."""
    where = disc(SHOWN, 55)
    full = body.scans(SCANS)
    shown = middle(full, SHOWN)
    base, mean = sd(shown, where), shown[:, where].mean()
    tell(f"{body.name}: SD at full dose", f"{base:.1f} HU")
    added: tuple[list[float], list[float]] = ([], [])
    for dose in DOSES:
        both = (body.scans(SCANS, dose, seed=1000, shown=SHOWN),
                middle(body.inserted(full, dose)[0], SHOWN))  # fmt: skip
        sds = [sd(images, where) for images in both]
        for curve, value in zip(added, sds, strict=True):
            curve.append(math.sqrt(value**2 - base**2) / base)
        away = off(sds[1], sds[0])
        tell(
            f"{body.name}, {100 * dose:g} % dose: total SD, independent / ours",
            f"{sds[0]:.1f} / {sds[1]:.1f} HU ({away:+.1f} %)",
            "within 2 %",
            abs(away) < 2,
        )
        tell(
            f"   added / full-dose SD; sqrt(1/a - 1) = {math.sqrt(1 / dose - 1):.2f}",
            f"{added[0][-1]:.2f} / {added[1][-1]:.2f}",
        )
        shifts = [float(images[:, where].mean() - mean) for images in both]
        away = shifts[1] - shifts[0]
        tell(
            "   mean, shifted by",
            f"{shifts[0]:+.1f} / {shifts[1]:+.1f} HU",
            "within 2 HU",
            abs(away) < 2,
        )
    return added


def texture(body: Body) -> None:
    """Radial spectra beside theory, its height included, and where they peak."""
    f50 = body.physics.f50
    wanted = f50 / math.sqrt(4 * math.log(2))
    full = body.scans(SCANS)
    panels = []
    for dose in (0.25, 0.01):
        true = spectrum(body.scans(SCANS * DRAWS, dose, seed=1000, shown=ROI))
        made = spectrum(body.inserted(full, dose, draws=DRAWS))
        expected = body.strength(dose).mean() * transfer(true.frequencies, f50)
        what = f"{body.name}, {100 * dose:g} % dose: NPS"
        for name, power in (("independent", true), ("ours", made)):
            away = off(peak(power), wanted)
            tell(
                f"{what} peak, {name}",
                f"{peak(power):.3f} lp/mm ({away:+.1f} %)",
                f"{wanted:.3f} within 5 %",
                abs(away) < 5,
            )
        for name, curve in (("theory", expected), ("independent", true.radial)):
            far = apart(made, curve)
            tell(f"{what}, ours from {name}", f"{far:.1f} %", "at most 6 %", far < 6)
        panels.append(
            (f"{100 * dose:g} % dose", true.frequencies, expected, true.radial, made.radial)
        )
    figures.texture(panels, wanted)


def streaks(body: Body) -> None:
    """How much stronger the noise is along the body than across it."""
    f50 = body.physics.f50
    full = body.scans(SCANS)
    panels = []
    for dose in (0.25, 0.05):
        expected = body.strength(dose).reshape(18, -1).mean(1)
        true = body.scans(SCANS * DRAWS, dose, seed=1000, shown=ROI)
        made = body.inserted(full, dose, draws=DRAWS)
        curves = [expected, *(directional(spectrum(images), f50) for images in (true, made))]
        ratios = [curve[[8, 9]].mean() / curve[[0, 17]].mean() for curve in curves]
        away = off(ratios[2], ratios[1])
        tell(
            f"{body.name}, {100 * dose:g} % dose: noise power along / across, theory",
            f"{ratios[0]:.1f}",
        )
        tell(
            "   independent / ours",
            f"{ratios[1]:.1f} / {ratios[2]:.1f} ({away:+.1f} %)",
            "within 10 %",
            abs(away) < 10,
        )
        panels.append((f"{100 * dose:g} % dose", *curves))
    figures.streaks(panels)
    along, across = rays(body, full[0])
    tell(
        "   rays' 1/N along / across the body, ours from the formula's",
        f"{along:+.1f} / {across:+.1f} %",
        "within 3 %",
        max(abs(along), abs(across)) < 3,
    )
    low = f"{100 * dose:g} % dose"
    figures.pictures({
        "Full dose": full[0],
        f"{low}, independent": body.scans(1, dose, seed=1000)[0],
        f"{low}, ours": made[0, 0],
    })  # fmt: skip


def rays(body: Body, image: figures.Curve) -> tuple[float, float]:
    """How far, in percent, the mean of 1/N that ours sees in an image is from the truth, for rays
    through the middle along the body and across it."""
    beam = image_beam(image.shape, (PIXEL, PIXEL), "cpu")
    seen = expected_counts(image[None], (PIXEL, PIXEL), body.physics, beam)[0].numpy()
    path = paths(body.parts, beam.rays, PIXEL)
    true = body.physics.photons * np.exp(-MU * path)
    through = slice((beam.rays - ROI) // 2, (beam.rays + ROI) // 2)

    def far(views: slice) -> float:
        return off((1 / seen[views, through]).mean(), (1 / true[views, through]).mean())

    middle_view = beam.views // 2
    return far(slice(middle_view - 5, middle_view + 5)), far(slice(0, 5))


def main() -> int:
    print(f"{'figure':58s} {'measured':>22s}   bound")
    figures.dose_law(DOSES, {body.name: dose_law(body) for body in (DISC, HIPS)})
    texture(DISC)
    streaks(HIPS)
    phantom()
    return verdict()


if __name__ == "__main__":
    raise SystemExit(main())
