"""The limit on open files: what it allows, and how it is raised."""

import re
from typing import Final

import pytest

from broadcast import limits

INFINITE: Final = -1
NO_LIMIT_COUNTS_AS: Final = 1 << 20


class Resource:
    """What Python's ``resource`` has of one process: its limit on open files."""

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = INFINITE

    def __init__(self, soft: int, hard: int) -> None:
        self.files = (soft, hard)

    def getrlimit(self, which: int) -> tuple[int, int]:
        assert which == self.RLIMIT_NOFILE
        return self.files

    def setrlimit(self, which: int, files: tuple[int, int]) -> None:
        assert which == self.RLIMIT_NOFILE
        self.files = files


def limit(patch: pytest.MonkeyPatch, soft: int, hard: int) -> Resource:
    """Let the process have these limits; return where they stand."""
    resource = Resource(soft, hard)
    patch.setattr(limits, "resource", resource)
    return resource


@pytest.mark.parametrize(
    ("hard", "files"),
    [
        (4096, 4096),
        (NO_LIMIT_COUNTS_AS + 1, NO_LIMIT_COUNTS_AS),
        (INFINITE, NO_LIMIT_COUNTS_AS),
    ],
)
def test_the_soft_limit_is_raised_to_the_hard_one(
    monkeypatch: pytest.MonkeyPatch, hard: int, files: int
) -> None:
    """As many files as are counted on may be open afterwards; no right is given up."""
    resource = limit(monkeypatch, 1024, hard)
    assert limits.file_limit() == files
    limits.raise_file_limit()
    assert resource.files == (files, hard)
    assert limits.file_limit() == files


@pytest.mark.parametrize(
    ("hard", "connections"), [(200, 136), (66, 2), (65, 1), (64, 1), (3, 1)]
)
def test_a_reserve_is_kept_for_the_daemons_own_files(
    monkeypatch: pytest.MonkeyPatch, hard: int, connections: int
) -> None:
    """Sixty-four files are no connections, but one connection is always allowed."""
    limit(monkeypatch, 3, hard)
    assert limits.most_connections() == connections
    assert limits.members("") == connections


def test_a_system_without_limits_has_a_bound_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where Python has no ``resource``, nothing is raised and nothing fails."""
    monkeypatch.setattr(limits, "resource", None)
    limits.raise_file_limit()
    assert limits.file_limit() == NO_LIMIT_COUNTS_AS
    assert limits.most_connections() == NO_LIMIT_COUNTS_AS - 64


@pytest.mark.parametrize("given", [1, 10_000_000])
def test_a_number_of_members_is_the_admins_choice(
    monkeypatch: pytest.MonkeyPatch, given: int
) -> None:
    """A number that is given holds, whether so many files may be open or not."""
    limit(monkeypatch, 100, 100)
    assert limits.members(str(given)) == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0", "0 is not between 1 and 10000000"),
        ("10000001", "10000001 is not between 1 and 10000000"),
        ("many", "'many' is not a whole number of members"),
    ],
)
def test_a_wrong_number_of_members_is_refused(given: str, words: str) -> None:
    """A room for nobody, and one for more than can be, is refused in words."""
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        limits.members(given)


@pytest.mark.parametrize(
    ("hard", "most", "per_host"), [(256, 48, 12), (1024, 240, 60), (70, 8, 8)]
)
def test_http_connections_have_a_share_of_the_files(
    monkeypatch: pytest.MonkeyPatch, hard: int, most: int, per_host: int
) -> None:
    """A quarter in all, a quarter of that from one host, unless numbers are given."""
    limit(monkeypatch, hard, hard)
    assert limits.web_connections("") == most
    assert limits.web_connections_per_host("") == per_host
    assert limits.web_connections("7") == 7
    assert limits.web_connections_per_host("0") == 0
    with pytest.raises(ValueError, match="is not between"):
        limits.web_connections("0")
