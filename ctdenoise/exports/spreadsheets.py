"""Words of others in a CSV file: what a spreadsheet would take for a formula is text."""

from collections.abc import Iterable


def row(values: Iterable[object]) -> list[object]:
    """The cells of one row.

    >>> row(["=1+1", "Ann", -1])
    ["'=1+1", 'Ann', -1]
    """
    return [_cell(value) for value in values]


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
