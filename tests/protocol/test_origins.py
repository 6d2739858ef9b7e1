"""Which pages may talk: a table."""

import pytest

from broadcast.protocol.origins import (
    NULL,
    Origin,
    host_in,
    is_known,
    may_talk,
    parse,
    parse_all,
    parse_sites,
)

HOST = "chat.example.org"

OWN = [
    ("http://chat.example.org", "chat.example.org"),
    ("https://chat.example.org", "chat.example.org"),
    ("http://chat.example.org:80", "chat.example.org"),
    ("https://chat.example.org:443", "chat.example.org"),
    ("http://chat.example.org", "chat.example.org:80"),
    ("https://chat.example.org", "chat.example.org:443"),
    ("http://chat.example.org:8080", "chat.example.org:8080"),
    ("HTTP://CHAT.EXAMPLE.ORG", "chat.example.org"),
    ("http://chat.example.org", "CHAT.example.ORG"),
    ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ("http://localhost:8080", "localhost:8080"),
    ("http://[::1]:8080", "[::1]:8080"),
    ("http://[::1]", "[::1]"),
    ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
]

FOREIGN = [
    # another place
    ("http://evil.example", HOST),
    ("http://example.org", HOST),
    ("http://sub.chat.example.org", HOST),
    ("http://127.0.0.1:8080", "localhost:8080"),
    ("http://[::1]:8080", "127.0.0.1:8080"),
    # looks alike
    ("http://chat.example.org.evil.example", HOST),
    ("http://evilchat.example.org", HOST),
    ("http://chat-example.org", HOST),
    ("http://chat.example.orgg", HOST),
    ("http://chat.example.org.", HOST),
    # another port
    ("http://chat.example.org:8080", HOST),
    ("http://chat.example.org", "chat.example.org:8080"),
    ("https://chat.example.org", "chat.example.org:80"),
    ("http://chat.example.org:443", HOST),
    ("http://chat.example.org:0", "chat.example.org:0"),
    ("http://chat.example.org:65536", "chat.example.org:65536"),
    ("http://chat.example.org:080000", HOST),
    # another scheme
    ("ws://chat.example.org", HOST),
    ("file://", HOST),
    ("file://chat.example.org", HOST),
    ("chrome-extension://chat.example.org", HOST),
    ("moz-extension://abcdef", HOST),
    ("data:text/html,x", HOST),
    ("null", "null"),
    ("null", HOST),
    ("", HOST),
    ("", ""),
    # not an origin
    ("http://user@chat.example.org", HOST),
    ("http://chat.example.org@evil.example", HOST),
    ("http://evil.example@chat.example.org", HOST),
    ("http://user:pass@chat.example.org:80", HOST),
    ("http://chat.example.org/", HOST),
    ("http://chat.example.org/path", HOST),
    ("http://chat.example.org?x", HOST),
    ("http://chat.example.org#x", HOST),
    ("http://chat.example.org\\evil.example", HOST),
    ("http:chat.example.org", HOST),
    ("http:///chat.example.org", HOST),
    ("//chat.example.org", HOST),
    ("chat.example.org", HOST),
    (" http://chat.example.org", HOST),
    ("http://chat.example.org ", HOST),
    ("http://chat.example.org\n", HOST),
    ("http://chat.example.org, http://evil.example", HOST),
    ("http://chat.example.org http://evil.example", HOST),
    ("http://chat%2eexample.org", HOST),
    ("http://chat.еxample.org", HOST),  # a Cyrillic letter
    ("http://chat.example.org:８０", HOST),
    ("http://chat.example.org:", HOST),
    ("*", HOST),
    # nothing to compare with
    ("http://chat.example.org", ""),
    ("http://chat.example.org", "chat.example.org@evil.example"),
    ("http://chat.example.org", "chat.example.org/"),
]


@pytest.mark.parametrize(("origin", "host"), OWN)
def test_own_pages_may_talk(origin: str, host: str) -> None:
    """A page of the same host and port may, over http or https."""
    assert may_talk([origin], host, frozenset())


