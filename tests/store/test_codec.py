"""A batch's body: what it is as bytes, and that no bytes do any harm."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.protocol import names
from broadcast.protocol.dialects import JSON, TEXT, Moment, Speaker
from broadcast.protocol.events import Notice
from broadcast.protocol.sanitize import is_clean
from broadcast.store.claims import (
    Claim,
    Decided,
    How,
    Leave,
    Look,
    Order,
    Stop,
    Up,
    Verb,
)
from broadcast.store.codec import (
    Body,
    BodyError,
    NewerBodyError,
    Speakers,
    decode,
    encode,
)
from broadcast.store.entries import Entry, Run, Told

PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first text that hypothesis makes in a new checkout takes it a second."""

NAMES = st.text(min_size=1, max_size=40).map(names.mend)
TEXTS = st.text(max_size=12)
NUMBERS = st.integers(0, (1 << 53) - 1)
LOOKS = st.builds(Look, TEXTS, *[st.lists(TEXTS, max_size=3).map(tuple)] * 2)
DECIDED: st.SearchStrategy[Entry | Decided] = st.one_of(
    st.builds(
        Claim,
        session=NUMBERS,
        name=NAMES,
        fold=NAMES.map(names.fold),
        key=st.none() | TEXTS,
        how=st.sampled_from(How),
        look=st.none() | LOOKS,
        host=TEXTS,
        account=TEXTS,
        is_quiet=st.booleans(),
        number=NUMBERS,
    ),
    st.builds(Leave, NUMBERS, TEXTS, st.booleans()),
    st.builds(Order, st.sampled_from(Verb), st.lists(TEXTS, max_size=3).map(tuple)),
    st.builds(Up, TEXTS, st.floats(-1e9, 1e9), st.booleans()),
    st.just(Stop()),
    st.builds(Told, st.none(), st.builds(Notice, TEXTS)),
)
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
    entries: list[Entry | Decided] = []
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            entries.append(draw(DECIDED))
            continue
        name = draw(NAMES)
        run = run_of(name, b"\n".join([*draw(LINES), b""]))
        if draw(st.booleans()):
            run.token = draw(PRINTABLE)[:64]
            run.owner = draw(st.text("0123456789abcdef"))
        entries.append(run)
    return Body(entries)


def as_data(body: Body) -> list[object]:
    """Return what can be compared."""
    return [
        (each.session_id, each.speaker.name, each.text, each.token, each.owner)
        if isinstance(each, Run)
        else each
        for each in body.entries
    ]


@given(bodies())
@PATIENTLY
def test_what_is_encoded_is_decoded(body: Body) -> None:
    """Sessions, names, texts, tokens and owners come back, and what is decided."""
    found = decode(encode(body), Speakers())
    assert as_data(found) == as_data(body)
    assert found.count == body.count
    assert {run.first for run in found.runs} <= {0}


@given(bodies())
@PATIENTLY
def test_a_body_costs_no_more_than_its_entries(body: Body) -> None:
    """A limit on the entries' cost is one on what they are encoded in."""
    head = len(encode(Body([])))
    assert len(encode(body)) - head <= sum(each.cost for each in body.entries)


@pytest.mark.parametrize("token", ["\\" * 64, '"' * 64])
def test_the_largest_head_costs_no_more_than_its_entry(token: str) -> None:
    """A name of the most bytes and a token of nothing but escapes are paid for."""
    run = run_of(names.mend("\N{OLD ITALIC LETTER A}" * 32), b"x" * 99999 + b"\n")
    assert len(run.speaker.prefix) == 4 * 32 + 2
    run.session_id = (1 << 53) - 1
    run.token, run.owner = token, "f" * 32
    body = Body([run])
    assert len(encode(body)) <= run.cost


def test_the_form_of_a_body() -> None:
    """One line of json, then the texts as members of the text dialect see them."""
    zoe, al = run_of("Zoë", b"hi\n"), run_of("al", b"one\ntwo\n")
    zoe.token, zoe.owner = "t1", "00ff"
    data = encode(Body([al, zoe]))
    assert data.decode() == (
        '{"v":1,"e":[["r",7,"al",2,16],["r",7,"Zoë",1,9,"t1","00ff"]]}\n'
        "al: one\nal: two\nZoë: hi\n"
    )


def test_a_token_of_a_connection_alone_is_left_out() -> None:
    """Nobody could ask for it again: its owner is gone with the connection."""
    run = run_of("al", b"hi\n")
    run.token = "t1"
    found = decode(encode(Body([run])), Speakers())
    assert found.runs[0].token is None
    assert found.runs[0].owner is None


def test_a_relays_lines_may_be_any_bytes() -> None:
    """They have no name and no prefix, and blank lines among them."""
    block = b"\xff\xfe\n\n\x00\x1b\n"
    found = decode(encode(Body([run_of("", block)])), Speakers())
    assert [(run.text, run.count) for run in found.runs] == [(block, 3)]


def test_one_name_has_one_speaker() -> None:
    """A ring of a million lines has as few speakers as there are names."""
    data = encode(Body([run_of("al", b"a\n"), run_of("al", b"b\n")]))
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


_KINDS = st.sampled_from("rclonux")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _KINDS,
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


_FORMS = st.builds(lambda kind, rest: [kind, *rest], _KINDS, st.lists(_VALUES))


@given(st.lists(_FORMS) | _VALUES, LINES)
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


@given(bodies().filter(lambda body: bool(body.entries)), st.data())
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
        b'{"v":1,"e":[["q",5,"Zo"]]}',
        b'{"v":1,"e":[["r",7,"al",1,6],["o","praise","bob"]]}',
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
        b'{"v":1,"e":[["r",7,"al",true,6]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"al",1,6,null,null]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"al",1,6,"t"]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"al",2,6]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"al",0,0]]}\n',
        b'{"v":1,"e":[["r",7,"al",1,-1]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"bo",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"al",2,8]]}\nal: x\ny\n',
        b'{"v":1,"e":[["r",7,"al",1,6]]}\nal: \xff\n',
        b'{"v":1,"e":[["r",7,"a\\nb",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"\\ud800",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["r",7,"",1,1]]}\nx',
        b'{"v":1,"e":[["r",true,"al",1,6]]}\nal: x\n',
        b'{"v":1,"e":[["c",5,"Zo"]]}\n',
        b'{"v":1,"e":[["c",5,"a\\nb","zo",null,"exact","","",0,0]]}\n',
        b'{"v":1,"e":[["c",5,"Zo","zo",null,"exact","","",0,0,"L",["zo"],[3]]]}\n',
        b'{"v":1,"e":[["l",-1,"quit",0]]}\n',
        b'{"v":1,"e":[["l",1,"quit",2]]}\n',
        b'{"v":1,"e":[["n","\\ud800"]]}\n',
        b'{"v":1,"e":[["o","mute",3]]}\n',
        b'{"v":1,"e":[["u","a",NaN,{}]]}\n',
        b'{"v":1,"e":[["u","a",1%s,{}]]}\n' % (b"0" * 400),
        b'{"v":1,"e":[["x",1]]}\n',
    ],
)
def test_what_is_no_body_is_an_error_that_says_so(data: bytes) -> None:
    """It is never taken for a newer program's."""
    with pytest.raises(BodyError) as raised:
        decode(data, Speakers())
    assert raised.type is BodyError
    assert "\n" not in str(raised.value)
