"""Take the patient's identity out of a DICOM dataset, the same way each time in one workspace."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence

from ctdenoise.errors import telling_disk_problems

METHOD = "dicom-anonymizer, DICOM PS3.15 Basic Profile"

NEVER = {"DA": "19000101", "DT": "19000101000000"}
"""What a date becomes; dicom-anonymizer's own, of the year 1, is no valid date for a PACS."""

_GRAPHICS = (0x5000, 0x6000)
"""Curves and overlays: graphics, and text about them, that people drew on the picture."""

Rule = Callable[[Dataset, Any], None]
"""What happens to an element, given by (group, element), of a dataset."""


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
    """Remove, empty or replace in place what names a person, place or date, nested items included.

    ``patient`` is what the scan's facts call the patient (the ID, or the study where it is blank).
    Pixels, geometry, kernel and exposure stay. Facts that go with the descriptions (dose words)
    must have been read before.
    """
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset

    rules = _rules(pseudonyms)
    for item in _items(dataset):
        for tag in [tag for tag in list(item.keys()) if tag.group & 0xFF00 in _GRAPHICS]:
            del item[tag]
        present = {
            tag: rule for tag, rule in rules.items() if len(tag) > 2 or tag[0] == 2 or tag in item
        }
        anonymize_dataset(item, base_rules_gen=lambda present=present: dict(present))
    name = pseudonyms.patient(patient)
    dataset.PatientName = name
    dataset.PatientID = name
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    dataset.preamble = bytes(128)
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        for element in list(meta):
            if element.tag.element in (0x0016, 0x0017, 0x0018, 0x0100, 0x0102):
                del meta[element.tag]  # application titles, private information
        if "SOPInstanceUID" in dataset:
            meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _rules(pseudonyms: Pseudonyms) -> dict[Any, Rule]:
    """dicom-anonymizer's rules, with UIDs by keyed hash, and deletion where a rule fails."""
    from dicomanonymizer import simpledicomanonymizer as library

    rules: dict[Any, Rule] = {}
    uids = (library.replace_UID, library.delete_or_empty_or_replace_UID)
    for tag, action in library.initialize_actions().items():
        rules[tag] = _hashing(pseudonyms) if action in uids else _deleting(action)
    rules[0xFFFC, 0xFFFC] = _deleting(library.delete)  # trailing padding may hold anything
    return rules


def _hashing(pseudonyms: Pseudonyms) -> Rule:
    def rule(dataset: Dataset, tag: Any) -> None:
        element = dataset.get(tag)
        if element is None or element.VR != "UI":
            return  # a sequence of references keeps its items, whose own UIDs are replaced
        if isinstance(element.value, MultiValue):
            element.value = [pseudonyms.uid(str(uid)) for uid in element.value]
        elif element.value:
            element.value = pseudonyms.uid(str(element.value))

    return rule


def _deleting(action: Rule) -> Rule:
    def rule(dataset: Dataset, tag: Any) -> None:
        try:
            action(dataset, tag)
        except Exception:  # an unforeseen or unreadable value must not stay
            if tag in dataset:
                del dataset[tag]
        element = dataset.get(tag)
        if element is not None and element.VR == "SQ":
            del dataset[tag]  # its items, emptied but there, would be invalid
        elif element is not None and element.VR in NEVER:
            element.value = NEVER[element.VR]

    return rule


def _items(dataset: Dataset) -> Iterator[Dataset]:
    """The dataset and everything nested in it, innermost first."""
    for tag in list(dataset.keys()):
        try:
            value = dataset[tag].value
        except Exception:  # unreadable, so nobody can say what it names
            del dataset[tag]
            continue
        if isinstance(value, DicomSequence):
            for item in value:
                yield from _items(item)
    yield dataset
