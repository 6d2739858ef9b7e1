"""Which pages may use the API: Origin, Fetch Metadata, CORS, and the names of hosts."""

import pytest

from broadcast.web.http import ALWAYS
from tests.support.http import Answer, Http

OURS = "https://app.example.org"
KEY = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
PATHS = [("POST", "/say"), ("GET", "/lines?follow=0"), ("GET", "/events")]


@pytest.fixture
def http() -> Http:
    """Give the HTTP port of a room, with one page elsewhere that may use it."""
    return Http(web_origin=OURS)


def _ask(http: Http, method: str, path: str, *headers: str) -> Answer:
    body = b"x" if method == "POST" else None
    return http.ask(method, path, *headers, body=body, host="chat.example.org:8080")


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ([], True),
        (["Origin: http://chat.example.org:8080"], True),
        (["Origin: https://chat.example.org:8080"], True),
        ([f"Origin: {OURS}"], True),
        ([f"Origin: {OURS}", "Sec-Fetch-Site: cross-site"], True),
        ([f"Origin: {OURS}", "Sec-Fetch-Site: same-site"], True),
        (["Sec-Fetch-Site: same-origin"], True),
        (["Sec-Fetch-Site: none"], True),
        (["Sec-Fetch-Site: cross-site"], False),
        (["Sec-Fetch-Site: same-site"], False),
        (["sec-fetch-site: Cross-Site"], False),
        (["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"], False),
        (["Origin: null"], False),
        (["Origin: https://evil.example"], False),
        (["Origin: http://chat.example.org"], False),
        (["Origin: http://app.example.org"], False),
        (["Origin: https://app.example.org.evil.example"], False),
        (["Origin: "], False),
        ([f"Origin: {OURS}", "Origin: https://evil.example"], False),
        (["Origin: https://evil.example", "Sec-Fetch-Site: same-origin"], False),
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_who_may(
    http: Http, method: str, path: str, headers: list[str], may: bool
) -> None:
    """No browser, our own page, or a named one; all others 403, and nothing is said."""
    answer = _ask(http, method, path, *headers)
    assert answer.status == (200 if may else 403)
    assert http.hall.room.log.lines == (may and method == "POST")
    assert http.hall.directory.stats.joined == (may and path == "/events")


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_pages_come_first(http: Http, method: str, path: str) -> None:
    """Before anything else of a request is looked at: it is refused for that."""
    evil = "Origin: https://evil.example"
    for more in (
        "Idempotency-Key: a b",
        "Authorization: Basic x",
        "Last-Event-ID: bye",
    ):
        assert _ask(http, method, f"{path}?name=-", evil, more).status == 403
    large = "Content-Length: 999999", "Expect: 100-continue"
    assert http.ask("POST", "/say", evil, *large).status == 403


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_only_named_pages_may_read(http: Http, method: str, path: str) -> None:
    """CORS is for ``--web-origin``: for no other page, and never for all."""
    for origin in ("http://chat.example.org:8080", OURS):
        headers = _ask(http, method, path, f"Origin: {origin}").headers
        assert headers["vary"] == "Origin"
        found = headers.get("access-control-allow-origin")
        assert found == (OURS if origin == OURS else None)
        assert "access-control-allow-credentials" not in headers
    assert "access-control-allow-origin" not in _ask(http, method, path).headers


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_preflight_is_answered_for_named_pages(
    http: Http, method: str, path: str
) -> None:
    """With the headers that may be sent; nothing is said, nobody joins."""
    asks = f"Access-Control-Request-Method: {method}"
    answer = _ask(http, "OPTIONS", path, f"Origin: {OURS}", asks)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["access-control-allow-headers"] == KEY
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "Origin"
    for origin in ("https://evil.example", "null"):
        refused = _ask(http, "OPTIONS", path, f"Origin: {origin}", asks)
        assert refused.status == 403
        assert "access-control-allow-origin" not in refused.headers
    plain = _ask(http, "OPTIONS", path)
    assert plain.status == 204
    assert "access-control-allow-headers" not in plain.headers
    assert http.hall.room.log.lines == 0


def test_an_error_can_be_read_by_a_named_page(http: Http) -> None:
    """It has to be told what was wrong, and when to come back."""
    headers = _ask(http, "POST", "/say?name=-", f"Origin: {OURS}").headers
    assert headers["access-control-allow-origin"] == OURS
    assert headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("more", [[], ["Origin: https://evil.example"], ["Accept: x"]])
def test_no_answer_is_a_page(
    http: Http, method: str, path: str, more: list[str]
) -> None:
    """Whatever is in it, a browser runs none of it, keeps none and shows it nobody."""
    headers = _ask(http, method, path, *more).headers
    wanted = {
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
        "x-accel-buffering": "no",
    }
    assert {name: headers.get(name) for name in wanted} == wanted
    assert {name.decode().lower() for name in ALWAYS} <= set(headers)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("app.example.org", 200),
        ("rebound.evil.example:8080", 421),
        ("localhost.evil.example", 421),
    ],
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_rebound_name_is_421(
    http: Http, method: str, path: str, host: str, status: int
) -> None:
    """On a loopback address; the sentence names the option."""
    body = b"x" if method == "POST" else None
    origin = f"Origin: http://{host}"
    answer = http.ask(method, path, origin, body=body, at="127.0.0.1", host=host)
    allowed = status == 200 and host != "app.example.org"
    assert answer.status == (
        200 if allowed else 421 if status == 421 else answer.status
    )
    assert (b"--web-origin" in answer.body) is (status == 421)
    assert http.hall.room.log.lines == (answer.status == 200 and method == "POST")
