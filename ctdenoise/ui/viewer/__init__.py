"""The picture viewer: linked panes of CT slices, windowed and measured in the browser."""

from ctdenoise.ui.viewer.component import POINT, TOOLS, Band, Dial, Pane, ViewerState, viewer
from ctdenoise.ui.viewer.readout import Chart, Course, Figure, Readout, Table

__all__ = [
    "POINT",
    "TOOLS",
    "Band",
    "Chart",
    "Course",
    "Dial",
    "Figure",
    "Pane",
    "Readout",
    "Table",
    "ViewerState",
    "viewer",
]
