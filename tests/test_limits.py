"""The limit on open files: what it allows, and how it is raised."""

from typing import Final

import pytest

from broadcast import limits
from broadcast.options import settings_from
from broadcast.sources import SettingError

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
    ("soft", "hard"),
    [(NO_LIMIT_COUNTS_AS * 2, INFINITE), (INFINITE, INFINITE), (4096, 4096)],
)
def test_the_soft_limit_is_never_lowered(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int
) -> None:
    """Who may open more files than are counted on may do so still."""
    resource = limit(monkeypatch, soft, hard)
    limits.raise_file_limit()
    assert resource.files == (soft, hard)


@pytest.mark.parametrize(
    ("hard", "connections"), [(200, 136), (66, 2), (64, 0), (3, 0)]
)
def test_a_reserve_is_kept_for_the_daemons_own_files(
    monkeypatch: pytest.MonkeyPatch, hard: int, connections: int
) -> None:
    """Sixty-four files are no connections; the rest are members, sixteen at least."""
    limit(monkeypatch, 3, hard)
    assert limits.most_connections() == connections
    assert settings_from({}).max_members == max(16, connections)


@pytest.mark.parametrize(
    ("hard", "members", "room"),
    [(79, 15, None), (79, 16, 15), (80, 1000, None), (66, 3, 2), (3, 1, 0)],
)
def test_a_room_for_hardly_anybody_is_refused(
    monkeypatch: pytest.MonkeyPatch, hard: int, members: int, room: int | None
) -> None:
    """Sixteen must find room, or as few as the admin wants; the limit is named."""
    limit(monkeypatch, 3, hard)
    if room is None:
        limits.refuse_too_few(members)
        return
    told = f"^{hard} open files leave room for {room} members; allow 80 or more "
    with pytest.raises(ValueError, match=told):
        limits.refuse_too_few(members)


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
    assert settings_from({"max-members": str(given)}).max_members == given


@pytest.mark.parametrize("given", ["0", "10000001", "many"])
def test_a_wrong_number_of_members_is_refused(given: str) -> None:
    """A room for nobody, and one for more than can be, is refused in words."""
    with pytest.raises(SettingError, match=r"^--max-members: .* from 1 to 10000000$"):
        settings_from({"max-members": given})


@pytest.mark.parametrize(
    ("hard", "most", "per_host"), [(256, 48, 12), (1024, 240, 60), (70, 8, 8)]
)
def test_http_connections_have_a_share_of_the_files(
    monkeypatch: pytest.MonkeyPatch, hard: int, most: int, per_host: int
) -> None:
    """A quarter in all, a quarter of that from one host, unless numbers are given."""
    limit(monkeypatch, hard, hard)
    usual = settings_from({})
    assert (usual.web_max_connections, usual.web_max_per_host) == (most, per_host)
    given = settings_from({"web-max-connections": "7", "web-max-per-host": "0"})
    assert (given.web_max_connections, given.web_max_per_host) == (7, 0)
    with pytest.raises(SettingError, match="--web-max-connections"):
        settings_from({"web-max-connections": "0"})


def test_members_leave_room_for_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--web`` the default number of members and of HTTP connections fit both."""
    limit(monkeypatch, 1024, 1024)
    assert settings_from({}).max_members == 960
    assert settings_from({"web": "8080"}).max_members == 720
