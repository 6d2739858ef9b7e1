"""The query of a request: a parameter that is mistyped is told, and not ignored."""

import pytest

from tests.support.http import Http


@pytest.fixture
def http() -> Http:
    """Give a room's HTTP port."""
    return Http()


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/say?nmae=bob", "there is no parameter nmae: give name"),
        ("POST", "/say?name=bob&x=", "there is no parameter x: give name"),
        (
            "GET",
            "/lines?histroy=3",
            "there is no parameter histroy: give history, since, follow or name",
        ),
        (
            "GET",
            "/events?follow=0",
            "there is no parameter follow: give history, since or name",
        ),
        (
            "GET",
            "/events?%1b%5b1m%ff=0",
            "there is no parameter ␛[1m\ufffd: give history, since or name",
        ),
    ],
)
def test_an_unknown_parameter_is_400(
    http: Http, method: str, path: str, told: str
) -> None:
    """It says which one, and which there are; nothing is said, and nobody reads."""
    answer = http.ask(method, path, body=b"hello" if method == "POST" else None)
    assert (answer.status, answer.body.decode()) == (400, f"{told}\n")
    assert http.hall.room.log.lines == 0
