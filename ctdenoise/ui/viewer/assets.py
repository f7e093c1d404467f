"""The viewer's JavaScript modules as the one inline module that Streamlit takes."""

import re
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
    "curves",
    "readout",
    "lens",
    "pane",
    "loader",
    "tools",
    "player",
    "curtain",
    "toolbar",
    "drawing",
    "keyboard",
    "fullscreen",
    "viewer",
    "main",
)
"""In the order of their imports: a module uses only names of those before it."""

_IMPORT = re.compile(r"^import .*?;\n", re.DOTALL | re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(r"\s//[^\n]*|/\*\*.*?\*/", re.DOTALL)


@cache
def javascript() -> str:
    """All modules in one, without imports, comments and indentation (it travels to each browser).

    The files are plain ES modules that import one another; joined, they share one scope.
    """
    joined = "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in MODULES)
    bare = _EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", joined)))
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip())


@cache
def css() -> str:
    """The viewer's style sheet."""
    return (HERE / "viewer.css").read_text("utf-8")


@cache
def html() -> str:
    """The viewer's markup."""
    return (HERE / "viewer.html").read_text("utf-8")
