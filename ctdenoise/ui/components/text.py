"""Words of others on our pages (names, units, notes, reasons): text, never markup.

Streamlit reads nearly every sentence, label and hint as Markdown, and Plotly reads names as HTML.
Whatever we did not write ourselves goes through here.
"""

import re
from collections.abc import Callable
from functools import wraps
from html import escape
from pathlib import Path
from typing import ParamSpec

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.settings import settings

P = ParamSpec("P")

JOINER = "\u2060"
"""Takes no room and parts what would be read as one: a colon from the icon, emoji, colour or
address behind it. Streamlit looks for those after the backslashes are gone."""

_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]+|\\s+")
"""Line breaks, control characters, and what turns the direction of the words around it."""
_MARKUP = re.compile(r"[\\`*\[\]<>$~&|^]|(?<![^\W_])_|_(?![^\W_])")
_FIRST = re.compile(r"^(#|[+\-=](?=[\s\-=\u2060]|$)|\d+(?=[.)](\s|$)))")
_JOINED = re.compile(r":(?=\S)|@(?=\S)|www(?=\.)|(?<=[<>~=-])(?=\\?[<>=-])", re.IGNORECASE)


def plain(text: object) -> str:
    """Text as Markdown that shows just this text, on one line.

    Our own folders never appear in it: of a path below CTDENOISE_HOME its last name is left.

    >>> plain("[low] $5 *") == "\\\\[low\\\\] \\\\$5 \\\\*"
    True
    """
    shown = " ".join(_UNSEEN.sub(" ", _without_folders(str(text))).split())
    parted = _JOINED.sub(lambda found: found[0] + JOINER, shown)
    return _FIRST.sub(_behind_backslash, _MARKUP.sub(r"\\\g<0>", parted))


def charted(text: object) -> str:
    """Text as a name in a Plotly chart: no HTML, no formula, no placeholder.

    >>> charted("<b>$x$")
    '&lt;b&gt;&#36;x&#36;'
    """
    return escape(str(text), quote=False).replace("$", "&#36;").replace("%{", "%&#123;")


def tell(problem: object) -> None:
    """A problem, or the sentence of one, in a red box."""
    st.error(plain(problem), icon=":material/error:")


def telling_problems(function: Callable[P, None]) -> Callable[P, None]:
    """Show a :class:`Problem` as its sentence. Fragments need it: Streamlit catches what they raise
    before the app's own script could."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Problem as problem:
            tell(problem)

    return told


def _behind_backslash(found: re.Match[str]) -> str:
    """A number's own digits stay: the mark behind it makes the list."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _without_folders(text: str) -> str:
    home = settings().home
    inside = re.compile(rf"{re.escape(str(home))}[^\s'\"(),;]*")
    return inside.sub(lambda found: _last_name(Path(found[0])), text)


def _last_name(path: Path) -> str:
    ours = path.name.startswith(".") or path.parent == settings().workspaces
    return "a folder of CT Denoise" if ours or path == settings().home else path.name
