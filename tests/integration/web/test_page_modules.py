"""The page's modules without a page: each by itself, in a browser."""

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.browser import Browsers, Page
from tests.support.daemon import Daemon
from tests.support.websocket import web_port


@pytest.fixture(scope="module")
def call(browsers: Browsers, web: Daemon) -> Iterator[Callable[..., Any]]:
    """Give what runs a script with a module's exports in ``it``."""
    page = Page(browsers, f"http://127.0.0.1:{web_port(web)}/")

    def run(module: str, script: str, *arguments: object) -> Any:
        found = page.driver.execute_async_script(
            "const [module, script, given, done] = arguments;"
            "import(`./static/${module}.js`).then((it) => {"
            " try { done([it.__run(script, given)]) } catch (e) { done(`${e}`) } },"
            " (e) => done(`${e}`))".replace(
                "it.__run(script, given)", f"((given) => {{ {script} }})(given)"
            ),
            module,
            "",
            list(arguments),
        )
        return found if isinstance(found, str) else found[0]

    yield run
    page.close()


Call = Callable[..., Any]


@pytest.mark.parametrize(
    ("function", "given", "line"),
    [
        ("nameLine", ["ada", "12345678"], "/name ada 12345678"),
        ("nameLine", ["", "12345678"], None),
        ("nameLine", [" ", "12345678"], None),
        ("nameLine", ["a b", "12345678"], None),
        ("nameLine", ["a\nb", "12345678"], None),
        ("nameLine", ["ada", ""], None),
        ("nameLine", ["ada", "1234567 8"], None),
        ("nameLine", ["ada-lovelace", "ADA-Lovelace"], None),
        ("nameLine", ["ada-lovelace", "ada-lovelace"], None),
        ("sayLine", ["t1", "hello"], "/say t1 hello"),
        ("sayLine", ["t1", "a\nb"], None),
        ("sayLine", ["t 1", "a"], None),
        ("sayLine", ["t1", " "], None),
        ("loginLine", ["", "secret"], "/login secret"),
        ("loginLine", ["ada", "secret"], "/login ada secret"),
        ("loginLine", ["", "two words"], None),
        ("loginLine", ["ada", "x\n/quit"], None),
        ("loginLine", ["ada", ""], None),
        ("sinceLine", ["epoch:17"], "/since epoch:17"),
        ("sinceLine", ["epoch: 17"], None),
        ("historyLine", [20], "/history 20"),
        ("historyLine", [20, "e:1"], "/history 20 e:1"),
        ("historyLine", ["20 x"], None),
        ("whoLine", ["an"], "/who an"),
        ("whoLine", ["a b"], None),
        ("otherLine", ["x", "a\n/quit"], None),
    ],
)
def test_commands_are_built_of_checked_parts(
    call: Call, function: str, given: list[object], line: str | None
) -> None:
    """What is no part of a command is refused before anything is sent."""
    found = call("words", f"return it.{function}(...given)", *given)
    assert found == line if line else found.startswith("Error")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hello", {"say": "hello"}),
        ("//hello", {"say": "/hello"}),
        ("/me waves", {"say": "* waves"}),
        ("/ME  waves ", {"say": "* waves "}),
        ("/NICK  ada", {"word": "name", "rest": "ada"}),
        ("/who", {"word": "who", "rest": ""}),
        ("/exit", {"word": "quit", "rest": ""}),
        ("/constructor", {"word": "constructor", "rest": ""}),
        (" hello", {"say": " hello"}),
        (" /hello", {"say": " /hello"}),
        (" /Login x", None),
        ("\t/name a b", None),
        ("/me", None),
    ],
)
def test_what_is_typed_is_understood(call: Call, typed: str, meant: object) -> None:
    """As bcast-client does; a secret behind a space is not taken for a line."""
    found = call("words", "return it.interpret(...given)", typed)
    assert found == meant if meant else found.startswith("Error")


