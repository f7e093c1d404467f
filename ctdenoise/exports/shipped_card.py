"""The card of a network that ships, which is Markdown, as tables of a report."""

import re

from ctdenoise.exports.report import Table


def card_tables(card: str) -> list[Table]:
    """A table for every section with a list or a table in it; paragraphs become its note.

    Of Markdown only what the cards use is known: sections (``##``), lists (``-``), tables, bold and
    code.
    """
    found = []
    for section in re.split(r"^## ", card, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        columns: tuple[str, ...] = ("", "")
        rows: list[tuple[str, ...]] = []
        notes = []
        for block in map(_plain, body.strip().split("\n\n")):
            if block.startswith("|"):
                columns, _, *rows = (_cells(line) for line in block.splitlines())
            elif block.startswith("- "):
                items = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
                rows = [(str(n), _joined(item)) for n, item in enumerate(items, 1)]
            else:
                notes.append(_joined(block))
        found.append(Table(heading, columns, tuple(rows), " ".join(notes)))
    return [table for table in found if table.rows]


def _plain(text: str) -> str:
    return text.replace("**", "").replace("`", "")


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def _joined(text: str) -> str:
    return " ".join(text.split())
