"""Take the patient's identity out of a DICOM dataset, the same way each time in one workspace.

What stays is listed (:mod:`ctdenoise.scans.allowed`); all else goes: private and unknown elements,
overlays and curves, text, and what pixel data hides. Nobody can list where people write names.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID_dictionary

from ctdenoise.errors import telling_disk_problems
from ctdenoise.scans.allowed import CODES, EMPTIED, KEPT, SEQUENCES, UIDS, cleaned
from ctdenoise.scans.dataset import PIXELS
from ctdenoise.scans.hidden import take_out_hidden

METHOD = "Allow-list: pixels, geometry, physics, derivation"
PROFILE = ("113100", "DCM", "Basic Application Confidentiality Profile")
"""CID 7050 of PS3.16: what the list lets through is less than PS3.15 E.1 allows."""

_DEEPEST = 8
"""Sequences in sequences; the list's own need five."""
_PIXELS = frozenset(PIXELS)
_LISTED = _PIXELS | {"LUTData"} | UIDS | SEQUENCES | CODES | frozenset(KEPT)
_FRAMES = frozenset(("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"))
"""Whose items belong to frames by their number, also where nothing of one stays."""


class Pseudonyms:
    """Names for patients and UIDs by a keyed hash: stable for one key, meaningless without it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    @telling_disk_problems
    def of(cls, folder: Path) -> "Pseudonyms":
        """With the key kept in ``folder/secret``, made at first use and readable by its owner."""
        path = Path(folder) / "secret"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = path.with_name(f".secret-{secrets.token_hex(4)}")
            with os.fdopen(os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as f:
                f.write(secrets.token_bytes(32))
            try:
                os.link(whole, path)  # unlike a rename, never replaces another process's key
            except FileExistsError:
                pass
            finally:
                whole.unlink()
        return cls(path.read_bytes())

    def patient(self, patient: str) -> str:
        """ "Patient 1F3A9C04", or "" for a patient of whom nothing is known."""
        return f"Patient {self._hash('patient', patient).hex()[:8].upper()}" if patient else ""

    def uid(self, uid: str) -> str:
        """A UID under 2.25 (DICOM PS3.5 B.2), the same for the same UID."""
        return f"2.25.{int.from_bytes(self._hash('uid', uid)[:16], 'big')}"

    def _hash(self, kind: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\0{text}".encode(), hashlib.sha256)


def deidentify(dataset: Dataset, pseudonyms: Pseudonyms, patient: str) -> None:
    """Leave in place only what the list of :mod:`ctdenoise.scans.allowed` names, cleaned.

    ``patient`` is what the scan's facts call the patient (the ID, or the study where it is blank).
    Pixels, geometry, kernel and exposure stay. Facts that go with the descriptions (dose words)
    must have been read before.
    """
    take_out_hidden(dataset)
    kept = _kept(dataset, pseudonyms, 0)
    name = pseudonyms.patient(patient)
    kept.PatientName = kept.PatientID = name
    kept.PatientIdentityRemoved = "YES"
    kept.DeidentificationMethod = METHOD
    kept.DeidentificationMethodCodeSequence = [_code(*PROFILE)]
    kept.LongitudinalTemporalInformationModified = "REMOVED"
    meta = _meta(getattr(dataset, "file_meta", None) or Dataset(), kept, pseudonyms)
    dataset.clear()
    dataset.update(kept)
    dataset.file_meta = meta
    dataset.preamble = bytes(128)


def _meta(said: Dataset, kept: Dataset, pseudonyms: Pseudonyms) -> FileMetaDataset:
    """What a file says of itself: how it is encoded and which object it holds."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # writing fills it in
    meta.FileMetaInformationVersion = b"\0\1"
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    if "TransferSyntaxUID" in said:
        meta.TransferSyntaxUID = said.TransferSyntaxUID
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        uid = kept.get(keyword) or _uid(said.get(f"MediaStorage{keyword}"), pseudonyms)
        if uid:
            setattr(meta, f"MediaStorage{keyword}", uid)
    return meta


def _uid(uid: object, pseudonyms: Pseudonyms) -> str:
    """The standard's own UIDs as they are, others replaced."""
    return str(uid or "") if not uid or str(uid) in UID_dictionary else pseudonyms.uid(str(uid))


