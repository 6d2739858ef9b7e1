"""Searching page by page, with the server's part spoken by hand."""

from broadcast.client import events as ev
from broadcast.client.ui.look_back import LookBack
from tests.support.client.scripted_session import ScriptedSession


class Search:
    """A search in a session in memory."""

    def __init__(self) -> None:
        self.script = ScriptedSession()
        self.script.live()
        self.notes: list[str] = []
        self.shown: list[list[str]] = []
        self.look_back = LookBack(
            self.script.session,
            self.notes.append,
            lambda found: self.shown.append([message.text for message in found]),
        )

    def page(self, *texts: str, first: str = "") -> None:
        """Answer the oldest question with these lines."""
        self.script.hear("replay", count=len(texts), missing=0)
        for number, text in enumerate(texts):
            assert self.script.message(number, text, replayed=True) == []
        more = {"first": first, "more": True} if first else {}
        for event in self.script.hear("replayed", position="e:9", **more):
            assert isinstance(event, ev.Page)
            self.look_back.hear(event)


def test_pages_are_asked_for_until_there_are_no_more() -> None:
    """Newest page first; what was found is shown oldest first; live lines come."""
    search = Search()
    search.look_back.search("A b")
    assert search.script.sent() == ["/history 1000"]
    search.page("no, not this", "b, then A", first="e:5")
    assert search.script.sent() == ["/history 1000 e:5"]
    assert len(search.script.message(6, "live")) == 1
    search.page("a b", "c")
    assert search.script.sent() == []
    assert search.shown == [["a b", "b, then A"]]
    assert search.notes == ["found: 2, in 4 lines of the server's log"]


def test_lastlog_ends_when_it_has_enough() -> None:
    """No more pages than the number needs; what is no number is told."""
    search = Search()
    search.look_back.lastlog("many")
    assert search.notes == ["/lastlog N, a number of lines"]
    search.look_back.lastlog("3")
    search.page("c", "d", first="e:5")
    search.page("a", "b", first="e:1")
    assert search.script.sent() == ["/history 1000", "/history 1000 e:5"]
    assert search.shown == [["b", "c", "d"]]


def test_lastlog_of_more_than_there_is() -> None:
    """However many digits the number has, all lines there are is the answer."""
    search = Search()
    search.look_back.lastlog("9" * 5000)
    search.page("a", "b")
    assert search.shown == [["a", "b"]]


def test_lastlog_of_an_empty_log() -> None:
    """No line is said so, without dividers around nothing."""
    search = Search()
    search.look_back.lastlog()
    search.page()
    assert search.shown == []
    assert search.notes == ["nothing was said yet"]


def test_one_search_ends_another() -> None:
    """A page that was asked for in an earlier search belongs to none."""
    search = Search()
    search.look_back.search()
    search.look_back.search("old")
    search.look_back.search()
    search.look_back.search("new")
    search.page("old", "new", first="e:5")
    search.page("a new one")
    assert search.shown == [["a new one"]]
    assert search.notes[:2] == ["/search WORDS", "the search is over"]


def test_a_search_ends_with_its_connection() -> None:
    """It is told; no page comes from another connection."""
    search = Search()
    search.look_back.search("x")
    search.script.session.disconnected()
    search.look_back.interrupted()
    search.look_back.interrupted()
    assert search.notes == ["the search has ended with the connection"]


def test_a_refused_page_ends_it() -> None:
    """Where the server gives nothing, nothing is found."""
    search = Search()
    search.look_back.search("x")
    for event in search.script.hear(
        "error", code="bad-argument", command="history", text="no"
    ):
        if isinstance(event, ev.Page):
            search.look_back.hear(event)
    assert search.shown == []
    assert search.notes == ["found: 0, in 0 lines of the server's log"]
