"""The pixels of a DICOM file as numbers: from stored bits to HU, whatever the transfer syntax."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels
from pydicom.uid import ExplicitVRBigEndian, JPEGExtended12Bit

from ctdenoise.errors import Problem, damaged
from ctdenoise.scans.dataset import codestreams, first_codestream, open_dataset, reason
from ctdenoise.scans.dicom import flattened, unit_of
from ctdenoise.scans.facts import integer, numbers, value
from ctdenoise.units import AIR, DENSEST

PADDING_BELOW = -2000.0
"""HU that neither tissue nor the noise of air reaches: scanners fill the corners with it."""
_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
"""The delimiter after compressed pixels (DICOM PS3.5 A.4); only a file that is cut off lacks it."""


def decode(path: Path, frames: Sequence[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The pixels of these frames, float32 (rows, columns) in HU or in the file's own unit.

    Padding outside the field of view becomes -1024 HU in CT. Raises :class:`Problem`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = open_dataset(path, pixels=False)
            for frame, stored in zip(frames, _stored(header, frames, path), strict=True):
                described = flattened(header, frame)
                image = _rescaled(stored, described, header)
                if unit_of(described) == "HU":
                    image = _without_padding(image, stored, described)
                if not np.isfinite(image).all():
                    raise Problem(path.name, "holds values that are not numbers", "export it again")
                yield frame, image.astype(np.float32)
    except Exception as error:
        raise reason(error, path.name) from error


def _stored(
    header: Dataset, frames: Sequence[int], path: Path
) -> Iterator[NDArray[np.integer] | NDArray[np.floating]]:
    """Stored values, (rows, columns): integers by Bits Stored, High Bit and Pixel Representation
    (DICOM PS3.5 8.1.1), whatever else stands in the bits around them, or floats.

    Uncompressed frames are read one by one from a file that may hold more of them than fit into
    memory.
    """
    syntax, bits = header.file_meta.TransferSyntaxUID, header.BitsAllocated
    if syntax.is_encapsulated:
        yield from _decompressed(header, frames, path)
        return
    if not syntax.is_deflated:
        first_codestream(path)  # for its doubts about the pixels' element
    if bits % 8:
        dataset = open_dataset(path)
        for frame in frames:
            yield _in_word(_unpacked(dataset, frame), header, bits)
    else:
        # deflated: there is no jumping to a frame
        source = open_dataset(path) if syntax.is_deflated else path
        for words in iter_pixels(source, indices=frames, raw=True, **_options(header, bits)):
            yield _in_word(words, header, bits)


def _options(header: Dataset, precision: int) -> dict[str, Any]:
    """How pydicom is to read the pixels: as words of ``precision`` bits, without a sign and without
    any correction."""
    options: dict[str, Any] = {
        "transfer_syntax_uid": header.file_meta.TransferSyntaxUID,
        "rows": header.Rows,
        "columns": header.Columns,
        "samples_per_pixel": header.SamplesPerPixel,
        "photometric_interpretation": header.PhotometricInterpretation,
        "number_of_frames": integer(header, "NumberOfFrames") or 1,
        "bits_allocated": -8 * (-header.BitsAllocated // 8),
        "correct_unused_bits": False,
        "apply_jls_sign_correction": False,
        "apply_j2k_sign_correction": False,
    }
    if "BitsStored" in header:
        options |= {"bits_stored": precision, "pixel_representation": 0}
    return options


def _decompressed(
    header: Dataset, frames: Sequence[int], path: Path
) -> Iterator[NDArray[np.integer] | NDArray[np.floating]]:
    every = codestreams(path, header.Rows * header.Columns * header.SamplesPerPixel)
    if every and every[0]:  # each frame says its own
        precisions = {n: each.precision for n in frames if (each := every[n])}
    else:
        precisions = dict.fromkeys(frames, header.BitsAllocated)
    try:
        if len(set(precisions.values())) == 1:
            precision = precisions[frames[0]]
            for words in iter_pixels(path, indices=frames, raw=True, **_options(header, precision)):
                yield _in_word(words, header, precision)
        else:
            for n, precision in precisions.items():
                options = _options(header, precision)
                for words in iter_pixels(path, indices=[n], raw=True, **options):
                    yield _in_word(words, header, precision)
    except (MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic in a Rust decoder is no Exception
        raise _undecodable(header, path) from error


def _undecodable(dataset: Dataset, path: Path) -> Problem:
    """A decoder does not say whether it met damage or a kind that it does not know."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 1 << 16), 2)
        if _END not in file.read():
            return damaged(path.name)
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == JPEGExtended12Bit and dataset.BitsStored > 8:
        return Problem(
            path.name,
            "is compressed as JPEG Extended with 12 bits, which cannot be read here",
            "export it without compression, or with JPEG Lossless or JPEG 2000",
        )
    return Problem(
        path.name,
        f"is compressed as {syntax.name} and cannot be decompressed, since it is damaged or of a "
        "variant that is not known here",
        "export it without compression",
    )


