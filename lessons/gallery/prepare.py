"""Make the figures and the pictures of the gallery of mistakes, from the sample alone.

    nice python lessons/gallery/prepare.py [ID ...]

Trains what the entries' own ``live`` settings say, with their seeds, in ``build/gallery`` (what is
there already is not trained again), and measures every figure on the very pixels that are kept.
Half an hour on one core.
"""

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from ctdenoise.config import events
from ctdenoise.config.shipped import file
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.dose.insertion import Physics, insert_noise
from ctdenoise.lessons.alterations import altered
from ctdenoise.lessons.gallery import ENTRY, FIGURES, FOLDER, PICTURES, SPACING, Live, Training
from ctdenoise.metrics.fidelity import psnr, rmse
from ctdenoise.metrics.metric import CONVENTIONS
from ctdenoise.scans.sample import DOSE_FRACTION, SERIES
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import ROOT
from ctdenoise.training.trainer import train
from ctdenoise.units import to_int16
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.sample import WORKSPACE, ensure_sample

RUNS = ROOT / "build" / "gallery"
SEED = 1
CROP = slice(160, 416), slice(85, 341)
"""Rows and columns of the abdomen that are kept."""
LIVER = slice(80, 140), slice(25, 95)
"""Rows and columns of the crop that hold liver without large vessels."""
SLICE = 4
"""Of the abdomen: that whose picture is shown during a training that tests on it."""
TISSUE = CONVENTIONS["red-cnn"]
"""The viewer's window of soft tissue, -160 to 240 HU, in which PSNR is told."""

Image = NDArray[np.float32]
Kept = NDArray[np.int16]
Made = tuple[dict[str, Kept], dict[str, float]]


@cache
def pair(series: str) -> Pair:
    """Low and full dose of one of the sample's patients."""
    ensure_sample(RUNS)
    ids = {each.prefix: each.pair for each in SERIES}
    return Library(RUNS / WORKSPACE).pair(ids[series])


@cache
def low(series: str = "abdomen", index: int = SLICE) -> Image:
    """The low dose of a slice, as every page shows it."""
    return np.array(pair(series).low[0, index])


@cache
def full(series: str = "abdomen", index: int = SLICE) -> Image:
    """The full dose of a slice."""
    return np.array(pair(series).full[index])


def run_of(live: Live, number: int) -> Path:
    """The folder of a run of an entry, trained if it is not yet."""
    settings = live.runs[number].settings
    name = "-".join(live.series) + "-" + _told(live.runs[number])
    folder = RUNS / name
    if not any(isinstance(each, events.Ended) for each in events.read(folder)):
        print(f"  training {name}", flush=True)
        train(settings, [pair(each) for each in live.series], folder)
    return folder


def _told(run: Training) -> str:
    """A run's settings as the name of a folder."""
    return "_".join([run.preset, *(f"{key}={value}" for key, value in run.config.items())])


def through(network: Path, image: Image) -> Image:
    """A slice through the network of a run or one that ships."""
    return Denoiser.load(network, "cpu").denoise(image[None])[0]


def kept(image: Image) -> Kept:
    """What is shown of a slice of the abdomen."""
    return to_int16(image[CROP])


def compared(pictures: Mapping[str, Kept], reference: str = "full") -> dict[str, float]:
    """RMSE in HU and PSNR in dB of all pictures against one."""
    target, found = pictures[reference].astype(float), {}
    for name, image in pictures.items():
        if name != reference:
            found[f"{name}_rmse"] = rmse(image.astype(float), target)
            found[f"{name}_psnr"] = psnr(image.astype(float), target, TISSUE) or 0.0
    return found


def in_liver(pictures: Mapping[str, Kept]) -> dict[str, float]:
    """Mean and SD of the liver, in HU."""
    found = {}
    for name, image in pictures.items():
        found[f"{name}_mean"] = float(image[LIVER].mean())
        found[f"{name}_sd"] = float(image[LIVER].std())
    return found


def learned(folder: Path, name: str) -> dict[str, float]:
    """RMSE of the last epoch, on what was learned from and on the validation patches; on these the
    highest of all epochs, too."""
    epochs = [e for e in events.read(folder) if isinstance(e, events.Epoch)]
    last = epochs[-1]
    found = {f"{name}_validation": last.validation_mse**0.5, "low_validation": last.low_mse**0.5}
    found[f"{name}_highest"] = max(each.validation_mse for each in epochs) ** 0.5
    if "mse" in last.terms:
        found[f"{name}_training"] = last.terms["mse"] ** 0.5
    return found