def _kept(dataset: Dataset, pseudonyms: Pseudonyms, depth: int) -> Dataset:
    """What may stay of a dataset or an item."""
    kept = Dataset()
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(tag)
        if keyword in EMPTIED:
            kept.add_new(tag, dictionary_VR(tag), None)
        elif keyword in _LISTED:
            try:
                element = _element(dataset[tag], keyword, pseudonyms, depth)
            except Exception:  # unreadable, so nobody can say what it names
                continue
            if element is not None:
                kept.add(element)
    if not any(len(table) == _entries(kept) for table in _tables(kept)):
        _take_out(kept, "LUTDescriptor", "LUTData")
    if "WindowCenter" not in kept or "WindowWidth" not in kept:
        _take_out(kept, "WindowCenter", "WindowWidth")
    return kept


def _take_out(dataset: Dataset, *keywords: str) -> None:
    for keyword in keywords:
        dataset.pop(keyword, None)


def _element(
    element: DataElement, keyword: str, pseudonyms: Pseudonyms, depth: int
) -> DataElement | None:
    """What may stay of an element of the list."""
    vr = dictionary_VR(element.tag)
    if vr != element.VR and element.VR not in vr.split(" or "):
        return None
    if keyword in _PIXELS or keyword == "LUTData":
        return element
    if vr == "SQ":
        return _sequence(element, keyword, pseudonyms, depth)
    several = isinstance(element.value, MultiValue | list | tuple)
    values = [v for v in (element.value if several else [element.value]) if v not in (None, "")]
    if values and keyword in UIDS:
        values = [_uid(value, pseudonyms) for value in values]
    elif values:
        values = cleaned(element.tag, keyword, values)
        if not values:
            return None
    return DataElement(
        element.tag, element.VR, values if len(values) > 1 else (values or [None])[0]
    )


def _sequence(
    element: DataElement, keyword: str, pseudonyms: Pseudonyms, depth: int
) -> DataElement | None:
    if depth == _DEEPEST:
        return None
    if keyword in CODES:
        items = [item for item in map(_code_of, element.value) if item is not None]
    else:
        items = [_kept(item, pseudonyms, depth + 1) for item in element.value]
        if keyword == "VOILUTSequence":  # of a modality's table, each entry makes pixels
            items = [item for item in items if any(map(_is_curve, _tables(item)))]
        items = [item for item in items if keyword in _FRAMES or len(item)]
    if len(element.value) and not items:
        return None  # an empty sequence would say that there was none
    return DataElement(element.tag, "SQ", DicomSequence(items))


def _code_of(item: Dataset) -> Dataset | None:
    """A code that the standard knows, in the standard's words; None for others."""
    from pydicom.sr._concepts_dict import concepts
    from pydicom.sr._snomed_dict import mapping

    value, scheme = str(item.get("CodeValue")), str(item.get("CodingSchemeDesignator"))
    own = mapping["SRT"].get(value) if scheme in ("SRT", "SNM3", "99SDM") else value
    terms: Any = concepts.get("SCT" if own != value else scheme, {})
    for known in terms.values():
        if own in known:
            return _code(value, scheme, known[own][0])
    return None


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning[:64]
    return code


def _entries(item: Dataset) -> int:
    """How many entries its lookup table says that it has (C.11.1.1)."""
    return int(item.LUTDescriptor[0]) % 65536 or 65536


def _tables(item: Dataset) -> list[NDArray[np.integer]]:
    """An item's lookup table in each way in which its bytes may be meant."""
    table = item.get("LUTData")
    if not table or np.size(item.get("LUTDescriptor")) != 3:
        return []
    if not isinstance(table, bytes):
        return [np.atleast_1d(table)]
    entries = _entries(item)
    if len(table) == 2 * entries:
        return [np.frombuffer(table, order) for order in ("<u2", ">u2")]
    return [np.frombuffer(table, np.uint8)[: len(table) - entries % 2]]


def _is_curve(table: NDArray[np.integer]) -> bool:
    """Whether a table rises or falls, and evenly enough to be a curve, as no text does."""
    steps = np.diff(table.astype(np.int64))
    steps = steps if steps.sum() > 0 else -steps
    return bool(steps.size and steps.min() >= 0 and 0 < 8 * steps.max() <= steps.sum())