def _unpacked(dataset: Dataset, frame: int) -> NDArray[np.uint64]:
    """Pixels that lie bit to bit in words of 16 bits (DICOM PS3.5 8.1.1 and D.1), 12 for one."""
    bits, rows, columns = dataset.BitsAllocated, int(dataset.Rows), int(dataset.Columns)
    size = rows * columns * bits
    raw = np.frombuffer(dataset.PixelData, np.uint8)
    if dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        raw = raw[: len(raw) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    begin = frame * size
    single = np.unpackbits(raw[begin // 8 : (begin + size + 7) // 8], bitorder="little")
    cells = single[begin % 8 : begin % 8 + size].reshape(rows, columns, bits)
    return cells @ (np.uint64(1) << np.arange(bits, dtype=np.uint64))


def _in_word(
    words: NDArray[Any], header: Dataset, precision: int
) -> NDArray[np.integer] | NDArray[np.floating]:
    """The values in words of ``precision`` bits.

    Where a compressed frame has the very bits that are stored, they have been cut out of the word
    already; otherwise the whole word was compressed, with what stands around them.
    """
    if words.dtype.kind == "f":
        return words
    bits, shift = header.BitsStored, 0
    if precision > bits:
        shift = header.HighBit + 1 - bits
    elif precision < bits:
        bits = precision
    kind = np.uint32 if words.dtype.itemsize <= 2 else np.uint64
    values = np.right_shift(words.astype(kind), kind(shift)) & kind((1 << bits) - 1)
    signed: NDArray[np.integer] = values.view(np.int32 if kind is np.uint32 else np.int64)
    if header.PixelRepresentation:
        sign = signed.dtype.type(1 << (bits - 1))
        signed = (signed ^ sign) - sign
    return signed


def _rescaled(
    stored: NDArray[np.integer] | NDArray[np.floating], described: Dataset, header: Dataset
) -> NDArray[np.float64]:
    """By the modality LUT or by slope and intercept (DICOM PS3.3 C.11.1), where there are any."""
    if table := value(described, "ModalityLUTSequence"):
        return _looked_up(stored, table[0], header)
    slope, intercept = numbers(described, "RescaleSlope", "RescaleIntercept")
    if slope is None or intercept is None:
        return stored.astype(np.float64)
    return np.asarray(stored * np.float64(slope) + intercept, np.float64)


def _looked_up(
    stored: NDArray[np.integer] | NDArray[np.floating], table: Dataset, header: Dataset
) -> NDArray[np.float64]:
    entries, first, _ = (int(number) for number in table.LUTDescriptor)
    entries = entries or 1 << 16
    if header.get("PixelRepresentation") and first >= 1 << 15:
        first -= 1 << 16
    outputs = table.LUTData
    if isinstance(outputs, bytes):
        order = ">" if header.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else "<"
        outputs = np.frombuffer(outputs, f"{order}u2" if len(outputs) >= 2 * entries else np.uint8)
    numbers_out = np.asarray(outputs, np.float64)[:entries]
    if str(value(table, "ModalityLUTType") or "").upper() == "HU":
        # The standard knows no negative outputs; programs write them as two's complement.
        numbers_out = np.where(numbers_out >= 1 << 15, numbers_out - (1 << 16), numbers_out)
    return numbers_out[np.clip(stored.astype(np.int64) - first, 0, len(numbers_out) - 1)]


def _without_padding(
    image: NDArray[np.float64],
    stored: NDArray[np.integer] | NDArray[np.floating],
    dataset: Dataset,
) -> NDArray[np.float64]:
    """``image`` in HU with air where the file declares padding (DICOM PS3.3 C.7.5.1.1.2)."""
    outside = image <= PADDING_BELOW
    declared = _declared_padding(stored, dataset)
    if declared.any():
        lowest, highest = image[declared].min(), image[declared].max()
        if np.isnan(lowest) or highest <= AIR:
            outside |= declared
        elif lowest >= DENSEST:
            outside |= _from_the_edge(declared)  # dense metal in the body may have that value too
        # A padding value that tissue can have, 0 HU for one, is a mistake in the file.
    return np.where(outside, AIR, image)


def _declared_padding(
    stored: NDArray[np.integer] | NDArray[np.floating], dataset: Dataset
) -> NDArray[np.bool_]:
    prefix = {"f": "Float", "d": "DoubleFloat"}.get(stored.dtype.char, "")
    padding = value(dataset, f"{prefix}PixelPaddingValue")
    limit = value(dataset, f"{prefix}PixelPaddingRangeLimit")
    if not isinstance(padding, int | float):
        return np.zeros(stored.shape, bool)
    if np.isnan(padding):
        return np.asarray(np.isnan(stored))
    limit = limit if isinstance(limit, int | float) else padding
    ends = _signed_alike(padding, dataset), _signed_alike(limit, dataset)
    return np.asarray((stored >= min(ends)) & (stored <= max(ends)))


def _signed_alike(padding: float, dataset: Dataset) -> float:
    """A padding value in the pixels' own sign: files have it as US where it must be SS."""
    signed = dataset.get("PixelRepresentation") == 1
    return padding - (1 << 16) if signed and padding >= 1 << 15 else padding


def _from_the_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Its parts that reach the edge of the picture."""
    from scipy.ndimage import label

    parts, _ = label(mask)
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    found: NDArray[np.bool_] = np.isin(parts, edge[edge > 0])
    return found
