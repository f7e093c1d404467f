"""Tables of figures that show all their columns at once on any screen but a phone's."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

ROOM = 928
"""Pixels that a page has for a table in a window of 1024."""
NAME = 200
"""Pixels of the first column, which stays where it is when the others scroll below a phone's."""


def width(heading: str) -> int:
    """Pixels in which a heading is not cut."""
    return max(72, 30 + 8 * len(heading))


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, ColumnConfig]) -> None:
    """A row of the table for each of ``rows``, which may lack values. ``columns``: by heading, the
    first one being the name of the row."""
    first, *_ = columns
    fields = [(name, _type([row.get(name) for row in rows])) for name in columns]
    config: dict[str, ColumnConfig] = {
        name: {**column, "width": column.get("width") or width(name)}
        for name, column in columns.items()
    }
    config[first] = {**config[first], "width": NAME, "pinned": True}
    st.dataframe(
        pa.Table.from_pylist([dict(row) for row in rows], pa.schema(fields)),
        hide_index=True,
        placeholder="",
        column_config=config,
    )


def _type(values: Sequence[Any]) -> pa.DataType:
    """Text, or numbers; a column without a value is one of numbers."""
    return pa.string() if any(isinstance(value, str) for value in values) else pa.float64()