@pytest.mark.parametrize(("origin", "host"), FOREIGN)
def test_foreign_pages_may_not(origin: str, host: str) -> None:
    """Anything else may not, however much it looks alike."""
    assert not may_talk([origin], host, frozenset())


def test_no_origin_may_and_two_may_not() -> None:
    """Programs send none; who sends two is up to something."""
    own = f"http://{HOST}"
    assert may_talk([], HOST, frozenset())
    assert not may_talk([own, own], HOST, frozenset())


def test_more_can_be_allowed() -> None:
    """An allowed origin may talk: it alone, with its own scheme and port."""
    allowed = frozenset({Origin("https", "app.example.org", 443)})
    assert may_talk(["https://app.example.org"], HOST, allowed)
    assert may_talk(["https://app.example.org:443"], HOST, allowed)
    assert not may_talk(["http://app.example.org"], HOST, allowed)
    assert not may_talk(["https://app.example.org:8443"], HOST, allowed)
    assert not may_talk(["https://x.app.example.org"], HOST, allowed)
    assert may_talk([f"https://{HOST}"], HOST, allowed)


def test_an_origin_is_read_into_its_parts() -> None:
    """The port is the scheme's own if none is given."""
    assert parse("HTTPS://Example.Org") == Origin("https", "example.org", 443)
    assert parse("http://[2001:DB8::1]:8080") == Origin("http", "[2001:db8::1]", 8080)
    assert parse("null") == NULL
    assert parse("file://") == Origin("file", "", 0)
    assert parse("app://localhost:1") == Origin("app", "localhost", 1)
    for none in ("", "null/", "file:", "file:///x", "http://", "1x://y", "a b://"):
        assert parse(none) is None


@pytest.mark.parametrize(
    "origin",
    ["null", "file://", "capacitor://localhost", "chrome-extension://abc", "ws://x"],
)
def test_origins_of_apps_may_talk_by_name_only(origin: str) -> None:
    """An origin other than a web page's is allowed only if it is listed exactly."""
    allowed = parse_all(origin)
    assert [str(one) for one in allowed] == [origin]
    assert may_talk([origin], HOST, allowed)
    assert not may_talk([origin], HOST, parse_all("https://x app://x data://"))
    assert not may_talk([origin], origin.rpartition("/")[2], frozenset())
    for other in {"null", "file://", "app://localhost", f"{origin}y"} - {origin}:
        assert not may_talk([other], HOST, allowed)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Chat.Example.Org:8080", "chat.example.org"),
        ("x", "x"),
        ("x:", "x"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("", None),
        ("x:0", None),
        ("x:99999", None),
        ("x y", None),
        ("x@y", None),
        ("x/", None),
        (":80", None),
        ("::1", None),
    ],
)
def test_a_host_is_found_in_an_authority(text: str, host: str | None) -> None:
    """The host alone, in lower case; nothing where there is more, or less."""
    assert host_in(text) == host


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("192.0.2.1", True),
        ("[::1]", True),
        ("[2001:db8::1]", True),
        ("app.example.org", True),
        ("example.org", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.1", False),
        ("[127.0.0.1]", False),
        ("evil.example", False),
        ("", False),
    ],
)
def test_which_hosts_are_known(host: str, known: bool) -> None:
    """Nobody else can make these names point here: no DNS is asked for them."""
    assert is_known(host, parse_all("https://app.example.org:8443 null")) is known


@pytest.mark.parametrize(
    "text", ["null", "file://", "app://x", "*", "example.org", "'"]
)
def test_only_web_sites_may_be_named_for_frames(text: str) -> None:
    """What a browser's policy could not name is refused."""
    with pytest.raises(ValueError, match="give one such as"):
        parse_sites(f"https://example.org {text}")
    assert len(parse_sites("https://a.org,http://b.org:81")) == 2
