"""What a DICOM header says that pairing and splitting need, read before de-identification."""

from typing import TYPE_CHECKING

import numpy as np

from ctdenoise.scans.dose_words import dose_word
from ctdenoise.scans.scan import Facts

if TYPE_CHECKING:  # the dashboard's server needs no pydicom
    from pydicom.dataset import Dataset


def patient(dataset: "Dataset") -> str:
    """The patient's ID; where it is blank, everything in one study is one patient."""
    study = dataset.get("StudyInstanceUID")
    return str(dataset.get("PatientID") or "").strip() or (f"study {study}" if study else "")


def facts(dataset: "Dataset") -> Facts:
    """What a series' header says, of its dose and its kernel above all."""
    kernel = dataset.get("ConvolutionKernel") or ""
    kernel = kernel if isinstance(kernel, str) else "/".join(map(str, kernel))
    kv, thickness = numbers(dataset, "KVP", "SliceThickness")
    told = ("SeriesDescription", "ImageComments", "ProtocolName")
    word = next(filter(None, (dose_word(str(dataset.get(k) or "")) for k in told)), "")
    number = dataset.get("SeriesNumber")
    label = [f"Series {number}" if number is not None else "Series", kernel]
    label += [f"{thickness:g} mm" if thickness else "", f"{word} dose" if word else ""]
    maker = f"{dataset.get('Manufacturer') or ''} {dataset.get('ManufacturerModelName') or ''}"
    return Facts(
        patient=patient(dataset),
        series=", ".join(part for part in label if part),
        modality=str(dataset.Modality),
        dose_word=word,
        exposure_mas=_exposure(dataset),
        kernel=kernel,
        tube_kv=kv,
        thickness_mm=thickness,
        scanner=" ".join(maker.split()),
    )


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


def numbers(dataset: "Dataset", *keywords: str) -> list[float | None]:
    """Values of keywords; None where missing, not a number or not finite."""
    found: list[float | None] = []
    for keyword in keywords:
        try:
            value = float(dataset.get(keyword))
            found.append(value if np.isfinite(value) else None)
        except (TypeError, ValueError):
            found.append(None)
    return found


def integer(dataset: "Dataset", keyword: str) -> int:
    """A keyword's whole number, 0 where there is none."""
    return int(numbers(dataset, keyword)[0] or 0)


def vector(dataset: "Dataset", keyword: str, length: int) -> tuple[float, ...] | None:
    """A keyword's ``length`` finite numbers, None where there are not as many."""
    try:
        values = tuple(float(v) for v in dataset.get(keyword))
    except (TypeError, ValueError):
        return None
    return values if len(values) == length and np.isfinite(values).all() else None
