"""A batch's body: what it is as bytes, and that no bytes do any harm."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.protocol import names
from broadcast.protocol.dialects import JSON, TEXT, Moment, Speaker
from broadcast.protocol.sanitize import is_clean
from broadcast.store.base import Said
from broadcast.store.codec import (
    Body,
    BodyError,
    NewerBodyError,
    Speakers,
    decode,
    encode,
)
from broadcast.store.entries import Run

PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first text that hypothesis makes in a new checkout takes it a second."""

NAMES = st.text(min_size=1, max_size=40).map(names.mend)
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
LINES = st.lists(
    st.text(max_size=30)
    .map(lambda text: text.encode("utf-8", "replace"))
    .filter(lambda line: b"\n" not in line and is_clean(line)),
    min_size=1,
    max_size=4,
)


def run_of(name: str, block: bytes) -> Run:
    """Return what somebody of that name has said; "" is a relay's."""
    speaker = Speaker(name)
    text, count = speaker.text(block)
    return Run(7, speaker, text, count)


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    body = Body([], [])
    for _ in range(draw(st.integers(0, 4))):
        name = draw(NAMES)
        run = run_of(name, b"\n".join([*draw(LINES), b""]))
        if draw(st.booleans()):
            run.token = draw(PRINTABLE)[:64]
            body.said.append(Said(draw(st.text("0123456789abcdef")), run.token, run))
        body.runs.append(run)
    return body


def as_data(body: Body) -> list[tuple[object, ...]]:
    """Return what can be compared."""
    owners = {said.run: (said.token, said.owner) for said in body.said}
    return [
        (run.speaker.name, run.text, run.count, run.token, owners.get(run))
        for run in body.runs
    ]


@given(bodies())
@PATIENTLY
def test_what_is_encoded_is_decoded(body: Body) -> None:
    """Names, texts, counts, tokens and owners come back; sessions are nobody's."""
    found = decode(encode(body), Speakers())
    assert as_data(found) == as_data(body)
    assert found.count == body.count
    assert {run.session_id for run in found.runs} <= {0}
    assert {run.first for run in found.runs} <= {0}


@given(bodies())
@PATIENTLY
def test_a_body_costs_no_more_than_its_entries(body: Body) -> None:
    """A limit on the entries' cost is one on what they are encoded in."""
    head = len(encode(Body([], [])))
    assert len(encode(body)) - head <= sum(run.cost for run in body.runs)


@pytest.mark.parametrize("token", ["\\" * 64, '"' * 64])
def test_the_largest_head_costs_no_more_than_its_entry(token: str) -> None:
    """A name of the most bytes and a token of nothing but escapes are paid for."""
    run = run_of(names.mend("\N{OLD ITALIC LETTER A}" * 32), b"x" * 99999 + b"\n")
    assert len(run.speaker.prefix) == 4 * 32 + 2
    run.token = token
    body = Body([run], [Said("f" * 32, token, run)])
    assert len(encode(body)) <= run.cost


def test_the_form_of_a_body() -> None:
    """One line of json, then the texts as members of the text dialect see them."""
    zoe, al = run_of("Zoë", b"hi\n"), run_of("al", b"one\ntwo\n")
    zoe.token = "t1"
    data = encode(Body([al, zoe], [Said("00ff", "t1", zoe)]))
    assert data.decode() == (
        '{"v":1,"e":[["r","al",2,16],["r","Zoë",1,9,"t1","00ff"]]}\n'
        "al: one\nal: two\nZoë: hi\n"
    )


def test_a_token_of_a_connection_alone_is_left_out() -> None:
    """Nobody could ask for it again: its owner is gone with the connection."""
    run = run_of("al", b"hi\n")
    run.token = "t1"
    found = decode(encode(Body([run], [])), Speakers())
    assert found.runs[0].token is None
    assert found.said == []


def test_a_relays_lines_may_be_any_bytes() -> None:
    """They have no name and no prefix, and blank lines among them."""
    block = b"\xff\xfe\n\n\x00\x1b\n"
    found = decode(encode(Body([run_of("", block)], [])), Speakers())
    assert [(run.text, run.count) for run in found.runs] == [(block, 3)]


