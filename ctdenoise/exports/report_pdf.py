"""A report as PDF, A4, by ReportLab."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ctdenoise.errors import Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.exports.report import WARNING, Report, ReportPicture, Table

MARGIN, GAP, PICTURE = 54.0, 10.0, 212.0
"""In points, 1/72 inch; two rows of pictures so high leave room for the figures below them."""
ASCII = str.maketrans({"−": "-", "≤": "<=", "≥": ">=", "→": "->", "\u00a0": " "})


def pdf(report: Report) -> bytes:
    """The whole file. Signs that Helvetica lacks (beyond Western European letters) become "?"."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

    width = A4[0] - 2 * MARGIN
    frame = {"leftMargin": MARGIN - 6, "rightMargin": MARGIN - 6}  # inside which 6 points are free
    styles = getSampleStyleSheet()

    def said(text: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(_latin(text)), styles[style])

    story = [
        said(report.title, "Heading1"),
        said(report.made),
        said(report.sentence),
        Spacer(0, GAP),
        _pictures(report.pictures, width, said),
    ]
    for table in report.tables:
        parts = [said(table.title, "Heading2"), _table(table, width, said)]
        if table.note:
            parts += [Spacer(0, GAP / 2), said(table.note, "Italic")]
        story.append(KeepTogether([*parts, Spacer(0, GAP)]))
    result = io.BytesIO()
    document = SimpleDocTemplate(
        result, pagesize=A4, topMargin=MARGIN, bottomMargin=MARGIN + 2 * GAP, **frame,
        title=_latin(report.title), author="", creator="CT Denoise",
    )  # fmt: skip
    document.build(story, onFirstPage=_warn(said), onLaterPages=_warn(said))
    return result.getvalue()


def _warn(said: Any) -> Any:
    """What stands at the foot of every page."""

    def draw(canvas: Any, document: Any) -> None:
        text = said(WARNING, "Italic")
        _, height = text.wrap(document.width - 12, document.bottomMargin)
        text.drawOn(canvas, document.leftMargin + 6, document.bottomMargin - GAP - height)

    return draw


def _pictures(pictures: Sequence[ReportPicture], width: float, said: Any) -> Any:
    """Two beside each other, each in a square of the same size."""
    from reportlab.platypus import Table as Grid

    cells = [[_image(p), said(f"{p.name}. {p.caption}")] for p in pictures]
    cells += [[]] * (len(cells) % 2)
    grid = Grid([cells[i : i + 2] for i in range(0, len(cells), 2)], [width / 2] * 2, hAlign="LEFT")
    grid.setStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return grid


def _image(picture: ReportPicture) -> Any:
    from PIL import Image
    from reportlab.platypus import Image as Placed

    file = io.BytesIO()
    Image.fromarray(picture.grey).save(file, "PNG")
    file.seek(0)
    return Placed(file, PICTURE, PICTURE, kind="proportional", hAlign="LEFT")


def _table(table: Table, width: float, said: Any) -> Any:
    from reportlab.lib.colors import lightgrey
    from reportlab.platypus import Table as Grid

    cells = [[said(cell) for cell in row] for row in table.rows]
    if any(table.columns):
        cells.insert(0, [said(name, "Heading5") for name in table.columns])
    first, others = width / 3, len(table.columns) - 1
    grid = Grid(cells, [first] + [(width - first) / others] * others, hAlign="LEFT",
                repeatRows=len(cells) - len(table.rows))  # fmt: skip
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, lightgrey),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return grid


def _latin(text: str) -> str:
    return text.translate(ASCII).encode("cp1252", "replace").decode("cp1252")


def _write(content: Content, path: Path, tell: Progress) -> None:
    path.write_bytes(pdf(content.report()))


FORMATS.register(
    ExportFormat(
        name="pdf",
        rank=5,
        title="Report (PDF)",
        sentence="Pictures of the slice in view, noise, CT numbers, settings and the network's "
        "card to print. It names the scan as you called it.",
        suffix="pdf",
        mime="application/pdf",
        scope="slice",
        write=_write,
    )
)