def wrong_and_right(live: Live) -> Made:
    """A run that goes wrong beside one that does not, and maybe another, on a patient whom none
    of them knows."""
    names = ("wrong", "right", "other")[: len(live.runs)]
    runs = {name: run_of(live, number) for number, name in enumerate(names)}
    pictures = {"low": kept(low()), "full": kept(full())}
    pictures |= {name: kept(through(folder, low())) for name, folder in runs.items()}
    figures = compared(pictures) | in_liver(pictures)
    for number, (name, folder) in enumerate(runs.items()):
        settings = live.runs[number].settings
        figures |= learned(folder, name) | {
            f"{name}_rate": settings.learning_rate,
            f"{name}_layers": settings.layers,
            f"{name}_patches": settings.patches,
            f"{name}_field": settings.spec.receptive_field(settings),
        }
        difference = pictures[name].astype(float) - pictures["full"]
        figures[f"{name}_times"] = settings.learning_rate / live.runs[1].settings.learning_rate
        figures[f"{name}_shift"] = float(difference[LIVER].mean())
        figures[f"{name}_shift_all"] = float(difference.mean())
    return pictures, figures


def same_patient(live: Live) -> Made:
    """A network that has seen other slices of the patient, on that patient and on another."""
    knows = run_of(live, 0)
    stranger = run_of(live.model_copy(update={"series": tuple(s.prefix for s in SERIES)}), 0)
    last = pair("abdomen").slices - 1
    pictures = {"low": kept(low(index=last)), "full": kept(full(index=last))}
    pictures["wrong"] = kept(through(knows, low(index=last)))
    pictures["right"] = kept(through(stranger, low(index=last)))
    figures = compared(pictures)
    figures |= {f"{n}_gain": figures[f"{n}_psnr"] - figures["low_psnr"] for n in ("wrong", "right")}
    for other in ("heart", "chest"):
        before = psnr(low(other), full(other), TISSUE) or 0.0
        for name, network in (("wrong", knows), ("right", stranger)):
            after = psnr(through(network, low(other)), full(other), TISSUE) or 0.0
            figures[f"{name}_{other}_gain"] = after - before
    return pictures, figures


def wrong_intercept(live: Live) -> Made:
    """The same low dose with its numbers as they are, and as a wrong intercept makes them."""
    assert live.scan
    shift, network = live.scan.shift, file("recommended")
    pictures = {
        "low": kept(low()),
        "full": kept(full()),
        "moved": kept(low() + np.float32(shift)),
        "right": kept(through(network, low())),
        "wrong": kept(through(network, low() + np.float32(shift))),
    }
    back = pictures | {n: (pictures[n] - round(shift)).astype(np.int16) for n in ("moved", "wrong")}
    figures = in_liver(pictures) | {"shift": shift, "upper": TISSUE.window.upper}
    figures |= {f"back_{name}": value for name, value in compared(back).items()}
    figures["white"] = float(np.mean(pictures["moved"] >= TISSUE.window.upper)) * 100
    return pictures, figures


def never_seen(live: Live) -> Made:
    """A network on noise of the dose and kernel that it knows, and of others; beside it one that
    has learned from many."""
    assert live.scan and live.scan.dose and live.scan.f50
    of, spacing = live.scan.of, pair("abdomen").spacing
    assert spacing
    network, broad = run_of(live, 0), file("optimised")
    pictures = {"full": kept(full())}
    doses = {
        "known": (DOSE_FRACTION, of.f50),
        "kernel": (DOSE_FRACTION, live.scan.f50),
        "dose": (live.scan.dose, of.f50),
        "both": (live.scan.dose, live.scan.f50),
    }
    figures = {}
    for name, (dose, f50) in doses.items():
        physics = Physics(photons=of.photons, f50=f50)
        noisy = insert_noise(full()[None], spacing, dose, physics=physics, seed=SEED)[0, 0]
        pictures[f"{name}-low"] = kept(noisy)
        pictures[f"{name}-out"] = kept(through(network, noisy))
        if name in ("known", "both"):
            pictures[f"{name}-broad"] = kept(through(broad, noisy))
        figures |= {f"{name}_percent": 100 * dose, f"{name}_f50": f50}
    figures |= {key.replace("-", "_"): value for key, value in compared(pictures).items()}
    for name in doses:
        left = figures[f"{name}_out_rmse"] / figures[f"{name}_low_rmse"]
        figures[f"{name}_removed"] = 100 * (1 - left)
    left = figures["both_broad_rmse"] / figures["both_low_rmse"]
    return pictures, figures | {"both_broad_removed": 100 * (1 - left)}


