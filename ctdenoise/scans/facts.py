"""What a DICOM header says that pairing and splitting need, read before de-identification."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ctdenoise.scans import vocabulary
from ctdenoise.scans.dose_words import dose_word
from ctdenoise.scans.scan import Facts

if TYPE_CHECKING:  # the dashboard's server needs no pydicom
    from pydicom.dataset import Dataset


def patient(dataset: "Dataset") -> str:
    """The patient's ID; where it is blank, everything in one study is one patient."""
    study = text(dataset, "StudyInstanceUID")
    return text(dataset, "PatientID") or (f"study {study}" if study else "")


def facts(dataset: "Dataset") -> Facts:
    """What a series' header says, of its dose and its kernel above all.

    Facts outlive de-identification, so of its text only known words become facts.
    """
    codes = text(dataset, "ConvolutionKernel").split("/")
    kernel = "/".join(code for code in map(vocabulary.kernel, codes) if code)
    kv, thickness = map(_plausible, numbers(dataset, "KVP", "SliceThickness"))
    described = ("SeriesDescription", "ImageComments", "ProtocolName")
    word = next(filter(None, (dose_word(text(dataset, keyword)) for keyword in described)), "")
    number = text(dataset, "SeriesNumber")  # with more digits it may be a date, an ID
    label = [f"Series {number}" if re.fullmatch(r"\d{1,5}[a-z]?", number) else "Series", kernel]
    label += [f"{thickness:g} mm" if thickness else "", f"{word} dose" if word else ""]
    maker = vocabulary.maker(text(dataset, "Manufacturer"))
    model = vocabulary.model(text(dataset, "ManufacturerModelName"))
    return Facts(
        patient=patient(dataset),
        series=", ".join(part for part in label if part),
        modality=text(dataset, "Modality"),
        dose_word=word,
        exposure_mas=_plausible(_exposure(dataset)),
        kernel=kernel,
        tube_kv=kv,
        thickness_mm=thickness,
        scanner=f"{maker} {model}".strip(),
    )


def _plausible(value: float | None) -> float | None:
    """No slice has 20,000 mm, no tube as many kV or mAs; an ID in a field for numbers may."""
    return value if value and abs(value) < 20_000 else None


def _exposure(dataset: "Dataset") -> float | None:
    """Tube current times time in mAs, from whichever of the tags the scanner filled."""
    mas, exact, micro, current, time = numbers(
        dataset, "Exposure", "ExposureInmAs", "ExposureInuAs", "XRayTubeCurrent", "ExposureTime"
    )
    if mas or exact:
        return mas or exact
    if micro:
        return micro / 1000
    return current * time / 1000 if current and time else None


def value(dataset: "Dataset", keyword: str) -> Any:
    """What stands under a keyword; None where nothing does, or nothing that can be read."""
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom converts a value when it is asked for, and raises what it likes
        return None


def text(dataset: "Dataset", keyword: str) -> str:
    """A keyword's text, several values with slashes between them; "" where there is none."""
    held = value(dataset, keyword)
    if held is None or isinstance(held, str):
        return (held or "").strip()
    return "/".join(map(str, held)) if isinstance(held, Sequence) else str(held)


def numbers(dataset: "Dataset", *keywords: str) -> list[float | None]:
    """Values of keywords; None where missing, not a number or not finite."""
    found: list[float | None] = []
    for keyword in keywords:
        try:
            held = value(dataset, keyword)
            if not isinstance(held, str) and isinstance(held, Sequence) and len(set(held)) == 1:
                held = held[0]  # the same twice
            number = float(held)
            found.append(number if np.isfinite(number) else None)
        except (TypeError, ValueError, OverflowError):
            found.append(None)
    return found


def integer(dataset: "Dataset", keyword: str) -> int:
    """A keyword's whole number, 0 where there is none."""
    return int(numbers(dataset, keyword)[0] or 0)


def vector(dataset: "Dataset", keyword: str, length: int) -> tuple[float, ...] | None:
    """A keyword's ``length`` finite numbers, None where there are not as many."""
    try:
        values = tuple(float(v) for v in value(dataset, keyword))
    except (TypeError, ValueError, OverflowError):
        return None
    return values if len(values) == length and np.isfinite(values).all() else None
