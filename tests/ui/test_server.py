from collections.abc import Iterator

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ctdenoise.settings import settings
from ctdenoise.ui import visitors
from ctdenoise.ui.server import Visitor
from ctdenoise.ui.visitors import COOKIE, device_of


def client() -> TestClient:
    async def page(request: Request) -> HTMLResponse:
        answer = HTMLResponse("<p>page</p>")
        if "other" in request.query_params:
            answer.set_cookie("_streamlit_xsrf", "2|a|b|c")
        return answer

    async def data(request: Request) -> PlainTextResponse:
        return PlainTextResponse("data")

    routes = [Route("/", page), Route("/data", data)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Visitor)]))


def test_a_new_browser_gets_a_device_of_its_own_and_keeps_it() -> None:
    first, second = client(), client()
    one = first.get("/").cookies[COOKIE]
    assert device_of(one) and one not in str(device_of(one))
    assert COOKIE not in first.get("/").cookies
    assert second.get("/").cookies[COOKIE] != one


def test_only_pages_hand_out_workspaces() -> None:
    assert COOKIE not in client().get("/data").cookies


def test_a_forged_workspace_is_replaced() -> None:
    browser = client()
    browser.cookies.set(COOKIE, "../../etc")
    assert device_of(browser.get("/").cookies[COOKIE])


def test_the_cookie_cannot_be_read_by_scripts_and_every_answer_has_the_policy() -> None:
    answer = client().get("/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    for path in ("/", "/data"):
        policy = client().get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http:" not in policy


def test_no_other_site_learns_an_address_or_embeds_an_answer() -> None:
    for path in ("/", "/data", "/nothing"):
        headers = client().get(path).headers
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("address", "headers", "secure"),
    [
        ("http://testserver/", {}, False),
        ("https://testserver/", {}, True),
        ("http://testserver/", {"X-Forwarded-Proto": "https"}, True),
        ("http://testserver/", {"X-Forwarded-Proto": "https, http"}, True),
        ("http://testserver/", {"X-Forwarded-Proto": "http"}, False),
    ],
)
def test_the_cookie_is_secure_where_the_browser_speaks_https(
    address: str, headers: dict[str, str], secure: bool
) -> None:
    cookies = client().get(f"{address}?other", headers=headers).headers.get_list("set-cookie")
    assert len(cookies) == 2  # ours, and one of Streamlit's
    assert [("; Secure" in cookie) for cookie in cookies] == [secure, secure]


def test_behind_a_prefix_the_cookie_is_for_what_lies_below_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "; Path=/;" in client().get("/").headers["set-cookie"]
    monkeypatch.setattr(visitors, "prefix", lambda: "/a/b")
    assert "; Path=/a/b;" in client().get("/").headers["set-cookie"]


def test_cookies_of_other_programs_are_no_hindrance() -> None:
    browser = client()
    mine = browser.get("/").cookies[COOKIE]
    others = f'a/b=1; x[1]=2; j={{"a": 1}}; {COOKIE}={mine}; n@m=3'
    answer = browser.get("/", headers={"Cookie": others})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


LMS = "https://lms.example.org"


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CTDENOISE_EMBED_IN", f"{LMS} https://*.uni.edu:8443")
    settings.cache_clear()
    yield
    settings.cache_clear()


def ancestors(answer: Response) -> str:
    """Who may show an answer in a frame."""
    return answer.headers["content-security-policy"].rpartition("frame-ancestors ")[2]


def test_nobody_else_may_show_it_in_a_frame() -> None:
    for path in ("/", "/data"):
        assert ancestors(client().get(path)) == "'self'"


def test_named_sites_may_show_it_in_a_frame(embedded: None) -> None:
    for path in ("/", "/data", "/nothing"):
        assert ancestors(client().get(path)) == f"'self' {LMS} https://*.uni.edu:8443"


def attributes(cookie: str) -> list[str]:
    return sorted(part for part in cookie.split("; ")[1:] if not part.startswith("Max-Age"))


@pytest.mark.parametrize("prefix", ["", "/a/b"])
def test_in_a_frame_every_cookie_is_that_sites_alone(
    embedded: None, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setattr(visitors, "prefix", lambda: prefix)
    framed = ["Partitioned", "SameSite=None", "Secure"]
    for headers in ({}, {"X-Forwarded-Proto": "https"}):
        address = "http://testserver/?other" if headers else "https://testserver/?other"
        theirs, ours = client().get(address, headers=headers).headers.get_list("set-cookie")
        assert attributes(ours) == sorted(["HttpOnly", f"Path={prefix or '/'}", *framed])
        assert attributes(theirs) == sorted(["Path=/", *framed])


def test_without_https_cookies_stay_what_they_are(embedded: None) -> None:
    (cookie,) = client().get("/").headers.get_list("set-cookie")
    assert attributes(cookie) == ["HttpOnly", "Path=/", "SameSite=Lax"]


def test_a_setting_that_is_none_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTDENOISE_EMBED_IN", "https://x;script-src")
    settings.cache_clear()
    try:
        assert ancestors(client().get("/")) == "'self'"
    finally:
        settings.cache_clear()
