"""The picture viewer: linked panes of CT slices, windowed and measured in the browser."""

from ctdenoise.ui.viewer.component import (
    CLASSROOM,
    POINT,
    TOOLS,
    Band,
    Dial,
    Pane,
    ViewerState,
    follower,
    viewer,
)
from ctdenoise.ui.viewer.readout import Chart, Course, Figure, Readout, Table

__all__ = [
    "CLASSROOM",
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
    "follower",
    "viewer",
]
