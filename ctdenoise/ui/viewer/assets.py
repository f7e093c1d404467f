"""The viewer's JavaScript modules as the one inline module that Streamlit takes."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

MODULES = (
    "dom",
    "unit",
    "geometry",
    "layout",
    "lut",
    "pixels",
    "dials",
    "measure",
    "overlay",
    "point",
    "curves",
    "readout",
    "lens",
    "pane",
    "loader",
    "tools",
    "setting",
    "showing",
    "presenting",
    "player",
    "curtain",
    "toolbar",
    "drawing",
    "keyboard",
    "fullscreen",
    "viewer",
    "stream",
    "following",
    "main",
)
"""In the order of their imports: a module uses only names of those before it."""

_IMPORT = re.compile(r"^import .*?;\n", re.DOTALL | re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(r"\s//[^\n]*|/\*\*.*?\*/", re.DOTALL)


@cache
def javascript() -> str:
    """All modules of the viewer in one."""
    return joined(HERE / f"{name}.js" for name in MODULES)


def joined(modules: Iterable[Path]) -> str:
    """Modules in one, without imports, comments and indentation (it travels to each browser).

    The files are plain ES modules that import one another; joined, they share one scope.
    """
    whole = "\n".join(module.read_text("utf-8") for module in modules)
    bare = _EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", whole)))
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip())


@cache
def css() -> str:
    """The viewer's style sheet."""
    return (HERE / "viewer.css").read_text("utf-8")


@cache
def html() -> str:
    """The viewer's markup."""
    return (HERE / "viewer.html").read_text("utf-8")
