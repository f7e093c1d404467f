"""What a DICOM header says that pairing and splitting need, read before de-identification."""

import re
from typing import TYPE_CHECKING

import numpy as np

from ctdenoise.scans import vocabulary
from ctdenoise.scans.scan import Facts

if TYPE_CHECKING:  # the dashboard's server needs no pydicom
    from pydicom.dataset import Dataset

_LOW = re.compile(r"\b(ultra)?[\s_-]*low[\s_-]*dose|\bquarter|\bldct|\buldct|\bqd(ct)?\b", re.I)
_FULL = re.compile(
    r"\b(full|normal|standard|routine|high|regular)[\s_-]*dose|\bfdct|\bndct|\bfd\b", re.I
)


def dose_word(text: str) -> str:
    """ "low", "full" or "" as a description says it.

    >>> dose_word("Low Dose Images"), dose_word("Full Dose Images"), dose_word("Thorax 1.0")
    ('low', 'full', '')
    """
    return "low" if _LOW.search(text) else "full" if _FULL.search(text) else ""


def patient(dataset: "Dataset") -> str:
    """The patient's ID; where it is blank, everything in one study is one patient."""
    study = dataset.get("StudyInstanceUID")
    return str(dataset.get("PatientID") or "").strip() or (f"study {study}" if study else "")


def facts(dataset: "Dataset") -> Facts:
    """What a series' header says, of its dose and its kernel above all.

    Facts outlive de-identification, so of its text only known words become facts.
    """
    codes = dataset.get("ConvolutionKernel") or ""
    codes = [codes] if isinstance(codes, str) else map(str, codes)
    kernel = "/".join(code for code in map(vocabulary.kernel, codes) if code)
    kv, thickness = map(_plausible, numbers(dataset, "KVP", "SliceThickness"))
    words = [str(dataset.get(k) or "") for k in ("SeriesDescription", "ImageComments")]
    word = dose_word(" ".join([*words, str(dataset.get("ProtocolName") or "")]))
    number = str(dataset.get("SeriesNumber")).strip()  # with more digits it may be a date, an ID
    label = [f"Series {number}" if re.fullmatch(r"\d{1,5}[a-z]?", number) else "Series", kernel]
    label += [f"{thickness:g} mm" if thickness else "", f"{word} dose" if word else ""]
    maker = vocabulary.maker(str(dataset.get("Manufacturer") or ""))
    model = vocabulary.model(str(dataset.get("ManufacturerModelName") or ""))
    return Facts(
        patient=patient(dataset),
        series=", ".join(part for part in label if part),
        modality=str(dataset.Modality),
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
