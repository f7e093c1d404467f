"""The figures' JavaScript modules, with those of the viewer that they use, as one inline module."""

from functools import cache
from pathlib import Path

from ctdenoise.ui.viewer import assets

HERE = Path(__file__).parent
VIEWERS = ("dom", "unit", "geometry", "pixels")
MODULES = ("painting", "steps", "figure", "low_dose", "network", "feature_loss", "main")
"""In the order of their imports: a module uses only names of those before it."""


@cache
def javascript() -> str:
    """All modules in one."""
    shared = [assets.HERE / f"{name}.js" for name in VIEWERS]
    return assets.joined([*shared, *(HERE / f"{name}.js" for name in MODULES)])


@cache
def css() -> str:
    """The figures' style sheet."""
    return (HERE / "figures.css").read_text("utf-8")


@cache
def html() -> str:
    """The figures' markup, which their JavaScript fills."""
    return (HERE / "figures.html").read_text("utf-8")
