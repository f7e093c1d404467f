"""A derived DICOM series in a zip, one file a slice."""

import zipfile
from pathlib import Path

from ctdenoise.errors import Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat


def _lacking(content: Content) -> str:
    if content.pair:
        return (
            "A pair keeps no DICOM headers, so there is no DICOM series to derive from it: take "
            "NIfTI or NPY, or denoise the scan itself."
        )
    return "" if content.sources else "This scan did not come as DICOM: take NIfTI or NPY."


def _write(content: Content, path: Path, tell: Progress) -> None:
    """The library's files are de-identified; that they are so again costs little and holds for
    scans that came another way too."""
    from ctdenoise.scans.writing import write_series  # pydicom is not for the dashboard's server

    told = "" if content.mix == 1 else f", {content.mix:.0%} of it mixed with the input"
    folder = path.parent / "series"
    images = (image for _, image in content.slices(tell))
    write_series(
        zip(content.sources, images, strict=True),
        folder,
        description=f"Denoised, {content.method}{told}",
        recipe=f"{content.id} {content.mix:g} {len(content.finished)}",
        deidentify=True,
    )
    tell(1.0, "Packing")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, f"denoised/{each.name}")


FORMATS.register(
    ExportFormat(
        name="dicom",
        rank=0,
        title="DICOM series (zip)",
        sentence="A derived series that a PACS accepts, de-identified: names, dates and numbers of "
        "the patient are taken out or replaced. It is marked as derived and says how it was made.",
        suffix="zip",
        mime="application/zip",
        scope="series",
        write=_write,
        lacking=_lacking,
    )
)