def test_a_pulse_is_counted_from_its_pings(call: Call) -> None:
    """A dead peer is noticed within 25 s; a page that is woken once a minute keeps a
    live one, and notices a dead one at the second waking."""
    script = """
    const [every, answers] = given;
    const pulse = new it.Pulse();
    pulse.begin(0);
    for (let now = every; now < 400000; now += every) {
      const due = pulse.tick(now);
      if (due === 'dead') return now;
      if (due === 'ping') { pulse.pinged(now); if (answers) pulse.heard(now + 1); }
    }
    return 0;
    """
    assert call("pulse", script, 2500, True) == 0
    assert call("pulse", script, 60_001, True) == 0
    assert call("pulse", script, 60_000, True) == 0
    assert 15_000 < call("pulse", script, 2500, False) <= 25_000
    assert 60_001 < call("pulse", script, 60_001, False) <= 4 * 60_001
    asleep = """
    const pulse = new it.Pulse();
    pulse.begin(0);
    pulse.tick(15000);
    pulse.pinged(15000);
    return [pulse.tick(3600000), pulse.tick(3602500)];
    """
    assert call("pulse", asleep)[0] == "ping"


def test_a_thousand_pages_do_not_come_back_at_once(call: Call) -> None:
    """Their first tries are spread over two seconds, half of them within two; later
    ones take longer, and never more than half a minute."""
    waits = call("backoff", "return Array.from({ length: 1000 }, () => it.wait(1))")
    assert max(waits) - min(waits) >= 2000
    assert statistics.median(waits) <= 2000
    later = call("backoff", "return [...Array(60).keys()].map((n) => it.wait(n + 1))")
    assert max(later) <= 30_000
    assert min(later) >= 100
    ends = call("backoff", "return [it.wait(40, () => 0), it.wait(40, () => 1)]")
    assert ends[1] - ends[0] > 10_000


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.org.", ["https://a.org/"]),
        ("(https://a.org/x)", ["https://a.org/x"]),
        ("https://a.org/x_(y)", ["https://a.org/x_(y)"]),
        ("HTTPS://A.ORG/X", ["https://a.org/X"]),
        ("https://a.org<script>", ["https://a.org/"]),
        ('"https://a.org/"', ["https://a.org/"]),
        ("https://münchen.de/ä", ["https://xn--mnchen-3ya.de/%C3%A4"]),
        ("https://a.org\u3000x", ["https://a.org/"]),
        ("https://", []),
        ("https://u:p@evil.org", []),
        ("javascript://a.org/%0aalert(1)", []),
        ("xhttps://a.org", ["https://a.org/"]),
        ("http://a http://b", ["http://a/", "http://b/"]),
        ("https://a.org/" + "(" * 5000 + ")" * 5000, None),
    ],
)
def test_links_are_found(call: Call, text: str, links: list[str] | None) -> None:
    """And nothing of the text is lost; a long line takes no long time."""
    found = call(
        "links",
        "const begun = performance.now(); const found = it.pieces(...given);"
        "return [found, performance.now() - begun]",
        text,
    )
    pieces, took = found
    assert "".join(piece["text"] for piece in pieces) == text
    assert took < 500
    if links is not None:
        assert [piece["href"] for piece in pieces if "href" in piece] == links


def test_names_and_commands_are_completed(call: Call) -> None:
    """At the cursor, and only what fits there."""
    script = "return it.candidates(...given).found"
    names = ["Zoë", "zora", "anna"]
    assert call("completion", script, "zo", 2, names) == ["Zoë: ", "zora: "]
    assert call("completion", script, "hi Z", 4, names) == ["Zoë ", "zora "]
    assert call("completion", script, "hi @an", 6, names) == ["@anna "]
    assert call("completion", script, "/h", 2, names) == ["/help ", "/history "]
    assert call("completion", script, "x /h", 4, names) == []
    assert call("completion", script, "", 0, names) == []
    assert call("completion", script, "one\nzo", 6, names) == ["Zoë: ", "zora: "]


def test_a_name_is_found_as_a_whole_word(call: Call) -> None:
    """In any case of letters, with what ends a sentence behind it."""
    script = "return it.isNamed(...given)"
    for text in ("ann", "Hi Ann!", "@ann: x", "(ann)", "ann.", "ann..."):
        assert call("attention", script, text, "Ann"), text
    for text in ("anna", "hann", "ann-marie", ""):
        assert not call("attention", script, text, "Ann"), text
    assert not call("attention", script, "anything", "")