def lesion(live: Live) -> Made:
    """A low-contrast disc in the liver before the dose is lowered, and what a network leaves."""
    assert live.scan and live.scan.disc and live.scan.dose
    disc, of, network = live.scan.disc, live.scan.of, file("optimised")
    spacing = pair("abdomen").spacing
    assert spacing
    physics = Physics(photons=of.photons, f50=of.f50)
    pictures, share = {}, disc.share(full().shape, spacing)  # type: ignore[arg-type]
    for name, inserted in (("with", disc), ("without", None)):
        anatomy = altered(full()[None], spacing, 0, inserted)
        noisy = insert_noise(anatomy, spacing, live.scan.dose, physics=physics, seed=SEED)[0, 0]
        pictures |= {f"full-{name}": kept(anatomy[0]), f"low-{name}": kept(noisy),
                     f"out-{name}": kept(through(network, noisy))}  # fmt: skip
    inside = share[CROP] > 0.99
    figures = {"diameter": disc.diameter, "contrast": disc.contrast, "dose": 100 * live.scan.dose}
    for name in ("full", "low", "out"):
        difference = pictures[f"{name}-with"].astype(float) - pictures[f"{name}-without"]
        figures[f"{name}_contrast"] = float(difference[inside].mean())
        figures[f"{name}_sd"] = float(pictures[f"{name}-without"][LIVER].std())
    figures["left"] = 100 * figures["out_contrast"] / figures["full_contrast"]
    found = compared(pictures, "full-with")
    figures |= {f"{name}_psnr": found[f"{name}-with_psnr"] for name in ("low", "out")}
    figures["row"], figures["column"] = np.argwhere(inside).mean(0).tolist()
    return pictures, figures


def flattering_metric(live: Live) -> Made:
    """PSNR of the same pixels, in a narrow window and in the range of all HU."""
    pictures = {"low": kept(low()), "full": kept(full())}
    image, reference = (pictures[name].astype(float) for name in ("low", "full"))
    names = {"tissue": "red-cnn", "chest": "chest", "all": "full"}
    figures = {f"{short}_psnr": psnr(image, reference, CONVENTIONS[n]) or 0.0
               for short, n in names.items()}  # fmt: skip
    figures |= {f"{short}_range": CONVENTIONS[n].data_range for short, n in names.items()}
    figures["more"] = figures["all_psnr"] - figures["tissue_psnr"]
    return pictures, figures | compared({"low": pictures["low"], "full": pictures["full"]})


MAKERS: dict[str, Callable[[Live], Made]] = {
    "learning-rate": wrong_and_right,
    "fixed-order": wrong_and_right,
    "same-patient": same_patient,
    "wrong-intercept": wrong_intercept,
    "vgg-alone": wrong_and_right,
    "few-layers": wrong_and_right,
    "never-seen": never_seen,
    "lesion": lesion,
    "flattering-metric": flattering_metric,
}


def main() -> None:
    """Make the entries that are named, or all."""
    for id in sys.argv[1:] or MAKERS:
        print(id, flush=True)
        place = FOLDER / id
        given = yaml.safe_load((place / ENTRY).read_text(encoding="utf-8"))
        live = Live.model_validate(given["live"])
        pictures, figures = MAKERS[id](live)
        shown = {each[key] for each in given["pictures"] for key in ("picture", "minus")
                 if key in each}  # fmt: skip
        held = {name: image for name, image in pictures.items() if name in shown}
        spacing = np.array(pair("abdomen").spacing)
        np.savez_compressed(place / PICTURES, **{SPACING: spacing}, **held)
        told = json.dumps({name: round(float(x), 4) for name, x in figures.items()}, indent=1)
        (place / FIGURES).write_text(told + "\n", encoding="utf-8")
        print(told, f"{(place / PICTURES).stat().st_size / 1024:.0f} KB", flush=True)


if __name__ == "__main__":
    main()
