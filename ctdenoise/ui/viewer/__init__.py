"""The picture viewer: linked panes of CT slices, windowed and measured in the browser."""

from ctdenoise.ui.viewer.component import TOOLS, Band, Dial, Pane, ViewerState, viewer

__all__ = ["TOOLS", "Band", "Dial", "Pane", "ViewerState", "viewer"]
