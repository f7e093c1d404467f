"""What a file that is no scan is, in words, so that nobody wonders why it was left out."""

from pathlib import Path

from pydicom.uid import UID

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture under another name"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture under another name"),
    (b"MM\0*", "a TIFF picture under another name"),
    (b"\x93NUMPY", "a NumPy array under another name"),
    (b"\x89HDF", "an HDF5 file"),
    (b"MATLAB", "a MATLAB file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"SQLite", "a database"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"{", "a JSON file"),
)
"""Beginnings of files, and what begins so."""

_CLASSES = (
    ("1.2.840.10008.5.1.4.1.1.88", "a structured report"),
    ("1.2.840.10008.5.1.4.1.1.104", "a document in a DICOM file"),
    ("1.2.840.10008.5.1.4.1.1.11", "a presentation state, which says how images are shown"),
    ("1.2.840.10008.5.1.4.1.1.9", "a waveform, such as an ECG"),
    ("1.2.840.10008.5.1.4.1.1.66.4", "a segmentation"),
    ("1.2.840.10008.5.1.4.1.1.66.5", "a surface"),
    ("1.2.840.10008.5.1.4.1.1.66", "raw data or a registration"),
    ("1.2.840.10008.5.1.4.1.1.67", "a list of measurements"),
    ("1.2.840.10008.5.1.4.1.1.481.2", "a map of radiotherapy dose"),
    ("1.2.840.10008.5.1.4.1.1.481.3", "a set of outlines for radiotherapy"),
    ("1.2.840.10008.5.1.4.1.1.481", "a plan or record of radiotherapy"),
    ("1.2.840.10008.5.1.4.1.1.30", "a parametric map"),
    ("1.2.840.10008.5.1.4.1.1.77.1", "a photograph or a video"),
    ("1.2.840.10008.5.1.4.39", "a colour palette"),
    ("1.2.840.10008.5.1.4.38", "a hanging protocol, which says how images are arranged"),
    ("1.2.840.10008.1.3.10", "a DICOMDIR, the index of a medium"),
)
"""Beginnings of SOP Class UIDs (DICOM PS3.4 B.5), the longer ones first."""


def file_kind(path: Path) -> str:
    """Such as "a PDF document", by its first bytes, or "" where they say nothing."""
    with path.open("rb") as file:
        begin = file.read(512)
    text = begin.lstrip(b"\xef\xbb\xbf \r\n\t")
    for magic, kind in _MAGIC:
        if begin.startswith(magic) or (magic[:1] in b"<{" and text.startswith(magic)):
            return kind
    readable = all(byte >= 32 or byte in b"\r\n\t\f" for byte in begin)
    return "a text" if readable and _decodes(begin) else ""


def _decodes(begin: bytes) -> bool:
    try:
        begin[:-3].decode()
    except UnicodeDecodeError:
        return False
    return True


def class_kind(sop_class: str) -> str:
    """What objects of a SOP class are, such as "a structured report"; "" for images and where
    nothing is known."""
    for start, kind in _CLASSES:
        if sop_class == start or sop_class.startswith(f"{start}."):
            return kind
    name = UID(sop_class).name.removesuffix(" Storage")
    return f'of the kind "{name}"' if "Image" not in name and name != sop_class else ""