def test_one_name_has_one_speaker() -> None:
    """A ring of a million lines has as few speakers as there are names."""
    data = encode(Body([run_of("al", b"a\n"), run_of("al", b"b\n")], []))
    speakers = Speakers()
    found = [run.speaker for _ in range(2) for run in decode(data, speakers).runs]
    assert len(set(map(id, found))) == 1


def use(body: Body) -> None:
    """Do with a body what the room does."""
    for run in body.runs:
        if run.speaker.name:
            JSON.said(run.speaker, run.text, 1, Moment(0.0))
        TEXT.replayed(run.speaker, run.text, 1, Moment(0.0))


@given(st.binary())
@PATIENTLY
def test_no_bytes_do_harm(data: bytes) -> None:
    """Whatever is in a file is a body that can be used, or the codec's own error."""
    with contextlib.suppress(BodyError):
        use(decode(data, Speakers()))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("r"),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.lists(st.tuples(st.just("r"), _VALUES, _VALUES, _VALUES)) | _VALUES, LINES)
@PATIENTLY
def test_no_json_does_harm(entries: object, lines: list[bytes]) -> None:
    """A head that is json, but not ours, is the codec's own error, too."""
    head = json.dumps({"v": 1, "e": entries}).encode()
    with contextlib.suppress(BodyError):
        use(decode(head + b"\n" + b"\n".join([*lines, b""]), Speakers()))


@given(bodies(), st.data())
@PATIENTLY
def test_no_damage_does_harm(body: Body, data: st.DataObject) -> None:
    """A body with bytes changed, cut or added is one that can be used, or an error."""
    whole = encode(body)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    harmed = whole[:start] + data.draw(st.binary(max_size=4)) + whole[stop:]
    with contextlib.suppress(BodyError):
        use(decode(harmed, Speakers()))


@given(bodies().filter(lambda body: bool(body.runs)), st.data())
@PATIENTLY
def test_a_body_that_is_cut_is_never_a_shorter_one(
    body: Body, data: st.DataObject
) -> None:
    """Every proper beginning of a body is an error."""
    whole = encode(body)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BodyError):
        decode(whole[:cut], Speakers())


@pytest.mark.parametrize(
    "head",
    [
        b'{"v":2,"e":[]}',
        b'{"v":1%s,"e":[]}' % (b"0" * 400),
        b'{"v":1,"e":[["c",5,"Zo"]]}',
        b'{"v":1,"e":[["r","al",1,6],["o","mute","bob"]]}',
    ],
)
def test_what_is_newer_is_told_apart(head: bytes) -> None:
    """An unknown version, or kind of entry, is a newer program's: no guesses."""
    with pytest.raises(NewerBodyError):
        decode(head + b"\nal: x\n", Speakers())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[]\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        b'{"e":[]}\n',
        b'{"v":true,"e":[]}\n',
        b'{"v":1}\n',
        b'{"v":1,"e":[]}',
        b'{"v":1,"e":[]}\nx',
        b'{"v":1,"e":[3]}\n',
        b'{"v":1,"e":[[]]}\n',
        b'{"v":1,"e":[["r"]]}\n',
        b'{"v":1,"e":[["r","al",true,6]]}\nal: x\n',
        b'{"v":1,"e":[["r","al",1,6,null,null]]}\nal: x\n',
        b'{"v":1,"e":[["r","al",1,6,"t"]]}\nal: x\n',
        b'{"v":1,"e":[["r","al",2,6]]}\nal: x\n',
        b'{"v":1,"e":[["r","al",0,0]]}\n',
        b'{"v":1,"e":[["r","al",1,-1]]}\nal: x\n',
        b'{"v":1,"e":[["r","bo",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r","al",2,8]]}\nal: x\ny\n',
        b'{"v":1,"e":[["r","al",1,6]]}\nal: \xff\n',
        b'{"v":1,"e":[["r","a\\nb",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r","\\ud800",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r","",1,1]]}\nx',
    ],
)
def test_what_is_no_body_is_an_error_that_says_so(data: bytes) -> None:
    """It is never taken for a newer program's."""
    with pytest.raises(BodyError) as raised:
        decode(data, Speakers())
    assert raised.type is BodyError
    assert "\n" not in str(raised.value)
