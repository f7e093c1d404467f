"""A report as one HTML file: pictures inside, no script, nothing from elsewhere."""

import base64
import io
from html import escape
from pathlib import Path

from ctdenoise.errors import Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.exports.report import WARNING, Report, ReportPicture, Table

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.3rem; }
.made, .note, figcaption { color: color-mix(in srgb, currentColor 70%, transparent); }
.made, .note { font-size: 0.85rem; }
.warning { border: 1px solid; border-radius: 4px; padding: 0.5rem 0.8rem; font-size: 0.9rem; }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
figure { margin: 0; break-inside: avoid; }
img { width: 100%; display: block; }
figcaption { font-size: 0.85rem; }
figcaption b { color: CanvasText; font-size: 1rem; }
table { border-collapse: collapse; break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: 0.15rem 1.5rem 0.15rem 0; }
tr { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td:first-child { white-space: nowrap; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
"""


def html(report: Report) -> str:
    """The whole page; every word of the report is text in it, never markup."""
    pictures = "".join(map(_picture, report.pictures))
    tables = "".join(map(_table, report.tables))
    body = f"""<p class="warning">{escape(WARNING)}</p>
<p>{escape(report.sentence)}</p>
<div class="pictures">{pictures}</div>
{tables}"""
    return page(report.title, report.made, body)


def page(title: str, made: str, body: str, style: str = "") -> str:
    """A page that runs and loads nothing, around a ``body`` that is markup already; ``style``: what
    it has besides :data:`STYLE`."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{STYLE}{style}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="made">{escape(made)}</p>
{body}
</body>
</html>
"""


def _picture(picture: ReportPicture) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture.grey).save(file, "PNG", optimize=True)
    name, data = escape(picture.name), base64.b64encode(file.getvalue()).decode()
    return (
        f'<figure><img alt="{name}" src="data:image/png;base64,{data}">'
        f"<figcaption><b>{name}</b> {escape(picture.caption)}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    head = f"<thead><tr>{head}</tr></thead>" if any(table.columns) else ""
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return f"<h2>{escape(table.title)}</h2><table>{head}<tbody>{rows}</tbody></table>{note}"


def _write(content: Content, path: Path, tell: Progress) -> None:
    path.write_text(html(content.report()), encoding="utf-8")


FORMATS.register(
    ExportFormat(
        name="html",
        rank=4,
        title="Report (HTML)",
        sentence="Pictures of the slice in view, noise, CT numbers, settings and the network's "
        "card in one page for the browser. It names the scan as you called it.",
        suffix="html",
        mime="text/html",
        scope="slice",
        write=_write,
    )
)
