"""Every address lies below the prefix, wherever it is made, and leads back to what it names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit import config

from ctdenoise.settings import PACKAGE, ROOT
from ctdenoise.ui import addresses, downloads, pictures
from ctdenoise.ui.viewer import Pane


@pytest.fixture(params=["", "ct", "/a/b/", "a.b/c-d/e_f"])
def prefix(request: pytest.FixtureRequest) -> Iterator[str]:
    """Streamlit's option, as people write it; the prefix as it stands in addresses."""
    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", request.param)
    addresses.prefix.cache_clear()
    path = request.param.strip("/")
    yield f"/{path}" if path else ""
    config.set_option("server.baseUrlPath", before)
    addresses.prefix.cache_clear()


def test_pictures_and_files_lie_below_it(prefix: str) -> None:
    picture = pictures.FullDose(owner="ann", pair="0123456789ab", index=3)
    assert picture.address == f"{prefix}/pixels/full/ann/0123456789ab/3"
    assert pictures.parse(picture.address) == picture
    every = pictures.FullDose.addresses(2, owner="ann", pair="0123456789ab")
    assert every[1] == pictures.FullDose(owner="ann", pair="0123456789ab", index=1).address
    profile = downloads.of_profile([Pane("a&b", "#000000", every)], 1, ((0, 1), (2, 3)), None)
    assert profile.startswith(f"{prefix}/downloads/profile?")
    assert addresses.link("watch", query=[("run", "a b")]) == f"{prefix}/watch?run=a+b"


def test_the_server_listens_where_addresses_lead(prefix: str) -> None:
    route = Route(addresses.below("downloads/{address:path}"), downloads.serve)
    asked = addresses.link("downloads", "run", "Größe/4")
    app = Starlette(routes=[route])
    assert app.url_path_for("serve", address="run/x") == f"{prefix}/downloads/run/x"
    assert asked == f"{prefix}/downloads/run/Gr%C3%B6%C3%9Fe%2F4"


def sources() -> list[Path]:
    pages = [*(PACKAGE / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    return [*pages, *(PACKAGE / "ui" / "viewer").glob("*.js")]


def test_no_address_is_made_elsewhere() -> None:
    """Neither from the root, which lies above the prefix, nor by what lends a file to everybody who
    has its link."""
    rooted = re.compile(r"""["'`](/(pixels|downloads|media|static|_stcore)\b|/[a-z]+\?)""")
    for path in sources():
        text = path.read_text()
        if path.name not in ("addresses.py", "gate.py"):  # the latter knows one of Streamlit's
            assert not rooted.search(text), path.name
        assert "download_button" not in text, path.name
