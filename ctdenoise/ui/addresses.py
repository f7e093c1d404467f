"""Every address of the dashboard is made here: below the prefix that a proxy may ask for.

The prefix is Streamlit's option ``server.baseUrlPath``. Streamlit puts it before the addresses and
routes that are its own, and leaves those of an app as they are.
"""

from collections.abc import Sequence
from functools import cache
from urllib.parse import quote, urlencode

from streamlit import config


@cache
def prefix() -> str:
    """As "/ct", where the dashboard lies below that path; empty at the root."""
    base: str = config.get_option("server.baseUrlPath").strip("/")
    return f"/{base}" if base else ""


def below(path: str) -> str:
    """Where the server listens, and a browser asks, for a path that begins at the dashboard.

    >>> below("pixels/scan/3")
    '/pixels/scan/3'
    """
    return f"{prefix()}/{path}"


def link(*parts: object, query: Sequence[tuple[str, object]] = ()) -> str:
    """The address of a path made of these parts and, after it, of a query.

    >>> link("downloads", "run", "a b"), link("watch", query=[("run", 1), ("run", 2)])
    ('/downloads/run/a%20b', '/watch?run=1&run=2')
    """
    path = below("/".join(quote(str(part), safe="") for part in parts))
    return f"{path}?{urlencode(query)}" if query else path
